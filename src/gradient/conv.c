/* Convolutions: data gradients are the other convolution, weight gradients a convolution with images and channels
   exchanged, strides and dilations too. Each has as many products as forward. */
#include "gradient/back.h"
#include "ops/window.h"

static int64_t extent(const struct window *w, int i) { return w->dilation[i] * (w->kernel[i] - 1) + 1; }

static struct window window_of(struct back *b)
{
    struct window w = {0};
    if (!b->status) b->status = window_read(b->n, &back_x(b, 0)->shape, back_x(b, 1)->shape.dim + 2, &w, b->e);
    return w;
}

static void set_pads(struct back *b, struct node *n, int rank, const int64_t *begin, const int64_t *end)
{
    int64_t pads[2 * SHAPE_RANK_MAX];
    for (int i = 0; i < rank; i++) {
        pads[i] = begin[i];
        pads[rank + i] = end[i];
    }
    if (n) node_set_ints(b->g, n, "pads", 2 * rank, pads);
}

/* N x groups C x places as C x groups N x places. */
static term exchanged(struct back *b, term x, int64_t groups)
{
    if (!x) return NULL;
    int rank = x->shape.rank, order[SHAPE_RANK_MAX] = {2, 1, 0};
    const int64_t *from = x->shape.dim, images = from[0], channels = from[1] / groups;
    int64_t dim[SHAPE_RANK_MAX + 1] = {images, groups, channels}, flat[SHAPE_RANK_MAX] = {channels, groups * images};
    for (int i = 2; i < rank; i++) {
        dim[i + 1] = flat[i] = from[i];
        order[i + 1] = i + 1;
    }
    return back_reshape(b, back_transpose(b, back_reshape(b, x, rank + 1, dim), order), rank, flat);
}

/* The gradient of a weight: x slides where the weight's taps lie, dy is the kernel. The border at the end is what gives
   as many positions as there are taps; what x has too many is cut off. */
static term of_weight(struct back *b, const struct window *w, term x, term dy, int64_t groups)
{
    int64_t end[SHAPE_RANK_MAX];
    if (!x || !dy) return NULL;
    for (int i = 0; i < w->rank; i++) {
        int64_t size = x->shape.dim[2 + i];
        end[i] = extent(w, i) + (dy->shape.dim[2 + i] - 1) * w->stride[i] - size - w->begin[i];
        if (end[i] < 0) x = back_slice(b, x, 2 + i, 0, size + end[i], 1);
        if (end[i] < 0) end[i] = 0;
    }
    const term in[] = {exchanged(b, x, groups), exchanged(b, dy, 1)};
    struct node *n = back_node(b, "Conv", 2, in, 1);
    if (!n) return NULL;
    node_set_ints(b->g, n, "strides", w->rank, w->dilation);
    node_set_ints(b->g, n, "dilations", w->rank, w->stride);
    node_set_int(b->g, n, "group", groups);
    set_pads(b, n, w->rank, w->begin, end);
    return exchanged(b, back_infer(b, n), 1);
}

static term conv_node(struct back *b, const char *op, const struct window *w, term x, term weight, const int64_t *end,
                      const int64_t *more)
{
    struct node *n = back_node(b, op, 2, (const term[]){x, weight}, 1);
    if (!n) return NULL;
    node_set_ints(b->g, n, "strides", w->rank, w->stride);
    node_set_ints(b->g, n, "dilations", w->rank, w->dilation);
    node_set_int(b->g, n, "group", node_int(b->n, "group", 1));
    if (more) node_set_ints(b->g, n, "output_padding", w->rank, more);
    set_pads(b, n, w->rank, w->begin, end);
    return back_infer(b, n);
}

static void give_bias(struct back *b)
{
    int axes[SHAPE_RANK_MAX], n = 0;
    if (b->n->n_in < 3 || !b->wants[2]) return;
    for (int i = 0; i < b->dy[0]->shape.rank; i++)
        if (i != 1) axes[n++] = i;
    b->dx[2] = back_reduce(b, "ReduceSum", b->dy[0], n, axes, false);
}

static void back_conv(struct back *b)
{
    struct window w = window_of(b);
    const struct shape *x = &back_x(b, 0)->shape, *y = &b->dy[0]->shape;
    int64_t more[SHAPE_RANK_MAX] = {0};
    if (b->status) return;
    for (int i = 0; i < w.rank; i++) /* what the last position left over */
        more[i] = x->dim[2 + i] - ((y->dim[2 + i] - 1) * w.stride[i] + extent(&w, i) - w.begin[i] - w.end[i]);
    if (b->wants[0]) b->dx[0] = conv_node(b, "ConvTranspose", &w, b->dy[0], back_x(b, 1), w.end, more);
    if (b->wants[1]) b->dx[1] = of_weight(b, &w, back_x(b, 0), b->dy[0], node_int(b->n, "group", 1));
    give_bias(b);
}

static void back_conv_transpose(struct back *b)
{
    struct window w = window_of(b);
    const struct attribute *mode = node_attribute(b->n, "auto_pad");
    int64_t end[SHAPE_RANK_MAX];
    term dy = b->dy[0];
    if (node_attribute(b->n, "output_shape") || (mode && mode->s && mode->s[0] == 'S'))
        back_refuse(b, "with output_shape or auto_pad it is not followed");
    for (int i = 0; i < w.rank && !b->status; i++) { /* output_padding is a border that was not cut off */
        end[i] = w.end[i] - node_int_at(b->n, "output_padding", i, 0);
        if (end[i] < 0 && dy) dy = back_slice(b, dy, 2 + i, 0, dy->shape.dim[2 + i] + end[i], 1);
        if (end[i] < 0) end[i] = 0;
    }
    if (b->status) return;
    if (b->wants[0]) b->dx[0] = conv_node(b, "Conv", &w, dy, back_x(b, 1), end, NULL);
    if (b->wants[1]) b->dx[1] = of_weight(b, &w, b->dy[0], back_x(b, 0), node_int(b->n, "group", 1));
    give_bias(b);
}

#define ROW(name, rule, how)                          \
    {                                                 \
        name, DOMAIN_ONNX, .back = rule, .words = how \
    }
const struct gradient_rule rules_conv[] = {
    ROW("Conv", back_conv, "ConvTranspose of dy; Conv of x by dy, images and channels exchanged; sums of dy"),
    ROW("ConvTranspose", back_conv_transpose, "Conv of dy; Conv of dy by x, images and channels exchanged; sums of dy"),
    {0},
};
