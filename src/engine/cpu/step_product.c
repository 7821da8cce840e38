/* Convolutions and classifiers as matrix products. */
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"
#include "engine/cpu/product.h"

#include <string.h>

enum { SEGMENT = 56, FEW_UNITS = 24 }; /* pixels per unit of work; fewer units are cut smaller for several threads */

/* Where product k of a padded, planar or gathered input lies. */
static int offset_of(const struct plan *p, const struct product *c, int channel, int y, int x)
{
    const struct layout *in = c->in;
    int vl = p->kernels->vl, height = in->height + c->pad[0] + c->pad[2], width = in->width + c->pad[1] + c->pad[3];
    y *= c->dilation[0];
    x *= c->dilation[1];
    if (in->input >= 0) return (channel * height + y) * width + x;
    if (c->pad_buffer < 0) return (int)place_at(p, in->place[channel]) + (y * in->width + x) * vl;
    int block = blocks_find(&c->blocks, in->place[channel], vl);
    return ((block * height + y) * width + x) * vl + in->place[channel].offset % vl;
}

void product_resolve(const struct plan *p, struct product *c)
{
    int vl = p->kernels->vl, taps = c->kernel[0] * c->kernel[1], each = c->in->channels / c->groups, n = 0;
    for (int group = 0; group < c->groups; group++)
        for (int block = 0; block < each; block += vl)
            for (int tap = 0; tap < taps; tap++)
                for (int i = block; i < block + vl && i < each; i++, n++) {
                    c->panels.off[n] = offset_of(p, c, group * each + i, tap / c->kernel[1], tap % c->kernel[1]);
                    if (group == 0) c->panels.map[n] = i * taps + tap;
                }
}
long product_floats(const struct plan *p, const struct product *c)
{
    return panels_floats(p, &c->panels, c->source.outputs, c->groups);
}
void product_pack(const struct plan *p, struct product *c, const struct weights *w, float *to)
{
    panels_pack(p, &c->panels, &c->source, c->source.outputs, c->groups, w, to);
}
struct strides product_strides(const struct plan *p, const struct product *c)
{
    int unit = c->in->input >= 0 ? 1 : p->kernels->vl, width = c->in->width + c->pad[1] + c->pad[3];
    return (struct strides){c->stride[1] * unit, c->stride[0] * width * unit};
}

static void resolve(struct plan *p, struct step *s) { product_resolve(p, &s->product); }
static long weight_floats(const struct plan *p, const struct step *s) { return product_floats(p, &s->product); }
static void pack(const struct plan *p, struct step *s, const struct weights *w, float *to)
{
    product_pack(p, &s->product, w, to);
}

/* Copies the input into the middle of its padding. */
static void pad(const struct worker *w, const struct product *c)
{
    const struct layout *in = c->in;
    bool is_planar = in->input >= 0;
    size_t e = is_planar ? 1 : (size_t)w->kernels->vl;
    int width = in->width + c->pad[1] + c->pad[3], height = in->height + c->pad[0] + c->pad[2];
    size_t left = (size_t)c->pad[1] * e, middle = (size_t)in->width * e, right = (size_t)c->pad[3] * e;
    float *padded = worker_buffer(w, c->pad_buffer);
    long first, last = worker_share(w, (long)(is_planar ? in->channels : c->blocks.n) * height, &first);
    for (long row = first; row < last; row++) {
        int block = (int)(row / height), y = (int)(row % height) - c->pad[0];
        float *to = padded + row * width * (long)e;
        if (y < 0 || y >= in->height) {
            memset(to, 0, (left + middle + right) * sizeof *to);
            continue;
        }
        const float *from = is_planar ? worker_input(w, in) + (long)block * in->height * in->width
                                      : worker_place(w, c->blocks.at[block]);
        memset(to, 0, left * sizeof *to);
        memcpy(to + left, from + (size_t)y * middle, middle * sizeof *to);
        memset(to + left + middle, 0, right * sizeof *to);
    }
}

const float *product_source(const struct worker *w, const struct product *c)
{
    if (c->pad_buffer >= 0) {
        pad(w, c);
        worker_barrier(w);
        return worker_buffer(w, c->pad_buffer);
    }
    if (c->in->input >= 0) return worker_input(w, c->in);
    return c->in->is_head ? w->head : w->arena;
}

/* Units of work: panels x segments of rows. Weights that fit the second-level cache are the inner loop. */
struct units {
    int rows, width, segments;
    bool is_panel_inner;
};
static struct units cut(const struct worker *w, const struct step *s)
{
    const struct product *c = &s->product;
    struct units u = {.rows = c->out->height, .width = c->out->width, .segments = 1};
    if (c->is_flat) {
        u.rows = 1;
        u.width = c->out->pixels;
    }
    u.segments = (u.width + SEGMENT - 1) / SEGMENT;
    if (w->parts > 1 && (long)u.segments * u.rows * c->panels.n < FEW_UNITS) {
        int most = w->kernels->most_pixels[c->panels.panel[0].count];
        u.segments = (u.width + most - 1) / most;
    }
    u.is_panel_inner = (long)c->panels.k * c->source.outputs <= w->plan->l2_floats * 4 / 3;
    return u;
}

/* A product as one thread sees it. */
struct task {
    const struct worker *w;
    const struct product *c;
    struct units units;
    const float *x, *weights, *res; /* res: NULL for none */
    float *out;
};
/* Products k0..k1 - 1 of a position's pixels with panels p0..p1 - 1. The parts of a sum meet in the output. */
static void run_unit(const struct task *q, long position, int p0, int p1, int k0, int k1, struct span_of_pixels span)
{
    const struct product *c = q->c;
    const struct units *u = &q->units;
    struct strides by = product_strides(q->w->plan, c);
    int vl = q->w->kernels->vl;
    long y = position / u->segments, at = position % u->segments, block = (long)c->out->pixels * vl;
    int x0 = (int)(u->width * at / u->segments), x1 = (int)(u->width * (at + 1) / u->segments);
    long to = c->panels.panel[p0].first * block + (y * c->out->width + x0) * vl;
    struct gemm g = {.k = k1 - k0, .step = by.pixel, .block = block, .res_block = block};
    if (k1 == c->panels.k) g.act = c->act;
    span.x = q->x + y * by.row + (long)x0 * by.pixel;
    span.pixels = x1 - x0;
    span.step = by.pixel;
    span.first_panel = p0;
    span.last_panel = p1;
    span.first_k = k0;
    span.out = q->out + to;
    span.res = k0 > 0 ? span.out : q->res ? q->res + to : NULL;
    panels_run(q->w->kernels, &g, &c->panels, q->weights, c->variant, &span);
}
/* One panel with positions from..to - 1, in parts that leave the near cache to the inputs too: each part of the weights
   comes once for all positions. */
static void run_panel(const struct task *q, int panel, long from, long to)
{
    const struct panels *p = &q->c->panels;
    long together = q->w->plan->l2_floats / 2 / p->panel[panel].columns;
    int n = to - from > 1 ? (int)((p->k + together - 1) / together) : 1;
    for (int i = 0; i < n; i++)
        for (long position = from; position < to; position++)
            run_unit(q, position, panel, panel + 1, (int)((long)p->k * i / n), (int)((long)p->k * (i + 1) / n),
                     (struct span_of_pixels){.share = (int)(position - from), .shares = (int)(to - from)});
}
static void run(const struct worker *w, const struct step *s)
{
    const struct product *c = &s->product;
    struct task q = {.w = w,
                     .c = c,
                     .units = cut(w, s),
                     .x = product_source(w, c),
                     .weights = c->scaled_buffer >= 0 ? worker_buffer(w, c->scaled_buffer) : c->panels.w,
                     .res = c->res ? worker_place(w, c->res->place[0]) : NULL,
                     .out = worker_place(w, c->out->place[0])};
    int n = c->panels.n;
    long positions = (long)q.units.rows * q.units.segments, first, last = worker_share(w, positions * n, &first), step;
    for (long i = first; i < last; i += step) {
        if (q.units.is_panel_inner) {
            int panel = (int)(i % n);
            step = last - i < n - panel ? last - i : n - panel;
            run_unit(&q, i / n, panel, panel + (int)step, 0, c->panels.k, (struct span_of_pixels){0});
        } else {
            long from = i % positions;
            step = last - i < positions - from ? last - i : positions - from;
            run_panel(&q, (int)(i / positions), from, from + step);
        }
    }
    worker_barrier(w);
}
const struct step_type step_product = {
    .name = "gemm", .resolve = resolve, .weight_floats = weight_floats, .pack = pack, .run = run};
