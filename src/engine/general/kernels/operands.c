#include "engine/general/kernels/operands.h"

#include <inttypes.h>

gable_status operand_no_memory(struct call *c)
{
    return error_set(c->e, GABLE_NO_MEMORY, "no memory for what it keeps while it runs");
}

gable_status operand_tensors(struct call *c, int least)
{
    if (c->n_in < least) return call_refuse(c, "has %d inputs, %d are needed", c->n_in, least);
    for (int i = 0; i < c->n_in; i++) {
        if (i < least && c->in[i]->kind == VALUE_ABSENT) return call_refuse(c, "input %d is left out", i);
        if (c->in[i]->kind == VALUE_SEQUENCE || (call_has(c, i) && c->in[i]->dtype == DTYPE_STRING))
            return call_refuse(c, "input %d is no tensor of numbers", i);
    }
    return GABLE_OK;
}

const char *operand_text(const struct call *c, const char *attribute, const char *fallback)
{
    const struct attribute *a = node_attribute(c->node, attribute);
    return a && a->type == ATTRIBUTE_STRING && a->s ? a->s : fallback;
}

gable_status operand_ints(struct call *c, const char *attribute, int i, int most, int64_t *out, int *n)
{
    const struct attribute *a = attribute ? node_attribute(c->node, attribute) : NULL;
    bool is_listed = a && (a->type == ATTRIBUTE_INTS || a->type == ATTRIBUTE_INT);
    const struct value *v = !is_listed && call_has(c, i) ? c->in[i] : NULL;
    int64_t listed = a && a->type == ATTRIBUTE_INTS ? a->n : is_listed ? 1 : v ? v->n : -1;
    if (v && v->dtype != DTYPE_S64 && v->dtype != DTYPE_S32)
        return call_refuse(c, "input %d is of type %s, not a list of whole numbers", i, dtype_name(v->dtype));
    if (listed > most) return call_refuse(c, "lists %" PRId64 " values where at most %d are possible", listed, most);
    for (int k = 0; k < listed; k++)
        out[k] = v ? value_int(v, k) : a && a->type == ATTRIBUTE_INTS ? a->ints[k] : a ? a->i : 0;
    *n = (int)listed;
    return GABLE_OK;
}

gable_status operand_axes(struct call *c, const char *attribute, int i, int rank, bool *is_axis, int *n)
{
    int64_t axes[SHAPE_RANK_MAX] = {0};
    gable_status s = operand_ints(c, attribute, i, SHAPE_RANK_MAX, axes, n);
    for (int k = 0; k < rank; k++) is_axis[k] = false;
    for (int k = 0; k < *n && !s; k++) {
        int axis;
        if (!call_axis(axes[k], rank, &axis))
            s = call_refuse(c, "axis %" PRId64 " is outside a value of %d dimensions", axes[k], rank);
        else if (is_axis[axis])
            s = call_refuse(c, "axis %d is listed twice", axis);
        else
            is_axis[axis] = true;
    }
    return s;
}

gable_status operand_axis(struct call *c, int64_t fallback, int rank, int *axis)
{
    int64_t listed = node_int(c->node, "axis", fallback);
    if (call_axis(listed, rank, axis)) return GABLE_OK;
    return call_refuse(c, "axis %" PRId64 " is outside a value of %d dimensions", listed, rank);
}

gable_status operand_int(struct call *c, int i, int64_t *out)
{
    if (!call_has(c, i)) return call_refuse(c, "lacks input %d", i);
    if (c->in[i]->n != 1 || c->in[i]->dtype == DTYPE_STRING)
        return call_refuse(c, "input %d has %" PRId64 " values, one number is needed", i, c->in[i]->n);
    *out = value_int(c->in[i], 0);
    return GABLE_OK;
}

gable_status operand_indices(struct call *c, int i, int64_t size, const int64_t **out)
{
    const struct value *v = c->in[i];
    if (v->dtype != DTYPE_S64 && v->dtype != DTYPE_S32)
        return call_refuse(c, "its indices are of type %s", dtype_name(v->dtype));
    int64_t *index = call_scratch(c, (size_t)v->n * sizeof *index);
    if (!index) return operand_no_memory(c);
    const int64_t *wide = v->data;
    const int32_t *narrow = v->data;
    for (int64_t k = 0; k < v->n; k++) {
        int64_t at = v->dtype == DTYPE_S64 ? wide[k] : narrow[k];
        if (at < -size || at >= size)
            return call_refuse(c, "index %" PRId64 " is outside %" PRId64 " places", at, size);
        index[k] = at < 0 ? at + size : at;
    }
    *out = index;
    return GABLE_OK;
}

enum dtype operand_dtype(int64_t number)
{
    static const enum dtype types[] = {
        [1] = DTYPE_F32,  [2] = DTYPE_U8,   [3] = DTYPE_S8,     [4] = DTYPE_U16,   [5] = DTYPE_S16,
        [6] = DTYPE_S32,  [7] = DTYPE_S64,  [8] = DTYPE_STRING, [9] = DTYPE_BOOL,  [10] = DTYPE_F16,
        [11] = DTYPE_F64, [12] = DTYPE_U32, [13] = DTYPE_U64,   [16] = DTYPE_BF16,
    };
    return number > 0 && number < (int64_t)COUNT_OF(types) ? types[number] : DTYPE_UNDEFINED;
}

gable_status operand_own(struct call *c, struct value *v)
{
    if (v->dtype != DTYPE_STRING) return GABLE_OK;
    char **at = v->data;
    bool is_whole = true;
    for (int64_t i = 0; i < v->n; i++) { /* where memory ends, what is not owned must not be freed */
        const char *text = at[i];
        at[i] = NULL;
        if (is_whole && text) is_whole = value_set_string(v, i, text);
    }
    return is_whole ? GABLE_OK : operand_no_memory(c);
}
