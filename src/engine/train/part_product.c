/* Convolutions by oneDNN, depthwise ones by our kernels, fully connected layers by oneDNN's matrix product. */
#include "engine/train/lower.h"
#include "engine/train/session.h"

#include <dnnl.h>
#include <stdio.h>
#include <string.h>

static int reads_input(const struct part *p, enum train_pass pass)
{
    (void)p;
    return pass == PASS_WEIGHT ? 1 : 0;
}
static float *scratch_floats(const struct trainer_session *s) { return (float *)(void *)s->scratch; }
static size_t rounded(size_t floats) { return (floats + 15) / 16 * 16; }

/* A bias's gradient, with relu's before it in place. */
static void bias_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct value *y = p->out;
    size_t at = value_plane(s, y, image, block), plane = (size_t)image * (size_t)y->blocks + (size_t)block;
    (void)thread;
    s->plan->kernels->bias_back(p->shape.has_relu ? value_now(s, y) + at : NULL, value_pixels(y),
                                value_gradient(s, y) + at, scratch_floats(s) + plane * (size_t)s->plan->vl);
}
static void bias_back(struct trainer_session *s, struct part *p)
{
    if (p->bias < 0 && !p->shape.has_relu) return;
    each_plane(s, p, p->out->blocks, bias_plane);
    size_t each = (size_t)p->out->blocks * (size_t)s->plan->vl;
    for (int c = 0; c < p->out->channels && p->bias >= 0; c++) {
        double sum = 0;
        for (int n = 0; n < s->plan->batch; n++) sum += (double)scratch_floats(s)[(size_t)n * each + (size_t)c];
        parameter_gradient(s, p->bias)[c] = (float)sum;
    }
}
static size_t bias_scratch(const struct train_plan *plan, const struct part *p)
{
    return (size_t)plan->batch * (size_t)p->out->blocks * (size_t)plan->vl * sizeof(float);
}

/* Scratch: the packed weights, then oneDNN's own. */
static void *after_weights(const struct trainer_session *s, const struct convolution *c)
{
    return scratch_floats(s) + rounded(convolution_packed_floats(c));
}
static float *tensor_base(const struct trainer_session *s, const struct value *v)
{
    return value_now(s, v->host ? v->host : v);
}
static float *gradient_base(const struct trainer_session *s, const struct value *v)
{
    return value_gradient(s, v->host ? v->host : v);
}
static void convolution_forward(struct trainer_session *s, struct part *p)
{
    struct convolution *c = p->convolution[CONVOLUTION_FORWARD];
    convolution_pack(c, parameter_at(s, p->weight), scratch_floats(s), after_weights(s, c));
    convolution_run(c, tensor_base(s, p->in[0]), scratch_floats(s), parameter_at(s, p->bias), tensor_base(s, p->out),
                    after_weights(s, c));
}
static void convolution_weight(struct trainer_session *s, struct part *p)
{
    struct convolution *c = p->convolution[CONVOLUTION_WEIGHT];
    bias_back(s, p);
    convolution_run(c, tensor_base(s, p->in[0]), scratch_floats(s), NULL, gradient_base(s, p->out),
                    after_weights(s, c));
    convolution_unpack(c, scratch_floats(s), parameter_gradient(s, p->weight), after_weights(s, c));
}
static void convolution_data(struct trainer_session *s, struct part *p)
{
    struct convolution *c = p->convolution[CONVOLUTION_DATA];
    float *dx = p->temporary >= 0 ? buffer_now(s, p->temporary) : gradient_base(s, p->in[0]);
    convolution_pack(c, parameter_at(s, p->weight), scratch_floats(s), after_weights(s, c));
    convolution_run(c, gradient_base(s, p->out), scratch_floats(s), NULL, dx, after_weights(s, c));
    join_temporary(s, p);
}
static int convolution_reads(const struct part *p, enum train_pass pass)
{
    if (pass != PASS_WEIGHT) return 0;
    return p->shape.has_relu ? 1 | READS_OUTPUT : 1;
}
static size_t convolution_scratch(const struct train_plan *plan, const struct part *p)
{
    size_t most = bias_scratch(plan, p);
    for (int i = 0; i < 6; i++) {
        const struct convolution *c = i < 3 ? p->convolution[i] : p->winograd[i - 3];
        if (!c) continue;
        size_t bytes = rounded(convolution_packed_floats(c)) * sizeof(float) + convolution_scratch_bytes(c);
        if (bytes > most) most = bytes;
    }
    return most;
}
const struct part_type part_convolution = {.forward = convolution_forward,
                                           .data = convolution_data,
                                           .weight = convolution_weight,
                                           .reads = convolution_reads,
                                           .scratch = convolution_scratch};

/* Where Winograd's algorithm can be: oneDNN has it for few shapes, and none elsewhere. */
static bool may_be_winograd(const struct train_plan *plan, const struct convolution_shape *s)
{
    return plan->options.tune && s->groups == 1 && !s->is_planar && s->kernel[0] == 3 && s->kernel[1] == 3 &&
           s->stride[0] == 1 && s->stride[1] == 1 && s->dilation[0] == 1 && s->dilation[1] == 1;
}
static gable_status make_convolutions(struct train_plan *plan, struct part *p, gable_error *e)
{
    struct convolution_shape shape = p->shape;
    const struct value *in = p->in[0], *out = p->out;
    int vl = plan->vl;
    if (in->host) shape.in = (struct channels){in->channels, in->host->channels, in->host_block * vl};
    if (out->host) shape.out = (struct channels){out->channels, out->host->channels, out->host_block * vl};
    for (int i = 0; i < 3; i++) {
        if (i == CONVOLUTION_DATA && p->flow[0] == FLOW_NONE) continue;
        gable_status s =
            convolution_new(plan->onednn, &shape, (enum convolution_pass)i, CONVOLUTION_DIRECT, &p->convolution[i], e);
        if (!s && !p->convolution[i]) s = error_set(e, GABLE_FAILED, "oneDNN has no algorithm for it");
        if (!s && may_be_winograd(plan, &shape))
            s = convolution_new(plan->onednn, &shape, (enum convolution_pass)i, CONVOLUTION_WINOGRAD, &p->winograd[i],
                                e);
        if (s) return error_within(e, "node %s (Conv)", plan->graph->nodes[p->nodes[0]]->name);
    }
    return GABLE_OK;
}
gable_status train_convolutions_new(struct train_plan *plan, gable_error *e)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < plan->n_parts && !s; i++)
        if (plan->parts[i]->type == &part_convolution) s = make_convolutions(plan, plan->parts[i], e);
    return s;
}

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
    (void)thread;
    s->plan->forward_kernels->depthwise(
        &d, value_now(s, p->in[0]) + value_plane(s, p->in[0], image, block), weights_of(s, p, block), bias,
        value_now(s, p->out) + value_plane(s, p->out, image, block), 0, c->out_height, NULL);
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

/* Fully connected: rows of `stride` floats, the padding stays zero. */
static void bias_rows(struct trainer_session *s, struct part *p, long first, long last)
{
    const float *bias = parameter_at(s, p->bias);
    size_t stride = value_stride(s, p->out);
    for (long n = first; n < last; n++) {
        float *y = value_now(s, p->out) + (size_t)n * stride;
        for (int c = 0; c < p->outputs && bias; c++) y[c] += bias[c];
        for (size_t c = (size_t)p->outputs; c < stride; c++) y[c] = 0;
    }
}
static void linear_forward(struct trainer_session *s, struct part *p)
{
    dnnl_dim_t n = s->plan->batch, in = p->in[0]->channels, out = p->outputs;
    dnnl_sgemm('N', p->is_transposed ? 'T' : 'N', n, out, in, 1, value_now(s, p->in[0]),
               (dnnl_dim_t)value_stride(s, p->in[0]), parameter_at(s, p->weight), p->is_transposed ? in : out, 0,
               value_now(s, p->out), (dnnl_dim_t)value_stride(s, p->out));
    each_range(s, p, s->plan->batch, 1, bias_rows);
}
static void linear_data(struct trainer_session *s, struct part *p)
{
    dnnl_dim_t n = s->plan->batch, in = p->in[0]->channels, out = p->outputs;
    size_t stride = value_stride(s, p->in[0]);
    float *dx = value_gradient(s, p->in[0]);
    bool is_added = p->flow[0] == FLOW_ADD;
    dnnl_sgemm('N', p->is_transposed ? 'N' : 'T', n, in, out, 1, value_gradient(s, p->out),
               (dnnl_dim_t)value_stride(s, p->out), parameter_at(s, p->weight), p->is_transposed ? in : out,
               is_added ? 1 : 0, dx, (dnnl_dim_t)stride);
    for (size_t i = 0; i < (size_t)n && !is_added; i++)
        for (size_t c = (size_t)in; c < stride; c++) dx[i * stride + c] = 0;
}
static void linear_weight(struct trainer_session *s, struct part *p)
{
    dnnl_dim_t n = s->plan->batch, in = p->in[0]->channels, out = p->outputs;
    dnnl_dim_t of_x = (dnnl_dim_t)value_stride(s, p->in[0]), of_y = (dnnl_dim_t)value_stride(s, p->out);
    const float *x = value_now(s, p->in[0]), *dy = value_gradient(s, p->out);
    float *dw = parameter_gradient(s, p->weight), *db = parameter_gradient(s, p->bias);
    if (p->is_transposed)
        dnnl_sgemm('T', 'N', out, in, n, 1, dy, of_y, x, of_x, 0, dw, in);
    else
        dnnl_sgemm('T', 'N', in, out, n, 1, x, of_x, dy, of_y, 0, dw, out);
    for (int c = 0; db && c < p->outputs; c++) {
        double sum = 0;
        for (dnnl_dim_t i = 0; i < n; i++) sum += (double)dy[i * of_y + c];
        db[c] = (float)sum;
    }
}
const struct part_type part_linear = {
    .forward = linear_forward, .data = linear_data, .weight = linear_weight, .reads = reads_input};
