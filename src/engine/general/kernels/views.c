/* Operators that see the same elements under another shape: nothing moves. */
#include "engine/general/kernels/operands.h"

#include <inttypes.h>

/* The one dimension of -1 is what the others leave over. */
static gable_status fill_unknown(struct call *c, int64_t elements, int rank, int64_t *dim)
{
    int unknown = -1;
    int64_t known = 1;
    for (int i = 0; i < rank; i++) {
        if (dim[i] < -1) return call_refuse(c, "dimension %d of the new shape is %" PRId64, i, dim[i]);
        if (dim[i] == -1 && unknown >= 0) return call_refuse(c, "two dimensions of the new shape are left open");
        if (dim[i] == -1)
            unknown = i;
        else
            known = known == 0 || dim[i] == 0 ? 0 : count_mul(known, dim[i]);
    }
    if (unknown >= 0 && known > 0 && elements % known == 0) {
        dim[unknown] = elements / known;
        return GABLE_OK;
    }
    if (unknown < 0 && known == elements) return GABLE_OK;
    return call_refuse(c, "%" PRId64 " elements do not fit a shape of %" PRId64, elements, known);
}

static gable_status run_reshape(struct call *c)
{
    const struct value *x = c->in[0];
    int64_t dim[SHAPE_RANK_MAX];
    int rank = -1;
    bool is_copied = !node_int(c->node, "allowzero", 0); /* a 0 means the input's dimension */
    gable_status s = operand_ints(c, "shape", 1, SHAPE_RANK_MAX, dim, &rank);
    if (!s && rank < 0) s = call_refuse(c, "lacks a shape");
    for (int i = 0; i < rank && !s; i++) {
        if (dim[i] != 0 || !is_copied) continue;
        if (i >= x->rank) return call_refuse(c, "dimension %d is copied from an input without it", i);
        dim[i] = x->dim[i];
    }
    if (!s) s = fill_unknown(c, x->n, rank, dim);
    if (!s) call_view(c, 0, x, rank, dim);
    return s;
}

/* The axis may be the rank: then everything is one column. */
static gable_status run_flatten(struct call *c)
{
    const struct value *x = c->in[0];
    int64_t axis = node_int(c->node, "axis", 1), dim[2];
    if (axis < -x->rank || axis > x->rank)
        return call_refuse(c, "axis %" PRId64 " is outside a value of %d dimensions", axis, x->rank);
    int at = (int)(axis < 0 ? axis + x->rank : axis);
    dim[0] = dim[1] = 1;
    for (int i = 0; i < x->rank; i++) dim[i >= at] = count_mul(dim[i >= at], x->dim[i]);
    call_view(c, 0, x, 2, dim);
    return GABLE_OK;
}

static gable_status run_squeeze(struct call *c)
{
    const struct value *x = c->in[0];
    bool is_axis[SHAPE_RANK_MAX];
    int64_t dim[SHAPE_RANK_MAX];
    int n = -1, rank = 0;
    gable_status s = operand_axes(c, "axes", 1, x->rank, is_axis, &n);
    for (int i = 0; i < x->rank && !s; i++) {
        bool is_dropped = n < 0 ? x->dim[i] == 1 : is_axis[i];
        if (is_dropped && x->dim[i] != 1)
            s = call_refuse(c, "axis %d has %" PRId64 " places, only 1 can be dropped", i, x->dim[i]);
        else if (!is_dropped)
            dim[rank++] = x->dim[i];
    }
    if (!s) call_view(c, 0, x, rank, dim);
    return s;
}

static gable_status run_unsqueeze(struct call *c)
{
    const struct value *x = c->in[0];
    bool is_axis[SHAPE_RANK_MAX];
    int64_t axes[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX];
    int n = -1;
    gable_status s = operand_ints(c, "axes", 1, SHAPE_RANK_MAX, axes, &n);
    if (s) return s;
    if (n < 0) return call_refuse(c, "lacks axes");
    int rank = x->rank + n;
    if (rank > SHAPE_RANK_MAX)
        return call_refuse(c, "the output would have %d dimensions, at most %d are possible", rank, SHAPE_RANK_MAX);
    s = operand_axes(c, "axes", 1, rank, is_axis, &n);
    for (int i = 0, k = 0; i < rank && !s; i++) dim[i] = is_axis[i] ? 1 : x->dim[k++];
    if (!s) call_view(c, 0, x, rank, dim);
    return s;
}

const struct kernel kernels_views[] = {
    {.op = "Reshape", .domain = "", .run = run_reshape},
    {.op = "Flatten", .domain = "", .run = run_flatten},
    {.op = "Squeeze", .domain = "", .run = run_squeeze},
    {.op = "Unsqueeze", .domain = "", .run = run_unsqueeze},
    {0},
};
