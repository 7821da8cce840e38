/* Operators that treat every element alike: only their numbers differ. One function evaluation (exp, log, sqrt, erf,
   tanh, ...), one comparison and one selection count as one FLOP each. */
#include "ops/families.h"
#include "ops/gradient.h"

static gable_status same_shape(struct graph *g, struct node *n, gable_error *e) { return rule_same(g, n, e); }

static gable_status question_shape(struct graph *g, struct node *n, gable_error *e)
{
    return rule_output(g, n, 0, DTYPE_BOOL, in_shape(n, 0)->rank, in_shape(n, 0)->dim, e);
}

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

/* x s(ax): s (1 + ax (1 - s)), s again from x */
static struct cost swish_gradient(const struct node *n, int input)
{
    (void)input;
    return cost_flops(count_mul(node_float(n, "alpha", 1) != 1 ? 10 : 9, tensor_elements(n->in[0])));
}

static struct cost clip_gradient(const struct node *n, int input) { return input ? cost_none(n) : clip_cost(n); }

#define ROW_COMMON(op, least, most, rule, costs, is, flops, how, ...) \
    {.name = op,                                                      \
     .domain = DOMAIN_ONNX,                                           \
     .inputs = {least, most},                                         \
     .outputs = {1, 1},                                               \
     .shape = rule,                                                   \
     .cost = costs,                                                   \
     .kind = is,                                                      \
     .is_elementwise = true,                                          \
     .per_element = flops,                                            \
     .formula = how,                                                  \
     .train = {__VA_ARGS__}},

/* clang-format off */
#define UNARY(X) /* ONNX name, FLOPs per element, kind, what they are; the same back, what it keeps */                \
    X(Relu, 1, ACTIVATION, "1 per element: compare", 1, OUTPUT, "1 per element: compare")                             \
    X(LeakyRelu, 2, ACTIVATION, "2 per element: compare, multiply", 2, INPUT, "2 per element: compare, multiply")     \
    X(Shrink, 3, ACTIVATION, "3 per element: two comparisons, add", 2, INPUT, "2 per element: two comparisons")       \
    X(ThresholdedRelu, 1, ACTIVATION, "1 per element: compare", 1, OUTPUT, "1 per element: compare")                  \
    X(Elu, 4, ACTIVATION, "4 per element: compare, exp, subtract, multiply",                                          \
      3, OUTPUT, "3 per element: compare, add, multiply")                                                             \
    X(Selu, 5, ACTIVATION, "5 per element: Elu's four, multiply", 3, OUTPUT, "3 per element: compare, add, multiply") \
    X(Celu, 5, ACTIVATION, "5 per element: divide, exp, subtract, multiply, compare",                                 \
      4, OUTPUT, "4 per element: compare, divide, add, multiply")                                                     \
    X(Sigmoid, 4, ACTIVATION, "4 per element: negate, exp, add, divide",                                              \
      3, OUTPUT, "3 per element: subtract, two products")                                                             \
    X(HardSigmoid, 4, ACTIVATION, "4 per element: multiply, add, two comparisons",                                    \
      3, OUTPUT, "3 per element: two comparisons, multiply")                                                          \
    X(HardSwish, 5, ACTIVATION, "5 per element: HardSigmoid's four, multiply",                                        \
      5, INPUT, "5 per element: two comparisons, multiply, add, multiply")                                            \
    X(Tanh, 1, ACTIVATION, "1 per element: one function evaluation",                                                  \
      3, OUTPUT, "3 per element: square, subtract, multiply")                                                         \
    X(Softplus, 3, ACTIVATION, "3 per element: exp, add, log",                                                        \
      4, OUTPUT, "4 per element: negate, exp, subtract, multiply")                                                    \
    X(Softsign, 3, ACTIVATION, "3 per element: absolute value, add, divide",                                          \
      4, INPUT, "4 per element: absolute value, add, square, divide")                                                 \
    X(Mish, 5, ACTIVATION, "5 per element: Softplus's three, tanh, multiply",                                         \
      13, INPUT, "13 per element: Softplus 3, tanh, its slope 2, sigmoid 3, two products, add, multiply")             \
    X(Gelu, 5, ACTIVATION, "5 per element: scale, erf, add, multiply, halve",                                         \
      11, INPUT, "11 per element: distribution 4, density 4, multiply, add, multiply")                                \
    X(Abs, 1, ELEMENTWISE, "1 per element", 2, INPUT, "2 per element: compare, negate")                               \
    X(Neg, 1, ELEMENTWISE, "1 per element", 1, NOTHING, "1 per element: negate")                                      \
    X(Exp, 1, ELEMENTWISE, "1 per element", 1, OUTPUT, "1 per element: multiply")                                     \
    X(Log, 1, ELEMENTWISE, "1 per element", 1, INPUT, "1 per element: divide")                                        \
    X(Sqrt, 1, ELEMENTWISE, "1 per element", 2, OUTPUT, "2 per element: halve, divide")                               \
    X(Reciprocal, 1, ELEMENTWISE, "1 per element", 3, OUTPUT, "3 per element: square, multiply, negate")              \
    X(Erf, 1, ELEMENTWISE, "1 per element", 5, INPUT, "5 per element: square, negate, exp, two products")             \
    X(Sin, 1, ELEMENTWISE, "1 per element", 2, INPUT, "2 per element: cos, multiply")                                 \
    X(Cos, 1, ELEMENTWISE, "1 per element", 3, INPUT, "3 per element: sin, multiply, negate")                         \
    X(Tan, 1, ELEMENTWISE, "1 per element", 3, OUTPUT, "3 per element: square, add, multiply")                        \
    X(Asin, 1, ELEMENTWISE, "1 per element", 4, INPUT, "4 per element: square, subtract, root, divide")               \
    X(Acos, 1, ELEMENTWISE, "1 per element", 5, INPUT, "5 per element: square, subtract, root, divide, negate")       \
    X(Atan, 1, ELEMENTWISE, "1 per element", 3, INPUT, "3 per element: square, add, divide")                          \
    X(Sinh, 1, ELEMENTWISE, "1 per element", 2, INPUT, "2 per element: cosh, multiply")                               \
    X(Cosh, 1, ELEMENTWISE, "1 per element", 2, INPUT, "2 per element: sinh, multiply")                               \
    X(Asinh, 1, ELEMENTWISE, "1 per element", 4, INPUT, "4 per element: square, add, root, divide")                   \
    X(Acosh, 1, ELEMENTWISE, "1 per element", 4, INPUT, "4 per element: square, subtract, root, divide")              \
    X(Atanh, 1, ELEMENTWISE, "1 per element", 3, INPUT, "3 per element: square, subtract, divide")

#define FLAT(X) /* the same for those through which nothing flows back */                                             \
    X(Floor, 1, ELEMENTWISE, "1 per element", "none: its slope is 0")                                                 \
    X(Ceil, 1, ELEMENTWISE, "1 per element", "none: its slope is 0")                                                  \
    X(Round, 1, ELEMENTWISE, "1 per element", "none: its slope is 0")                                                 \
    X(Sign, 1, ELEMENTWISE, "1 per element", "none: its slope is 0")                                                  \
    X(BitwiseNot, 0, ELEMENTWISE, "0: logic, no arithmetic", "none: integers")

#define QUESTION(X) /* the same; the result is bool */                                                                \
    X(Not, 0, ELEMENTWISE, "0: logic, no arithmetic", "none: a truth value")                                          \
    X(IsNaN, 1, ELEMENTWISE, "1 per element: compare", "none: a truth value")                                         \
    X(IsInf, 2, ELEMENTWISE, "2 per element: absolute value, compare", "none: a truth value")
/* clang-format on */

#define BINARY(X) /* ONNX name, FLOPs per output element, kind, what they are */                                    \
    X(Add, 1, ELEMENTWISE, "1 per output", 0, 0, NOTHING, "0; + sums over what was broadcast")                      \
    X(Sub, 1, ELEMENTWISE, "1 per output", 0, 1, NOTHING,                                                           \
      "second input: 1 per output, negate; + sums over what was broadcast")                                         \
    X(Mul, 1, ELEMENTWISE, "1 per output", 1, 1, FACTOR, "1 per output and input; + sums over what was broadcast")  \
    X(Div, 1, ELEMENTWISE, "1 per output", 1, 3, ALL,                                                               \
      "first input: 1 per output, second: 3 (multiply, divide, negate); + sums over what was broadcast")            \
    X(Pow, 1, ELEMENTWISE, "1 per output: one function evaluation", 4, 3, ALL,                                      \
      "first input: 4 per output (subtract, power, two products), second: 3 (log, two products); + sums over what " \
      "was broadcast")                                                                                              \
    X(Mod, 1, ELEMENTWISE, "1 per output", 0, 4, INPUTS,                                                            \
      "second input: 4 per output (divide, floor, multiply, negate); + sums over what was broadcast")               \
    X(PRelu, 2, ACTIVATION, "2 per output: compare, multiply", 2, 2, INPUTS,                                        \
      "2 per output and input: compare, multiply; + sums over what was broadcast")

#define COMPARISON(X) /* the same; the result is bool */ \
    X(Equal, 1, ELEMENTWISE, "1 per output")             \
    X(Greater, 1, ELEMENTWISE, "1 per output")           \
    X(GreaterOrEqual, 1, ELEMENTWISE, "1 per output")    \
    X(Less, 1, ELEMENTWISE, "1 per output")              \
    X(LessOrEqual, 1, ELEMENTWISE, "1 per output")       \
    X(And, 0, ELEMENTWISE, "0: logic, no arithmetic")    \
    X(Or, 0, ELEMENTWISE, "0: logic, no arithmetic") X(Xor, 0, ELEMENTWISE, "0: logic, no arithmetic")

#define BITS(X) /* the same on integers */                                     \
    X(BitShift, 0, ELEMENTWISE, "0: logic, no arithmetic", "none: integers")   \
    X(BitwiseAnd, 0, ELEMENTWISE, "0: logic, no arithmetic", "none: integers") \
    X(BitwiseOr, 0, ELEMENTWISE, "0: logic, no arithmetic", "none: integers")  \
    X(BitwiseXor, 0, ELEMENTWISE, "0: logic, no arithmetic", "none: integers")

#define VARIADIC(X) /* ONNX name, operations beside the k - 1 that join k inputs */                  \
    X(Sum, 0, ELEMENTWISE, "inputs - 1 per output", 0, NOTHING, "0; + sums over what was broadcast") \
    X(Max, 0, ELEMENTWISE, "inputs - 1 per output", 1, ALL,                                          \
      "1 per output and input: compare; + sums over what was broadcast")                             \
    X(Min, 0, ELEMENTWISE, "inputs - 1 per output", 1, ALL,                                          \
      "1 per output and input: compare; + sums over what was broadcast")                             \
    X(Mean, 1, ELEMENTWISE, "inputs per output", 1, NOTHING,                                         \
      "1 per output and input: divide; + sums over what was broadcast")

#define BACK(rule, a, b, c, keeps, words) \
    .gradient = rule, .keep = KEEP_##keeps, .per_element = {a, b, c}, .formula = words
#define UNARY_ROW(op, flops, is, how, back, keeps, words)                     \
    ROW_COMMON(#op, 1, 1, same_shape, cost_per_output, KIND_##is, flops, how, \
               BACK(gradient_elementwise, back, back, back, keeps, words))
#define FLAT_ROW(op, flops, is, how, why) \
    ROW_COMMON(#op, 1, 1, same_shape, cost_per_output, KIND_##is, flops, how, .formula = why)
#define QUESTION_ROW(op, flops, is, how, why) \
    ROW_COMMON(#op, 1, 1, question_shape, cost_per_output, KIND_##is, flops, how, .formula = why)
#define BITS_ROW(op, flops, is, how, why) \
    ROW_COMMON(#op, 2, 2, broadcast_shape, cost_per_output, KIND_##is, flops, how, .formula = why)
#define BINARY_ROW(op, flops, is, how, first, second, keeps, words)                \
    ROW_COMMON(#op, 2, 2, broadcast_shape, cost_per_output, KIND_##is, flops, how, \
               BACK(gradient_elementwise, first, second, 0, keeps, words))
#define COMPARISON_ROW(op, flops, is, how) \
    ROW_COMMON(#op, 2, 2, compare_shape, cost_per_output, KIND_##is, flops, how, .formula = "none: a truth value")
#define VARIADIC_ROW(op, flops, is, how, back, keeps, words)                  \
    ROW_COMMON(#op, 1, -1, broadcast_shape, join_cost, KIND_##is, flops, how, \
               BACK(gradient_elementwise, back, back, back, keeps, words))

const struct op elementwise_ops[] = {
    UNARY(UNARY_ROW) FLAT(FLAT_ROW) QUESTION(QUESTION_ROW) BITS(BITS_ROW) BINARY(BINARY_ROW) COMPARISON(COMPARISON_ROW)
        VARIADIC(VARIADIC_ROW)
            ROW_COMMON("Swish", 1, 1, same_shape, swish_cost, KIND_ACTIVATION, 5,
                       "5 per element: Sigmoid's four, multiply; 6 where alpha is not 1", .gradient = swish_gradient,
                       .keep = KEEP_INPUT,
                       .formula = "9 per element: Sigmoid's four, its slope 4, multiply; 10 where alpha is not 1")
                ROW_COMMON("Clip", 1, 3, clip_shape, clip_cost, KIND_ACTIVATION, 2, "1 per element and bound",
                           .gradient = clip_gradient, .keep = KEEP_INPUT, .formula = "1 per element and bound: compare")
                    ROW_COMMON("Where", 3, 3, where_shape, cost_per_output, KIND_ELEMENTWISE, 1, "1 per output: select",
                               BACK(gradient_elementwise, 0, 1, 1, INPUTS,
                                    "1 per output and value: select; + sums over what was broadcast")){0},
};
