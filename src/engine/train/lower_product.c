/* Convolutions and fully connected layers. */
#include "engine/train/lower.h"

static int pair_at(const struct node *n, const char *name, int i, int fallback)
{
    return (int)node_int_at(n, name, i, fallback);
}

static gable_status read_shape(struct lowering *l, const struct node *n, struct convolution_shape *s, gable_error *e)
{
    const struct tensor *x = n->in[0], *y = n->out[0], *w = n->in[1];
    if (x->shape.rank != 4) return error_set(e, GABLE_BAD_INPUT, "training takes convolutions of images only");
    *s = (struct convolution_shape){.images = l->plan->batch,
                                    .groups = (int)node_int(n, "group", 1),
                                    .height = (int)x->shape.dim[2],
                                    .width = (int)x->shape.dim[3],
                                    .out_height = (int)y->shape.dim[2],
                                    .out_width = (int)y->shape.dim[3],
                                    .block = l->plan->vl};
    s->in = (struct channels){.n = (int)x->shape.dim[1], .of = (int)x->shape.dim[1]};
    s->out = (struct channels){.n = (int)y->shape.dim[1], .of = (int)y->shape.dim[1]};
    const struct attribute *same = node_attribute(n, "auto_pad");
    for (int i = 0; i < 2; i++) {
        s->kernel[i] = (int)w->shape.dim[2 + i];
        s->stride[i] = pair_at(n, "strides", i, 1);
        s->dilation[i] = pair_at(n, "dilations", i, 1);
        s->pad_begin[i] = pair_at(n, "pads", i, 0);
        int reach = ((int)y->shape.dim[2 + i] - 1) * s->stride[i] + (s->kernel[i] - 1) * s->dilation[i] + 1;
        int pads = reach - (int)x->shape.dim[2 + i];
        if (same && same->s && same->s[0] == 'S' && pads > 0)
            s->pad_begin[i] = same->s[5] == 'L' ? (pads + 1) / 2 : pads / 2; /* SAME_LOWER, SAME_UPPER */
        s->pad_end[i] = pads - s->pad_begin[i];
    }
    return GABLE_OK;
}

/* A 1x1 kernel on one pixel: a matrix product. */
static bool is_product(const struct convolution_shape *s)
{
    return s->groups == 1 && s->height * s->width == 1 && s->out_height * s->out_width == 1 && s->kernel[0] == 1 &&
           s->kernel[1] == 1 && s->pad_begin[0] == 0 && s->pad_begin[1] == 0;
}
static bool is_depthwise(const struct convolution_shape *s)
{
    return s->groups > 1 && s->groups == s->in.n && s->in.n == s->out.n;
}

static gable_status take_weights(struct lowering *l, const struct node *n, struct part *p, gable_error *e)
{
    gable_status s = train_parameter(l, n, 1, &p->weight, e);
    if (!s && n->n_in > 2 && n->in[2]->role != ROLE_ABSENT) s = train_parameter(l, n, 2, &p->bias, e);
    return s;
}

gable_status train_conv(struct lowering *l, const struct node *n, gable_error *e)
{
    struct convolution_shape shape;
    gable_status s = read_shape(l, n, &shape, e);
    if (s) return s;
    const struct held *h = &l->held[n->in[0]->index];
    const struct tensor *out = n->out[0];
    const struct node *next = train_only_reader(l, out);
    bool is_linear = is_product(&shape), is_deep = is_depthwise(&shape);
    shape.is_planar = h->value && h->value->input >= 0 && h->channels <= 3 && !is_linear && !is_deep;
    struct value *x = shape.is_planar ? h->value : train_blocks(l, n->in[0]);
    shape.has_bias = n->n_in > 2 && n->in[2]->role != ROLE_ABSENT;
    shape.has_relu = !is_linear && !is_deep && next && node_is(next, "Relu");
    if (shape.has_relu) out = next->out[0];
    struct value *y = train_value(l, out);
    struct part *p = train_part(l,
                                is_linear ? &part_linear
                                : is_deep ? &part_depthwise
                                          : &part_convolution,
                                n, 1, &x, y);
    if (!p || (shape.has_relu && !train_take(l, p, next))) return train_no_memory(l, e);
    p->shape = shape;
    p->outputs = shape.out.n;
    p->is_transposed = true;
    train_hold(l, out, y);
    return take_weights(l, n, p, e);
}

gable_status train_gemm(struct lowering *l, const struct node *n, gable_error *e)
{
    bool is_gemm = node_is(n, "Gemm");
    if (n->in[0]->shape.rank != 2 || n->in[1]->shape.rank != 2)
        return error_set(e, GABLE_BAD_INPUT, "training takes products of N x C with a weight only");
    if (is_gemm && (node_int(n, "transA", 0) || node_float(n, "alpha", 1) != 1 || node_float(n, "beta", 1) != 1))
        return error_set(e, GABLE_BAD_INPUT, "transA, alpha and beta are not trained here");
    struct value *x = train_blocks(l, n->in[0]), *y = train_value(l, n->out[0]);
    struct part *p = train_part(l, &part_linear, n, 1, &x, y);
    if (!p) return train_no_memory(l, e);
    p->outputs = y->channels;
    p->is_transposed = is_gemm && node_int(n, "transB", 0);
    train_hold(l, n->out[0], y);
    gable_status s = take_weights(l, n, p, e);
    if (!s && p->bias >= 0 && tensor_elements(l->plan->graph->tensors[p->bias]) != y->channels)
        return error_set(e, GABLE_BAD_INPUT, "its bias has %lld values for %d outputs",
                         (long long)tensor_elements(l->plan->graph->tensors[p->bias]), y->channels);
    return s;
}
