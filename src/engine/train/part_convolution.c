/* Convolutions by oneDNN or, where that is faster, by our Winograd. */
#include "engine/train/bias.h"
#include "engine/train/lower.h"
#include "engine/train/winograd.h"

static float *scratch_floats(const struct trainer_session *s) { return (float *)(void *)s->scratch; }
static size_t rounded(size_t floats) { return (floats + 15) / 16 * 16; }

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
/* The model's input is row-major. */
static size_t image_floats(const struct trainer_session *s, const struct value *v)
{
    return v->input >= 0 ? (size_t)v->channels * (size_t)value_pixels(v) : value_stride(s, v);
}
/* A normalisation's moments follow some images at a time, while what they are of is in a cache. */
static void convolution_forward(struct trainer_session *s, struct part *p)
{
    struct convolution *c = p->convolution[CONVOLUTION_FORWARD];
    if (p->is_winograd[CONVOLUTION_FORWARD]) {
        winograd_run(s, p, CONVOLUTION_FORWARD);
        if (p->moments_of) each_plane(s, p->moments_of, p->out->blocks, norm_moments);
        return;
    }
    const float *x = tensor_base(s, p->in[0]), *bias = parameter_at(s, p->bias);
    float *y = tensor_base(s, p->out);
    convolution_pack(c, parameter_at(s, p->weight), scratch_floats(s), after_weights(s, c));
    for (int i = 0; i < s->plan->batch; i += p->at_once) {
        convolution_run(c, x + (size_t)i * image_floats(s, p->in[0]), scratch_floats(s), bias,
                        y + (size_t)i * image_floats(s, p->out), after_weights(s, c));
        if (p->moments_of) some_planes(s, p->moments_of, i, p->at_once, p->out->blocks, norm_moments);
    }
}
static void convolution_weight(struct trainer_session *s, struct part *p)
{
    struct convolution *c = p->convolution[CONVOLUTION_WEIGHT];
    bias_back(s, p);
    if (p->is_winograd[CONVOLUTION_WEIGHT]) {
        winograd_run(s, p, CONVOLUTION_WEIGHT);
        return;
    }
    convolution_run(c, tensor_base(s, p->in[0]), scratch_floats(s), NULL, gradient_base(s, p->out),
                    after_weights(s, c));
    convolution_unpack(c, scratch_floats(s), parameter_gradient(s, p->weight), after_weights(s, c));
}
static void convolution_data(struct trainer_session *s, struct part *p)
{
    struct convolution *c = p->convolution[CONVOLUTION_DATA];
    float *dx = p->temporary >= 0 ? buffer_now(s, p->temporary) : gradient_base(s, p->in[0]);
    if (p->is_winograd[CONVOLUTION_DATA]) {
        winograd_run(s, p, CONVOLUTION_DATA);
        return;
    }
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
    size_t most = bias_scratch(plan, p), fixed, own = p->may_be_winograd ? winograd_scratch(plan, p, &fixed) : 0;
    if (own > most) most = own;
    for (int i = 0; i < 3; i++) {
        const struct convolution *c = p->convolution[i];
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

/* Images of one forward run: all, or as many as leave what is written in a cache for the moments; divides the batch. */
static int images_at_once(const struct train_plan *plan, const struct part *p)
{
    enum { CACHED_BYTES = 8 << 20 };
    size_t each = value_image_floats(plan, p->out) * sizeof(float);
    int n = plan->batch;
    while (p->moments_of && n > 1 && (plan->batch % n != 0 || (size_t)n * each > CACHED_BYTES)) n--;
    return n;
}
static gable_status make_convolutions(struct train_plan *plan, struct part *p, gable_error *e)
{
    struct convolution_shape shape = p->shape;
    const struct value *in = p->in[0], *out = p->out;
    int vl = plan->vl;
    p->may_be_winograd = plan->options.tune && winograd_fits(&p->shape);
    if (in->host) shape.in = (struct channels){in->channels, in->host->channels, in->host_block * vl};
    if (out->host) shape.out = (struct channels){out->channels, out->host->channels, out->host_block * vl};
    p->at_once = images_at_once(plan, p);
    for (int i = 0; i < 3; i++) {
        if (i == CONVOLUTION_DATA && p->flow[0] == FLOW_NONE) continue;
        shape.images = i == CONVOLUTION_FORWARD ? p->at_once : plan->batch;
        gable_status s =
            convolution_new(plan->onednn, &shape, (enum convolution_pass)i, CONVOLUTION_DIRECT, &p->convolution[i], e);
        if (!s && !p->convolution[i]) s = error_set(e, GABLE_FAILED, "oneDNN has no algorithm for it");
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
