/* Activations, sums, products, gates, means, dropout: what has no weights. */
#include "engine/train/lower.h"
#include "engine/train/session.h"

#include <string.h>

static int reads_nothing(const struct part *p, enum train_pass pass)
{
    (void)p;
    (void)pass;
    return 0;
}
static int reads_both(const struct part *p, enum train_pass pass)
{
    (void)p;
    (void)pass;
    return 3;
}
static long floats_of(const struct trainer_session *s, const struct value *v)
{
    return (long)s->plan->batch * (long)value_stride(s, v);
}
/* Whole tensors, value by value. */
static void each_value(struct trainer_session *s, struct part *p, range_work *work)
{
    each_range(s, p, floats_of(s, p->out), 4096, work);
}

static void activation_range(struct trainer_session *s, struct part *p, long first, long last)
{
    s->plan->kernels->activate(p->act, value_now(s, p->in[0]) + first, last - first, value_now(s, p->out) + first);
}
static void activation_back(struct trainer_session *s, struct part *p, long first, long last)
{
    const struct train_kernels *k = s->plan->kernels;
    bool is_told = train_is_told(p->act.kind);
    const float *xy = value_now(s, is_told ? p->out : p->in[0]) + first;
    float *dy = value_gradient(s, p->out) + first, *dx = value_gradient(s, p->in[0]) + first;
    k->activate_back(p->act, is_told, xy, dy, last - first, p->flow[0] == FLOW_ADD ? dy : dx);
    if (p->flow[0] == FLOW_ADD) k->accumulate(dy, last - first, dx);
}
static void activation_forward(struct trainer_session *s, struct part *p)
{
    each_value(s, p, activation_range);
    if (p->act.kind != ACT_SIGMOID && p->act.kind != ACT_HARD_SIGMOID) return;
    const struct value *y = p->out; /* a gate of 0 is not 0: the padding stays so */
    int vl = s->plan->vl, full = y->channels / vl;
    for (int n = 0; n < s->plan->batch && full < y->blocks; n++) {
        float *plane = value_now(s, y) + value_plane(s, y, n, full);
        for (long i = 0; i < value_pixels(y); i++)
            for (int c = y->channels % vl; c < vl; c++) plane[i * vl + c] = 0;
    }
}
static void activation_data(struct trainer_session *s, struct part *p) { each_value(s, p, activation_back); }
static int activation_reads(const struct part *p, enum train_pass pass)
{
    (void)pass;
    return train_is_told(p->act.kind) ? READS_OUTPUT : 1;
}
const struct part_type part_activation = {.is_cheap = true,
                                          .is_in_place = true,
                                          .forward = activation_forward,
                                          .data = activation_data,
                                          .reads = activation_reads};

static void add_range(struct trainer_session *s, struct part *p, long first, long last)
{
    s->plan->kernels->add(value_now(s, p->in[0]) + first, value_now(s, p->in[1]) + first, last - first,
                          value_now(s, p->out) + first);
}
static void add_back(struct trainer_session *s, struct part *p, long first, long last)
{
    const float *dy = value_gradient(s, p->out) + first;
    for (int i = p->n_in - 1; i >= 0; i--) {
        if (p->flow[i] == FLOW_NONE || p->flow[i] == FLOW_SAME) continue;
        float *dx = value_gradient(s, p->in[i]) + first;
        if (p->flow[i] == FLOW_ADD)
            s->plan->kernels->accumulate(dy, last - first, dx);
        else
            memcpy(dx, dy, (size_t)(last - first) * sizeof *dx);
    }
}
static void add_forward(struct trainer_session *s, struct part *p) { each_value(s, p, add_range); }
static void add_data(struct trainer_session *s, struct part *p) { each_value(s, p, add_back); }
const struct part_type part_add = {.forward = add_forward, .data = add_data, .reads = reads_nothing};

static void multiply_range(struct trainer_session *s, struct part *p, long first, long last)
{
    s->plan->kernels->multiply(value_now(s, p->in[0]) + first, value_now(s, p->in[1]) + first, last - first,
                               value_now(s, p->out) + first);
}
static void multiply_back(struct trainer_session *s, struct part *p, long first, long last)
{
    const struct train_kernels *k = s->plan->kernels;
    const float *dy = value_gradient(s, p->out) + first;
    for (int i = 0; i < 2; i++) {
        if (p->flow[i] == FLOW_NONE) continue;
        float *dx = value_gradient(s, p->in[i]) + first;
        (p->flow[i] == FLOW_ADD ? k->multiply_add : k->multiply)(dy, value_now(s, p->in[1 - i]) + first, last - first,
                                                                 dx);
    }
}
static void multiply_forward(struct trainer_session *s, struct part *p) { each_value(s, p, multiply_range); }
static void multiply_data(struct trainer_session *s, struct part *p) { each_value(s, p, multiply_back); }
const struct part_type part_multiply = {
    .is_cheap = true, .forward = multiply_forward, .data = multiply_data, .reads = reads_both};

/* y = x times one factor per image and channel */
static void gate_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct value *x = p->in[0], *g = p->in[1];
    size_t at = value_plane(s, x, image, block);
    (void)thread;
    s->plan->kernels->gate(value_now(s, x) + at, value_now(s, g) + value_plane(s, g, image, block), value_pixels(x),
                           value_now(s, p->out) + value_plane(s, p->out, image, block));
}
static void gate_back(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct train_kernels *k = s->plan->kernels;
    const struct value *x = p->in[0], *g = p->in[1];
    size_t of_x = value_plane(s, x, image, block), of_g = value_plane(s, g, image, block);
    const float *dy = value_gradient(s, p->out) + value_plane(s, p->out, image, block);
    float sums[64];
    (void)thread;
    if (p->flow[1] != FLOW_NONE) {
        float *dg = value_gradient(s, g) + of_g;
        k->gate_sums(value_now(s, x) + of_x, dy, value_pixels(x), sums);
        for (int i = 0; i < s->plan->vl; i++) dg[i] = sums[i] + (p->flow[1] == FLOW_ADD ? dg[i] : 0);
    }
    if (p->flow[0] != FLOW_NONE)
        (p->flow[0] == FLOW_ADD ? k->gate_add : k->gate)(dy, value_now(s, g) + of_g, value_pixels(x),
                                                         value_gradient(s, x) + of_x);
}
static void gate_forward(struct trainer_session *s, struct part *p) { each_plane(s, p, p->out->blocks, gate_plane); }
static void gate_data(struct trainer_session *s, struct part *p) { each_plane(s, p, p->out->blocks, gate_back); }
const struct part_type part_gate = {
    .is_cheap = true, .is_in_place = true, .forward = gate_forward, .data = gate_data, .reads = reads_both};

static void mean_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct value *x = p->in[0];
    float *y = value_now(s, p->out) + value_plane(s, p->out, image, block), share = 1.0f / (float)value_pixels(x);
    (void)thread;
    s->plan->forward_kernels->sum(value_now(s, x) + value_plane(s, x, image, block), value_pixels(x), y);
    for (int i = 0; i < s->plan->vl; i++) y[i] *= share;
}
static void mean_back(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const struct value *x = p->in[0];
    (void)thread;
    s->plan->kernels->fill(value_gradient(s, p->out) + value_plane(s, p->out, image, block),
                           1.0f / (float)value_pixels(x), value_pixels(x), p->flow[0] == FLOW_ADD,
                           value_gradient(s, x) + value_plane(s, x, image, block));
}
static void mean_forward(struct trainer_session *s, struct part *p) { each_plane(s, p, p->out->blocks, mean_plane); }
static void mean_data(struct trainer_session *s, struct part *p) { each_plane(s, p, p->out->blocks, mean_back); }
const struct part_type part_mean = {.forward = mean_forward, .data = mean_data, .reads = reads_nothing};

/* Dropout's and stochastic depth's factors are made again in backward: nothing is kept. */
static void dropped(struct trainer_session *s, const struct part *p, int image, int block, const float *x,
                    bool is_added, float *y)
{
    enum { LANES_MOST = 64 };
    int vl = s->plan->vl;
    uint32_t keys[2 * LANES_MOST];
    for (int l = 0; l < vl; l++) {
        uint64_t row = (uint64_t)image * (uint64_t)p->out->channels + (uint64_t)(block * vl + l);
        uint64_t key = random_bits(s, p, row);
        keys[l] = (uint32_t)key;
        keys[vl + l] = (uint32_t)(key >> 32);
    }
    s->plan->kernels->drop(keys, (uint32_t)(p->drop * 0x1p32f), 1 / (1 - p->drop), x, value_pixels(p->out), is_added,
                           y);
}
static void depth_scaled(struct trainer_session *s, const struct part *p, int image, const float *x, bool is_added,
                         float *y)
{
    long n = value_pixels(p->out) * s->plan->vl;
    float by = random_at(s, p, (uint64_t)image) < p->drop ? 0 : 1 / (1 - p->drop);
    for (long i = 0; i < n; i++) y[i] = by * x[i] + (is_added ? y[i] : 0);
}
static void drop_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const float *x = value_now(s, p->in[0]) + value_plane(s, p->in[0], image, block);
    float *y = value_now(s, p->out) + value_plane(s, p->out, image, block);
    (void)thread;
    if (p->type == &part_dropout)
        dropped(s, p, image, block, x, false, y);
    else
        depth_scaled(s, p, image, x, false, y);
}
static void drop_back(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    const float *dy = value_gradient(s, p->out) + value_plane(s, p->out, image, block);
    float *dx = value_gradient(s, p->in[0]) + value_plane(s, p->in[0], image, block);
    (void)thread;
    if (p->type == &part_dropout)
        dropped(s, p, image, block, dy, p->flow[0] == FLOW_ADD, dx);
    else
        depth_scaled(s, p, image, dy, p->flow[0] == FLOW_ADD, dx);
}
static void drop_forward(struct trainer_session *s, struct part *p) { each_plane(s, p, p->out->blocks, drop_plane); }
static void drop_data(struct trainer_session *s, struct part *p) { each_plane(s, p, p->out->blocks, drop_back); }
const struct part_type part_dropout = {
    .is_cheap = true, .is_in_place = true, .forward = drop_forward, .data = drop_data, .reads = reads_nothing};
const struct part_type part_depth = {
    .is_cheap = true, .is_in_place = true, .forward = drop_forward, .data = drop_data, .reads = reads_nothing};
