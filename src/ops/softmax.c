/* Softmax and its kin, along one axis. */
#include "ops/families.h"
#include "ops/gradient.h"

static gable_status softmax_shape(struct graph *g, struct node *n, gable_error *e)
{
    int axis = 0;
    gable_status s = rule_rank(n, 0, 1, e);
    if (!s) s = rule_axis(n, -1, in_shape(n, 0)->rank, &axis, e);
    return s ? s : rule_same(g, n, e);
}

/* per row of n: n - 1 comparisons, n subtractions, n exponentials, n - 1 additions, n divisions: 5n - 2;
   LogSoftmax: n - 1, n, n, n - 1, one logarithm, n subtractions: 5n - 1 */
static struct cost softmax_cost(const struct node *n)
{
    const struct shape *x = in_shape(n, 0);
    int64_t axis = node_int(n, "axis", -1), length = x->dim[axis < 0 ? axis + x->rank : axis];
    count elements = tensor_elements(n->in[0]);
    if (length == 0 || elements == COUNT_MAX) return cost_flops(elements);
    return cost_flops(count_add(count_mul(5, elements), -(count)n->op->per_element * (elements / length)));
}

/* y (dy - sum dy y): n products, n - 1 sums, n subtractions, n products; LogSoftmax: dy - exp(y) sum dy: n - 1 sums, n
   exponentials, n products, n subtractions: 4n - 1 per row both */
static struct cost softmax_gradient(const struct node *n, int input)
{
    (void)input;
    const struct shape *x = in_shape(n, 0);
    int64_t axis = node_int(n, "axis", -1), length = x->dim[axis < 0 ? axis + x->rank : axis];
    count elements = tensor_elements(n->in[0]);
    if (length == 0 || elements == COUNT_MAX) return cost_flops(elements);
    return cost_flops(count_add(count_mul(4, elements), -(elements / length)));
}

/* n - 1 comparisons per row */
static struct cost hardmax_cost(const struct node *n)
{
    const struct shape *x = in_shape(n, 0);
    int64_t axis = node_int(n, "axis", -1), length = x->dim[axis < 0 ? axis + x->rank : axis];
    count elements = tensor_elements(n->in[0]);
    return cost_flops(length == 0 || elements == COUNT_MAX ? elements : elements - elements / length);
}

#define ROW(op, off, how)                                                                               \
    {                                                                                                   \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {1, 1}, .outputs = {1, 1}, .shape = softmax_shape, \
        .cost = softmax_cost, .kind = KIND_ACTIVATION, .per_element = off, .formula = how, .train = {   \
            .gradient = softmax_gradient,                                                               \
            .keep = KEEP_OUTPUT,                                                                        \
            .formula = "4n - 1 per row of n"                                                            \
        }                                                                                               \
    }

const struct op softmax_ops[] = {
    ROW("Softmax", 2, "5n - 2 per row of n: largest, subtract, exp, sum, divide"),
    ROW("LogSoftmax", 1, "5n - 1 per row of n: largest, subtract, exp, sum, log, subtract"),
    {.name = "Hardmax",
     .domain = DOMAIN_ONNX,
     .inputs = {1, 1},
     .outputs = {1, 1},
     .shape = softmax_shape,
     .cost = hardmax_cost,
     .kind = KIND_OTHER,
     .formula = "n - 1 comparisons per row of n",
     .train = {.formula = "none: its slope is 0"}},
    {0},
};
