/* Operators that treat every element alike: only their numbers differ. One function evaluation (exp, log, sqrt, erf,
   tanh, ...), one comparison and one selection count as one FLOP each. */
#include "ops/families.h"
#include "ops/rule.h"

static gable_status same_shape(struct graph *g, struct node *n, gable_error *e) { return rule_same(g, n, e); }

static gable_status clip_shape(struct graph *g, struct node *n, gable_error *e)
{
    for (int i = 1; i < n->n_in; i++)
        if (rule_has(n, i) && tensor_elements(n->in[i]) != 1)
            return error_set(e, GABLE_BAD_INPUT, "bound %d must be one value", i);
    return rule_same(g, n, e);
}

static gable_status broadcast_to(struct graph *g, struct node *n, enum dtype d, gable_error *e)
{
    int rank = 0;
    int64_t dim[SHAPE_RANK_MAX];
    gable_status s = rule_broadcast(n, &rank, dim, e);
    return s ? s : rule_output(g, n, 0, d, rank, dim, e);
}

static gable_status broadcast_shape(struct graph *g, struct node *n, gable_error *e)
{
    return broadcast_to(g, n, n->in[0]->dtype, e);
}

static gable_status compare_shape(struct graph *g, struct node *n, gable_error *e)
{
    return broadcast_to(g, n, DTYPE_BOOL, e);
}

static gable_status where_shape(struct graph *g, struct node *n, gable_error *e)
{
    return broadcast_to(g, n, n->in[1]->dtype, e);
}

/* Swish computes x * sigmoid(alpha * x): one product more where alpha is not 1. */
static struct cost swish_cost(const struct node *n)
{
    count per_element = n->op->per_element + (node_float(n, "alpha", 1) != 1);
    return cost_flops(count_mul(per_element, tensor_elements(n->out[0])));
}

/* One comparison for each bound that is there: a second input and a third, or in old opsets two attributes. */
static struct cost clip_cost(const struct node *n)
{
    count bounds = rule_has(n, 1) + rule_has(n, 2) + !!node_attribute(n, "min") + !!node_attribute(n, "max");
    return cost_flops(count_mul(bounds, tensor_elements(n->out[0])));
}

/* k inputs are joined by k - 1 operations; Mean divides once more. */
static struct cost join_cost(const struct node *n)
{
    count joins = n->n_in - 1 + n->op->per_element;
    return cost_flops(count_mul(joins, tensor_elements(n->out[0])));
}

#define ROW_COMMON(op, least, most, rule, costs, is, flops, how) \
    {.name = op,                                                 \
     .domain = DOMAIN_ONNX,                                      \
     .inputs = {least, most},                                    \
     .outputs = {1, 1},                                          \
     .shape = rule,                                              \
     .cost = costs,                                              \
     .kind = is,                                                 \
     .is_elementwise = true,                                     \
     .per_element = flops,                                       \
     .formula = how},

#define UNARY(X) /* ONNX name, FLOPs per element, kind, what they are */                                            \
    X(Relu, 1, ACTIVATION, "1 per element: compare")                                                                \
    X(LeakyRelu, 2, ACTIVATION, "2 per element: compare, multiply")                                                 \
    X(ThresholdedRelu, 1, ACTIVATION, "1 per element: compare")                                                     \
    X(Elu, 4, ACTIVATION, "4 per element: compare, exp, subtract, multiply")                                        \
    X(Selu, 5, ACTIVATION, "5 per element: Elu's four, multiply")                                                   \
    X(Celu, 5, ACTIVATION, "5 per element: divide, exp, subtract, multiply, compare")                               \
    X(Sigmoid, 4, ACTIVATION, "4 per element: negate, exp, add, divide")                                            \
    X(HardSigmoid, 4, ACTIVATION, "4 per element: multiply, add, two comparisons")                                  \
    X(HardSwish, 5, ACTIVATION, "5 per element: HardSigmoid's four, multiply")                                      \
    X(Tanh, 1, ACTIVATION, "1 per element: one function evaluation")                                                \
    X(Softplus, 3, ACTIVATION, "3 per element: exp, add, log")                                                      \
    X(Softsign, 3, ACTIVATION, "3 per element: absolute value, add, divide")                                        \
    X(Mish, 5, ACTIVATION, "5 per element: Softplus's three, tanh, multiply")                                       \
    X(Gelu, 5, ACTIVATION, "5 per element: scale, erf, add, multiply, halve")                                       \
    X(Abs, 1, ELEMENTWISE, "1 per element")                                                                         \
    X(Neg, 1, ELEMENTWISE, "1 per element")                                                                         \
    X(Exp, 1, ELEMENTWISE, "1 per element")                                                                         \
    X(Log, 1, ELEMENTWISE, "1 per element")                                                                         \
    X(Sqrt, 1, ELEMENTWISE, "1 per element")                                                                        \
    X(Reciprocal, 1, ELEMENTWISE, "1 per element") X(Erf, 1, ELEMENTWISE, "1 per element")                          \
        X(Floor, 1, ELEMENTWISE, "1 per element") X(Ceil, 1, ELEMENTWISE, "1 per element")                          \
            X(Round, 1, ELEMENTWISE, "1 per element") X(Sign, 1, ELEMENTWISE, "1 per element")                      \
                X(Sin, 1, ELEMENTWISE, "1 per element") X(Cos, 1, ELEMENTWISE, "1 per element")                     \
                    X(Tan, 1, ELEMENTWISE, "1 per element") X(Asin, 1, ELEMENTWISE, "1 per element")                \
                        X(Acos, 1, ELEMENTWISE, "1 per element") X(Atan, 1, ELEMENTWISE, "1 per element")           \
                            X(Sinh, 1, ELEMENTWISE, "1 per element") X(Cosh, 1, ELEMENTWISE, "1 per element")       \
                                X(Asinh, 1, ELEMENTWISE, "1 per element") X(Acosh, 1, ELEMENTWISE, "1 per element") \
                                    X(Atanh, 1, ELEMENTWISE, "1 per element")                                       \
                                        X(Not, 0, ELEMENTWISE, "0: logic, no arithmetic")

#define BINARY(X) /* ONNX name, FLOPs per output element, kind, what they are */ \
    X(Add, 1, ELEMENTWISE, "1 per output")                                       \
    X(Sub, 1, ELEMENTWISE, "1 per output")                                       \
    X(Mul, 1, ELEMENTWISE, "1 per output")                                       \
    X(Div, 1, ELEMENTWISE, "1 per output")                                       \
    X(Pow, 1, ELEMENTWISE, "1 per output: one function evaluation")              \
    X(Mod, 1, ELEMENTWISE, "1 per output") X(PRelu, 2, ACTIVATION, "2 per output: compare, multiply")

#define COMPARISON(X) /* the same; the result is bool */                                               \
    X(Equal, 1, ELEMENTWISE, "1 per output")                                                           \
    X(Greater, 1, ELEMENTWISE, "1 per output")                                                         \
    X(GreaterOrEqual, 1, ELEMENTWISE, "1 per output")                                                  \
    X(Less, 1, ELEMENTWISE, "1 per output")                                                            \
    X(LessOrEqual, 1, ELEMENTWISE, "1 per output")                                                     \
    X(And, 0, ELEMENTWISE, "0: logic, no arithmetic") X(Or, 0, ELEMENTWISE, "0: logic, no arithmetic") \
        X(Xor, 0, ELEMENTWISE, "0: logic, no arithmetic")

#define VARIADIC(X) /* ONNX name, operations beside the k - 1 that join k inputs */ \
    X(Sum, 0, ELEMENTWISE, "inputs - 1 per output")                                 \
    X(Max, 0, ELEMENTWISE, "inputs - 1 per output")                                 \
    X(Min, 0, ELEMENTWISE, "inputs - 1 per output") X(Mean, 1, ELEMENTWISE, "inputs per output")

#define UNARY_ROW(op, flops, is, how) ROW_COMMON(#op, 1, 1, same_shape, cost_per_output, KIND_##is, flops, how)
#define BINARY_ROW(op, flops, is, how) ROW_COMMON(#op, 2, 2, broadcast_shape, cost_per_output, KIND_##is, flops, how)
#define COMPARISON_ROW(op, flops, is, how) ROW_COMMON(#op, 2, 2, compare_shape, cost_per_output, KIND_##is, flops, how)
#define VARIADIC_ROW(op, flops, is, how) ROW_COMMON(#op, 1, -1, broadcast_shape, join_cost, KIND_##is, flops, how)

const struct op elementwise_ops[] = {
    UNARY(UNARY_ROW) BINARY(BINARY_ROW) COMPARISON(COMPARISON_ROW) VARIADIC(VARIADIC_ROW)
        ROW_COMMON("Swish", 1, 1, same_shape, swish_cost, KIND_ACTIVATION, 5,
                   "5 per element: Sigmoid's four, multiply; 6 where alpha is not 1")
            ROW_COMMON("Clip", 1, 3, clip_shape, clip_cost, KIND_ACTIVATION, 2, "1 per element and bound")
                ROW_COMMON("Where", 3, 3, where_shape, cost_per_output, KIND_ELEMENTWISE, 1, "1 per output: select"){0},
};
