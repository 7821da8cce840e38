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

static void run(const struct worker *w, const struct step *s)
{
    const struct depthwise_step *d = &s->depthwise;
    int vl = w->kernels->vl, height = d->shape.out_height;
    long plane = (long)d->shape.out_height * d->shape.out_width * vl, first;
    float *out = worker_buffer(w, d->out_buffer), *sums = NULL;
    if (d->sums_buffer >= 0) {
        sums = worker_buffer(w, d->sums_buffer) + (long)w->part * d->blocks.n * vl;
        memset(sums, 0, (size_t)d->blocks.n * (size_t)vl * sizeof *sums);
    }
    long last = worker_share(w, (long)d->blocks.n * height, &first);
    for (long i = first; i < last;) {
        int block = (int)(i / height), y = (int)(i % height), n = last - i < height - y ? (int)(last - i) : height - y;
        w->kernels->depthwise(&d->shape, worker_place(w, d->blocks.at[block]), d->w + (long)block * taps(d) * vl,
                              d->bias + (long)block * vl, out + block * plane, y, y + n,
                              sums ? sums + (long)block * vl : NULL);
        i += n;
    }
    worker_barrier(w);
}
const struct step_type step_depthwise = {.name = "depthwise", .weight_floats = weight_floats, .pack = pack, .run = run};
