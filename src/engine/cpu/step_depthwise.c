/* Depthwise convolutions, and normalisations or activations that stand alone: per channel, in the physical order of the
   input's blocks, so that a shuffled input needs no copy. */
#include "engine/cpu/depthwise.h"
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"

#include <string.h>

static int taps(const struct depthwise_step *d) { return d->shape.kernel[0] * d->shape.kernel[1]; }
long depthwise_floats(const struct plan *p, const struct depthwise_step *d)
{
    return (long)d->blocks.n * (taps(d) + 1) * p->kernels->vl;
}
void depthwise_pack(const struct plan *p, struct depthwise_step *d, const struct weights *w, float *to)
{
    int vl = p->kernels->vl, n = taps(d);
    float *bias = to + (long)d->blocks.n * n * vl;
    memset(to, 0, (size_t)depthwise_floats(p, d) * sizeof *to);
    for (int c = 0; c < d->in->channels; c++) {
        int block = blocks_find(&d->blocks, d->in->place[c], vl), lane = d->in->place[c].offset % vl;
        const float *source = d->source.weight ? weights_of(w, d->source.weight) + (long)c * n : NULL;
        double scale, shift;
        folded_affine(&d->source, w, c, &scale, &shift);
        bias[block * vl + lane] = (float)shift;
        for (int i = 0; i < n; i++) to[((long)block * n + i) * vl + lane] = (float)(source ? scale * source[i] : scale);
    }
    d->w = to;
    d->bias = bias;
}

float *depthwise_sums(const struct worker *w, const struct depthwise_step *d)
{
    if (d->sums_buffer < 0) return NULL;
    long n = (long)d->blocks.n * w->kernels->vl;
    float *sums = worker_buffer(w, d->sums_buffer) + w->part * n;
    memset(sums, 0, (size_t)n * sizeof *sums);
    return sums;
}
void depthwise_rows(const struct worker *w, const struct depthwise_step *d, int b, const float *plane, int y0, int y1,
                    float *sums)
{
    long vl = w->kernels->vl, size = (long)d->shape.out_height * d->shape.out_width * vl;
    w->kernels->depthwise(&d->shape, plane, d->w + b * taps(d) * vl, d->bias + b * vl,
                          worker_buffer(w, d->out_buffer) + b * size, y0, y1, sums ? sums + b * vl : NULL);
}

static long weight_floats(const struct plan *p, const struct step *s) { return depthwise_floats(p, &s->depthwise); }
static void pack(const struct plan *p, struct step *s, const struct weights *w, float *to)
{
    depthwise_pack(p, &s->depthwise, w, to);
}
/* Small planes: every thread takes blocks, and rows of the block where two meet. Large ones: all take rows. */
static void run(const struct worker *w, const struct step *s)
{
    const struct depthwise_step *d = &s->depthwise;
    int height = d->shape.out_height;
    float *sums = depthwise_sums(w, d);
    bool is_large = 2L * d->in->pixels * w->kernels->vl > w->plan->l2_floats;
    long first, last = worker_share(w, is_large ? height : (long)d->blocks.n * height, &first);
    for (int b = 0; b < d->blocks.n; b++) {
        long from = is_large ? first : first - (long)b * height, to = is_large ? last : last - (long)b * height;
        if (from < 0) from = 0;
        if (to > height) to = height;
        if (from < to) depthwise_rows(w, d, b, worker_place(w, d->blocks.at[b]), (int)from, (int)to, sums);
    }
    worker_barrier(w);
}
const struct step_type step_depthwise = {.name = "depthwise", .weight_floats = weight_floats, .pack = pack, .run = run};
