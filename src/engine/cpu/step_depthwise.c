/* Depthwise convolutions, and normalisations or activations that stand alone: per channel, in the physical order of the
   input's blocks, so that a shuffled input needs no copy. */
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"
#include "engine/cpu/worker.h"

#include <string.h>

static int taps(const struct depthwise_step *d) { return d->shape.kernel[0] * d->shape.kernel[1]; }
static long weight_floats(const struct plan *p, const struct step *s)
{
    return (long)s->depthwise.blocks.n * (taps(&s->depthwise) + 1) * p->kernels->vl;
}
/* Factor and addend of a channel, its weights apart. */
static void affine(const struct depthwise_step *d, const struct weights *w, int c, double *scale, double *shift)
{
    *scale = 1;
    *shift = 0;
    if (d->source.weight || d->source.norm) folded_affine(&d->source, w, c, scale, shift);
}
static void pack(const struct plan *p, struct step *s, const struct weights *w, float *to)
{
    struct depthwise_step *d = &s->depthwise;
    int vl = p->kernels->vl, n = taps(d);
    float *bias = to + (long)d->blocks.n * n * vl;
    memset(to, 0, (size_t)weight_floats(p, s) * sizeof *to);
    for (int c = 0; c < d->in->channels; c++) {
        int block = blocks_find(&d->blocks, d->in->place[c], vl), lane = d->in->place[c].offset % vl;
        const float *source = d->source.weight ? weights_of(w, d->source.weight) + (long)c * n : NULL;
        double scale, shift;
        affine(d, w, c, &scale, &shift);
        bias[block * vl + lane] = (float)shift;
        for (int i = 0; i < n; i++) to[((long)block * n + i) * vl + lane] = (float)(source ? scale * source[i] : scale);
    }
    d->w = to;
    d->bias = bias;
}

/* Blocks b0..b1 - 1, output rows y0..y1 - 1. */
static void run_blocks(const struct worker *w, const struct depthwise_step *d, float *sums, long b0, long b1, int y0,
                       int y1)
{
    int vl = w->kernels->vl;
    long plane = (long)d->shape.out_height * d->shape.out_width * vl;
    float *out = worker_buffer(w, d->out_buffer);
    for (long b = b0; b < b1; b++)
        w->kernels->depthwise(&d->shape, worker_place(w, d->blocks.at[b]), d->w + b * taps(d) * vl, d->bias + b * vl,
                              out + b * plane, y0, y1, sums ? sums + b * vl : NULL);
}
/* Small planes: every thread takes blocks, and rows of the block where two meet. */
static void run_by_blocks(const struct worker *w, const struct depthwise_step *d, float *sums)
{
    int height = d->shape.out_height;
    long first, last = worker_share(w, (long)d->blocks.n * height, &first);
    for (long i = first; i < last;) {
        int y = (int)(i % height), n = last - i < height - y ? (int)(last - i) : height - y;
        run_blocks(w, d, sums, i / height, i / height + 1, y, y + n);
        i += n;
    }
}
static void run(const struct worker *w, const struct step *s)
{
    const struct depthwise_step *d = &s->depthwise;
    const struct product *feeder = d->feeder >= 0 ? &w->plan->steps[d->feeder].product : NULL;
    int vl = w->kernels->vl, height = d->shape.out_height;
    float *sums = NULL;
    if (d->sums_buffer >= 0) {
        sums = worker_buffer(w, d->sums_buffer) + (long)w->part * d->blocks.n * vl;
        memset(sums, 0, (size_t)d->blocks.n * (size_t)vl * sizeof *sums);
    }
    long first, last;
    if (feeder && worker_keeps_panels(w, feeder)) {
        last = worker_share(w, feeder->panels.n, &first);
        const struct panel *panels = feeder->panels.panel;
        long end = last < feeder->panels.n ? panels[last].first : d->blocks.n;
        if (first < last) run_blocks(w, d, sums, panels[first].first, end, 0, height);
    } else if (2L * d->in->pixels * vl > w->plan->l2_floats) {
        last = worker_share(w, height, &first);
        run_blocks(w, d, sums, 0, d->blocks.n, (int)first, (int)last);
    } else
        run_by_blocks(w, d, sums);
    worker_barrier(w);
}
const struct step_type step_depthwise = {.name = "depthwise", .weight_floats = weight_floats, .pack = pack, .run = run};
