#include "onnx/values.h"

#include "onnx/scan.h"

#include <string.h>

enum dtype value_dtype(int32_t onnx_type)
{
    static const enum dtype types[] = {
        [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT] = DTYPE_F32,     [ONNX__TENSOR_PROTO__DATA_TYPE__UINT8] = DTYPE_U8,
        [ONNX__TENSOR_PROTO__DATA_TYPE__INT8] = DTYPE_S8,       [ONNX__TENSOR_PROTO__DATA_TYPE__UINT16] = DTYPE_U16,
        [ONNX__TENSOR_PROTO__DATA_TYPE__INT16] = DTYPE_S16,     [ONNX__TENSOR_PROTO__DATA_TYPE__INT32] = DTYPE_S32,
        [ONNX__TENSOR_PROTO__DATA_TYPE__INT64] = DTYPE_S64,     [ONNX__TENSOR_PROTO__DATA_TYPE__BOOL] = DTYPE_BOOL,
        [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16] = DTYPE_F16,   [ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE] = DTYPE_F64,
        [ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16] = DTYPE_BF16, [ONNX__TENSOR_PROTO__DATA_TYPE__UINT32] = DTYPE_U32,
        [ONNX__TENSOR_PROTO__DATA_TYPE__UINT64] = DTYPE_U64,    [ONNX__TENSOR_PROTO__DATA_TYPE__STRING] = DTYPE_STRING,
    };
    return onnx_type > 0 && (size_t)onnx_type < COUNT_OF(types) ? types[onnx_type] : DTYPE_UNDEFINED;
}

bool value_is_int(enum dtype d)
{
    return d == DTYPE_S64 || d == DTYPE_S32 || d == DTYPE_S8 || d == DTYPE_U8 || d == DTYPE_BOOL;
}
bool value_is_real(enum dtype d) { return d == DTYPE_F32 || d == DTYPE_F64; }

/* Raw little-endian values; the locator was checked to lie inside the file. */
static void raw_ints(const uint8_t *raw, enum dtype d, size_t n, int64_t *out)
{
    for (size_t i = 0; i < n; i++) {
        int64_t wide;
        int32_t narrow;
        if (d == DTYPE_S64)
            memcpy(&wide, raw + 8 * i, 8), out[i] = wide;
        else if (d == DTYPE_S32)
            memcpy(&narrow, raw + 4 * i, 4), out[i] = narrow;
        else
            out[i] = d == DTYPE_S8 ? (int8_t)raw[i] : raw[i];
    }
}

static void raw_reals(const uint8_t *raw, enum dtype d, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        double wide;
        float narrow;
        if (d == DTYPE_F64)
            memcpy(&wide, raw + 8 * i, 8), out[i] = wide;
        else
            memcpy(&narrow, raw + 4 * i, 4), out[i] = (double)narrow;
    }
}

static gable_status fill_ints(const Onnx__TensorProto *p, const uint8_t *raw, enum dtype d, size_t n, int64_t *out)
{
    if (raw)
        raw_ints(raw, d, n, out);
    else if (d == DTYPE_S64 && p->n_int64_data == n)
        memcpy(out, p->int64_data, n * sizeof *out);
    else if (d != DTYPE_S64 && p->n_int32_data == n)
        for (size_t i = 0; i < n; i++) out[i] = p->int32_data[i];
    else
        return GABLE_BAD_INPUT;
    return GABLE_OK;
}

static gable_status fill_reals(const Onnx__TensorProto *p, const uint8_t *raw, enum dtype d, size_t n, double *out)
{
    if (raw)
        raw_reals(raw, d, n, out);
    else if (d == DTYPE_F64 && p->n_double_data == n)
        memcpy(out, p->double_data, n * sizeof *out);
    else if (d == DTYPE_F32 && p->n_float_data == n)
        for (size_t i = 0; i < n; i++) out[i] = (double)p->float_data[i];
    else
        return GABLE_BAD_INPUT;
    return GABLE_OK;
}

gable_status value_read(struct graph *g, const Onnx__TensorProto *p, const uint8_t *file, size_t len, struct tensor *t,
                        gable_error *e)
{
    const uint8_t *raw = NULL;
    count elements = tensor_elements(t), bytes = tensor_bytes(t);
    if (p->has_raw_data) {
        struct locator where;
        if (p->raw_data.len != sizeof where)
            return error_set(e, GABLE_BAD_INPUT, "the initializer %.80s is damaged", t->name);
        memcpy(&where, p->raw_data.data, sizeof where);
        if (where.offset > len || where.length > len - where.offset || bytes == COUNT_MAX ||
            where.length != (uint64_t)bytes)
            return error_set(e, GABLE_BAD_INPUT, "the initializer %.80s holds %llu bytes, its shape and type need %lld",
                             t->name, (unsigned long long)where.length, (long long)bytes);
        raw = file + where.offset;
    }
    if (elements > VALUE_ELEMENTS_MAX || elements == 0 ||
        p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
        return GABLE_OK;
    size_t n = (size_t)elements;
    bool is_int = value_is_int(t->dtype);
    if (!is_int && !value_is_real(t->dtype)) return GABLE_OK;
    void *values = arena_array(g->arena, n, 8);
    if (!values) return error_set(e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    if (is_int ? fill_ints(p, raw, t->dtype, n, values) : fill_reals(p, raw, t->dtype, n, values))
        return error_set(e, GABLE_BAD_INPUT, "the initializer %.80s holds another number of values than its shape",
                         t->name);
    if (is_int)
        t->ints = values;
    else
        t->reals = values;
    return GABLE_OK;
}
