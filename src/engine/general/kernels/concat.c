/* Concat joins values along an axis, Split cuts one: rows of bytes, in both. */
#include "engine/general/kernels/move.h"

#include <inttypes.h>

/* A value seen from an axis: rows of so many bytes. */
struct rows {
    int64_t n, bytes;
};
static struct rows rows_at(const struct value *v, int axis)
{
    return (struct rows){value_count(v, 0, axis),
                         value_count(v, axis, v->rank) * (int64_t)value_element_bytes(v->dtype)};
}

static gable_status joint_shape(struct call *c, int axis, int64_t *dim)
{
    const struct value *first = c->in[0];
    for (int i = 0; i < first->rank; i++) dim[i] = first->dim[i];
    for (int k = 1; k < c->n_in; k++) {
        const struct value *v = c->in[k];
        if (v->dtype != first->dtype)
            return call_refuse(c, "its inputs are of types %s and %s", dtype_name(first->dtype), dtype_name(v->dtype));
        if (v->rank != first->rank) return call_refuse(c, "its inputs have %d and %d dimensions", first->rank, v->rank);
        for (int i = 0; i < v->rank; i++)
            if (i != axis && v->dim[i] != dim[i])
                return call_refuse(c, "dimension %d of its inputs is %" PRId64 " and %" PRId64, i, dim[i], v->dim[i]);
        dim[axis] = count_add(dim[axis], v->dim[axis]);
    }
    return GABLE_OK;
}

static gable_status run_concat(struct call *c)
{
    int axis;
    int64_t dim[SHAPE_RANK_MAX];
    if (c->n_in == 0) return call_refuse(c, "has no input");
    gable_status s = operand_axis(c, 1, c->in[0]->rank, &axis); /* axis must be given since opset 4 */
    if (!s) s = joint_shape(c, axis, dim);
    if (!s) s = call_make(c, 0, c->in[0]->dtype, c->in[0]->rank, dim);
    if (s || c->out[0]->n == 0) return s;
    struct rows whole = rows_at(c->out[0], axis);
    char *to = c->out[0]->data;
    for (int k = 0; k < c->n_in; k++) {
        struct rows part = rows_at(c->in[k], axis);
        move_rows(c, to, whole.bytes, c->in[k]->data, part.bytes, part.bytes, part.n);
        to += part.bytes;
    }
    return operand_own(c, c->out[0]);
}

/* Parts as listed, or else of equal size, the last one smaller where that is allowed (num_outputs, opset 18). */
static gable_status part_sizes(struct call *c, int64_t whole, int64_t *part)
{
    int n = -1;
    int64_t n_out = c->n_out, total = 0, each;
    gable_status s = operand_ints(c, "split", 1, (int)n_out, part, &n);
    if (s) return s;
    if (n < 0) {
        each = (whole + n_out - 1) / n_out;
        if (whole % n_out && !node_attribute(c->node, "num_outputs"))
            return call_refuse(c, "%" PRId64 " places do not split into %" PRId64 " equal parts", whole, n_out);
        for (int64_t i = 0, left = whole; i < n_out; i++, left -= part[i - 1]) part[i] = left < each ? left : each;
        return GABLE_OK;
    }
    for (int i = 0; i < n; i++) {
        if (part[i] < 0) return call_refuse(c, "part %d has %" PRId64 " places", i, part[i]);
        total = count_add(total, part[i]);
    }
    if (n != n_out || total != whole)
        return call_refuse(c, "%d parts of %" PRId64 " places are listed for %" PRId64 " outputs of %" PRId64, n, total,
                           n_out, whole);
    return GABLE_OK;
}

static gable_status run_split(struct call *c)
{
    const struct value *x = c->in[0];
    int axis;
    int64_t dim[SHAPE_RANK_MAX], *part = call_scratch(c, (size_t)c->n_out * sizeof *part);
    if (!part) return operand_no_memory(c);
    gable_status s = operand_axis(c, 0, x->rank, &axis);
    if (!s) s = part_sizes(c, x->dim[axis], part);
    struct rows whole = {0};
    if (!s && x->n > 0) whole = rows_at(x, axis);
    const char *from = x->data;
    for (int i = 0; i < x->rank; i++) dim[i] = x->dim[i];
    for (int k = 0; k < c->n_out && !s; k++) {
        dim[axis] = part[k];
        s = call_make(c, k, x->dtype, x->rank, dim);
        if (s || x->n == 0) continue;
        struct rows piece = rows_at(c->out[k], axis);
        move_rows(c, c->out[k]->data, piece.bytes, from, whole.bytes, piece.bytes, piece.n);
        from += piece.bytes;
        s = operand_own(c, c->out[k]);
    }
    return s;
}

const struct kernel kernels_concat[] = {
    {.op = "Concat", .domain = "", .run = run_concat},
    {.op = "Split", .domain = "", .run = run_split},
    {0},
};
