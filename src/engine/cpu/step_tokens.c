/* What runs over the channels of each token, and the copies of tokens: at the model's edges, into longer sequences. */
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"
#include "engine/cpu/worker.h"

#include <string.h>

static long norm_floats(const struct plan *p, const struct step *s)
{
    return 2L * blocks_needed(s->norm.in->channels, p->kernels->vl) * p->kernels->vl;
}
static void norm_pack(const struct plan *p, struct step *s, const struct weights *w, float *to)
{
    struct norm *c = &s->norm;
    size_t channels = (size_t)c->in->channels;
    memset(to, 0, (size_t)norm_floats(p, s) * sizeof *to);
    memcpy(to, weights_of(w, c->gamma), channels * sizeof *to);
    if (c->beta) memcpy(to + norm_floats(p, s) / 2, weights_of(w, c->beta), channels * sizeof *to);
    c->w = to;
}
static void run_norm(const struct worker *w, const struct step *s)
{
    const struct norm *c = &s->norm;
    int vl = w->kernels->vl, blocks = blocks_needed(c->in->channels, vl);
    long first, last = worker_share(w, c->in->pixels, &first);
    w->kernels->normalise(worker_place(w, c->in->place[0]) + first * vl, (long)c->in->pixels * vl, blocks,
                          c->in->channels - (blocks - 1) * vl, last - first, c->w, c->w + (long)blocks * vl, c->epsilon,
                          worker_place(w, c->out->place[0]) + first * vl);
    worker_barrier(w);
}
const struct step_type step_norm = {
    .name = "layer norm", .weight_floats = norm_floats, .pack = norm_pack, .run = run_norm};

static void run_softmax(const struct worker *w, const struct step *s)
{
    const struct pointwise *c = &s->pointwise;
    int vl = w->kernels->vl, blocks = blocks_needed(c->a->channels, vl);
    long first, last = worker_share(w, c->a->pixels, &first);
    w->kernels->softmax(worker_place(w, c->a->place[0]) + first * vl, (long)c->a->pixels * vl, blocks,
                        c->a->channels - (blocks - 1) * vl, last - first,
                        worker_place(w, c->out->place[0]) + first * vl);
    worker_barrier(w);
}
const struct step_type step_softmax_tokens = {.name = "softmax of tokens", .run = run_softmax};

/* The bytes of a token that lie together in block b. */
static size_t part_bytes(const struct layout *l, int b, int vl)
{
    int left = l->channels - b * vl;
    return (size_t)(left < vl ? left : vl) * sizeof(float);
}
static void run_store(const struct worker *w, const struct step *s)
{
    const struct layout *l = s->pointwise.a;
    int vl = w->kernels->vl, blocks = blocks_needed(l->channels, vl);
    const float *from = worker_place(w, l->place[0]);
    long first, last = worker_share(w, l->pixels, &first);
    for (long pixel = first; pixel < last; pixel++)
        for (int b = 0; b < blocks; b++)
            memcpy(w->outputs[s->pointwise.output] + pixel * l->channels + b * vl,
                   from + ((long)b * l->pixels + pixel) * vl, part_bytes(l, b, vl));
    worker_barrier(w);
}
const struct step_type step_store_tokens = {.name = "store tokens", .run = run_store};

static void run_load(const struct worker *w, const struct step *s)
{
    const struct layout *l = s->pointwise.out;
    int vl = w->kernels->vl, blocks = blocks_needed(l->channels, vl);
    float *to = worker_place(w, l->place[0]);
    long first, last = worker_share(w, l->pixels, &first);
    for (long pixel = first; pixel < last; pixel++)
        for (int b = 0; b < blocks; b++) {
            float *at = to + ((long)b * l->pixels + pixel) * vl;
            memset(at, 0, (size_t)vl * sizeof *at);
            memcpy(at, w->inputs[s->pointwise.output] + pixel * l->channels + b * vl, part_bytes(l, b, vl));
        }
    worker_barrier(w);
}
const struct step_type step_load_tokens = {.name = "load tokens", .run = run_load};

static long placed_floats(const struct plan *p, const struct step *s)
{
    int vl = p->kernels->vl;
    return s->placed.in ? 0 : (long)blocks_needed(s->placed.out->channels, vl) * s->placed.tokens * vl;
}
static void placed_pack(const struct plan *p, struct step *s, const struct weights *w, float *to)
{
    struct placed *c = &s->placed;
    int vl = p->kernels->vl, channels = c->out->channels;
    if (c->in) return;
    const float *from = weights_of(w, c->of);
    memset(to, 0, (size_t)placed_floats(p, s) * sizeof *to);
    for (int i = 0; i < c->tokens; i++)
        for (int k = 0; k < channels; k++)
            to[((long)(k / vl) * c->tokens + i) * vl + k % vl] = from[(long)i * channels + k];
    c->w = to;
}
static void run_place(const struct worker *w, const struct step *s)
{
    const struct placed *c = &s->placed;
    int vl = w->kernels->vl;
    const float *from = c->in ? worker_place(w, c->in->place[0]) : c->w;
    float *to = worker_place(w, c->out->place[0]) + (long)c->first * vl;
    long first, last = worker_share(w, blocks_needed(c->out->channels, vl), &first), each = (long)c->tokens * vl;
    for (long b = first; b < last; b++)
        memcpy(to + b * c->out->pixels * vl, from + b * each, (size_t)each * sizeof *to);
    worker_barrier(w);
}
const struct step_type step_place_tokens = {
    .name = "place tokens", .weight_floats = placed_floats, .pack = placed_pack, .run = run_place};
