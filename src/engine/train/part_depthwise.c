/* Depthwise convolutions by our kernels. */
#include "engine/train/bias.h"
#include "engine/train/lower.h"

#include <string.h>

static int reads_input(const struct part *p, enum train_pass pass)
{
    (void)p;
    return pass == PASS_WEIGHT ? 1 : 0;
}
static float *scratch_floats(const struct trainer_session *s) { return (float *)(void *)s->scratch; }

/* Depthwise. Scratch: the weights in blocks [block][taps][vl], a block of zeros or biases each; behind them, in
   backward, one such set per thread. */
static size_t taps_of(const struct part *p) { return (size_t)p->shape.kernel[0] * (size_t)p->shape.kernel[1]; }
static size_t deep_floats(const struct train_plan *plan, const struct part *p)
{
    return (size_t)p->out->blocks * taps_of(p) * (size_t)plan->vl;
}
static void pack_deep(struct trainer_session *s, const struct part *p)
{
    size_t taps = taps_of(p), vl = (size_t)s->plan->vl;
    const float *w = parameter_at(s, p->weight), *bias = parameter_at(s, p->bias);
    float *to = scratch_floats(s), *biases = to + deep_floats(s->plan, p);
    for (size_t c = 0; c < (size_t)p->out->blocks * vl; c++) {
        bool is_there = c < (size_t)p->out->channels;
        for (size_t k = 0; k < taps; k++) to[(c / vl * taps + k) * vl + c % vl] = is_there ? w[c * taps + k] : 0;
        biases[c] = is_there && bias ? bias[c] : 0;
    }
}
static const float *weights_of(const struct trainer_session *s, const struct part *p, int block)
{
    return scratch_floats(s) + (size_t)block * taps_of(p) * (size_t)s->plan->vl;
}
static void deep_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct convolution_shape *c = &p->shape;
    int k = c->kernel[0];
    bool is_centred = c->kernel[1] == k && (k == 3 || k == 5) && c->pad_begin[0] == k / 2 && c->pad_begin[1] == k / 2 &&
                      c->dilation[0] == 1 && c->dilation[1] == 1 && c->stride[1] <= 2;
    struct depthwise d = {.height = c->height,
                          .width = c->width,
                          .out_height = c->out_height,
                          .out_width = c->out_width,
                          .kernel = {c->kernel[0], c->kernel[1]},
                          .stride = {c->stride[0], c->stride[1]},
                          .dilation = {c->dilation[0], c->dilation[1]},
                          .pad_top = c->pad_begin[0],
                          .pad_left = c->pad_begin[1],
                          .kept = c->height,
                          .is_centred = is_centred};
    const float *bias = scratch_floats(s) + deep_floats(s->plan, p) + (size_t)block * (size_t)s->plan->vl;
    s->plan->forward_kernels->depthwise(
        &d, value_now(s, p->in[0]) + value_plane(s, p->in[0], image, block), weights_of(s, p, block), bias,
        value_now(s, p->out) + value_plane(s, p->out, image, block), 0, c->out_height, NULL);
    if (p->moments_of) norm_moments(s, p->moments_of, image, block, thread);
}
static void deep_forward(struct trainer_session *s, struct part *p)
{
    pack_deep(s, p);
    each_plane_by_block(s, p, p->out->blocks, deep_plane);
}
static struct depthwise_back back_of(const struct part *p)
{
    const struct convolution_shape *c = &p->shape;
    return (struct depthwise_back){.height = c->height,
                                   .width = c->width,
                                   .out_height = c->out_height,
                                   .out_width = c->out_width,
                                   .kernel = {c->kernel[0], c->kernel[1]},
                                   .stride = {c->stride[0], c->stride[1]},
                                   .dilation = {c->dilation[0], c->dilation[1]},
                                   .pad_top = c->pad_begin[0],
                                   .pad_left = c->pad_begin[1]};
}
/* At stride 1 the gradient of the data is a convolution with the turned kernel. */
static bool is_turned(const struct part *p)
{
    const struct convolution_shape *c = &p->shape;
    int k = c->kernel[0];
    return c->kernel[1] == k && (k == 3 || k == 5) && c->pad_begin[0] == k / 2 && c->pad_begin[1] == k / 2 &&
           c->stride[0] == 1 && c->stride[1] == 1 && c->dilation[0] == 1 && c->dilation[1] == 1 &&
           c->out_height == c->height && c->out_width == c->width;
}
static void turn_kernels(struct trainer_session *s, const struct part *p)
{
    size_t taps = taps_of(p), vl = (size_t)s->plan->vl;
    float *w = scratch_floats(s);
    for (size_t b = 0; b < (size_t)p->out->blocks; b++, w += taps * vl)
        for (size_t k = 0; k < taps / 2; k++)
            for (size_t l = 0; l < vl; l++) {
                float kept = w[k * vl + l];
                w[k * vl + l] = w[(taps - 1 - k) * vl + l];
                w[(taps - 1 - k) * vl + l] = kept;
            }
    memset(w, 0, (size_t)p->out->blocks * vl * sizeof *w); /* no bias */
}
static void turned_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    int k = p->shape.kernel[0];
    struct depthwise d = {.height = p->out->height,
                          .width = p->out->width,
                          .out_height = p->out->height,
                          .out_width = p->out->width,
                          .kernel = {k, k},
                          .stride = {1, 1},
                          .dilation = {1, 1},
                          .pad_top = k / 2,
                          .pad_left = k / 2,
                          .kept = p->out->height,
                          .is_centred = true};
    float *dx = p->temporary >= 0 ? buffer_now(s, p->temporary) : value_gradient(s, p->in[0]);
    (void)thread;
    s->plan->forward_kernels->depthwise(&d, value_gradient(s, p->out) + value_plane(s, p->out, image, block),
                                        weights_of(s, p, block), scratch_floats(s) + deep_floats(s->plan, p),
                                        dx + value_plane(s, p->in[0], image, block), 0, p->out->height, NULL);
}
static void deep_data_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    struct depthwise_back d = back_of(p);
    float *dx = p->temporary >= 0 ? buffer_now(s, p->temporary) : value_gradient(s, p->in[0]);
    (void)thread;
    s->plan->kernels->depthwise_data(&d, value_gradient(s, p->out) + value_plane(s, p->out, image, block),
                                     weights_of(s, p, block), dx + value_plane(s, p->in[0], image, block));
}
static void deep_data(struct trainer_session *s, struct part *p)
{
    pack_deep(s, p);
    if (is_turned(p)) turn_kernels(s, p);
    each_plane_by_block(s, p, p->out->blocks, is_turned(p) ? turned_plane : deep_data_plane);
    join_temporary(s, p);
}
static void deep_weight_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    struct depthwise_back d = back_of(p);
    float *dw =
        scratch_floats(s) + (size_t)thread * deep_floats(s->plan, p) + (size_t)block * taps_of(p) * (size_t)s->plan->vl;
    float *padded = scratch_floats(s) + (size_t)s->plan->threads * deep_floats(s->plan, p) +
                    (size_t)thread * (size_t)depthwise_padded(&d, s->plan->vl);
    s->plan->kernels->depthwise_weight(&d, value_now(s, p->in[0]) + value_plane(s, p->in[0], image, block),
                                       value_gradient(s, p->out) + value_plane(s, p->out, image, block), padded, dw);
}
static void deep_weight(struct trainer_session *s, struct part *p)
{
    size_t taps = taps_of(p), vl = (size_t)s->plan->vl, floats = deep_floats(s->plan, p);
    float *dw = parameter_gradient(s, p->weight);
    bias_back(s, p);
    memset(s->scratch, 0, (size_t)s->plan->threads * floats * sizeof(float));
    each_plane_by_block(s, p, p->out->blocks, deep_weight_plane);
    for (size_t c = 0; c < (size_t)p->out->channels; c++)
        for (size_t k = 0; k < taps; k++) {
            float sum = 0;
            for (int t = 0; t < s->plan->threads; t++)
                sum += scratch_floats(s)[(size_t)t * floats + (c / vl * taps + k) * vl + c % vl];
            dw[c * taps + k] = sum;
        }
}
static size_t deep_scratch(const struct train_plan *plan, const struct part *p)
{
    size_t biases = (size_t)p->out->blocks * (size_t)plan->vl, of_bias = bias_scratch(plan, p);
    struct depthwise_back d = back_of(p);
    size_t each = deep_floats(plan, p) + (size_t)depthwise_padded(&d, plan->vl);
    size_t sets = (each * (size_t)plan->threads + biases) * sizeof(float);
    return sets > of_bias ? sets : of_bias;
}
const struct part_type part_depthwise = {
    .forward = deep_forward, .data = deep_data, .weight = deep_weight, .reads = reads_input, .scratch = deep_scratch};
