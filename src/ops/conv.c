/* Convolutions. x: N x C x spatial; w: M x C/group x kernel (ConvTranspose: C x M/group x kernel). */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/window.h"

#include <inttypes.h>
#include <string.h>

static gable_status read_group(const struct node *n, int64_t *group, gable_error *e)
{
    return rule_int(n, "group", 1, 1, DIM_MAX, group, e);
}

/* QLinearConv has scales and zero points between; ConvInteger has no bias. */
static int weight_at(const struct node *n) { return !strcmp(n->op_type, "QLinearConv") ? 3 : 1; }

static int bias_at(const struct node *n)
{
    return !strcmp(n->op_type, "QLinearConv") ? 8 : !strcmp(n->op_type, "ConvInteger") ? INT16_MAX : 2;
}

static const struct shape *weight_shape(const struct node *n) { return in_shape(n, weight_at(n)); }

static enum dtype conv_dtype(const struct node *n)
{
    if (!strcmp(n->op_type, "ConvInteger")) return DTYPE_S32;
    return n->in[!strcmp(n->op_type, "QLinearConv") ? 7 : 0]->dtype;
}

static gable_status check_weight(const struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *w = weight_shape(n);
    if (w->rank == x->rank) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "the weight has %d dimensions, the input %d: they must be equal", w->rank,
                     x->rank);
}

static gable_status check_bias(const struct node *n, int64_t channels, gable_error *e)
{
    if (!rule_has(n, bias_at(n))) return GABLE_OK;
    const struct shape *b = in_shape(n, bias_at(n));
    if (b->rank == 1 && b->dim[0] == channels) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "the bias must hold one value for each of %" PRId64 " output channels",
                     channels);
}

static gable_status conv_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *w = weight_shape(n);
    int64_t group = 1, dim[SHAPE_RANK_MAX];
    struct window window = {0};
    gable_status s = check_weight(n, e);
    if (!s) s = window_read(n, x, w->rank > 2 ? w->dim + 2 : w->dim, &window, e);
    if (!s) s = read_group(n, &group, e);
    if (s) return s;
    if (x->dim[1] % group || w->dim[0] % group || x->dim[1] / group != w->dim[1])
        return error_set(e, GABLE_BAD_INPUT,
                         "%" PRId64 " input channels, group %" PRId64 " and a weight of %" PRId64 " x %" PRId64
                         " channels contradict each other",
                         x->dim[1], group, w->dim[0], w->dim[1]);
    dim[0] = x->dim[0];
    dim[1] = w->dim[0];
    s = check_bias(n, dim[1], e);
    for (int i = 0; i < window.rank && !s; i++) s = window_positions(&window, i, x->dim[2 + i], &dim[2 + i], e);
    return s ? s : rule_output(g, n, 0, conv_dtype(n), x->rank, dim, e);
}

/* output elements x (C/group x kernel); padding counted as data; one addition for each output's bias */
static struct cost conv_cost(const struct node *n)
{
    count outputs = tensor_elements(n->out[0]), taps = shape_product(weight_shape(n), 1);
    count macs = count_mul(outputs, taps);
    return (struct cost){macs, count_add(count_mul(2, macs), rule_has(n, bias_at(n)) ? outputs : 0)};
}

static enum op_kind conv_kind(const struct node *n)
{
    int64_t group = node_int(n, "group", 1);
    if (group > 1) return group == in_shape(n, 0)->dim[1] ? KIND_DEPTHWISE : KIND_GROUPED;
    return shape_product(weight_shape(n), 2) == 1 ? KIND_POINTWISE : KIND_CONV;
}

/* Back to integers: divide, round, add, saturate. */
static struct cost qlinear_conv_cost(const struct node *n)
{
    return cost_add(conv_cost(n), cost_flops(count_mul(4, tensor_elements(n->out[0]))));
}

/* Extent of one spatial dimension; output_shape, where given, replaces it. */
static gable_status transpose_extent(const struct window *w, int i, int64_t size, int64_t output_padding, int64_t *out,
                                     gable_error *e)
{
    count spread = count_mul(w->stride[i], size - 1);
    count full = count_add(count_add(spread, output_padding), w->dilation[i] * (w->kernel[i] - 1) + 1);
    *out = full - w->begin[i] - w->end[i];
    if (size >= 1 && full <= DIM_MAX && *out >= 1) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "the output would be %" PRId64 " pixels wide", *out);
}

static gable_status conv_transpose_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *w = in_shape(n, 1);
    int64_t group = 1, dim[SHAPE_RANK_MAX], extra[SHAPE_RANK_MAX], forced[SHAPE_RANK_MAX];
    struct window window = {0};
    gable_status s = check_weight(n, e);
    if (!s) s = window_read(n, x, w->rank > 2 ? w->dim + 2 : w->dim, &window, e);
    if (!s) s = read_group(n, &group, e);
    if (!s) s = rule_ints(n, "output_padding", window.rank, 0, 0, 1 << 30, extra, e);
    if (!s) s = rule_ints(n, "output_shape", window.rank, 0, 1, DIM_MAX, forced, e);
    if (s) return s;
    if (x->dim[1] % group || w->dim[0] != x->dim[1])
        return error_set(e, GABLE_BAD_INPUT,
                         "%" PRId64 " input channels, group %" PRId64 " and a weight of %" PRId64
                         " channels contradict each other",
                         x->dim[1], group, w->dim[0]);
    const struct attribute *auto_pad = node_attribute(n, "auto_pad");
    bool is_same = auto_pad && !strncmp(auto_pad->s, "SAME", 4);
    dim[0] = x->dim[0];
    dim[1] = count_mul(w->dim[1], group);
    s = check_bias(n, dim[1], e);
    for (int i = 0; i < window.rank && !s; i++) {
        s = transpose_extent(&window, i, x->dim[2 + i], extra[i], &dim[2 + i], e);
        if (!s && is_same) dim[2 + i] = count_mul(x->dim[2 + i], window.stride[i]);
        if (!s && forced[i]) dim[2 + i] = forced[i];
    }
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

/* input elements x (M/group x kernel): every input value is multiplied into that many outputs */
static struct cost conv_transpose_cost(const struct node *n)
{
    count macs = count_mul(tensor_elements(n->in[0]), shape_product(in_shape(n, 1), 1));
    return (struct cost){macs, count_add(count_mul(2, macs), rule_has(n, 2) ? tensor_elements(n->out[0]) : 0)};
}

/* Data: every output's gradient meets each tap once; weight: every output's gradient meets the input under each tap
   once. Both are the forward's products whatever the group: a filter sees C/group channels only. Bias: one sum per
   channel. */
static struct cost conv_gradient(const struct node *n, int input)
{
    count macs = n->op->cost(n).macs;
    if (input < 2) return (struct cost){macs, count_mul(2, macs)};
    return cost_flops(gradient_sums(tensor_elements(n->out[0]), tensor_elements(n->in[input])));
}

#define TRAIN                                                                                   \
    {                                                                                           \
        .gradient = conv_gradient, .keep = KEEP_FACTOR,                                         \
        .formula = "data: 2 x forward MACs; weight: 2 x forward MACs; bias: outputs - channels" \
    }

const struct op conv_ops[] = {
    {.name = "Conv",
     .domain = DOMAIN_ONNX,
     .inputs = {2, 3},
     .outputs = {1, 1},
     .shape = conv_shape,
     .cost = conv_cost,
     .kind = KIND_CONV,
     .classify = conv_kind,
     .formula = "2 x outputs x (C/group x kernel), + outputs with a bias; padding counted as data",
     .train = TRAIN},
    {.name = "ConvTranspose",
     .domain = DOMAIN_ONNX,
     .inputs = {2, 3},
     .outputs = {1, 1},
     .shape = conv_transpose_shape,
     .cost = conv_transpose_cost,
     .kind = KIND_CONV,
     .classify = conv_kind,
     .formula = "2 x inputs x (M/group x kernel), + outputs with a bias",
     .train = TRAIN},
    {.name = "QLinearConv",
     .domain = DOMAIN_ONNX,
     .inputs = {8, 9},
     .outputs = {1, 1},
     .shape = conv_shape,
     .cost = qlinear_conv_cost,
     .kind = KIND_CONV,
     .classify = conv_kind,
     .formula = "Conv's, + 4 per output: divide, round, add, saturate",
     .train = {.formula = "none: integers"}},
    {.name = "ConvInteger",
     .domain = DOMAIN_ONNX,
     .inputs = {2, 4},
     .outputs = {1, 1},
     .shape = conv_shape,
     .cost = conv_cost,
     .kind = KIND_CONV,
     .classify = conv_kind,
     .formula = "2 x outputs x (C/group x kernel)",
     .train = {.formula = "none: integers"}},
    {0},
};
