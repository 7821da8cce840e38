/* Matrix products. */
#include "gradient/back.h"

enum { DET_MOST = 16 }; /* rows */

static void back_gemm(struct back *b)
{
    bool ta = node_int(b->n, "transA", 0), tb = node_int(b->n, "transB", 0);
    term dy = b->dy[0], scaled = dy, a = back_x(b, 0), w = back_x(b, 1);
    if (b->wants[0] || b->wants[1]) scaled = back_scaled(b, dy, node_float(b->n, "alpha", 1));
    if (b->wants[0])
        b->dx[0] = ta ? MAKE(b, "MatMul", tb ? back_swapped(b, w) : w, back_swapped(b, scaled))
                      : MAKE(b, "MatMul", scaled, tb ? w : back_swapped(b, w));
    if (b->wants[1])
        b->dx[1] = tb ? MAKE(b, "MatMul", back_swapped(b, scaled), ta ? back_swapped(b, a) : a)
                      : MAKE(b, "MatMul", ta ? a : back_swapped(b, a), scaled);
    if (b->n->n_in > 2 && b->wants[2])
        b->dx[2] = back_scaled(b, back_unbroadcast(b, dy, &back_x(b, 2)->shape), node_float(b->n, "beta", 1));
}

/* A vector as the matrix that it stands for: a row on the left, a column on the right. */
static term matrix(struct back *b, term x, bool is_left)
{
    if (x->shape.rank != 1) return x;
    const int64_t n = x->shape.dim[0], dim[] = {is_left ? 1 : n, is_left ? n : 1};
    return back_reshape(b, x, 2, dim);
}

/* The gradient of the product with the dimensions of 1 that vectors took away. */
static term whole(struct back *b)
{
    bool is_row = back_x(b, 0)->shape.rank == 1, is_column = back_x(b, 1)->shape.rank == 1;
    const struct shape *y = &b->dy[0]->shape;
    int64_t dim[SHAPE_RANK_MAX + 2];
    int rank = 0, stack = y->rank - !is_row - !is_column;
    for (int i = 0; i < stack; i++) dim[rank++] = y->dim[i];
    dim[rank++] = is_row ? 1 : y->dim[stack];
    dim[rank++] = is_column ? 1 : y->dim[y->rank - 1];
    return back_reshape(b, b->dy[0], rank, dim);
}

/* A stack times one matrix is one tall matrix times it: its gradient is one product. */
static term of_one_matrix(struct back *b, term a, term dy)
{
    int64_t k = a->shape.dim[a->shape.rank - 1], n = dy->shape.dim[dy->shape.rank - 1];
    term tall = back_reshape(b, a, 2, (const int64_t[]){tensor_elements(a) / (k ? k : 1), k});
    term rows = back_reshape(b, dy, 2, (const int64_t[]){tensor_elements(dy) / (n ? n : 1), n});
    return MAKE(b, "MatMul", back_swapped(b, tall), rows);
}

static void back_matmul(struct back *b)
{
    term a = matrix(b, back_x(b, 0), true), w = matrix(b, back_x(b, 1), false), dy = whole(b), da = NULL, dw = NULL;
    if (!a || !w || !dy) return;
    if (b->wants[0]) da = MAKE(b, "MatMul", dy, back_swapped(b, w));
    if (b->wants[1]) dw = w->shape.rank == 2 ? of_one_matrix(b, a, dy) : MAKE(b, "MatMul", back_swapped(b, a), dy);
    if (da) b->dx[0] = back_shaped(b, back_unbroadcast(b, da, &a->shape), back_x(b, 0));
    if (dw) b->dx[1] = back_shaped(b, back_unbroadcast(b, dw, &w->shape), back_x(b, 1));
}

/* Of n rows or columns, those without the i-th: n x (n - 1). */
static term all_but_one(struct back *b, int64_t n)
{
    int64_t index[DET_MOST * DET_MOST];
    for (int64_t i = 0, k = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            if (j != i) index[k++] = j;
    return back_reshape(b, back_ints(b, (int)(n * (n - 1)), index), 2, (const int64_t[]){n, n - 1});
}
static term taken(struct back *b, term x, term index, int axis)
{
    struct node *n = back_node(b, "Gather", 2, (const term[]){x, index}, 1);
    if (n) node_set_int(b->g, n, "axis", axis);
    return back_infer(b, n);
}
/* The cofactors: the determinants of what is left without a row and a column, of changing sign. */
static void back_det(struct back *b)
{
    const struct shape *x = &back_x(b, 0)->shape;
    int rank = x->rank, order[SHAPE_RANK_MAX + 2];
    int64_t n = x->dim[rank - 1], signs[DET_MOST * DET_MOST];
    if (n > DET_MOST || n < 1 || rank + 2 > SHAPE_RANK_MAX) {
        back_refuse(b, "of %lld rows it is not followed, at most %d are", (long long)n, DET_MOST);
        return;
    }
    for (int64_t i = 0; i < n * n; i++) signs[i] = (i / n + i % n) % 2 ? -1 : 1;
    for (int i = 0; i < rank; i++) order[i] = i;
    order[rank - 1] = rank; /* rows without one, columns without one, the rows, the columns */
    order[rank] = rank - 1;
    order[rank + 1] = rank + 1;
    term sign = back_as(b, back_reshape(b, back_ints(b, (int)(n * n), signs), 2, (const int64_t[]){n, n}), b->dtype);
    if (n > 1) {
        term left = taken(b, taken(b, back_x(b, 0), all_but_one(b, n), rank - 2), all_but_one(b, n), rank);
        sign = MAKE(b, "Mul", sign, MAKE(b, "Det", back_transpose(b, left, order)));
    }
    int64_t dim[SHAPE_RANK_MAX];
    for (int i = 0; i < rank; i++) dim[i] = i < rank - 2 ? x->dim[i] : 1;
    b->dx[0] = MAKE(b, "Mul", sign, back_reshape(b, b->dy[0], rank, dim));
}

const struct gradient_rule rules_product[] = {
    {"Gemm", DOMAIN_ONNX, .back = back_gemm, .words = "alpha dy b'; alpha a' dy; beta times the sum of dy"},
    {"MatMul", DOMAIN_ONNX, .back = back_matmul, .words = "dy b'; a' dy"},
    {"Det", DOMAIN_ONNX, .back = back_det, .words = "dy times the cofactors"},
    {0},
};
