/* Matrix products: Gemm and MatMul. */
#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>
#include <string.h>

/* y[M x N] = alpha * a'[M x K] * b'[K x N] + beta * c, ' by transA, transB */
static gable_status gemm_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *a = in_shape(n, 0), *b = in_shape(n, 1);
    int64_t ta = 0, tb = 0;
    gable_status s = rule_int(n, "transA", 0, 0, 1, &ta, e);
    if (!s) s = rule_int(n, "transB", 0, 0, 1, &tb, e);
    if (s) return s;
    if (a->rank != 2 || b->rank != 2)
        return error_set(e, GABLE_BAD_INPUT, "the factors have %d and %d dimensions, both must have 2", a->rank,
                         b->rank);
    if (a->dim[!ta] != b->dim[tb])
        return error_set(e, GABLE_BAD_INPUT, "the inner dimensions %" PRId64 " and %" PRId64 " differ", a->dim[!ta],
                         b->dim[tb]);
    const int64_t dim[] = {a->dim[ta], b->dim[!tb]};
    if (rule_has(n, 2)) { /* c is broadcast to the result, never the other way round */
        const struct shape *c = in_shape(n, 2);
        for (int i = 0; i < c->rank; i++) {
            int k = 2 - c->rank + i;
            if (k < 0 || (c->dim[i] != 1 && c->dim[i] != dim[k]))
                return error_set(e, GABLE_BAD_INPUT, "the bias does not fit the %" PRId64 " x %" PRId64 " result",
                                 dim[0], dim[1]);
        }
    }
    return rule_output(g, n, 0, n->in[0]->dtype, 2, dim, e);
}

static struct cost gemm_cost(const struct node *n)
{
    count outputs = tensor_elements(n->out[0]);
    count inner = in_shape(n, 0)->dim[!node_int(n, "transA", 0)];
    count macs = count_mul(outputs, inner), extra = 0;
    if (node_float(n, "alpha", 1) != 1) extra = count_add(extra, outputs);
    if (rule_has(n, 2)) {
        extra = count_add(extra, outputs);
        if (node_float(n, "beta", 1) != 1) extra = count_add(extra, tensor_elements(n->in[2]));
    }
    return (struct cost){macs, count_add(count_mul(2, macs), extra)};
}

/* Leading dimensions of a and b broadcast against each other into dim[0..rank-3]. */
static gable_status broadcast_stack(const struct shape *a, const struct shape *b, int rank, int64_t *dim,
                                    gable_error *e)
{
    for (int i = 0; i < rank - 2; i++) {
        int ia = i - (rank - a->rank), ib = i - (rank - b->rank);
        int64_t da = ia < 0 ? 1 : a->dim[ia], db = ib < 0 ? 1 : b->dim[ib];
        if (da != db && da != 1 && db != 1)
            return error_set(e, GABLE_BAD_INPUT, "the stacks of matrices (%" PRId64 " and %" PRId64 ") do not match",
                             da, db);
        dim[i] = da == 1 ? db : da;
    }
    return GABLE_OK;
}

static int second_factor(const struct node *n) { return !strcmp(n->op_type, "QLinearMatMul") ? 3 : 1; }

static enum dtype matmul_dtype(const struct node *n)
{
    if (!strcmp(n->op_type, "MatMulInteger")) return DTYPE_S32;
    return n->in[!strcmp(n->op_type, "QLinearMatMul") ? 7 : 0]->dtype;
}

/* NumPy's matmul: a vector on the left is a row, on the right a column, and its dimension of 1 is dropped again. */
static gable_status matmul_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *a = in_shape(n, 0), *b = in_shape(n, second_factor(n));
    if (a->rank < 1 || b->rank < 1) return error_set(e, GABLE_BAD_INPUT, "a scalar has no matrix product");
    int64_t inner_a = a->dim[a->rank - 1], inner_b = b->dim[b->rank > 1 ? b->rank - 2 : 0];
    if (inner_a != inner_b)
        return error_set(e, GABLE_BAD_INPUT, "the inner dimensions %" PRId64 " and %" PRId64 " differ", inner_a,
                         inner_b);
    int wide = a->rank > b->rank ? a->rank : b->rank;
    int rank = wide > 2 ? wide - 2 : 0;
    int64_t dim[SHAPE_RANK_MAX + 2];
    gable_status s = broadcast_stack(a, b, wide, dim, e);
    if (a->rank > 1) dim[rank++] = a->dim[a->rank - 2];
    if (b->rank > 1) dim[rank++] = b->dim[b->rank - 1];
    return s ? s : rule_output(g, n, 0, matmul_dtype(n), rank, dim, e);
}

static struct cost matmul_cost(const struct node *n)
{
    const struct shape *a = in_shape(n, 0);
    count macs = count_mul(tensor_elements(n->out[0]), a->dim[a->rank - 1]);
    return (struct cost){macs, count_mul(2, macs)};
}

/* Back to integers: divide, round, add, saturate. */
static struct cost qlinear_matmul_cost(const struct node *n)
{
    return cost_add(matmul_cost(n), cost_flops(count_mul(4, tensor_elements(n->out[0]))));
}

static gable_status det_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    if (x->rank < 2 || x->dim[x->rank - 1] != x->dim[x->rank - 2])
        return error_set(e, GABLE_BAD_INPUT, "the matrices must be square");
    return rule_output(g, n, 0, n->in[0]->dtype, x->rank - 2, x->dim, e);
}

/* Elimination of n x n: for each of n - 1 pivots, of the m = n - 1, ..., 1 rows below m divisions, m^2 products and as
   many subtractions; then n - 1 products of the diagonal. */
static struct cost det_cost(const struct node *n)
{
    const struct shape *x = in_shape(n, 0);
    count size = x->dim[x->rank - 1];
    if (size < 1 || size > 1 << 20) return cost_flops(size < 1 ? 0 : COUNT_MAX);
    count each = size * (size - 1) / 2 + (size - 1) * size * (2 * size - 1) / 3 + size - 1;
    return cost_flops(count_mul(each, tensor_elements(n->out[0])));
}

/* a: dy b'; b: a' dy: the forward's products each, with alpha applied to the gradient of the output; the bias sums what
   broadcasting repeated, times beta. */
static struct cost gemm_gradient(const struct node *n, int input)
{
    count outputs = tensor_elements(n->out[0]), macs = gemm_cost(n).macs;
    if (input == 2) {
        count bias = tensor_elements(n->in[2]);
        return cost_flops(count_add(gradient_sums(outputs, bias), node_float(n, "beta", 1) != 1 ? bias : 0));
    }
    return (struct cost){macs, count_add(count_mul(2, macs), node_float(n, "alpha", 1) != 1 ? outputs : 0)};
}

/* A stack of matrices that was repeated has its gradients summed. */
static count stack_elements(const struct node *n, int input)
{
    const struct shape *a = in_shape(n, 0), *b = in_shape(n, 1), *y = out_shape(n, 0);
    count rows = a->rank > 1 ? a->dim[a->rank - 2] : 1, columns = b->rank > 1 ? b->dim[b->rank - 1] : 1;
    int own = (a->rank > 1) + (b->rank > 1);
    count stack = 1, inner = a->dim[a->rank - 1];
    for (int i = 0; i < y->rank - own; i++) stack = count_mul(stack, y->dim[i]);
    return count_mul(count_mul(stack, inner), input ? columns : rows);
}

static struct cost matmul_gradient(const struct node *n, int input)
{
    count macs = matmul_cost(n).macs, sums = gradient_sums(stack_elements(n, input), tensor_elements(n->in[input]));
    return (struct cost){macs, count_add(count_mul(2, macs), sums)};
}

/* dy y x^-T */
static struct cost det_gradient(const struct node *n, int input)
{
    (void)input;
    const struct shape *x = in_shape(n, 0);
    count size = x->dim[x->rank - 1], square = count_mul(size, size), each = count_mul(2, count_mul(square, size));
    return cost_flops(count_mul(tensor_elements(n->out[0]), count_add(each, count_add(square, 1))));
}

const struct op product_ops[] = {
    {.name = "Gemm",
     .domain = DOMAIN_ONNX,
     .inputs = {2, 3},
     .outputs = {1, 1},
     .shape = gemm_shape,
     .cost = gemm_cost,
     .kind = KIND_LINEAR,
     .formula = "2 x M x N x K, + M x N with a bias, + M x N where alpha is not 1, + the bias where beta is not 1",
     .train = {.gradient = gemm_gradient,
               .keep = KEEP_FACTOR,
               .formula = "each factor: 2 x forward MACs, + M x N where alpha is not 1; bias: outputs - its elements, "
                          "+ its elements where beta is not 1"}},
    {.name = "MatMul",
     .domain = DOMAIN_ONNX,
     .inputs = {2, 2},
     .outputs = {1, 1},
     .shape = matmul_shape,
     .cost = matmul_cost,
     .kind = KIND_LINEAR,
     .formula = "2 x outputs x K",
     .train = {.gradient = matmul_gradient,
               .keep = KEEP_FACTOR,
               .formula = "each factor: 2 x forward MACs, + sums over a repeated stack"}},
    {.name = "QLinearMatMul",
     .domain = DOMAIN_ONNX,
     .inputs = {8, 8},
     .outputs = {1, 1},
     .shape = matmul_shape,
     .cost = qlinear_matmul_cost,
     .kind = KIND_LINEAR,
     .formula = "2 x outputs x K, + 4 per output: divide, round, add, saturate",
     .train = {.formula = "none: integers"}},
    {.name = "MatMulInteger",
     .domain = DOMAIN_ONNX,
     .inputs = {2, 4},
     .outputs = {1, 1},
     .shape = matmul_shape,
     .cost = matmul_cost,
     .kind = KIND_LINEAR,
     .formula = "2 x outputs x K",
     .train = {.formula = "none: integers"}},
    {.name = "Det",
     .domain = DOMAIN_ONNX,
     .inputs = {1, 1},
     .outputs = {1, 1},
     .shape = det_shape,
     .cost = det_cost,
     .kind = KIND_OTHER,
     .formula = "per n x n: n (n - 1) / 2 + n (n - 1) (2n - 1) / 3 + n - 1: elimination",
     .train = {.gradient = det_gradient,
               .keep = KEEP_BOTH,
               .formula = "per n x n: 2n^3 + n^2 + 1: the inverse, times dy y"}},
    {0},
};
