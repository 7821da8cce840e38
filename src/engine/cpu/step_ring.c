/* A product and the depthwise convolution after it, row by row: what the product writes goes into a ring of rows that
   stays in the near cache. */
#include "engine/cpu/depthwise.h"
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"
#include "engine/cpu/product.h"

static void resolve(struct plan *p, struct step *s) { product_resolve(p, &s->ring.product); }
static long weight_floats(const struct plan *p, const struct step *s)
{
    return product_floats(p, &s->ring.product) + depthwise_floats(p, &s->ring.depthwise);
}
static void pack(const struct plan *p, struct step *s, const struct weights *w, float *to)
{
    product_pack(p, &s->ring.product, w, to);
    depthwise_pack(p, &s->ring.depthwise, w, to + product_floats(p, &s->ring.product));
}

struct pass { /* of one thread over its rows */
    const struct worker *w;
    const struct step *step;
    const struct product *product;
    const struct depthwise_step *depthwise;
    const float *x;
    float *sums;
    int first_panel, last_panel;
};

/* Rows from..to - 1 of the product into the ring; rows that touch in memory are one span. */
static void produce(const struct pass *q, int from, int to)
{
    const struct product *c = q->product;
    struct strides by = product_strides(q->w->plan, c);
    int vl = q->w->kernels->vl, kept = q->depthwise->shape.kept, width = c->out->width;
    struct gemm g = {.k = c->panels.k, .step = by.pixel, .act = c->act, .block = (long)kept * width * vl};
    for (int row = from, n; row < to; row += n) {
        int at = row % kept;
        n = !c->is_flat ? 1 : to - row < kept - at ? to - row : kept - at;
        panels_run(q->w->kernels, &g, &c->panels, c->panels.w, c->variant,
                   &(struct span_of_pixels){.x = q->x + (long)row * by.row,
                                            .pixels = n * width,
                                            .step = by.pixel,
                                            .first_panel = q->first_panel,
                                            .last_panel = q->last_panel,
                                            .out = q->w->scratch + (long)at * width * vl});
    }
}
static void consume(const struct pass *q, int from, int to)
{
    const struct panel *first = &q->product->panels.panel[q->first_panel];
    const struct panel *last = &q->product->panels.panel[q->last_panel - 1];
    long plane = (long)q->depthwise->shape.kept * q->depthwise->shape.width * q->w->kernels->vl;
    for (int b = first->first; b < last->first + last->count; b++)
        depthwise_rows(q->w, q->depthwise, b, q->w->scratch + (b - first->first) * plane, from, to, q->sums);
}
/* Output rows y0..y1 - 1 of the pass's panels, as many at a time as the ring has input for. */
static void run_rows(const struct pass *q, int y0, int y1)
{
    const struct depthwise *d = &q->depthwise->shape;
    int window = (d->kernel[0] - 1) * d->dilation[0] + 1, band = (d->kept - window) / d->stride[0] + 1;
    int have = y0 * d->stride[0] - d->pad_top;
    if (d->kept == d->height) band = y1 - y0;
    if (have < 0) have = 0;
    for (int y = y0, end; y < y1; y = end) {
        end = y + band < y1 ? y + band : y1;
        int need = (end - 1) * d->stride[0] - d->pad_top + window;
        if (need > d->height) need = d->height;
        if (have < need) produce(q, have, need);
        if (have < need) have = need;
        worker_clock(q->w, q->step->ring.product_group);
        consume(q, y, end);
        worker_clock(q->w, q->step->group);
    }
}

/* Where in a panel's output the threads' share ends or begins: they share blocks times rows. A cut near an edge, where
   rows of the product would be computed twice for little, moves to the nearest edge. */
static int row_at(const struct depthwise *d, const struct panel *panel, long unit)
{
    long y = (unit - (long)panel->first * d->out_height) / panel->count;
    int height = d->out_height, halo = d->kernel[0] / 2;
    if (y > halo && y < height - halo) return (int)y;
    return 2 * y < height ? 0 : height;
}
/* Whole planes are in the ring: threads take panels, and rows of the panel where two meet. */
static void run_by_panels(struct pass *q)
{
    const struct panels *panels = &q->product->panels;
    const struct depthwise *d = &q->depthwise->shape;
    long first, last = worker_share(q->w, (long)q->depthwise->blocks.n * d->out_height, &first);
    for (int i = 0, n; i < panels->n; i += n) {
        int y0 = row_at(d, &panels->panel[i], first), y1 = row_at(d, &panels->panel[i], last);
        n = 1;
        if (y0 == 0 && y1 == d->out_height)
            while (n < q->step->ring.panels && i + n < panels->n &&
                   row_at(d, &panels->panel[i + n], last) == d->out_height)
                n++;
        q->first_panel = i;
        q->last_panel = i + n;
        if (y0 < y1) run_rows(q, y0, y1);
    }
}
static void run_by_rows(struct pass *q)
{
    int n = q->product->panels.n, together = q->step->ring.panels;
    long first, last = worker_share(q->w, q->depthwise->shape.out_height, &first);
    for (int i = 0; i < n; i += together) {
        q->first_panel = i;
        q->last_panel = i + together < n ? i + together : n;
        run_rows(q, (int)first, (int)last);
    }
}
static void run(const struct worker *w, const struct step *s)
{
    const struct ring_step *r = &s->ring;
    struct pass q = {.w = w,
                     .step = s,
                     .product = &r->product,
                     .depthwise = &r->depthwise,
                     .x = product_source(w, &r->product),
                     .sums = depthwise_sums(w, &r->depthwise)};
    if (r->depthwise.shape.kept == r->depthwise.shape.height)
        run_by_panels(&q);
    else
        run_by_rows(&q);
    worker_barrier(w);
}
const struct step_type step_ring = {
    .name = "ring", .resolve = resolve, .weight_floats = weight_floats, .pack = pack, .run = run};
