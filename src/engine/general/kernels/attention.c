/* softmax(scale q k + masks) v, as the clean-up finds it in exported graphs. Some rows of q at a time meet some columns
   of k at a time; sums are scaled anew where a larger score appears [Milakov, Gimelshein 2018; Dao et al. 2022], so
   that the scores never stand in memory as a whole. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/product.h"
#include "engine/general/kernels/smooth.h"
#include "engine/general/tables.h"

#include <string.h>

enum { ROWS = 32, COLUMNS = 256 }; /* of scores at once: 32 KiB */

/* Something that is broadcast to a stack of matrices: elements between neighbours, 0 where it is the same for all. */
struct beside {
    const void *data; /* NULL: there is none */
    int64_t row, column, step[SHAPE_RANK_MAX];
};
enum { SUMMANDS = 2 };
struct attention {
    const float *q;
    float *y;
    struct beside k, v, summand[SUMMANDS], condition;
    int64_t stacks, rows, keys, inner, width;
    int stack_rank;
    const int64_t *stack_dim;
    float scale, otherwise;
    bool is_kept; /* where the condition is true */
    int added_before;
    bool zeroes_rows;
};
struct running { /* per row of a tile: the largest score so far, and the sum of exponentials against it */
    float most[ROWS], sum[ROWS];
};

static int64_t place(const struct attention *a, const struct beside *b, int64_t stack, int64_t row, int64_t column)
{
    int64_t at = row * b->row + column * b->column;
    for (int i = a->stack_rank - 1; i >= 0; i--) {
        at += stack % a->stack_dim[i] * b->step[i];
        stack /= a->stack_dim[i];
    }
    return at;
}

static HOT void multiply(float *x, int64_t n, float by)
{
    EACH (i, n) x[i] *= by;
}

static HOT void scale_and_add(float *score, int64_t n, float scale, const float *mask, int64_t step)
{
    if (step)
        EACH (i, n) score[i] = score[i] * scale + mask[i];
    else
        EACH (i, n) score[i] = score[i] * scale + *mask;
}

static HOT void choose(float *score, int64_t n, const uint8_t *condition, int64_t step, bool keeps, float otherwise)
{
    if (step)
        EACH (i, n) score[i] = !condition[i] == keeps ? otherwise : score[i];
    else if (!*condition == keeps)
        EACH (i, n) score[i] = otherwise;
}

/* n products of one row and some keys become scores. */
static void prepare(const struct attention *a, int64_t stack, int64_t row, int64_t key, float *score, int64_t n)
{
    float scale = a->scale;
    for (int i = 0; i <= SUMMANDS; i++) {
        const struct beside *m = i < SUMMANDS && a->summand[i].data ? &a->summand[i] : NULL;
        bool chooses = a->condition.data && a->added_before == i;
        if (scale != 1 && (!m || chooses)) {
            multiply(score, n, scale);
            scale = 1;
        }
        if (chooses)
            choose(score, n, (const uint8_t *)a->condition.data + place(a, &a->condition, stack, row, key),
                   a->condition.column, a->is_kept, a->otherwise);
        if (m) scale_and_add(score, n, scale, (const float *)m->data + place(a, m, stack, row, key), m->column);
        scale = 1;
    }
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

static void finish(const struct attention *a, float sum, float *y)
{
    if (a->zeroes_rows && !(sum > 0))
        memset(y, 0, (size_t)a->width * sizeof *y);
    else
        multiply(y, a->width, 1 / sum);
}

/* Rows first to first + n of one stack. */
static void attend(const struct attention *a, int64_t stack, int64_t first, int64_t n)
{
    float score[ROWS * COLUMNS], *y = a->y + (stack * a->rows + first) * a->width;
    const float *q = a->q + (stack * a->rows + first) * a->inner;
    const float *k = (const float *)a->k.data + place(a, &a->k, stack, 0, 0);
    const float *v = (const float *)a->v.data + place(a, &a->v, stack, 0, 0);
    struct running r;
    for (int i = 0; i < ROWS; i++) r.most[i] = -INFINITY, r.sum[i] = 0;
    for (int64_t key = 0, columns; key < a->keys; key += columns) {
        columns = a->keys - key < COLUMNS ? a->keys - key : COLUMNS;
        product_run(DTYPE_F32, n, columns, a->inner, (struct matrix){q, a->inner, false},
                    (struct matrix){k + key, a->keys, false}, false, score, columns);
        for (int64_t i = 0; i < n; i++) {
            prepare(a, stack, first + i, key, score + i * columns, columns);
            weigh(&r, (int)i, score + i * columns, columns, y + i * a->width, a->width);
        }
        product_run(DTYPE_F32, n, a->width, columns, (struct matrix){score, columns, false},
                    (struct matrix){v + key * a->width, a->width, false}, key > 0, y, a->width);
    }
    for (int64_t i = 0; i < n; i++) finish(a, r.sum[i], y + i * a->width);
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

/* A stack of matrices beside q's: v's dimensions against those of q, of `rows` and `columns`. */
static bool read_beside(const struct call *c, const struct value *v, int64_t rows, int64_t columns, struct beside *b)
{
    const struct value *q = c->in[0];
    int64_t step = 1;
    *b = (struct beside){.data = v->data};
    if (v->rank > q->rank) return false;
    for (int i = v->rank - 1; i >= 0; i--) {
        int at = q->rank - v->rank + i;
        int64_t own = v->dim[i] == 1 ? 0 : step;
        int64_t full = at == q->rank - 1 ? columns : at == q->rank - 2 ? rows : q->dim[at];
        if (v->dim[i] != 1 && v->dim[i] != full) return false;
        if (at == q->rank - 1)
            b->column = own;
        else if (at == q->rank - 2)
            b->row = own;
        else
            b->step[at] = own;
        step *= v->dim[i];
    }
    return true;
}

static gable_status read_factors(struct call *c, struct attention *a)
{
    const struct value *q = c->in[0], *k = c->in[1], *v = c->in[2];
    int rank = q->rank;
    if (q->dtype != DTYPE_F32 || k->dtype != DTYPE_F32 || v->dtype != DTYPE_F32)
        return call_refuse(c, "takes f32, not %s, %s and %s", dtype_name(q->dtype), dtype_name(k->dtype),
                           dtype_name(v->dtype));
    bool fits = rank >= 2 && k->rank >= 2 && v->rank >= 2 && q->dim[rank - 1] == k->dim[k->rank - 2] &&
                k->dim[k->rank - 1] == v->dim[v->rank - 2];
    if (!fits || !read_beside(c, k, k->dim[k->rank - 2], k->dim[k->rank - 1], &a->k) ||
        !read_beside(c, v, v->dim[v->rank - 2], v->dim[v->rank - 1], &a->v))
        return call_refuse(c, "the factors' dimensions do not match");
    a->q = q->data;
    a->stack_rank = rank - 2;
    a->stack_dim = q->dim;
    a->stacks = value_count(q, 0, rank - 2);
    a->rows = q->dim[rank - 2];
    a->inner = q->dim[rank - 1];
    a->keys = k->dim[k->rank - 1];
    a->width = v->dim[v->rank - 1];
    return GABLE_OK;
}

static gable_status read_mask(struct call *c, const struct attention *a, int input, enum dtype d, struct beside *out)
{
    if (!call_has(c, input)) return GABLE_OK;
    if (c->in[input]->dtype == d && read_beside(c, c->in[input], a->rows, a->keys, out)) return GABLE_OK;
    return call_refuse(c, "the mask in input %d does not fit the scores", input);
}

static gable_status read_operands(struct call *c, struct attention *a)
{
    gable_status s = read_factors(c, a);
    for (int i = 0; i < SUMMANDS && !s; i++) s = read_mask(c, a, 3 + i, DTYPE_F32, &a->summand[i]);
    return s ? s : read_mask(c, a, 3 + SUMMANDS, DTYPE_BOOL, &a->condition);
}

static gable_status run_attention(struct call *c)
{
    struct attention a = {.scale = (float)node_float(c->node, "scale", 1),
                          .otherwise = (float)node_float(c->node, "otherwise", 0),
                          .is_kept = node_int(c->node, "is_kept", 1),
                          .added_before = (int)node_int(c->node, "added_before", 0),
                          .zeroes_rows = node_int(c->node, "zeroes_rows", 0)};
    int64_t dim[SHAPE_RANK_MAX];
    gable_status s = read_operands(c, &a);
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
