/* Poolings, channels brought together, images as rows. */
#include "engine/train/lower.h"
#include "engine/train/session.h"

#include <string.h>

static struct pool_plane windows_of(const struct part *p)
{
    return (struct pool_plane){.kind = p->pool,
                               .width = p->in[0]->width,
                               .height = p->in[0]->height,
                               .out_width = p->out->width,
                               .out_height = p->out->height,
                               .windows = p->windows,
                               .share = p->window_share};
}
/* Where a plane's maxima were found: bytes, as many as the plane has floats. */
static uint8_t *positions_of(const struct trainer_session *s, const struct part *p, int image, int block)
{
    size_t plane = (size_t)value_pixels(p->out) * (size_t)s->plan->vl;
    return (uint8_t *)buffer_now(s, p->positions) + ((size_t)image * (size_t)p->out->blocks + (size_t)block) * plane;
}
static void pool_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    struct pool_plane w = windows_of(p);
    const float *x = value_now(s, p->in[0]) + value_plane(s, p->in[0], image, block);
    float *y = value_now(s, p->out) + value_plane(s, p->out, image, block);
    (void)thread;
    if (p->pool == POOL_MAX)
        s->plan->kernels->pool_max(&w, x, y, positions_of(s, p, image, block));
    else
        s->plan->kernels->pool_mean(&w, x, y);
}
static void pool_back(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    struct pool_plane w = windows_of(p);
    const struct value *x = p->in[0];
    const float *dy = value_gradient(s, p->out) + value_plane(s, p->out, image, block);
    float *dx = value_gradient(s, x) + value_plane(s, x, image, block);
    bool is_added = p->flow[0] == FLOW_ADD;
    (void)thread;
    if (p->pool == POOL_MAX) {
        s->plan->kernels->pool_max_back(&w, positions_of(s, p, image, block), dy, is_added, dx);
        return;
    }
    if (!is_added) memset(dx, 0, (size_t)value_pixels(x) * (size_t)s->plan->vl * sizeof *dx);
    s->plan->kernels->pool_mean_back(&w, dy, dx);
}
static void pool_forward(struct trainer_session *s, struct part *p) { each_plane(s, p, p->out->blocks, pool_plane); }
static void pool_data(struct trainer_session *s, struct part *p) { each_plane(s, p, p->out->blocks, pool_back); }
static int reads_nothing(const struct part *p, enum train_pass pass)
{
    (void)p;
    (void)pass;
    return 0;
}
const struct part_type part_pool = {.forward = pool_forward, .data = pool_data, .reads = reads_nothing};

/* Lane `at` of a plane belongs to lane `of` of the block; a plane whose lane is taken gets another move. */
static int note_lane(struct lane_move *m, int n, float *plane, int at, int of)
{
    int i = 0;
    while (i < n && (m[i].plane != plane || m[i].lane[at] >= 0)) i++;
    if (i == n) {
        m[n] = (struct lane_move){.plane = plane};
        for (int l = 0; l < MOST_LANES; l++) m[n].lane[l] = -1;
        n++;
    }
    m[i].lane[at] = of;
    return n;
}
/* The planes that one block's channels come from, or whose gradients they add to; how many. */
static int lanes_of(const struct trainer_session *s, const struct part *p, int image, int block, bool is_gradient,
                    struct lane_move *m)
{
    int vl = s->plan->vl, n = 0;
    for (int l = 0; l < vl && block * vl + l < p->out->channels; l++) {
        const struct source *from = &p->sources[block * vl + l];
        const struct value *v = from->value;
        if (!v || (is_gradient && !v->has_gradient)) continue;
        float *plane =
            (is_gradient ? value_gradient(s, v) : value_now(s, v)) + value_plane(s, v, image, from->channel / vl);
        int lane = from->channel % vl;
        n = is_gradient ? note_lane(m, n, plane, lane, l) : note_lane(m, n, plane, l, lane);
    }
    return n;
}
/* The model's input, row-major. */
static void planar_plane(struct trainer_session *s, struct part *p, int image, int block)
{
    const struct value *x = p->in[0], *y = p->out;
    int vl = s->plan->vl;
    long pixels = value_pixels(x);
    const float *from = value_now(s, x) + (size_t)image * (size_t)x->channels * (size_t)pixels;
    float *to = value_now(s, y) + value_plane(s, y, image, block);
    for (int l = 0; l < vl; l++)
        for (long i = 0; i < pixels; i++)
            to[i * vl + l] = block * vl + l < x->channels ? from[(block * vl + l) * pixels + i] : 0;
}
/* A block that is a block of one source, channel by channel: that block's number, else -1. */
static int whole_block(const struct trainer_session *s, const struct part *p, int block)
{
    int vl = s->plan->vl, first = block * vl;
    const struct source *from = &p->sources[first];
    int n = p->out->channels - first < vl ? p->out->channels - first : vl;
    if (!from->value || from->channel % vl != 0) return -1;
    for (int l = 1; l < n; l++)
        if (from[l].value != from->value || from[l].channel != from->channel + l) return -1;
    return n == vl || from->channel + n == from->value->channels ? from->channel / vl : -1;
}
static size_t plane_bytes(const struct trainer_session *s, const struct part *p)
{
    return (size_t)value_pixels(p->out) * (size_t)s->plan->vl * sizeof(float);
}
static void gather_plane(struct trainer_session *s, struct part *p, int image, int block, int thread)
{
    struct lane_move moves[MOST_LANES];
    (void)thread;
    if (!p->sources) {
        planar_plane(s, p, image, block);
        return;
    }
    int whole = whole_block(s, p, block);
    if (whole >= 0) {
        const struct value *v = p->sources[block * s->plan->vl].value;
        memcpy(value_now(s, p->out) + value_plane(s, p->out, image, block),
               value_now(s, v) + value_plane(s, v, image, whole), plane_bytes(s, p));
        return;
    }
    int n = lanes_of(s, p, image, block, false, moves);
    s->plan->kernels->gather(moves, n, value_pixels(p->out),
                             value_now(s, p->out) + value_plane(s, p->out, image, block));
}
/* Whether a source's every block is a whole block of the output: then backward writes it without clearing it first. */
static bool is_copied_whole(const struct trainer_session *s, const struct part *p, const struct value *v)
{
    int met = 0;
    for (int block = 0; block < p->out->blocks; block++)
        if (p->sources[block * s->plan->vl].value == v && whole_block(s, p, block) >= 0) met++;
    return met == v->blocks;
}
static void scatter_block(struct trainer_session *s, struct part *p, int image, int block)
{
    struct lane_move moves[MOST_LANES];
    const float *dy = value_gradient(s, p->out) + value_plane(s, p->out, image, block);
    const struct value *v = p->sources[block * s->plan->vl].value;
    int whole = v && v->has_gradient ? whole_block(s, p, block) : -1, i = 0;
    if (whole < 0) {
        int n = lanes_of(s, p, image, block, true, moves);
        s->plan->kernels->scatter(dy, value_pixels(p->out), moves, n);
        return;
    }
    while (p->in[i] != v) i++;
    float *dx = value_gradient(s, v) + value_plane(s, v, image, whole);
    if (p->flow[i] == FLOW_WRITE && is_copied_whole(s, p, v))
        memcpy(dx, dy, plane_bytes(s, p));
    else
        s->plan->kernels->accumulate(dy, value_pixels(p->out) * s->plan->vl, dx);
}
/* Channels of several blocks may lie in one block of a source: a thread takes whole images. */
static void scatter_images(struct trainer_session *s, struct part *p, long first, long last)
{
    for (int image = (int)first; image < last; image++) {
        for (int i = 0; i < p->n_in; i++) {
            const struct value *v = p->in[i];
            if (p->flow[i] != FLOW_WRITE || is_copied_whole(s, p, v)) continue;
            size_t floats = (size_t)v->blocks * (size_t)value_pixels(v) * (size_t)s->plan->vl;
            memset(value_gradient(s, v) + value_plane(s, v, image, 0), 0, floats * sizeof(float));
        }
        for (int block = 0; block < p->out->blocks; block++) scatter_block(s, p, image, block);
    }
}
static void gather_forward(struct trainer_session *s, struct part *p)
{
    each_plane(s, p, p->out->blocks, gather_plane);
}
static void gather_data(struct trainer_session *s, struct part *p)
{
    each_range(s, p, s->plan->batch, 1, scatter_images);
}
const struct part_type part_gather = {
    .is_cheap = true, .forward = gather_forward, .data = gather_data, .reads = reads_nothing};

/* N x C x H x W -> N x (C H W), row-major */
static void flatten_images(struct trainer_session *s, struct part *p, long first, long last)
{
    const struct value *x = p->in[0], *y = p->out;
    int vl = s->plan->vl;
    long pixels = value_pixels(x);
    for (int n = (int)first; n < last; n++) {
        float *to = value_now(s, y) + value_plane(s, y, n, 0);
        for (int c = 0; c < x->channels; c++) {
            const float *from = value_now(s, x) + value_plane(s, x, n, c / vl) + c % vl;
            for (long i = 0; i < pixels; i++) to[c * pixels + i] = from[i * vl];
        }
        for (size_t i = (size_t)y->channels; i < value_stride(s, y); i++) to[i] = 0;
    }
}
static void flatten_back(struct trainer_session *s, struct part *p, long first, long last)
{
    const struct value *x = p->in[0], *y = p->out;
    int vl = s->plan->vl;
    long pixels = value_pixels(x);
    bool is_added = p->flow[0] == FLOW_ADD;
    for (int n = (int)first; n < last; n++) {
        const float *from = value_gradient(s, y) + value_plane(s, y, n, 0);
        for (int c = 0; c < x->blocks * vl; c++) {
            float *to = value_gradient(s, x) + value_plane(s, x, n, c / vl) + c % vl;
            for (long i = 0; i < pixels; i++)
                to[i * vl] = (c < x->channels ? from[c * pixels + i] : 0) + (is_added ? to[i * vl] : 0);
        }
    }
}
static void flatten_forward(struct trainer_session *s, struct part *p)
{
    each_range(s, p, s->plan->batch, 1, flatten_images);
}
static void flatten_data(struct trainer_session *s, struct part *p)
{
    each_range(s, p, s->plan->batch, 1, flatten_back);
}
const struct part_type part_flatten = {
    .is_cheap = true, .forward = flatten_forward, .data = flatten_data, .reads = reads_nothing};
