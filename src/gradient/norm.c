/* Normalisations, each by its definition in simpler operators; and what training drops. */
#include "gradient/back.h"

#include <string.h>

static term centred(struct back *b, term x, int n, const int *axes)
{
    return MAKE(b, "Sub", x, back_reduce(b, "ReduceMean", x, n, axes, true));
}

static term mean_square(struct back *b, term x, int n, const int *axes)
{
    return back_reduce(b, "ReduceMean", MAKE(b, "Mul", x, x), n, axes, true);
}

/* (x - mean) / root(variance + epsilon) */
static term normalised(struct back *b, term x, int n, const int *axes)
{
    term c = centred(b, x, n, axes), variance = mean_square(b, c, n, axes);
    return MAKE(b, "Div", c, MAKE(b, "Sqrt", back_plus(b, variance, node_float(b->n, "epsilon", 1e-5))));
}

/* One value a channel, as 1 x C x 1 ... */
static term by_channel(struct back *b, term t, int rank)
{
    int64_t dim[SHAPE_RANK_MAX];
    for (int i = 0; i < rank; i++) dim[i] = i == 1 && t ? tensor_elements(t) : 1;
    return t ? back_reshape(b, t, rank, dim) : NULL;
}

static term scaled_by_channel(struct back *b, term x)
{
    int rank = x ? x->shape.rank : 0;
    return MAKE(b, "Add", MAKE(b, "Mul", x, by_channel(b, back_x(b, 1), rank)), by_channel(b, back_x(b, 2), rank));
}

static int all_but(int rank, int left_out, int *axes)
{
    int n = 0;
    for (int i = 0; i < rank; i++)
        if (i != left_out) axes[n++] = i;
    return n;
}

static void define_batch_norm(struct back *b, term *out)
{
    int rank = back_x(b, 0)->shape.rank, axes[SHAPE_RANK_MAX], n = all_but(rank, 1, axes);
    bool is_old = b->g->opset && b->g->opset < 14;
    bool trains = is_old ? b->n->n_out > 1 : node_int(b->n, "training_mode", 0) != 0;
    if (trains) {
        out[0] = scaled_by_channel(b, normalised(b, back_x(b, 0), n, axes));
        return;
    }
    term deviation = MAKE(b, "Sqrt", back_plus(b, back_x(b, 4), node_float(b->n, "epsilon", 1e-5)));
    term apart = MAKE(b, "Sub", back_x(b, 0), by_channel(b, back_x(b, 3), rank));
    out[0] = scaled_by_channel(b, MAKE(b, "Div", apart, by_channel(b, deviation, rank)));
}

static void define_instance_norm(struct back *b, term *out)
{
    int axes[SHAPE_RANK_MAX], n = 0;
    for (int i = 2; i < back_x(b, 0)->shape.rank; i++) axes[n++] = i;
    out[0] = scaled_by_channel(b, normalised(b, back_x(b, 0), n, axes));
}

/* Scale and bias are one a channel, before opset 21 one a group. */
static void define_group_norm(struct back *b, term *out)
{
    const struct shape *x = &back_x(b, 0)->shape;
    int64_t groups = node_int(b->n, "num_groups", 1), images = x->dim[0], all = tensor_elements(back_x(b, 0));
    const int64_t dim[] = {images, groups, images && groups ? all / images / groups : 0};
    term y = normalised(b, back_reshape(b, back_x(b, 0), 3, dim), 1, (const int[]){2});
    bool is_by_group = b->g->opset && b->g->opset < 21;
    if (is_by_group) y = scaled_by_channel(b, y);
    y = back_shaped(b, y, back_x(b, 0));
    out[0] = is_by_group ? y : scaled_by_channel(b, y);
}

static void define_layer_norm(struct back *b, term *out)
{
    int rank = back_x(b, 0)->shape.rank, axis = 0, axes[SHAPE_RANK_MAX], n = 0;
    if (!b->status) b->status = rule_axis(b->n, -1, rank, &axis, b->e);
    for (int i = 1; i < b->n->n_out; i++)
        if (b->dy[i]) back_refuse(b, "what is made of its statistics is not followed");
    for (int i = axis; i < rank; i++) axes[n++] = i;
    term y = MAKE(b, "Mul", normalised(b, back_x(b, 0), n, axes), back_x(b, 1));
    out[0] = back_has(b, 2) ? MAKE(b, "Add", y, back_x(b, 2)) : y;
}

/* (x - mean) / (deviation + 1e-9) */
static void define_mean_variance(struct back *b, term *out)
{
    const struct attribute *a = node_attribute(b->n, "axes");
    int rank = back_x(b, 0)->shape.rank, axes[SHAPE_RANK_MAX] = {0, 2, 3}, n = a ? a->n : 3;
    for (int i = 0; a && i < a->n && i < SHAPE_RANK_MAX; i++)
        axes[i] = (int)(a->ints[i] < 0 ? a->ints[i] + rank : a->ints[i]);
    term c = centred(b, back_x(b, 0), n, axes), deviation = MAKE(b, "Sqrt", mean_square(b, c, n, axes));
    out[0] = MAKE(b, "Div", c, back_plus(b, deviation, 1e-9));
}

static void define_lp_norm(struct back *b, term *out)
{
    int axis = 0;
    bool is_square = node_int(b->n, "p", 2) == 2;
    if (!b->status) b->status = rule_axis(b->n, -1, back_x(b, 0)->shape.rank, &axis, b->e);
    out[0] =
        MAKE(b, "Div", back_x(b, 0), back_reduce(b, is_square ? "ReduceL2" : "ReduceL1", back_x(b, 0), 1, &axis, true));
}

/* x / (bias + alpha / size times the squares of the channels around)^beta */
static void define_lrn(struct back *b, term *out)
{
    term x = back_x(b, 0), sum = NULL;
    int64_t size = node_int(b->n, "size", 1), before = (size - 1) / 2, pads[2 * SHAPE_RANK_MAX] = {0};
    const int rank = x->shape.rank;
    pads[1] = before;
    pads[rank + 1] = size - 1 - before;
    term squares = MAKE(b, "Pad", MAKE(b, "Mul", x, x), back_ints(b, 2 * rank, pads));
    for (int64_t i = 0; i < size && !b->status; i++) {
        term part = back_slice(b, squares, 1, i, i + x->shape.dim[1], 1);
        sum = i ? MAKE(b, "Add", sum, part) : part;
    }
    term base =
        back_plus(b, back_scaled(b, sum, node_float(b->n, "alpha", 1e-4) / (double)size), node_float(b->n, "bias", 1));
    out[0] = MAKE(b, "Mul", x, MAKE(b, "Pow", base, back_real(b, -node_float(b->n, "beta", 0.75))));
}

/* In training the mask of what was kept, scaled up; else nothing happens. */
static void back_dropout(struct back *b)
{
    bool trains = back_has(b, 2) && (!back_x(b, 2)->ints || back_x(b, 2)->ints[0]);
    const struct tensor *ratio = back_has(b, 1) ? back_x(b, 1) : NULL;
    b->dx[0] = b->dy[0];
    if (!trains) return;
    if (ratio && !ratio->reals) {
        back_refuse(b, "its ratio is computed");
        return;
    }
    term kept = b->n->n_out > 1 ? b->n->out[1] : node_add_output(b->g, b->n);
    if (b->status || !kept) return;
    tensor_set_shape(b->g, kept, DTYPE_BOOL, back_x(b, 0)->shape.rank, back_x(b, 0)->shape.dim);
    double share = 1 / (1 - (ratio ? ratio->reals[0] : 0.5));
    b->dx[0] = MAKE(b, "Where", kept, back_scaled(b, b->dy[0], share), back_real(b, 0));
}

static void back_depth(struct back *b)
{
    if (node_float(b->n, "p", 0) > 0) back_refuse(b, "whole paths are dropped by engine/train alone");
    b->dx[0] = b->dy[0];
}

#define DEFINED(name, rule, how)                        \
    {                                                   \
        name, DOMAIN_ONNX, .define = rule, .words = how \
    }
const struct gradient_rule rules_norm[] = {
    DEFINED("BatchNormalization", define_batch_norm,
            "that of its definition, through the batch's statistics in training"),
    DEFINED("InstanceNormalization", define_instance_norm, "that of its definition"),
    DEFINED("GroupNormalization", define_group_norm, "that of its definition"),
    DEFINED("LayerNormalization", define_layer_norm, "that of its definition"),
    DEFINED("MeanVarianceNormalization", define_mean_variance, "that of its definition"),
    DEFINED("LpNormalization", define_lp_norm, "that of x / its norm"),
    DEFINED("LRN", define_lrn, "that of its definition, channel by channel of the window"),
    {"Dropout", DOMAIN_ONNX, .back = back_dropout, .words = "dy where it was kept, scaled up; dy at inference"},
    {"StochasticDepth", DOMAIN_GABLE, .back = back_depth, .words = "dy where nothing is dropped"},
    {0},
};
