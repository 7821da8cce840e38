/* Operators that read pictures at places which other inputs name. */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/window.h"

#include <inttypes.h>
#include <string.h>

/* x: N x C x spatial; grid: N x spatial' x dimensions */
static gable_status grid_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *grid = in_shape(n, 1);
    int64_t dim[SHAPE_RANK_MAX];
    if (x->rank < 3 || grid->rank != x->rank || grid->dim[0] != x->dim[0] || grid->dim[x->rank - 1] != x->rank - 2)
        return error_set(e, GABLE_BAD_INPUT, "the grid must be N x places x %d for this input", x->rank - 2);
    dim[0] = x->dim[0];
    dim[1] = x->dim[1];
    for (int i = 2; i < x->rank; i++) dim[i] = grid->dim[i - 1];
    return rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

/* As Resize: weights of the taps are not counted. */
static struct cost grid_cost(const struct node *n)
{
    const struct attribute *mode = node_attribute(n, "mode");
    const char *word = mode && mode->type == ATTRIBUTE_STRING ? mode->s : "bilinear";
    count taps = 1;
    for (int i = 2; i < in_shape(n, 0)->rank; i++)
        taps = count_mul(taps, strstr(word, "nearest") ? 1 : strstr(word, "cubic") ? 4 : 2);
    return cost_flops(count_mul(taps == 1 ? 0 : count_add(count_mul(2, taps), -1), tensor_elements(n->out[0])));
}

/* x: N x C x H x W; rois: R x 4, one picture's number each */
static gable_status align_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *rois = in_shape(n, 1);
    int64_t height = 1, width = 1;
    if (x->rank != 4 || rois->rank != 2 || rois->dim[1] != 4)
        return error_set(e, GABLE_BAD_INPUT, "the input must be N x C x H x W and the regions R x 4");
    gable_status s = rule_int(n, "output_height", 1, 1, DIM_MAX, &height, e);
    if (!s) s = rule_int(n, "output_width", 1, 1, DIM_MAX, &width, e);
    const int64_t dim[] = {rois->dim[0], x->dim[1], height, width};
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, 4, dim, e);
}

static int64_t samples_of(const struct node *n) { return node_int(n, "sampling_ratio", 0); }

/* s x s samples of an output: 7 each to interpolate, one sum or the division. */
static struct cost align_cost(const struct node *n)
{
    count s = samples_of(n) < 1 ? 1 : samples_of(n);
    return cost_flops(count_mul(count_mul(8, count_mul(s, s)), tensor_elements(n->out[0])));
}

static enum certainty align_certain(const struct node *n) { return samples_of(n) < 1 ? COST_BOUND : COST_EXACT; }

static gable_status roi_pool_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *rois = in_shape(n, 1);
    int64_t size[2];
    if (x->rank != 4 || rois->rank != 2 || rois->dim[1] != 5)
        return error_set(e, GABLE_BAD_INPUT, "the input must be N x C x H x W and the regions R x 5");
    if (!node_attribute(n, "pooled_shape")) return error_set(e, GABLE_BAD_INPUT, "pooled_shape is missing");
    gable_status s = rule_ints(n, "pooled_shape", 2, 1, 1, DIM_MAX, size, e);
    const int64_t dim[] = {rois->dim[0], x->dim[1], size[0], size[1]};
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, 4, dim, e);
}

/* MaxPool backwards: every value goes where it came from. Input 2, where it is there, is the whole shape. */
static gable_status unpool_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX];
    int rank = 0;
    struct window w;
    if (rule_has(n, 2)) {
        gable_status s = rule_listed(n, "", 2, dim, &rank, e);
        if (!s && rank != x->rank) s = error_set(e, GABLE_BAD_INPUT, "output_shape must have %d values", x->rank);
        return s ? s : rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
    }
    gable_status s = window_read(n, x, NULL, &w, e);
    for (int i = 0; i < 2 && !s; i++) dim[i] = x->dim[i];
    for (int i = 0; i < w.rank && !s; i++) {
        int64_t full = count_add(count_mul(x->dim[2 + i] - 1, w.stride[i]), w.kernel[i]);
        dim[2 + i] = full == COUNT_MAX ? full : full - w.begin[i] - w.end[i];
    }
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

/* X: each tap's product, added; the grid: differences of taps along each axis, by the weights of the other axes, times
   dy, over the channels. */
static struct cost grid_gradient(const struct node *n, int input)
{
    const char *mode = node_text(n, "mode", "bilinear");
    const count axes = in_shape(n, 0)->rank - 2, outputs = tensor_elements(n->out[0]);
    count taps = 1;
    if (strstr(mode, "nearest")) return cost_flops(input ? 0 : outputs);
    for (count i = 0; i < axes; i++) taps = count_mul(taps, strstr(mode, "cubic") ? 4 : 2);
    if (!input) return cost_flops(count_mul(count_mul(2, taps), outputs));
    count each = strstr(mode, "cubic") ? count_add(count_mul(2, taps), 1) : count_add(count_mul(3, taps / 2), 1);
    return cost_flops(count_mul(count_mul(axes, each), outputs));
}

/* Four pixels' products, added, for each sample; dy divided by their number. */
static struct cost align_gradient(const struct node *n, int input)
{
    return input ? cost_none(n) : cost_flops(count_add(align_cost(n).flops, tensor_elements(n->out[0])));
}

static struct cost roi_pool_gradient(const struct node *n, int input)
{
    return input ? cost_none(n) : cost_flops(tensor_elements(n->out[0]));
}
static count roi_pool_positions(const struct node *n) { return count_mul(4, tensor_elements(n->out[0])); }

#define ROW(op, least, most, rule, costs, each, is, certainly, is_certain, how, ...)                                 \
    {                                                                                                                \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {least, most}, .outputs = {1, 1}, .shape = rule, .cost = costs, \
        .kind = is, .per_element = each, .certainty = certainly, .certain = is_certain, .formula = how, .train = {   \
            __VA_ARGS__                                                                                              \
        }                                                                                                            \
    }

const struct op sample_ops[] = {
    ROW("GridSample", 2, 2, grid_shape, grid_cost, 0, KIND_OTHER, COST_EXACT, NULL,
        "nearest: 0; linear: 2 x 2^d - 1 per output, cubic: 2 x 4^d - 1", .gradient = grid_gradient,
        .keep = KEEP_INPUTS,
        .formula = "X: nearest 1 per output, linear 2 x 2^d, cubic 2 x 4^d; grid: nearest 0, linear d (3 x 2^(d-1) + "
                   "1) per output, cubic d (2 x 4^d + 1)"),
    ROW("RoiAlign", 3, 3, align_shape, align_cost, 0, KIND_POOL, COST_BOUND, align_certain,
        "8 per output and sample: interpolate, join; one sample where data decide: a lower bound",
        .gradient = align_gradient, .keep = KEEP_INDEX, .formula = "X: 8 per output and sample, + 1 per output"),
    ROW("MaxRoiPool", 2, 2, roi_pool_shape, cost_per_output, 1, KIND_POOL, COST_BOUND, NULL,
        "1 comparison per output: a lower bound", .gradient = roi_pool_gradient, .keep_bytes = roi_pool_positions,
        .formula = "X: 1 per output: added at the position kept"),
    ROW("MaxUnpool", 2, 3, unpool_shape, cost_none, 0, KIND_MOVE, COST_EXACT, NULL, "0: data movement",
        .gradient = gradient_moved, .keep = KEEP_INDEX, .formula = "0: data movement"),
    {0},
};
