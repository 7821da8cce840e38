/* Operators that pick, place or reorder elements by index. */
#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>
#include <string.h>

static gable_status gather_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *index = in_shape(n, 1);
    int64_t dim[2 * SHAPE_RANK_MAX];
    int axis = 0, rank = 0;
    gable_status s = rule_axis(n, 0, x->rank, &axis, e);
    if (s) return s;
    for (int i = 0; i < axis; i++) dim[rank++] = x->dim[i];
    for (int i = 0; i < index->rank; i++) dim[rank++] = index->dim[i];
    for (int i = axis + 1; i < x->rank; i++) dim[rank++] = x->dim[i];
    return rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
}

/* The output has the shape of the indices. */
static gable_status gather_elements_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *index = in_shape(n, 1);
    if (x->rank != index->rank)
        return error_set(e, GABLE_BAD_INPUT, "the indices have %d dimensions, the data %d", index->rank, x->rank);
    return rule_output(g, n, 0, n->in[0]->dtype, index->rank, index->dim, e);
}

static gable_status gather_nd_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *index = in_shape(n, 1);
    int64_t batch = 0, dim[2 * SHAPE_RANK_MAX];
    int rank = 0;
    if (index->rank < 1) return error_set(e, GABLE_BAD_INPUT, "the indices must have at least one dimension");
    gable_status s = rule_int(n, "batch_dims", 0, 0, index->rank - 1, &batch, e);
    if (s) return s;
    int64_t depth = index->dim[index->rank - 1];
    if (depth < 0 || batch + depth > x->rank)
        return error_set(e, GABLE_BAD_INPUT, "the indices address %" PRId64 " dimensions, the data has %d",
                         batch + depth, x->rank);
    for (int i = 0; i < index->rank - 1; i++) dim[rank++] = index->dim[i];
    for (int i = (int)(batch + depth); i < x->rank; i++) dim[rank++] = x->dim[i];
    return rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
}

static gable_status same_shape(struct graph *g, struct node *n, gable_error *e) { return rule_same(g, n, e); }

/* Elements of one axis from start to end by step, as Python counts them. */
static gable_status slice_extent(int64_t size, int64_t start, int64_t end, int64_t step, int64_t *out, gable_error *e)
{
    if (step == 0) return error_set(e, GABLE_BAD_INPUT, "a step of steps is 0");
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? size - 1 : size;
    start = start < 0 ? (start < -size ? low : start + size) : start;
    end = end < 0 ? (end < -size ? low : end + size) : end;
    start = start < (step < 0 ? 0 : low) ? (step < 0 ? -1 : low) : start > high ? high : start;
    end = end < low ? low : end > (step < 0 ? size - 1 : size) ? high : end;
    int64_t span = step > 0 ? end - start : start - end, stride = step > 0            ? step
                                                                  : step == INT64_MIN ? INT64_MAX
                                                                                      : -step;
    *out = span <= 0 ? 0 : (span - 1) / stride + 1;
    return GABLE_OK;
}

static gable_status slice_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t start[SHAPE_RANK_MAX], end[SHAPE_RANK_MAX], axis[SHAPE_RANK_MAX], step[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX];
    int n_start, n_end, n_axis, n_step;
    gable_status s = rule_listed(n, "starts", 1, start, &n_start, e);
    if (!s) s = rule_listed(n, "ends", 2, end, &n_end, e);
    if (!s) s = rule_listed(n, "axes", 3, axis, &n_axis, e);
    if (!s) s = rule_listed(n, "steps", 4, step, &n_step, e);
    if (s) return s;
    if (n_start != n_end || n_start < 0 || (n_axis >= 0 && n_axis != n_start) || (n_step >= 0 && n_step != n_start) ||
        n_start > x->rank)
        return error_set(e, GABLE_BAD_INPUT, "starts, ends, axes and steps differ in length");
    memcpy(dim, x->dim, (size_t)x->rank * sizeof *dim);
    for (int i = 0; i < n_start && !s; i++) {
        int64_t a = n_axis < 0 ? i : axis[i] < 0 ? axis[i] + x->rank : axis[i];
        if (a < 0 || a >= x->rank)
            return error_set(e, GABLE_BAD_INPUT, "axes holds %" PRId64 ", the input has %d dimensions", axis[i],
                             x->rank);
        s = slice_extent(x->dim[a], start[i], end[i], n_step < 0 ? 1 : step[i], &dim[a], e);
    }
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

static gable_status arg_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t keep = 1, dim[SHAPE_RANK_MAX];
    int axis = 0, rank = 0;
    gable_status s = rule_axis(n, 0, x->rank, &axis, e);
    if (!s) s = rule_int(n, "keepdims", 1, 0, 1, &keep, e);
    if (s) return s;
    for (int i = 0; i < x->rank; i++)
        if (i != axis || keep) dim[rank++] = i == axis ? 1 : x->dim[i];
    return rule_output(g, n, 0, DTYPE_S64, rank, dim, e);
}

static gable_status topk_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX], k[SHAPE_RANK_MAX];
    int axis = 0, n_k = -1;
    gable_status s = rule_axis(n, -1, x->rank, &axis, e);
    if (!s && node_attribute(n, "k")) {
        n_k = 1;
        s = rule_int(n, "k", 0, 0, DIM_MAX, &k[0], e);
    } else if (!s) {
        s = rule_listed(n, "", 1, k, &n_k, e);
        if (s) return error_set(e, GABLE_BAD_INPUT, "k must be known while the model is read, not computed from data");
    }
    if (s) return s;
    if (n_k != 1 || k[0] < 0 || k[0] > x->dim[axis])
        return error_set(e, GABLE_BAD_INPUT, "k must be one number of at most %" PRId64, x->dim[axis]);
    memcpy(dim, x->dim, (size_t)x->rank * sizeof *dim);
    dim[axis] = k[0];
    s = rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
    return s || n->n_out < 2 ? s : rule_output(g, n, 1, DTYPE_S64, x->rank, dim, e);
}

/* NCHW: channels become pixels of blocks, or the other way round. */
static gable_status block_shape(struct graph *g, struct node *n, bool to_space, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t b = 0;
    if (x->rank != 4) return error_set(e, GABLE_BAD_INPUT, "the input has %d dimensions, 4 are needed", x->rank);
    if (!node_attribute(n, "blocksize")) return error_set(e, GABLE_BAD_INPUT, "blocksize is missing");
    gable_status s = rule_int(n, "blocksize", 0, 1, 1 << 20, &b, e);
    if (s) return s;
    if (to_space ? x->dim[1] % (b * b) != 0 : x->dim[2] % b != 0 || x->dim[3] % b != 0)
        return error_set(e, GABLE_BAD_INPUT, "the input does not divide into blocks of %" PRId64, b);
    const int64_t space[] = {x->dim[0], x->dim[1] / (b * b), count_mul(x->dim[2], b), count_mul(x->dim[3], b)};
    const int64_t depth[] = {x->dim[0], count_mul(x->dim[1], b * b), x->dim[2] / b, x->dim[3] / b};
    return rule_output(g, n, 0, n->in[0]->dtype, 4, to_space ? space : depth, e);
}

static gable_status depth_to_space_shape(struct graph *g, struct node *n, gable_error *e)
{
    return block_shape(g, n, true, e);
}

static gable_status space_to_depth_shape(struct graph *g, struct node *n, gable_error *e)
{
    return block_shape(g, n, false, e);
}

static gable_status one_hot_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX + 1], depth;
    int axis = 0;
    const struct tensor *d = n->in[1];
    if (tensor_elements(d) != 1 || (!d->ints && !d->reals))
        return error_set(e, GABLE_BAD_INPUT, "depth must be known while the model is read");
    depth = d->ints ? d->ints[0] : (int64_t)d->reals[0];
    gable_status s = rule_axis(n, -1, x->rank + 1, &axis, e);
    if (s) return s;
    for (int i = 0, k = 0; i <= x->rank; i++) dim[i] = i == axis ? depth : x->dim[k++];
    return rule_output(g, n, 0, n->in[2]->dtype, x->rank + 1, dim, e);
}

/* log2-free: selecting k of n by comparison costs n comparisons at least; that bound is what is counted. */
static struct cost compare_cost(const struct node *n) { return cost_flops(tensor_elements(n->in[0])); }

/* Gather's gradients are added where they came from: an index may stand twice. */
static struct cost gather_gradient(const struct node *n, int input)
{
    return input ? cost_none(n) : cost_flops(tensor_elements(n->out[0]));
}

static struct cost cumsum_gradient(const struct node *n, int input) { return input ? cost_none(n) : compare_cost(n); }

static struct cost one_hot_gradient(const struct node *n, int input)
{
    return input == 2 ? cost_flops(gradient_sums(tensor_elements(n->out[0]), 2)) : cost_none(n);
}

static count topk_positions(const struct node *n) { return n->n_out > 1 ? tensor_bytes(n->out[1]) : 0; }

#define MOVED .gradient = gradient_moved, .formula = "0: data movement"
#define BY_INDEX .gradient = gradient_moved, .keep = KEEP_INDEX, .formula = "0: data movement"
#define ADDED .gradient = gather_gradient, .keep = KEEP_INDEX, .formula = "1 per output: added at its index"
#define NO_GRADIENT .formula = "none: its values are positions"

#define ROW(op, least, most, most_out, rule, costs, is, how, ...)                                            \
    {                                                                                                        \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {least, most}, .outputs = {1, most_out}, .shape = rule, \
        .cost = costs, .kind = is, .formula = how, .train = {                                                \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }
#define MOVE(op, inputs, rule, ...) \
    ROW(op, inputs, inputs, 1, rule, cost_none, KIND_MOVE, "0: data movement", __VA_ARGS__)

const struct op gather_ops[] = {
    MOVE("Gather", 2, gather_shape, ADDED),
    MOVE("GatherElements", 2, gather_elements_shape, ADDED),
    MOVE("GatherND", 2, gather_nd_shape, ADDED),
    MOVE("ScatterElements", 3, same_shape, BY_INDEX),
    MOVE("Scatter", 3, same_shape, BY_INDEX),
    MOVE("ScatterND", 3, same_shape, BY_INDEX),
    MOVE("ReverseSequence", 2, same_shape, BY_INDEX),
    MOVE("DepthToSpace", 1, depth_to_space_shape, MOVED),
    MOVE("SpaceToDepth", 1, space_to_depth_shape, MOVED),
    MOVE("OneHot", 3, one_hot_shape, .gradient = one_hot_gradient, .keep = KEEP_INPUT,
         .formula = "values: outputs - 2: two sums"),
    ROW("Trilu", 1, 2, 1, same_shape, cost_none, KIND_MOVE, "0: data movement", MOVED),
    ROW("Slice", 1, 5, 1, slice_shape, cost_none, KIND_MOVE, "0: data movement", MOVED),
    ROW("ArgMax", 1, 1, 1, arg_shape, compare_cost, KIND_POOL, "1 comparison per input", NO_GRADIENT),
    ROW("ArgMin", 1, 1, 1, arg_shape, compare_cost, KIND_POOL, "1 comparison per input", NO_GRADIENT),
    {.name = "TopK",
     .domain = DOMAIN_ONNX,
     .inputs = {1, 2},
     .outputs = {1, 2},
     .shape = topk_shape,
     .cost = compare_cost,
     .kind = KIND_OTHER,
     .certainty = COST_BOUND,
     .formula = "1 comparison per input: a lower bound",
     .train = {.gradient = gradient_moved,
               .keep_bytes = topk_positions,
               .formula = "0: put back at the positions kept"}},
    ROW("CumSum", 2, 2, 1, same_shape, compare_cost, KIND_OTHER, "1 addition per input", .gradient = cumsum_gradient,
        .formula = "1 addition per input"),
    {0},
};
