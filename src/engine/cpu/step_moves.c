/* Transposed convolutions and enlarged planes: what spreads pixels; and Softmax of the batch's rows. */
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"
#include "engine/cpu/worker.h"

#include <float.h>
#include <math.h>
#include <string.h>

static int groups_of(const struct transposed *t) { return t->source.is_by_tap ? t->source.taps : 1; }
static void resolve_transposed(struct plan *p, struct step *s)
{
    struct transposed *t = &s->transposed;
    int channels = t->in->channels;
    for (int i = 0; i < groups_of(t) * channels; i++) t->panels.off[i] = (int)place_at(p, t->in->place[i % channels]);
    for (int i = 0; i < channels; i++) t->panels.map[i] = i;
}
static long transposed_floats(const struct plan *p, const struct step *s)
{
    const struct transposed *t = &s->transposed;
    return panels_floats(p, &t->panels, t->source.outputs, groups_of(t));
}
static void pack_transposed(const struct plan *p, struct step *s, const struct weights *w, float *to)
{
    struct transposed *t = &s->transposed;
    panels_pack(p, &t->panels, &t->source, t->source.outputs, groups_of(t), w, to);
}

/* One panel's outputs of row y, which stand in the scratch, into blocks of the output. */
static void lay_blocks(const struct worker *w, const struct transposed *t, const struct panel *panel, int y)
{
    int vl = w->kernels->vl, blocks = blocks_needed(t->out->channels, vl), tap = panel->first / blocks;
    int down = t->kernel[0], across = t->kernel[1], width = t->in->width, row = y * down + tap / across;
    float *out = worker_place(w, t->out->place[0]);
    for (int i = 0; i < panel->count; i++) {
        long block = panel->first % blocks + i;
        w->kernels->spread(w->scratch + (long)i * width * vl, width, (long)across * vl,
                           out + ((block * t->out->height + row) * t->out->width + tap % across) * vl);
    }
}
/* The same into planes of the model's output. */
static void lay_planes(const struct worker *w, const struct transposed *t, const struct panel *panel, int y)
{
    int vl = w->kernels->vl, taps = t->source.taps, across = t->kernel[1], width = t->in->width;
    float *out = w->outputs[t->output] + (long)w->image * t->out->channels * t->out->pixels;
    for (int i = panel->first * vl; i < (panel->first + panel->count) * vl && i < t->source.outputs; i++) {
        int tap = i % taps, at = i - panel->first * vl;
        const float *from = w->scratch + (long)(at / vl) * width * vl + at % vl;
        float *row =
            out + ((long)(i / taps) * t->out->height + y * t->kernel[0] + tap / across) * t->out->width + tap % across;
        for (int x = 0; x < width; x++) row[x * across] = from[(long)x * vl];
    }
}
static void run_transposed(const struct worker *w, const struct step *s)
{
    const struct transposed *t = &s->transposed;
    int vl = w->kernels->vl, width = t->in->width, n = t->panels.n;
    long first, last = worker_share(w, (long)n * t->in->height, &first);
    struct gemm g = {.k = t->panels.k, .step = vl, .act = t->act, .block = (long)width * vl};
    for (long i = first; i < last; i++) {
        int y = (int)(i / n), panel = (int)(i % n);
        struct span_of_pixels span = {.x = w->arena + (long)y * width * vl,
                                      .pixels = width,
                                      .step = vl,
                                      .first_panel = panel,
                                      .last_panel = panel + 1,
                                      .out = w->scratch};
        panels_run(w->kernels, &g, &t->panels, t->panels.w, GEMM_FLAT, &span);
        (t->output < 0 ? lay_blocks : lay_planes)(w, t, &t->panels.panel[panel], y);
    }
    worker_barrier(w);
}
const struct step_type step_transposed = {.name = "transposed gemm",
                                          .resolve = resolve_transposed,
                                          .weight_floats = transposed_floats,
                                          .pack = pack_transposed,
                                          .run = run_transposed};

/* A row of the input into the first of its rows; the others are copies. */
static void run_enlarge(const struct worker *w, const struct step *s)
{
    const struct enlarge *c = &s->enlarge;
    int vl = w->kernels->vl, height = c->in->height, width = c->in->width, down = c->by[0], across = c->by[1];
    long row = (long)c->out->width * vl, first, last = worker_share(w, (long)c->blocks.n * height, &first);
    for (long i = first; i < last; i++) {
        const float *from = worker_place(w, c->blocks.at[i / height]) + i % height * width * vl;
        float *to = worker_buffer(w, c->out_buffer) + i * down * row;
        for (int x = 0; x < across; x++) w->kernels->spread(from, width, (long)across * vl, to + (long)x * vl);
        for (int y = 1; y < down; y++) memcpy(to + y * row, to, (size_t)row * sizeof *to);
    }
    worker_barrier(w);
}
const struct step_type step_enlarge = {.name = "enlarge", .run = run_enlarge};

static void softmax(const struct worker *w, const struct pointwise *c, long image)
{
    int vl = w->kernels->vl;
    float most = -FLT_MAX, sum = 0;
    for (int i = 0; i < c->a->channels; i++) most = fmaxf(most, worker_place(w, c->a->place[i])[image * vl]);
    for (int i = 0; i < c->a->channels; i++) {
        float *to = worker_place(w, c->out->place[i]) + image * vl;
        sum += *to = expf(worker_place(w, c->a->place[i])[image * vl] - most);
    }
    for (int i = 0; i < c->a->channels; i++) worker_place(w, c->out->place[i])[image * vl] /= sum;
}
static void run_softmax(const struct worker *w, const struct step *s)
{
    long first, last = worker_share(w, w->plan->batch, &first);
    for (long image = first; image < last; image++) softmax(w, &s->pointwise, image);
    worker_barrier(w);
}
const struct step_type step_softmax = {.name = "softmax", .run = run_softmax};
