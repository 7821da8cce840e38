/* QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear: one scale for all, or one for each place of an axis. */
#include "engine/general/kernels/folds.h"
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

/* n elements in a row; scale and zero go on by `step`, 0 or 1. */
typedef void quantize_row(const void *x, void *y, int64_t n, const float *scale, const float *zero, int64_t step);
/* Halves round to the even neighbour; what lies beyond the type is its end, and so is a NaN. */
#define QUANTIZE(from, F, to, T, least, most)                                                                   \
    HOT static void from##_to_##to(const void *in, void *out, int64_t n, const float *scale, const float *zero, \
                                   int64_t step)                                                                \
    {                                                                                                           \
        const F *x = in;                                                                                        \
        T *y = out;                                                                                             \
        if (step == 0) {                                                                                        \
            const float s = *scale, z = *zero;                                                                  \
            EACH (i, n) {                                                                                       \
                const float v = rintf((float)x[i] / s) + z, w = v >= least ? v : least;                         \
                y[i] = (T)(w > most ? most : w);                                                                \
            }                                                                                                   \
        } else {                                                                                                \
            EACH (i, n) {                                                                                       \
                const float v = rintf((float)x[i] / scale[i]) + zero[i], w = v >= least ? v : least;            \
                y[i] = (T)(w > most ? most : w);                                                                \
            }                                                                                                   \
        }                                                                                                       \
    }
#define DEQUANTIZE(from, F)                                                                                  \
    HOT static void from##_back(const void *in, void *out, int64_t n, const float *scale, const float *zero, \
                                int64_t step)                                                                \
    {                                                                                                        \
        const F *x = in;                                                                                     \
        float *y = out;                                                                                      \
        if (step == 0) {                                                                                     \
            const float s = *scale, z = *zero;                                                               \
            EACH (i, n) y[i] = ((float)x[i] - z) * s;                                                        \
        } else {                                                                                             \
            EACH (i, n) y[i] = ((float)x[i] - zero[i]) * scale[i];                                           \
        }                                                                                                    \
    }
#define BOTH(from, F)                                \
    QUANTIZE(from, F, U8, uint8_t, 0.0f, 255.0f)     \
    QUANTIZE(from, F, S8, int8_t, -128.0f, 127.0f)   \
    QUANTIZE(from, F, U16, uint16_t, 0.0f, 65535.0f) \
    QUANTIZE(from, F, S16, int16_t, -32768.0f, 32767.0f)
BOTH(F32, float)
BOTH(S32, int32_t)
DEQUANTIZE(U8, uint8_t)
DEQUANTIZE(S8, int8_t)
DEQUANTIZE(U16, uint16_t)
DEQUANTIZE(S16, int16_t)
DEQUANTIZE(S32, int32_t)

struct conversion {
    quantize_row *row;
    const char *x;
    char *y;
    size_t x_bytes, y_bytes;
    const float *scale, *zero;
    int64_t places, inner;
};
static void quantize_rows(void *arg, int64_t first, int64_t end)
{
    const struct conversion *k = arg;
    bool is_row_of_places = k->inner == 1; /* the axis is the innermost: scales go along */
    int64_t row = is_row_of_places ? k->places : k->inner;
    for (int64_t at = first, n; at < end; at += n) {
        int64_t skipped = at % row, place = is_row_of_places ? skipped : at / row % k->places;
        n = row - skipped < end - at ? row - skipped : end - at;
        k->row(k->x + (size_t)at * k->x_bytes, k->y + (size_t)at * k->y_bytes, n, k->scale + place, k->zero + place,
               is_row_of_places && k->places > 1);
    }
}

/* Scales and zero points as floats, one for each place of the axis or one for all. */
static gable_status read_scales(struct call *c, struct conversion *k)
{
    const struct value *x = c->in[0], *scale = c->in[1], *zero = call_has(c, 2) ? c->in[2] : NULL;
    int axis = 0;
    gable_status s = GABLE_OK;
    k->places = scale->n;
    k->inner = x->n;
    if (scale->dtype != DTYPE_F32) return call_refuse(c, "its scale is of type %s", dtype_name(scale->dtype));
    if (node_int(c->node, "block_size", 0)) return call_refuse(c, "scales of blocks are not supported");
    if (zero && zero->n != scale->n)
        return call_refuse(c, "%" PRId64 " scales, %" PRId64 " zero points", scale->n, zero->n);
    if (scale->n != 1) {
        s = operand_axis(c, 1, x->rank, &axis);
        if (!s && x->dim[axis] != scale->n)
            s = call_refuse(c, "%" PRId64 " scales for %" PRId64 " places", scale->n, x->dim[axis]);
        if (!s && x->n) k->inner = value_count(x, axis + 1, x->rank);
    }
    struct value zeros;
    if (!s) s = call_temporary(c, DTYPE_F32, scale->rank, scale->dim, &zeros);
    if (s) return s;
    float *z = zeros.data;
    for (int64_t i = 0; i < zeros.n; i++) z[i] = zero ? (float)value_int(zero, i) : 0;
    k->scale = scale->data;
    k->zero = z;
    return s;
}

static gable_status convert(struct call *c, struct conversion *k, enum dtype to)
{
    gable_status s = read_scales(c, k);
    if (!s) s = call_make(c, 0, to, c->in[0]->rank, c->in[0]->dim);
    if (s) return s;
    k->x = c->in[0]->data;
    k->y = c->out[0]->data;
    k->x_bytes = value_element_bytes(c->in[0]->dtype);
    k->y_bytes = value_element_bytes(to);
    call_parallel(c, c->in[0]->n, GRAIN, quantize_rows, k);
    return GABLE_OK;
}

static gable_status run_quantize(struct call *c)
{
    static quantize_row *const of_floats[DTYPE_N] = {
        [DTYPE_U8] = F32_to_U8, [DTYPE_S8] = F32_to_S8, [DTYPE_U16] = F32_to_U16, [DTYPE_S16] = F32_to_S16};
    static quantize_row *const of_ints[DTYPE_N] = {
        [DTYPE_U8] = S32_to_U8, [DTYPE_S8] = S32_to_S8, [DTYPE_U16] = S32_to_U16, [DTYPE_S16] = S32_to_S16};
    enum dtype from = c->in[0]->dtype, asked = operand_dtype(node_int(c->node, "output_dtype", 2));
    enum dtype to = call_has(c, 2) ? c->in[2]->dtype : asked;
    struct conversion k = {.row = from == DTYPE_F32 ? of_floats[to] : from == DTYPE_S32 ? of_ints[to] : NULL};
    if (!k.row) return call_refuse(c, "does not make %s of %s", dtype_name(to), dtype_name(from));
    return convert(c, &k, to);
}

static gable_status run_dequantize(struct call *c)
{
    static quantize_row *const rows[DTYPE_N] = {[DTYPE_U8] = U8_back,
                                                [DTYPE_S8] = S8_back,
                                                [DTYPE_U16] = U16_back,
                                                [DTYPE_S16] = S16_back,
                                                [DTYPE_S32] = S32_back};
    struct conversion k = {.row = rows[c->in[0]->dtype]};
    if (!k.row) return call_refuse(c, "does not make reals of %s", dtype_name(c->in[0]->dtype));
    return convert(c, &k, DTYPE_F32);
}

/* The range, stretched to hold 0, as 256 steps. */
static gable_status run_dynamic(struct call *c)
{
    const struct value *x = c->in[0];
    union accumulator least = {.real = 0}, most = {.real = 0};
    if (x->dtype != DTYPE_F32) return call_refuse(c, "does not make u8 of %s", dtype_name(x->dtype));
    fold_find(FOLD_MIN, DTYPE_F32)->row(x->data, x->n, &least, NULL);
    fold_find(FOLD_MAX, DTYPE_F32)->row(x->data, x->n, &most, NULL);
    bool is_range = most.real > least.real && most.real - least.real <= (double)FLT_MAX;
    float scale = is_range ? (float)(most.real - least.real) / 255 : 1, zero = rintf(0 - (float)least.real / scale);
    zero = zero >= 0 ? (zero > 255 ? 255 : zero) : 0;
    gable_status s = call_make(c, 0, DTYPE_U8, x->rank, x->dim);
    if (!s && c->n_out > 1) s = call_make(c, 1, DTYPE_F32, 0, NULL);
    if (!s && c->n_out > 2) s = call_make(c, 2, DTYPE_U8, 0, NULL);
    if (s) return s;
    if (c->n_out > 1) *(float *)c->out[1]->data = scale;
    if (c->n_out > 2) *(uint8_t *)c->out[2]->data = (uint8_t)zero;
    struct conversion k = {F32_to_U8, x->data, c->out[0]->data, sizeof(float), 1, &scale, &zero, 1, x->n};
    call_parallel(c, x->n, GRAIN, quantize_rows, &k);
    return GABLE_OK;
}

const struct kernel kernels_quantize[] = {
    {.op = "QuantizeLinear", .domain = "", .run = run_quantize, .in_f32 = true},
    {.op = "DequantizeLinear", .domain = "", .run = run_dequantize, .in_f32 = true},
    {.op = "DynamicQuantizeLinear", .domain = "", .run = run_dynamic},
    {0},
};
