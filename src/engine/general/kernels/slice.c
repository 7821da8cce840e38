/* Slice takes every step-th place of some axes, backwards too; Expand and Tile repeat. */
#include "engine/general/kernels/move.h"

#include <inttypes.h>

struct range {
    int64_t first, step, n;
};

/* Places from start to before end, both within [0, size] or [-1, size - 1] as the direction asks, ONNX's way. */
static struct range range_of(int64_t start, int64_t end, int64_t step, int64_t size)
{
    int64_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? size : size - 1, n = 0;
    if (start < 0) start = start < -size ? lowest : start + size;
    if (end < 0) end = end < -size ? lowest : end + size;
    start = start > highest ? highest : start;
    end = end > highest ? highest : end;
    if (step > 0 && end > start) n = (end - start - 1) / step + 1;
    if (step < 0 && start > end) n = (start - end - 1) / (step == INT64_MIN ? INT64_MAX : -step) + 1;
    return (struct range){n ? start : 0, n > 1 ? step : 1, n};
}

struct listed { /* numbers of the operator, as inputs (opset 10) or attributes */
    int n_starts, n_ends, n_axes, n_steps;
    int64_t starts[SHAPE_RANK_MAX], ends[SHAPE_RANK_MAX], axes[SHAPE_RANK_MAX], steps[SHAPE_RANK_MAX];
};
static gable_status read_lists(struct call *c, struct listed *l)
{
    gable_status s = operand_ints(c, "starts", 1, SHAPE_RANK_MAX, l->starts, &l->n_starts);
    if (!s) s = operand_ints(c, "ends", 2, SHAPE_RANK_MAX, l->ends, &l->n_ends);
    if (!s) s = operand_ints(c, "axes", 3, SHAPE_RANK_MAX, l->axes, &l->n_axes);
    if (!s) s = operand_ints(c, NULL, 4, SHAPE_RANK_MAX, l->steps, &l->n_steps);
    if (s) return s;
    int n = l->n_starts;
    if (n < 0 || l->n_ends != n || (l->n_axes >= 0 && l->n_axes != n) || (l->n_steps >= 0 && l->n_steps != n))
        return call_refuse(c, "lists %d starts, %d ends, %d axes and %d steps", n, l->n_ends, l->n_axes, l->n_steps);
    return GABLE_OK;
}

static gable_status ranges_of(struct call *c, const struct value *x, struct range *range)
{
    struct listed l;
    gable_status s = read_lists(c, &l);
    for (int i = 0; i < x->rank; i++) range[i] = (struct range){0, 1, x->dim[i]};
    for (int i = 0; i < l.n_starts && !s; i++) {
        int axis;
        int64_t step = l.n_steps >= 0 ? l.steps[i] : 1, listed = l.n_axes >= 0 ? l.axes[i] : i;
        if (!call_axis(listed, x->rank, &axis))
            return call_refuse(c, "axis %" PRId64 " is outside a value of %d dimensions", listed, x->rank);
        if (step == 0) return call_refuse(c, "a step of 0 never ends");
        range[axis] = range_of(l.starts[i], l.ends[i], step, x->dim[axis]);
    }
    return s;
}

static gable_status run_slice(struct call *c)
{
    const struct value *x = c->in[0];
    struct range range[SHAPE_RANK_MAX];
    struct walk w = {.operands = 1, .rank = x->rank};
    gable_status s = ranges_of(c, x, range);
    if (s) return s;
    for (int i = 0; i < x->rank; i++) w.dim[i] = range[i].n;
    s = call_make(c, 0, x->dtype, x->rank, w.dim);
    if (s || c->out[0]->n == 0) return s;
    int64_t stride = 1;
    for (int i = x->rank - 1; i >= 0; i--) {
        w.start[0] += range[i].first * stride;
        w.stride[0][i] = range[i].step * stride;
        stride *= x->dim[i];
    }
    walk_merge(&w);
    return move_walk(c, &w, x, c->out[0]);
}

static gable_status run_expand(struct call *c)
{
    const struct value *x = c->in[0];
    struct value shape = {.kind = VALUE_TENSOR};
    struct walk w;
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
    gable_status s = operand_ints(c, NULL, 1, SHAPE_RANK_MAX, shape.dim, &shape.rank);
    if (!s && shape.rank < 0) s = call_refuse(c, "lacks a shape");
    for (int i = 0; i < shape.rank && !s; i++)
        if (shape.dim[i] < 0) s = call_refuse(c, "dimension %d of the shape is %" PRId64, i, shape.dim[i]);
    if (!s) s = walk_shape(c, 2, (const struct value *[]){x, &shape}, &rank, dim);
    if (!s) s = call_make(c, 0, x->dtype, rank, dim);
    if (s || c->out[0]->n == 0) return s;
    walk_broadcast(&w, 1, &x, rank, dim);
    return move_walk(c, &w, x, c->out[0]);
}

/* Each axis is two of the walk: repeats, through which the input stands still, and its own places. */
static gable_status run_tile(struct call *c)
{
    const struct value *x = c->in[0];
    int64_t repeats[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX], stride = 1;
    int n = -1;
    struct walk w = {.operands = 1, .rank = 2 * x->rank};
    gable_status s = operand_ints(c, NULL, 1, SHAPE_RANK_MAX, repeats, &n);
    if (!s && n != x->rank) s = call_refuse(c, "lists %d repeats for %d dimensions", n, x->rank);
    if (!s && 2 * x->rank > SHAPE_RANK_MAX) s = call_refuse(c, "cannot repeat %d dimensions", x->rank);
    for (int i = 0; i < x->rank && !s; i++) {
        if (repeats[i] < 0) s = call_refuse(c, "axis %d is repeated %" PRId64 " times", i, repeats[i]);
        dim[i] = count_mul(x->dim[i], repeats[i]);
    }
    if (!s) s = call_make(c, 0, x->dtype, x->rank, dim);
    if (s || c->out[0]->n == 0) return s;
    for (int i = x->rank - 1; i >= 0; i--) {
        w.dim[2 * i] = repeats[i];
        w.dim[2 * i + 1] = x->dim[i];
        w.stride[0][2 * i + 1] = stride;
        stride *= x->dim[i];
    }
    walk_merge(&w);
    return move_walk(c, &w, x, c->out[0]);
}

const struct kernel kernels_slice[] = {
    {.op = "Slice", .domain = "", .run = run_slice},
    {.op = "Expand", .domain = "", .run = run_expand},
    {.op = "Tile", .domain = "", .run = run_tile},
    {0},
};
