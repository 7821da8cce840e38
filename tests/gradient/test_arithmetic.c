/* Arithmetic, activations, products, losses: rules against finite differences. */
#include "check.h"
#include "rule_case.h"

static void arithmetic_with_broadcasts(void **state)
{
    static const struct rule_case cases[] = {
        {"Add", "", {"2x3", "3"}},    {"Add", "", {"2x1x4", "3x1"}}, {"Sub", "", {"3", "2x3"}},
        {"Sub", "", {"()", "2x3"}},   {"Mul", "", {"2x3x1", "3x4"}}, {"Mul", "", {"2x3", "=2x3"}},
        {"Div", "", {"2x3", "+1x3"}}, {"Div", "", {"()", "+2x2"}},   {"Sum", "", {"2x3", "3", "()"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

static void products_of_matrices_vectors_and_stacks(void **state)
{
    static const struct rule_case cases[] = {
        {"MatMul", "", {"3x4", "4x2"}},
        {"MatMul", "", {"2x3x4", "4x2"}},
        {"MatMul", "", {"3x4", "2x4x2"}},
        {"MatMul", "", {"2x1x3x4", "5x4x2"}},
        {"MatMul", "", {"4", "4x2"}},
        {"MatMul", "", {"3x4", "4"}},
        {"MatMul", "", {"4", "4"}},
        {"MatMul", "", {"4", "2x4x3"}},
        {"MatMul", "", {"2x3x4", "4"}},
        {"Gemm", "", {"3x4", "4x2", "2"}},
        {"Gemm", "transA=1 alpha=0.5", {"4x3", "4x2", "3x1"}},
        {"Gemm", "transB=1 beta=2.5", {"3x4", "2x4", "()"}},
        {"Gemm", "transA=1 transB=1 alpha=1.5 beta=0.5", {"4x3", "2x4", "3x2"}},
        {"Gemm", "", {"3x4", "=4x2"}},
        {"Det", "", {"3x3"}},
        {"Det", "", {"2x4x4"}},
        {"Det", "", {"3x2x1x1"}},
        {"Det", "", {"2x3x2x2"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

static void functions_of_one_value(void **state)
{
    static const char *const any[] =
        {"Neg",       "Abs",         "Exp",       "Erf",   "Sin",     "Cos",   "Tan",
         "Atan",      "Sinh",        "Cosh",      "Asinh", "Sigmoid", "Tanh",  "Softplus",
         "Softsign",  "Relu",        "LeakyRelu", "Elu",   "Selu",    "Celu",  "ThresholdedRelu",
         "Shrink",    "HardSigmoid", "HardSwish", "Mish",  "Gelu",    "Swish", "Identity",
         "Reciprocal"},
                             *const inside[] = {"Asin", "Acos", "Atanh"}, *const positive[] = {"Log", "Sqrt"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(any); i++) rules_hold(&(struct rule_case){any[i], "", {"3x4"}}, 1);
    for (size_t i = 0; i < COUNT_OF(inside); i++) rules_hold(&(struct rule_case){inside[i], "", {"u3x4"}}, 1);
    for (size_t i = 0; i < COUNT_OF(positive); i++) rules_hold(&(struct rule_case){positive[i], "", {"+3x4"}}, 1);
}

static void activations_with_attributes(void **state)
{
    static const struct rule_case cases[] = {
        {"LeakyRelu", "alpha=0.3", {"3x4"}},
        {"Elu", "alpha=0.7", {"3x4"}},
        {"Selu", "alpha=1.2 gamma=0.8", {"3x4"}},
        {"Celu", "alpha=0.6", {"3x4"}},
        {"ThresholdedRelu", "alpha=0.2", {"3x4"}},
        {"Shrink", "lambd=0.3 bias=0.1", {"3x4"}},
        {"HardSigmoid", "alpha=0.4 beta=0.3", {"3x4"}},
        {"Gelu", "approximate:tanh", {"3x4"}},
        {"Swish", "alpha=1.7", {"3x4"}},
        {"Clip", "", {"3x4", "r-0.5", "r0.7"}},
        {"Clip", "", {"3x4", "-", "r0.2"}},
        {"Clip", "min=-0.3 max=0.3 OPSET=10", {"3x4"}},
        {"PRelu", "", {"2x3x4", "3x1"}},
        {"Softmax", "", {"3x4"}},
        {"Softmax", "axis=1", {"2x3x4"}},
        {"Softmax", "axis=1 OPSET=11", {"2x3x4"}},
        {"LogSoftmax", "", {"3x4"}},
        {"LogSoftmax", "axis=0", {"3x4"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

static void reductions(void **state)
{
    static const char *const ops[] = {"ReduceSum",    "ReduceMean", "ReduceMax", "ReduceMin",       "ReduceProd",
                                      "ReduceLogSum", "ReduceL1",   "ReduceL2",  "ReduceSumSquare", "ReduceLogSumExp"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ops); i++) {
        const char *x = i == 5 ? "+2x3x4" : "2x3x4";
        const struct rule_case cases[] = {{ops[i], "", {x}},
                                          {ops[i], "axes=[1]", {x}},
                                          {ops[i], "axes=[0,-1] keepdims=0", {x}},
                                          {ops[i], "keepdims=0", {x, "c-2"}},
                                          {ops[i], "noop_with_empty_axes=1", {x}}};
        rules_hold(cases, COUNT_OF(cases));
    }
}

static void losses(void **state)
{
    static const struct rule_case cases[] = {
        {"SoftmaxCrossEntropyLoss", "", {"4x5", "i5:4"}},
        {"SoftmaxCrossEntropyLoss", "reduction:sum", {"2x3x4", "i3:2x4"}},
        {"SoftmaxCrossEntropyLoss", "reduction:none", {"2x3x4", "i3:2x4"}},
        {"SoftmaxCrossEntropyLoss", "ignore_index=1", {"6x3", "i3:6"}},
        {"SoftmaxCrossEntropyLoss", "ignore_index=1", {"6x3", "i3:6", "=3"}},
        {"NegativeLogLikelihoodLoss", "", {"4x5", "i5:4"}},
        {"NegativeLogLikelihoodLoss", "", {"4x5", "i5:4", "=5"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

static void what_cannot_go_back_is_named(void **state)
{
    (void)state;
    rule_refuses(&(struct rule_case){"Floor", "", {"2x3"}}, "its slope is 0");
    rule_refuses(&(struct rule_case){"Det", "", {"17x17"}}, "of 17 rows it is not followed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_with_broadcasts),
        cmocka_unit_test(products_of_matrices_vectors_and_stacks),
        cmocka_unit_test(functions_of_one_value),
        cmocka_unit_test(activations_with_attributes),
        cmocka_unit_test(reductions),
        cmocka_unit_test(losses),
        cmocka_unit_test(what_cannot_go_back_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
