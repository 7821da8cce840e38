/* Pooling, means, sums of two tensors, gates by themselves, and the copies at the model's edges. */
#include "engine/cpu/lower.h"
#include "engine/cpu/worker.h"

#include <string.h>

static void run_pool(const struct worker *w, const struct step *s)
{
    const struct pool *c = &s->pool;
    int vl = w->kernels->vl, height = c->out->height, width = c->out->width;
    float *out = worker_buffer(w, c->out_buffer);
    long first, last = worker_share(w, (long)c->blocks.n * height, &first);
    for (long i = first; i < last; i++)
        w->kernels->pool_row(c->kind, worker_place(w, c->blocks.at[i / height]), c->in->width, c->rows[i % height],
                             c->columns, c->scale ? c->scale + i % height * width : NULL, width, out + i * width * vl);
    worker_barrier(w);
}
const struct step_type step_pool = {.name = "pool", .run = run_pool};

static void run_mean(const struct worker *w, const struct step *s)
{
    const struct mean *c = &s->mean;
    int vl = w->kernels->vl;
    long pixels = (long)c->in->height * c->in->width, first, last = worker_share(w, c->blocks.n, &first);
    for (long b = first; b < last; b++) {
        float sums[64];
        w->kernels->sum(worker_place(w, c->blocks.at[b]), pixels, sums);
        if (c->sums_buffer >= 0) {
            memcpy(worker_buffer(w, c->sums_buffer) + b * vl, sums, (size_t)vl * sizeof *sums);
            continue;
        }
        float by = 1.0f / (float)pixels;
        long image = c->out->is_head ? (long)w->image * vl : 0;
        for (int i = c->first[b]; i < c->first[b + 1]; i++)
            worker_place(w, c->out->place[c->channel[i]])[image] = sums[c->lane[i]] * by;
    }
    worker_barrier(w);
}
const struct step_type step_mean = {.name = "mean", .run = run_mean};

static void run_add(const struct worker *w, const struct step *s)
{
    const struct pointwise *c = &s->pointwise;
    int vl = w->kernels->vl;
    long first, last = worker_share(w, (long)blocks_needed(c->out->channels, vl) * c->out->pixels, &first);
    const float *a = worker_place(w, c->a->place[0]), *b = worker_place(w, c->b->place[0]);
    w->kernels->add(a + first * vl, b + first * vl, (last - first) * vl, c->act,
                    worker_place(w, c->out->place[0]) + first * vl);
    worker_barrier(w);
}
const struct step_type step_add = {.name = "add", .run = run_add};

/* a: planes; b: one pixel per channel. */
static void run_scale(const struct worker *w, const struct step *s)
{
    const struct pointwise *c = &s->pointwise;
    int vl = w->kernels->vl;
    long pixels = c->out->pixels, first, last = worker_share(w, blocks_needed(c->out->channels, vl), &first);
    const float *a = worker_place(w, c->a->place[0]), *gate = worker_place(w, c->b->place[0]);
    float *out = worker_place(w, c->out->place[0]);
    for (long b = first; b < last; b++)
        w->kernels->scale(a + b * pixels * vl, gate + b * vl, pixels, out + b * pixels * vl);
    worker_barrier(w);
}
const struct step_type step_scale = {.name = "scale", .run = run_scale};

/* A channel's first pixel and the floats to its next. */
static const float *channel_of(const struct worker *w, const struct layout *l, int channel, int *step)
{
    bool is_planar = l->input >= 0;
    *step = is_planar ? 1 : w->kernels->vl;
    return is_planar ? worker_input(w, l) + (long)channel * l->height * l->width : worker_place(w, l->place[channel]);
}

/* Any layout into one of its own. */
static void run_copy(const struct worker *w, const struct step *s)
{
    const struct pointwise *c = &s->pointwise;
    int vl = w->kernels->vl, pixels = c->out->pixels, step;
    int whole = blocks_needed(c->out->channels, vl) * vl;
    long first, last = worker_share(w, whole, &first);
    for (int i = (int)first; i < last; i++) {
        float *to = worker_place(w, c->out->place[0]) + ((long)(i / vl) * pixels) * vl + i % vl;
        bool is_channel = i < c->out->channels;
        const float *from = is_channel ? channel_of(w, c->a, i, &step) : NULL;
        for (int x = 0; x < pixels; x++) to[(long)x * vl] = is_channel ? from[(long)x * step] : 0;
    }
    worker_barrier(w);
}
const struct step_type step_copy = {.name = "copy", .run = run_copy};

/* An image's tensor, flattened in NCHW order, into the batch's rows. */
static void run_collect(const struct worker *w, const struct step *s)
{
    const struct pointwise *c = &s->pointwise;
    int pixels = c->a->height * c->a->width, step;
    long first, last = worker_share(w, c->a->channels, &first);
    for (int i = (int)first; i < last; i++) {
        const float *from = channel_of(w, c->a, i, &step);
        for (int x = 0; x < pixels; x++)
            worker_place(w, c->out->place[i * pixels + x])[(long)w->image * w->kernels->vl] = from[(long)x * step];
    }
    worker_barrier(w);
}
const struct step_type step_collect = {.name = "collect", .run = run_collect};

/* An image's tensor into the model's output, NCHW. */
static void run_store(const struct worker *w, const struct step *s)
{
    const struct pointwise *c = &s->pointwise;
    int pixels = c->a->height * c->a->width, step;
    float *out = w->outputs[c->output] + (long)w->image * c->a->channels * pixels;
    long first, last = worker_share(w, c->a->channels, &first);
    for (int i = (int)first; i < last; i++) {
        const float *from = channel_of(w, c->a, i, &step);
        for (int x = 0; x < pixels; x++) out[(long)i * pixels + x] = from[(long)x * step];
    }
    worker_barrier(w);
}
const struct step_type step_store = {.name = "store", .run = run_store};
