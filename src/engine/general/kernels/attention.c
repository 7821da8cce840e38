/* softmax(scale q k + mask) v, as the clean-up finds it in exported graphs. Some rows of q at a time meet some columns
   of k at a time; sums are scaled anew where a larger score appears [Milakov, Gimelshein 2018; Dao et al. 2022], so
   that the scores never stand in memory as a whole. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/product.h"
#include "engine/general/kernels/smooth.h"
#include "engine/general/tables.h"

#include <string.h>

enum { ROWS = 32, COLUMNS = 256 }; /* of scores at once: 32 KiB */

struct attention {
    const float *q, *k, *v;
    float *y;
    const struct value *mask; /* or NULL */
    int64_t stacks, rows, keys, inner, width;
    int64_t mask_row, mask_key, mask_step[SHAPE_RANK_MAX]; /* elements; 0: broadcast */
    int stack_rank;
    const int64_t *stack_dim;
    float scale;
};
struct running { /* per row of a tile: the largest score so far, and the sum of exponentials against it */
    float most[ROWS], sum[ROWS];
};

static const float *mask_at(const struct attention *a, int64_t stack, int64_t row, int64_t key)
{
    int64_t at = row * a->mask_row + key * a->mask_key;
    for (int i = a->stack_rank - 1; i >= 0; i--) {
        at += stack % a->stack_dim[i] * a->mask_step[i];
        stack /= a->stack_dim[i];
    }
    return (const float *)a->mask->data + at;
}

static HOT void prepare(float *score, int64_t n, float scale, const float *mask, int64_t step)
{
    if (!mask)
        EACH (i, n) score[i] *= scale;
    else if (step)
        EACH (i, n) score[i] = score[i] * scale + mask[i];
    else
        EACH (i, n) score[i] = score[i] * scale + *mask;
}

static HOT float largest(const float *x, int64_t n, float most)
{
    float best[16];
    for (int j = 0; j < 16; j++) best[j] = most;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        SIDE_BY_SIDE (j, 16) best[j] = x[i + j] > best[j] ? x[i + j] : best[j];
    for (; i < n; i++) best[0] = x[i] > best[0] ? x[i] : best[0];
    for (int j = 1; j < 16; j++) best[0] = best[j] > best[0] ? best[j] : best[0];
    return best[0];
}

/* exp(x - most) in place; their sum. */
static HOT float exponentials(float *x, int64_t n, float most)
{
    float sum[16] = {0};
    EACH (i, n) x[i] = smooth_exp(x[i] - most);
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        SIDE_BY_SIDE (j, 16) sum[j] += x[i + j];
    for (; i < n; i++) sum[0] += x[i];
    for (int j = 1; j < 16; j++) sum[0] += sum[j];
    return sum[0];
}

static HOT void multiply(float *x, int64_t n, float by)
{
    EACH (i, n) x[i] *= by;
}

/* One row of a tile of scores becomes its factors of v's rows; what the row has summed so far is scaled to them. */
static void weigh(struct running *r, int row, float *score, int64_t n, float *y, int64_t width)
{
    float before = r->most[row], most = largest(score, n, before);
    if (most == -INFINITY) most = 0; /* all are masked so far: exp(-inf) is 0 */
    if (before != -INFINITY && most > before) {
        float down = smooth_exp(before - most);
        r->sum[row] *= down;
        multiply(y, width, down);
    }
    float sum = exponentials(score, n, most);
    r->sum[row] += sum;
    r->most[row] = most == 0 && before == -INFINITY && sum == 0 ? -INFINITY : most;
}

/* Rows first to first + n of one stack. */
static void attend(const struct attention *a, int64_t stack, int64_t first, int64_t n)
{
    float score[ROWS * COLUMNS], *y = a->y + (stack * a->rows + first) * a->width;
    const float *q = a->q + (stack * a->rows + first) * a->inner, *k = a->k + stack * a->inner * a->keys;
    const float *v = a->v + stack * a->keys * a->width;
    struct running r;
    for (int i = 0; i < ROWS; i++) r.most[i] = -INFINITY, r.sum[i] = 0;
    for (int64_t key = 0, columns; key < a->keys; key += columns) {
        columns = a->keys - key < COLUMNS ? a->keys - key : COLUMNS;
        product_run(DTYPE_F32, n, columns, a->inner, (struct matrix){q, a->inner, false},
                    (struct matrix){k + key, a->keys, false}, false, score, columns);
        for (int64_t i = 0; i < n; i++) {
            prepare(score + i * columns, columns, a->scale, a->mask ? mask_at(a, stack, first + i, key) : NULL,
                    a->mask_key);
            weigh(&r, (int)i, score + i * columns, columns, y + i * a->width, a->width);
        }
        product_run(DTYPE_F32, n, a->width, columns, (struct matrix){score, columns, false},
                    (struct matrix){v + key * a->width, a->width, false}, key > 0, y, a->width);
    }
    for (int64_t i = 0; i < n; i++) multiply(y + i * a->width, a->width, 1 / r.sum[i]);
}

static void attend_tiles(void *arg, int64_t first, int64_t end)
{
    const struct attention *a = arg;
    int64_t tiles = (a->rows + ROWS - 1) / ROWS;
    for (int64_t i = first; i < end; i++) {
        int64_t row = i % tiles * ROWS, left = a->rows - row;
        attend(a, i / tiles, row, left < ROWS ? left : ROWS);
    }
}

static gable_status read_factors(struct call *c, struct attention *a)
{
    const struct value *q = c->in[0], *k = c->in[1], *v = c->in[2];
    int rank = q->rank;
    if (q->dtype != DTYPE_F32 || k->dtype != DTYPE_F32 || v->dtype != DTYPE_F32)
        return call_refuse(c, "takes f32, not %s, %s and %s", dtype_name(q->dtype), dtype_name(k->dtype),
                           dtype_name(v->dtype));
    bool fits = rank >= 2 && k->rank == rank && v->rank == rank && q->dim[rank - 1] == k->dim[rank - 2] &&
                k->dim[rank - 1] == v->dim[rank - 2];
    for (int i = 0; i < rank - 2 && fits; i++) fits = q->dim[i] == k->dim[i] && q->dim[i] == v->dim[i];
    if (!fits) return call_refuse(c, "the factors' dimensions do not match");
    a->q = q->data;
    a->k = k->data;
    a->v = v->data;
    a->stack_rank = rank - 2;
    a->stack_dim = q->dim;
    a->stacks = value_count(q, 0, rank - 2);
    a->rows = q->dim[rank - 2];
    a->inner = q->dim[rank - 1];
    a->keys = k->dim[rank - 1];
    a->width = v->dim[rank - 1];
    return GABLE_OK;
}

static gable_status read_mask(struct call *c, struct attention *a)
{
    const struct value *m = c->in[3];
    int rank = a->stack_rank + 2;
    int64_t step = 1;
    if (m->dtype != DTYPE_F32 || m->rank > rank) return call_refuse(c, "the mask does not fit the scores");
    a->mask = m;
    for (int i = m->rank - 1; i >= 0; i--) {
        int at = rank - m->rank + i;
        int64_t own = m->dim[i] == 1 ? 0 : step, full = at == rank - 1 ? a->keys : c->in[0]->dim[at];
        if (m->dim[i] != 1 && m->dim[i] != full) return call_refuse(c, "the mask does not fit the scores");
        if (at == rank - 1)
            a->mask_key = own;
        else if (at == rank - 2)
            a->mask_row = own;
        else
            a->mask_step[at] = own;
        step *= m->dim[i];
    }
    return GABLE_OK;
}

static gable_status run_attention(struct call *c)
{
    struct attention a = {.scale = (float)node_float(c->node, "scale", 1)};
    int64_t dim[SHAPE_RANK_MAX];
    gable_status s = read_factors(c, &a);
    if (!s && call_has(c, 3)) s = read_mask(c, &a);
    if (s) return s;
    for (int i = 0; i < c->in[0]->rank; i++) dim[i] = c->in[0]->dim[i];
    dim[c->in[0]->rank - 1] = a.width;
    s = call_make(c, 0, DTYPE_F32, c->in[0]->rank, dim);
    if (s || c->out[0]->n == 0) return s;
    a.y = c->out[0]->data;
    if (a.keys == 0) {
        memset(a.y, 0, (size_t)c->out[0]->n * sizeof *a.y);
        return GABLE_OK;
    }
    call_parallel(c, a.stacks * ((a.rows + ROWS - 1) / ROWS), 1, attend_tiles, &a);
    return GABLE_OK;
}

const struct kernel kernels_attention[] = {
    {.op = "Attention", .domain = "ai.gable", .run = run_attention, .in_f32 = true},
    {0},
};
