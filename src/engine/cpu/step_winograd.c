/* 3x3 convolutions by Winograd F(4x4, 3x3): 36 multiplications for 16 outputs instead of 144. */
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"
#include "engine/cpu/worker.h"

enum { COMPONENTS = 36, TILES_PER_THREAD = 50 };

static int tiles_of(const struct layout *l) { return (l->height + 3) / 4 * ((l->width + 3) / 4); }

static void resolve(struct plan *p, struct step *s)
{
    struct winograd_step *c = &s->winograd;
    int vl = p->kernels->vl;
    for (int i = 0; i < c->in->channels; i++) {
        int block = blocks_find(&c->blocks, c->in->place[i], vl);
        c->panels.off[i] = block * c->chunk * vl + c->in->place[i].offset % vl;
        c->panels.map[i] = i;
    }
}
static long weight_floats(const struct plan *p, const struct step *s)
{
    const struct winograd_step *c = &s->winograd;
    return COMPONENTS * c->component + 2L * blocks_needed(c->out->channels, p->kernels->vl) * p->kernels->vl;
}

/* U = G g G^T of one filter. */
static void transform_filter(const float *g, double scale, float *u)
{
    static const double G[6][3] = {{1 / 4., 0, 0},
                                   {-1 / 6., -1 / 6., -1 / 6.},
                                   {-1 / 6., 1 / 6., -1 / 6.},
                                   {1 / 24., 1 / 12., 1 / 6.},
                                   {1 / 24., -1 / 12., 1 / 6.},
                                   {0, 0, 1}};
    double rows[6][3];
    for (int i = 0; i < 6; i++)
        for (int x = 0; x < 3; x++) rows[i][x] = scale * (G[i][0] * g[x] + G[i][1] * g[3 + x] + G[i][2] * g[6 + x]);
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
            u[6 * i + j] = (float)(G[j][0] * rows[i][0] + G[j][1] * rows[i][1] + G[j][2] * rows[i][2]);
}
static void pack(const struct plan *p, struct step *s, const struct weights *w, float *to)
{
    struct winograd_step *c = &s->winograd;
    int vl = p->kernels->vl, outputs = c->out->channels, inputs = c->in->channels;
    const float *source = weights_of(w, c->source.weight);
    for (int i = 0; i < c->panels.n; i++) {
        const struct panel *panel = &c->panels.panel[i];
        for (int j = 0; j < panel->columns && panel->first * vl + j < outputs; j++) {
            int output = panel->first * vl + j;
            double scale, shift;
            folded_affine(&c->source, w, output, &scale, &shift);
            for (int k = 0; k < inputs; k++) {
                float u[COMPONENTS];
                transform_filter(source + ((long)output * inputs + k) * 9, scale, u);
                for (int m = 0; m < COMPONENTS; m++)
                    to[m * c->component + panel->at + (long)k * panel->columns + j] = u[m];
            }
        }
    }
    float *none = to + COMPONENTS * c->component, *bias = none + (long)blocks_needed(outputs, vl) * vl;
    bias_pack(p, &c->source, outputs, 1, w, bias);
    c->panels.w = to;
    c->panels.bias = none; /* zero: the bias is added after the transform */
}

/* One chunk of tiles; in and products lie as [36][block][tile][vl]. */
struct chunk {
    const struct winograd_step *c;
    struct winograd_tiles tiles;
    float *in, *products;
    int out_blocks;
};
static void transform_in(const struct worker *w, struct chunk *k, long b0, long b1)
{
    const struct winograd_step *c = k->c;
    k->tiles.component = (long)c->blocks.n * c->chunk * w->kernels->vl;
    for (long b = b0; b < b1; b++)
        w->kernels->winograd_in(&k->tiles, place_at(w->plan, c->blocks.at[b]), k->in + b * c->chunk * w->kernels->vl);
}
static void multiply(const struct worker *w, const struct chunk *k, long m0, long m1)
{
    const struct winograd_step *c = k->c;
    int vl = w->kernels->vl;
    struct gemm g = {.k = c->panels.k, .block = (long)c->chunk * vl};
    for (long m = m0; m < m1; m++)
        panels_run(w->kernels, &g, &c->panels, c->panels.w + m * c->component, GEMM_FLAT,
                   &(struct span_of_pixels){.x = k->in + m * c->blocks.n * c->chunk * vl,
                                            .pixels = k->tiles.n,
                                            .step = vl,
                                            .last_panel = c->panels.n,
                                            .out = k->products + m * k->out_blocks * c->chunk * vl});
}
static void transform_out(const struct worker *w, struct chunk *k, long b0, long b1)
{
    const struct winograd_step *c = k->c;
    int vl = w->kernels->vl;
    long plane = (long)c->out->pixels * vl, out = place_at(w->plan, c->out->place[0]);
    long res = c->res ? place_at(w->plan, c->res->place[0]) : -1;
    const float *bias = c->panels.bias + (long)k->out_blocks * vl;
    k->tiles.component = (long)k->out_blocks * c->chunk * vl;
    for (long b = b0; b < b1; b++)
        w->kernels->winograd_out(&k->tiles, k->products + b * c->chunk * vl, bias + b * vl,
                                 res < 0 ? -1 : res + b * plane, out + b * plane);
}

/* Many tiles: each thread takes its own. Few: the threads share every phase, so that weights are read once. */
static void run_slots(const struct worker *w, const struct step *s)
{
    const struct winograd_step *c = &s->winograd;
    int per_image = tiles_of(c->in), tiles = per_image * w->n_slots;
    bool is_shared = w->parts > 1 && tiles < TILES_PER_THREAD * w->parts;
    struct worker alone = *w;
    if (!is_shared) alone.parts = 1, alone.part = 0;
    long t0 = 0, t1 = tiles, first, last;
    if (!is_shared) t1 = worker_share(w, tiles, &t0);
    struct chunk k = {
        .c = c,
        .tiles = {c->in->height, c->in->width, (c->in->width + 3) / 4, per_image, 0, 0, w->slots, 0, c->act},
        .in = is_shared ? w->shared_scratch : w->scratch,
        .out_blocks = blocks_needed(c->out->channels, w->kernels->vl)};
    k.products = k.in + (long)COMPONENTS * c->blocks.n * c->chunk * w->kernels->vl;
    long n = (t1 - t0 + c->chunk - 1) / c->chunk;
    for (long i = 0; i < n; i++) {
        k.tiles.first = (int)(t0 + (t1 - t0) * i / n);
        k.tiles.n = (int)(t0 + (t1 - t0) * (i + 1) / n) - k.tiles.first;
        last = worker_share(&alone, c->blocks.n, &first);
        transform_in(w, &k, first, last);
        worker_barrier(&alone);
        last = worker_share(&alone, COMPONENTS, &first);
        multiply(w, &k, first, last);
        worker_barrier(&alone);
        last = worker_share(&alone, k.out_blocks, &first);
        transform_out(w, &k, first, last);
        if (i + 1 < n) worker_barrier(&alone);
    }
    worker_barrier(w);
}
static void run(const struct worker *w, const struct step *s)
{
    float *slots[1] = {w->arena};
    struct worker one = *w;
    one.slots = slots;
    one.n_slots = 1;
    run_slots(&one, s);
}
const struct step_type step_winograd = {.name = "winograd F(4x4,3x3)",
                                        .resolve = resolve,
                                        .weight_floats = weight_floats,
                                        .pack = pack,
                                        .run = run,
                                        .run_slots = run_slots};
