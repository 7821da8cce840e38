/* Attention by the matrix tiles: scores of some rows of a head in blocks of keys, which then are the first factor of
   the product with the values. */
#include "engine/cpu/lower.h"
#include "engine/cpu/worker.h"

static int place_of(const struct factor *f, int head, int channel) { return head * f->head_step + channel * f->step; }

static void resolve(struct plan *p, struct step *s)
{
    struct attention *c = &s->attention;
    int vl = p->kernels->vl;
    for (int i = 0; i < c->q.heads * c->q.channels; i++)
        c->off_q[i] = (int)place_at(p, c->q.l->place[place_of(&c->q, i / c->q.channels, i % c->q.channels)]);
    for (int i = 0; i < c->k.l->pixels; i++) c->off_k[i] = i / vl * c->chunk * vl + i % vl;
}

/* A product of `m` pixels with n columns that stand in panels of `wide` blocks; the result in blocks of chunk pixels.
 */
static void multiply(const struct kernels *k, const int *off, int n_off, const float *x, int m, const float *w, int n,
                     int chunk, float *out)
{
    static const float none[GEMM_BLOCKS * 16];
    int vl = k->vl, blocks = blocks_needed(n, vl);
    struct gemm g = {.off = off, .k = n_off, .step = vl, .block = (long)chunk * vl, .ahead = w};
    for (int b = 0, together; b < blocks; b += together, w += (long)n_off * together * vl) {
        together = blocks - b < k->wide ? blocks - b : k->wide;
        int tiles = (m + k->most_pixels[together] - 1) / k->most_pixels[together];
        for (int t = 0; t < tiles; t++) {
            long first = (long)m * t / tiles, last = (long)m * (t + 1) / tiles;
            (*k->gemm[GEMM_FLAT])[together][last - first](&g, x + first * vl, w, none, NULL,
                                                          out + b * g.block + first * vl);
        }
    }
}

/* Where column j of factor row i stands in such panels. */
static long column_at(const struct kernels *k, int rows, int n, int i, int j)
{
    int vl = k->vl, b = j / vl, first = b / k->wide * k->wide, left = blocks_needed(n, vl) - first;
    int together = left < k->wide ? left : k->wide;
    return (long)first * vl * rows + (long)i * together * vl + j - first * vl;
}
/* k, times the scale, [channel][key]; v [key][channel]. */
static void pack_keys(const struct worker *w, const struct attention *c, int head, float *to)
{
    const struct kernels *k = w->kernels;
    int keys = c->k.l->pixels;
    for (int i = 0; i < c->k.channels; i++) {
        const float *from = worker_place(w, c->k.l->place[place_of(&c->k, head, i)]);
        for (int block = 0; block < keys; block += k->vl) {
            float *at = to + column_at(k, c->k.channels, keys, i, block);
            for (int j = 0; j < k->vl; j++) at[j] = block + j < keys ? c->scale * from[(long)(block + j) * k->vl] : 0;
        }
    }
}
static void pack_values(const struct worker *w, const struct attention *c, int head, float *to)
{
    const struct kernels *k = w->kernels;
    int keys = c->k.l->pixels, width = blocks_needed(c->v.channels, k->vl) * k->vl;
    for (int j = 0; j < width; j++) {
        bool is_channel = j < c->v.channels;
        const float *from = worker_place(w, c->v.l->place[is_channel ? place_of(&c->v, head, j) : 0]);
        float *at = to + column_at(k, keys, c->v.channels, 0, j);
        long step = column_at(k, keys, c->v.channels, 1, j) - column_at(k, keys, c->v.channels, 0, j);
        for (int i = 0; i < keys; i++) at[i * step] = is_channel ? from[(long)i * k->vl] : 0;
    }
}
static void lay_head(const struct worker *w, const struct attention *c, int head, int row, int rows, const float *from)
{
    int vl = w->kernels->vl;
    for (int j = 0; j < c->v.channels; j++) {
        float *to = worker_place(w, c->out->place[head * c->v.channels + j]) + (long)row * vl;
        const float *at = from + (long)(j / vl) * c->chunk * vl + j % vl;
        for (int i = 0; i < rows; i++) to[(long)i * vl] = at[(long)i * vl];
    }
}

static void run(const struct worker *w, const struct step *s)
{
    const struct attention *c = &s->attention;
    const struct kernels *k = w->kernels;
    int vl = k->vl, rows = c->q.l->pixels, keys = c->k.l->pixels, blocks = blocks_needed(keys, vl), packed = -1;
    int chunks = (rows + c->chunk - 1) / c->chunk;
    float *of_k = w->scratch, *of_v = of_k + (long)c->k.channels * blocks * vl;
    float *scores = of_v + (long)keys * blocks_needed(c->v.channels, vl) * vl,
          *sums = scores + (long)blocks * vl * c->chunk;
    long first, last = worker_share(w, (long)c->q.heads * chunks, &first);
    for (long i = first; i < last; i++) {
        int head = (int)(i / chunks), row = (int)(i % chunks) * c->chunk,
            n = rows - row < c->chunk ? rows - row : c->chunk;
        if (head != packed) {
            pack_keys(w, c, head, of_k);
            pack_values(w, c, head, of_v);
            packed = head;
        }
        multiply(k, c->off_q + head * c->q.channels, c->q.channels, w->arena + (long)row * vl, n, of_k, keys, c->chunk,
                 scores);
        k->softmax(scores, (long)c->chunk * vl, blocks, keys - (blocks - 1) * vl, n, scores);
        multiply(k, c->off_k, keys, scores, n, of_v, c->v.channels, c->chunk, sums);
        lay_head(w, c, head, row, n, sums);
    }
    worker_barrier(w);
}
const struct step_type step_attention = {.name = "attention", .resolve = resolve, .run = run};
