/* Squeeze-excite: means of planes, two small products, and the gate, which scales whichever is smaller: the planes in
   place, or a copy of the weights that read them. Every thread computes the whole gate: cheaper than a barrier. */
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"
#include "engine/cpu/worker.h"

#include <string.h>

static long width_of(const struct plan *p, const struct excite *x)
{
    return (long)blocks_needed(x->in->channels, p->kernels->vl) * p->kernels->vl;
}
static long weight_floats(const struct plan *p, const struct step *s)
{
    const struct excite *x = &s->excite;
    return 2L * x->hidden * width_of(p, x) + x->hidden + width_of(p, x);
}
static void pack(const struct plan *p, struct step *s, const struct weights *w, float *to)
{
    struct excite *x = &s->excite;
    long n = width_of(p, x);
    int channels = x->in->channels;
    float *w1 = to, *w2 = w1 + x->hidden * n, *b2 = w2 + x->hidden * n, *b1 = b2 + n;
    const float *squeeze = weights_of(w, x->squeeze.weight), *expand = weights_of(w, x->expand.weight);
    double pixels = (double)x->in->height * x->in->width, scale, shift;
    memset(to, 0, (size_t)weight_floats(p, s) * sizeof *to);
    for (int j = 0; j < x->hidden; j++) {
        folded_affine(&x->squeeze, w, j, &scale, &shift);
        b1[j] = (float)shift;
        for (int c = 0; c < channels; c++) /* sums come in, means are meant */
            w1[j * n + c] = (float)(scale * squeeze[(long)j * channels + c] / pixels);
    }
    for (int c = 0; c < channels; c++) {
        folded_affine(&x->expand, w, c, &scale, &shift);
        scale *= (double)x->gate_factor;
        b2[c] = (float)(shift * (double)x->gate_factor + (double)x->gate_addend);
        for (int j = 0; j < x->hidden; j++) w2[j * n + c] = (float)(scale * expand[(long)c * x->hidden + j]);
    }
    x->w1 = w1;
    x->b1 = b1;
    x->w2 = w2;
    x->b2 = b2;
}

static void scale_planes(const struct worker *w, const struct excite *x, const float *gate)
{
    int vl = w->kernels->vl, blocks = blocks_needed(x->in->channels, vl);
    const float *in = worker_place(w, x->in->place[0]);
    float *out = worker_place(w, x->out->place[0]);
    long pixels = (long)x->in->height * x->in->width, first, last = worker_share(w, blocks, &first);
    for (long b = first; b < last; b++)
        w->kernels->scale(in + b * pixels * vl, gate + b * vl, pixels, out + b * pixels * vl);
}
static void scale_weights(const struct worker *w, const struct product *reader, const float *gate)
{
    const struct panels *panels = &reader->panels;
    float *copy = worker_buffer(w, reader->scaled_buffer);
    long first, last = worker_share(w, panels->k, &first);
    for (int i = 0; i < panels->n; i++) {
        const struct panel *panel = &panels->panel[i];
        long at = panel->at + first * panel->columns;
        w->kernels->scale_rows(panels->w + at, gate + first, (int)(last - first), panel->columns, copy + at);
    }
}
static void run(const struct worker *w, const struct step *s)
{
    const struct excite *x = &s->excite;
    long n = width_of(w->plan, x);
    float *mean = w->scratch, *gate = mean + n, *hidden = gate + n;
    w->kernels->excite((int)n, x->hidden, worker_buffer(w, x->sums_buffer), x->has_parts ? w->parts : 1, n, x->w1,
                       x->b1, x->act1, x->w2, x->b2, x->act2, mean, hidden, gate);
    if (x->use == GATE_WEIGHTS)
        scale_weights(w, &w->plan->steps[x->reader].product, gate);
    else
        scale_planes(w, x, gate);
    worker_barrier(w);
}
const struct step_type step_excite = {
    .name = "squeeze-excite", .weight_floats = weight_floats, .pack = pack, .run = run};
