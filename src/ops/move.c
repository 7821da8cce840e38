/* Operators that copy data from place to place and compute nothing. */
#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>
#include <string.h>

static gable_status concat_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *first = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX];
    int axis = 0;
    if (!node_attribute(n, "axis")) return error_set(e, GABLE_BAD_INPUT, "axis is missing");
    gable_status s = rule_axis(n, 0, first->rank, &axis, e);
    if (s) return s;
    memcpy(dim, first->dim, (size_t)first->rank * sizeof *dim);
    for (int i = 1; i < n->n_in; i++) {
        const struct shape *x = in_shape(n, i);
        if (x->rank != first->rank)
            return error_set(e, GABLE_BAD_INPUT, "input %d has %d dimensions, input 0 %d", i, x->rank, first->rank);
        for (int k = 0; k < x->rank; k++)
            if (k != axis && x->dim[k] != first->dim[k])
                return error_set(e, GABLE_BAD_INPUT, "input %d has %" PRId64 " in dimension %d, input 0 %" PRId64, i,
                                 x->dim[k], k, first->dim[k]);
        dim[axis] = count_add(dim[axis], x->dim[axis]);
    }
    return rule_output(g, n, 0, n->in[0]->dtype, first->rank, dim, e);
}

/* Without sizes: equal parts, the last one smaller where they do not divide (opset 18's num_outputs). */
static gable_status equal_parts(const struct node *n, int64_t size, int64_t *part, gable_error *e)
{
    int64_t parts = 0;
    gable_status s = rule_int(n, "num_outputs", n->n_out, n->n_out, n->n_out, &parts, e);
    if (s) return s;
    int64_t chunk = (size + parts - 1) / parts;
    for (int i = 0; i < n->n_out; i++) {
        int64_t left = size - i * chunk;
        part[i] = left < chunk ? left : chunk;
        if (left < 0) return error_set(e, GABLE_BAD_INPUT, "%" PRId64 " values do not make %d parts", size, n->n_out);
    }
    return GABLE_OK;
}

static gable_status split_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t part[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX];
    int axis = 0, listed = -1;
    if (n->n_out > SHAPE_RANK_MAX)
        return error_set(e, GABLE_BAD_INPUT, "%d outputs, at most %d are supported", n->n_out, SHAPE_RANK_MAX);
    gable_status s = rule_axis(n, 0, x->rank, &axis, e);
    if (!s) s = rule_listed(n, "split", 1, part, &listed, e);
    if (!s && listed < 0) s = equal_parts(n, x->dim[axis], part, e);
    if (s) return s;
    if (listed >= 0 && listed != n->n_out)
        return error_set(e, GABLE_BAD_INPUT, "split lists %d sizes for %d outputs", listed, n->n_out);
    count sum = 0;
    memcpy(dim, x->dim, (size_t)x->rank * sizeof *dim);
    for (int i = 0; i < n->n_out && !s; i++) {
        dim[axis] = part[i];
        s = rule_output(g, n, i, n->in[0]->dtype, x->rank, dim, e);
        sum = count_add(sum, part[i]);
    }
    if (!s && sum != x->dim[axis])
        return error_set(e, GABLE_BAD_INPUT, "the parts have %" PRId64 " values together, the input %" PRId64, sum,
                         x->dim[axis]);
    return s;
}

static gable_status transpose_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t perm[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX];
    bool is_taken[SHAPE_RANK_MAX] = {0};
    gable_status s = rule_ints(n, "perm", x->rank, -1, 0, x->rank - 1, perm, e);
    if (s) return s;
    for (int i = 0; i < x->rank; i++) {
        if (perm[i] < 0) perm[i] = x->rank - 1 - i;
        if (is_taken[perm[i]]) return error_set(e, GABLE_BAD_INPUT, "perm names axis %" PRId64 " twice", perm[i]);
        is_taken[perm[i]] = true;
        dim[i] = x->dim[perm[i]];
    }
    return rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

/* pads: begins of all axes, then ends; negative ones crop. */
static gable_status pad_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t pads[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX];
    int listed = -1;
    if (rule_has(n, 3)) return error_set(e, GABLE_BAD_INPUT, "padding of chosen axes is not supported");
    gable_status s = rule_listed(n, "pads", 1, pads, &listed, e);
    if (s) return s;
    if (listed != 2 * x->rank)
        return error_set(e, GABLE_BAD_INPUT, "pads has %d values, this input needs %d", listed < 0 ? 0 : listed,
                         2 * x->rank);
    for (int i = 0; i < x->rank; i++) {
        if (pads[i] < -DIM_MAX || pads[x->rank + i] < -DIM_MAX)
            return error_set(e, GABLE_BAD_INPUT, "pads crop more than there is");
        dim[i] = count_add(count_add(x->dim[i], pads[i]), pads[x->rank + i]);
    }
    return rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

#define ROW(op, least_in, most_in, most_out, rule)                                                                 \
    {                                                                                                              \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {least_in, most_in}, .outputs = {1, most_out}, .shape = rule, \
        .cost = cost_none, .kind = KIND_MOVE, .formula = "0: data movement", .train = {                            \
            .gradient = gradient_moved,                                                                            \
            .formula = "0: data movement"                                                                          \
        }                                                                                                          \
    }

const struct op move_ops[] = {
    ROW("Concat", 1, -1, 1, concat_shape),
    ROW("Split", 1, 2, -1, split_shape),
    ROW("Transpose", 1, 1, 1, transpose_shape),
    ROW("Pad", 1, 4, 1, pad_shape),
    {0},
};
