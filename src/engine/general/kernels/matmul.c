/* MatMul and Gemm. */
#include "engine/general/kernels/bake.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/whole.h"
#include "engine/general/tables.h"

#include <inttypes.h>
#include <string.h>

/* NumPy's matmul: vectors count as a row in front or a column behind, leading dimensions broadcast. */
struct matmul {
    int64_t m, n, k;
    int batch_rank;
    int64_t batch[SHAPE_RANK_MAX], a_step[SHAPE_RANK_MAX], b_step[SHAPE_RANK_MAX]; /* elements; 0: broadcast */
};

static gable_status broadcast_batch(struct call *c, const struct value *a, const struct value *b, struct matmul *p)
{
    int a_rank = a->rank > 2 ? a->rank - 2 : 0, b_rank = b->rank > 2 ? b->rank - 2 : 0;
    int64_t a_step = p->m * p->k, b_step = p->k * p->n;
    p->batch_rank = a_rank > b_rank ? a_rank : b_rank;
    for (int i = p->batch_rank - 1; i >= 0; i--) {
        int at_a = i - (p->batch_rank - a_rank), at_b = i - (p->batch_rank - b_rank);
        int64_t da = at_a >= 0 ? a->dim[at_a] : 1, db = at_b >= 0 ? b->dim[at_b] : 1;
        if (da != db && da != 1 && db != 1)
            return call_refuse(c, "batches of %" PRId64 " and %" PRId64 " do not broadcast", da, db);
        p->batch[i] = da == 1 ? db : da;
        p->a_step[i] = da == 1 ? 0 : a_step;
        p->b_step[i] = db == 1 ? 0 : b_step;
        a_step *= da;
        b_step *= db;
    }
    return GABLE_OK;
}

static gable_status plan_matmul(struct call *c, const struct value *a, const struct value *b, struct matmul *p)
{
    if (a->rank < 1 || b->rank < 1) return call_refuse(c, "a scalar has no matrix product");
    if (a->dtype != b->dtype || !product_has(a->dtype))
        return call_refuse(c, "multiplies %s by %s; both must be f32, f64 or integers of 32 or 64 bits",
                           dtype_name(a->dtype), dtype_name(b->dtype));
    p->m = a->rank > 1 ? a->dim[a->rank - 2] : 1;
    p->k = a->dim[a->rank - 1];
    p->n = b->rank > 1 ? b->dim[b->rank - 1] : 1;
    int64_t rows = b->dim[b->rank > 1 ? b->rank - 2 : 0];
    if (rows != p->k)
        return call_refuse(c, "the inner dimensions are %" PRId64 " and %" PRId64 ", they must be equal", p->k, rows);
    return broadcast_batch(c, a, b, p);
}

/* Where one B serves the whole batch, its rows are those of one taller product. */
static void join_batch(struct matmul *p, int64_t *batches)
{
    for (int i = 0; i < p->batch_rank; i++)
        if (p->b_step[i] || (p->batch[i] > 1 && !p->a_step[i])) return;
    p->m *= *batches;
    *batches = 1;
}

/* The product's weights, packed; NULL where that is not worth it. */
static struct baked *bake(struct call *c, int64_t m, int64_t n, int64_t k, bool is_transposed, bool adds)
{
    enum { WORTH = 1 << 15 }; /* products */
    struct baked_product s;
    if (c->in[0]->dtype != DTYPE_F32 || (double)m * (double)n * (double)k < WORTH) return NULL;
    memset(&s, 0, sizeof s);
    s.m = m;
    s.n = n;
    s.k = k;
    s.is_transposed = is_transposed;
    s.adds = adds;
    return bake_product(c, &s);
}

/* Batch after batch; whole numbers in f32 become s32 where terms > 0. */
static gable_status multiply(struct call *c, const struct value *a, const struct value *b, int64_t terms)
{
    struct matmul p = {0};
    int64_t dim[SHAPE_RANK_MAX + 2], at[SHAPE_RANK_MAX] = {0}, batches = 1, a_at = 0, b_at = 0;
    gable_status s = plan_matmul(c, a, b, &p);
    if (s) return s;
    int rank = p.batch_rank;
    memcpy(dim, p.batch, sizeof p.batch);
    for (int i = 0; i < rank; i++) batches *= p.batch[i];
    if (a->rank > 1) dim[rank++] = p.m;
    if (b->rank > 1) dim[rank++] = p.n;
    s = call_make(c, 0, terms ? DTYPE_S32 : a->dtype, rank, dim);
    join_batch(&p, &batches);
    float *room = terms && !s ? call_scratch(c, (size_t)(p.m * p.n) * sizeof *room) : NULL;
    if (!s && terms && !room) s = operand_no_memory(c);
    if (s) return s;
    bool is_own = terms == 0 && batches == 1 && a == c->in[0] && b == c->in[1]; /* not a part of another operator */
    struct baked *baked = is_own ? bake(c, p.m, p.n, p.k, false, false) : NULL;
    if (baked) return bake_run(c, baked, a->data, NULL, c->out[0]->data);
    size_t bytes = value_element_bytes(a->dtype);
    for (int64_t i = 0; i < batches; i++) {
        struct matrix of_a = {(const char *)a->data + (size_t)a_at * bytes, p.k, false};
        struct matrix of_b = {(const char *)b->data + (size_t)b_at * bytes, p.n, false};
        char *y = (char *)c->out[0]->data + (size_t)(i * p.m * p.n) * value_element_bytes(c->out[0]->dtype);
        if (terms)
            product_whole(p.m, p.n, p.k, of_a, of_b, terms, (int32_t *)y, p.n, room);
        else
            product_run(a->dtype, p.m, p.n, p.k, of_a, of_b, false, y, p.n);
        for (int d = p.batch_rank - 1; d >= 0; d--) { /* the next batch, like an odometer */
            a_at += p.a_step[d];
            b_at += p.b_step[d];
            if (++at[d] < p.batch[d]) break;
            a_at -= p.a_step[d] * p.batch[d];
            b_at -= p.b_step[d] * p.batch[d];
            at[d] = 0;
        }
    }
    return GABLE_OK;
}
static gable_status run_matmul(struct call *c) { return multiply(c, c->in[0], c->in[1], 0); }

gable_status matmul_whole(struct call *c, const struct value *a, const struct value *b, int64_t terms, struct value *y)
{
    struct call inner = *c;
    struct value *const out[] = {y};
    inner.out = out;
    inner.n_out = 1;
    return multiply(&inner, a, b, terms);
}

/* Y = C broadcast to m x n, or 0. */
static gable_status fill_gemm(struct call *c, int64_t m, int64_t n, double beta)
{
    struct value *y = c->out[0];
    if (!call_has(c, 2) || beta == 0) {
        memset(y->data, 0, (size_t)y->n * value_element_bytes(y->dtype));
        return GABLE_OK;
    }
    const struct value *add = c->in[2];
    int64_t columns = add->rank > 0 ? add->dim[add->rank - 1] : 1, rows = add->rank > 1 ? add->dim[add->rank - 2] : 1;
    if (add->dtype != y->dtype || add->rank > 2 || (columns != 1 && columns != n) || (rows != 1 && rows != m))
        return call_refuse(c, "C does not broadcast to %" PRId64 " x %" PRId64, m, n);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            int64_t from = (rows == 1 ? 0 : i) * columns + (columns == 1 ? 0 : j), to = i * n + j;
            if (y->dtype == DTYPE_F32)
                ((float *)y->data)[to] = (float)beta * ((const float *)add->data)[from];
            else if (y->dtype == DTYPE_F64)
                ((double *)y->data)[to] = beta * ((const double *)add->data)[from];
            else if (value_element_bytes(y->dtype) == 4)
                ((uint32_t *)y->data)[to] = (uint32_t)((int64_t)beta * value_int(add, from));
            else
                ((uint64_t *)y->data)[to] = (uint64_t)((int64_t)beta * value_int(add, from));
        }
    return GABLE_OK;
}

/* alpha A, where alpha is not 1. */
static gable_status scale(struct call *c, const struct value *a, double alpha, struct value *out)
{
    if (alpha == 1) {
        *out = *a;
        return GABLE_OK;
    }
    gable_status s = call_temporary(c, a->dtype, a->rank, a->dim, out);
    for (int64_t i = 0; i < a->n && !s; i++) {
        if (a->dtype == DTYPE_F32)
            ((float *)out->data)[i] = (float)alpha * ((const float *)a->data)[i];
        else if (a->dtype == DTYPE_F64)
            ((double *)out->data)[i] = alpha * ((const double *)a->data)[i];
        else
            return call_refuse(c, "alpha must be 1 for %s", dtype_name(a->dtype));
    }
    return s;
}

static gable_status run_gemm(struct call *c)
{
    const struct value *a = c->in[0], *b = c->in[1];
    bool flip_a = node_int(c->node, "transA", 0) != 0, flip_b = node_int(c->node, "transB", 0) != 0;
    if (a->rank != 2 || b->rank != 2 || a->dtype != b->dtype || !product_has(a->dtype))
        return call_refuse(c, "A and B must be matrices of one type (f32, f64, integers of 32 or 64 bits)");
    int64_t dim[2] = {a->dim[flip_a], b->dim[!flip_b]}, k = a->dim[!flip_a];
    if (b->dim[flip_b] != k)
        return call_refuse(c, "the inner dimensions are %" PRId64 " and %" PRId64 ", they must be equal", k,
                           b->dim[flip_b]);
    struct value scaled;
    gable_status s = scale(c, a, node_float(c->node, "alpha", 1), &scaled);
    if (!s) s = call_make(c, 0, a->dtype, 2, dim);
    if (!s) s = fill_gemm(c, dim[0], dim[1], node_float(c->node, "beta", 1));
    if (s) return s;
    struct baked *baked = flip_a ? NULL : bake(c, dim[0], dim[1], k, flip_b, true);
    if (baked) return bake_run(c, baked, scaled.data, NULL, c->out[0]->data);
    product_run(a->dtype, dim[0], dim[1], k, (struct matrix){scaled.data, a->dim[1], flip_a},
                (struct matrix){b->data, b->dim[1], flip_b}, true, c->out[0]->data, dim[1]);
    return GABLE_OK;
}

const struct kernel kernels_matmul[] = {
    {.op = "MatMul", .domain = "", .run = run_matmul, .free_state = bake_free, .in_f32 = true},
    {.op = "Gemm", .domain = "", .run = run_gemm, .free_state = bake_free, .in_f32 = true},
    {0},
};
