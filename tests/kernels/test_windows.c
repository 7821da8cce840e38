/* Convolutions, poolings, matrix products, normalisations: small enough to be worked out by hand. */
#include "case.h"
#include "check.h"

#define NINE "f32[1,1,3,3] 1 2 3 4 5 6 7 8 9"
#define FOUR "f32[1,1,2,2] 1 2 3 4"

static void convolved(void **state)
{
    static const struct kernel_case cases[] = {
        {"Conv", "", {NINE, "f32[1,1,2,2] 1 0 0 1"}, {"f32[1,1,2,2] 6 8 12 14"}},
        {"Conv", "", {NINE, "f32[1,1,2,2] 1 0 0 1", "f32[1] 10"}, {"f32[1,1,2,2] 16 18 22 24"}},
        {"Conv",
         "pads=[1,1,1,1] strides=[2,2]",
         {NINE, "f32[1,1,3,3] 1 1 1 1 1 1 1 1 1"},
         {"f32[1,1,2,2] 12 16 24 28"}},
        {"Conv", "auto_pad:SAME_UPPER", {NINE, "f32[1,1,2,2] 1 1 1 1"}, {"f32[1,1,3,3] 12 16 9 24 28 15 15 17 9"}},
        {"Conv", "auto_pad:SAME_LOWER", {NINE, "f32[1,1,2,2] 1 1 1 1"}, {"f32[1,1,3,3] 1 3 5 5 12 16 11 24 28"}},
        {"Conv", "dilations=[2,2]", {NINE, "f32[1,1,2,2] 1 2 3 4"}, {"f32[1,1,1,1] 64"}}, /* 1 + 6 + 21 + 36 */
        {"Conv", "", {"f32[1,1,4] 1 2 3 4", "f32[1,1,3] 1 0 -1"}, {"f32[1,1,2] -2 -2"}},
        {"Conv", "", {"f32[1,1,1,1,2] 3 5", "f32[1,1,1,1,2] 2 1"}, {"f32[1,1,1,1,1] 11"}},
        /* two groups of one channel each, two filters a group: depthwise with a multiplier */
        {"Conv",
         "group=2",
         {"f32[1,2,1,2] 1 2 3 4", "f32[4,1,1,1] 1 10 100 1000"},
         {"f32[1,4,1,2] 1 2 10 20 300 400 3000 4000"}},
        {"Conv", "group=2", {"f32[1,4,1,1] 1 2 3 4", "f32[2,2,1,1] 1 10 100 1000"}, {"f32[1,2,1,1] 21 4300"}},
        {"Conv", "", {"f32[2,1,1,1] 3 4", "f32[2,1,1,1] 1 -1"}, {"f32[2,2,1,1] 3 -3 4 -4"}},
        {"Conv",
         "pads=[0,1,0,1] strides=[1,2] group=1",
         {"f64[1,1,1,3] 1 2 3", "f64[1,1,1,3] 1 1 1"},
         {"f64[1,1,1,2] 3 5"}},
        {"Conv", "", {"f16[1,1,1,2] 1 2", "f16[1,1,1,2] 3 4"}, {"f16[1,1,1,1] 11"}},
        {"Conv", "", {"f32[0,1,3,3]", "f32[1,1,2,2] 1 0 0 1"}, {"f32[0,1,2,2]"}},
        {"Conv", "", {FOUR, "f32[1,1,3,3] 1 1 1 1 1 1 1 1 1"}, {"!does not fit"}},
        {"Conv", "strides=[0,1]", {NINE, "f32[1,1,2,2] 1 0 0 1"}, {"!strides"}},
        {"Conv", "group=2", {NINE, "f32[1,1,2,2] 1 0 0 1"}, {"!group 2"}},
        {"Conv", "", {NINE, "f32[1,1,2,2] 1 0 0 1", "f32[2] 1 2"}, {"!bias"}},
        {"Conv", "", {"s32[1,1,1,1] 1", "s32[1,1,1,1] 1"}, {"!f32 or f64"}},
        {"ConvTranspose",
         "",
         {FOUR, "f32[1,1,2,2] 1 10 100 1000"},
         {"f32[1,1,3,3] 1 12 20 103 1234 2040 300 3400 4000"}},
        {"ConvTranspose", "strides=[2,2]", {FOUR, "f32[1,1,1,1] 5"}, {"f32[1,1,3,3] 5 0 10 0 0 0 15 0 20"}},
        {"ConvTranspose",
         "strides=[2,2] output_padding=[1,1]",
         {"f32[1,1,1,1] 3", "f32[1,1,1,1] 2", "f32[1] 1"},
         {"f32[1,1,2,2] 7 1 1 1"}},
        {"ConvTranspose",
         "strides=[2] output_shape=[5]",
         {"f32[1,1,3] 1 2 3", "f32[1,1,2] 1 1"},
         {"f32[1,1,5] 1 2 2 3 3"}}, /* full 6: one too many, cut at the begin */
        {"ConvTranspose", "pads=[1,1]", {"f32[1,1,3] 1 2 3", "f32[1,1,3] 1 1 1"}, {"f32[1,1,3] 3 6 5"}},
        {"ConvTranspose", "group=2", {"f32[1,2,1] 2 3", "f32[2,1,2] 1 10 100 1000"}, {"f32[1,2,2] 2 20 300 3000"}},
        {"ConvTranspose", "pads=[2,2]", {"f32[1,1,1] 1", "f32[1,1,3] 1 1 1"}, {"!pixels wide"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void pooled(void **state)
{
    static const struct kernel_case cases[] = {
        {"MaxPool", "kernel_shape=[2,2]", {NINE}, {"f32[1,1,2,2] 5 6 8 9", "s64[1,1,2,2] 4 5 7 8"}},
        {"MaxPool", "kernel_shape=[2,2] storage_order=1", {NINE}, {"f32[1,1,2,2] 5 6 8 9", "s64[1,1,2,2] 4 7 5 8"}},
        {"MaxPool", "kernel_shape=[2,2] strides=[2,2] ceil_mode=1", {NINE}, {"f32[1,1,2,2] 5 6 8 9"}},
        {"MaxPool", "kernel_shape=[2] dilations=[2]", {"f32[1,1,4] 9 1 2 8"}, {"f32[1,1,2] 9 8"}},
        {"MaxPool", "kernel_shape=[3] pads=[1,1]", {"f32[1,1,3] -5 -6 -7"}, {"f32[1,1,3] -5 -5 -6"}},
        {"MaxPool", "kernel_shape=[2]", {"s8[1,1,3] -128 3 -4"}, {"s8[1,1,2] 3 3"}},
        {"MaxPool", "kernel_shape=[2]", {"u8[2,1,2] 200 3 1 2"}, {"u8[2,1,1] 200 2"}},
        {"MaxPool", "kernel_shape=[2]", {"s32[1,1,2] 1 2"}, {"!not s32"}},
        {"MaxPool", "kernel_shape=[1] pads=[1,0]", {"f32[1,1,2] 1 2"}, {"!padding alone"}},
        {"AveragePool", "kernel_shape=[2,2]", {NINE}, {"f32[1,1,2,2] 3 4 6 7"}},
        {"AveragePool", "kernel_shape=[2] pads=[1,1]", {"f32[1,1,2] 2 4"}, {"f32[1,1,3] 2 3 4"}},
        {"AveragePool", "kernel_shape=[2] pads=[1,1] count_include_pad=1", {"f32[1,1,2] 2 4"}, {"f32[1,1,3] 1 3 2"}},
        {"LpPool", "kernel_shape=[2]", {"f32[1,1,3] 3 -4 3"}, {"f32[1,1,2] 5 5"}},
        {"GlobalAveragePool", "", {"f32[1,2,2] 1 3 5 7"}, {"f32[1,2,1] 2 6"}},
        {"GlobalMaxPool", "", {"f64[1,2,1,2] 1 3 -5 -7"}, {"f64[1,2,1,1] 3 -5"}},
        {"GlobalLpPool", "p=1", {"f32[1,1,3] 1 -2 3"}, {"f32[1,1,1] 6"}},
        {"GlobalMaxPool", "", {"f32[1,1,0]"}, {"!nothing"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void multiplied(void **state)
{
    static const struct kernel_case cases[] = {
        {"MatMul", "", {"f32[2,2] 1 2 3 4", "f32[2,2] 5 6 7 8"}, {"f32[2,2] 19 22 43 50"}},
        {"MatMul", "", {"f32[2] 1 2", "f32[2,3] 1 2 3 4 5 6"}, {"f32[3] 9 12 15"}},
        {"MatMul", "", {"f32[2,2] 1 2 3 4", "f32[2] 1 -1"}, {"f32[2] -1 -1"}},
        {"MatMul", "", {"f32[2] 1 2", "f32[2] 3 4"}, {"f32[] 11"}},
        {"MatMul", "", {"f32[2,1,2] 1 2 3 4", "f32[2,1] 1 1"}, {"f32[2,1,1] 3 7"}},
        {"MatMul", "", {"f32[2,1,1,1] 2 3", "f32[3,1,1] 1 10 100"}, {"f32[2,3,1,1] 2 20 200 3 30 300"}},
        {"MatMul", "", {"f64[1,1] 0.5", "f64[1,1] 4"}, {"f64[1,1] 2"}},
        {"MatMul", "", {"s32[1,2] 2147483647 1", "s32[2,1] 1 1"}, {"s32[1,1] -2147483648"}},
        {"MatMul", "", {"u64[1,1] 9223372036854775808", "u64[1,1] 1"}, {"u64[1,1] 9223372036854775808"}},
        {"MatMul", "", {"f32[2,0]", "f32[0,2]"}, {"f32[2,2] 0 0 0 0"}},
        {"MatMul", "", {"f16[1,1] 3", "f16[1,1] 5"}, {"f16[1,1] 15"}},
        {"MatMul", "", {"f32[1,2] 1 2", "f32[3,1] 1 2 3"}, {"!2 and 3"}},
        {"MatMul", "", {"f32[2,1,1] 1 2", "f32[3,1,1] 1 2 3"}, {"!broadcast"}},
        /* scores 0 and ln 3: shares 1/4 and 3/4 of v's rows; twice the scores: 1/10 and 9/10; a mask that leaves one */
        {"ai.gable.Attention", "", {"f32[1,1] 1", "f32[1,2] 0 1.0986122887", "f32[2,1] 8 4"}, {"f32[1,1] 5"}},
        {"ai.gable.Attention",
         "scale=2.0",
         {"f32[1,1] 1", "f32[1,2] 0 1.0986122887", "f32[2,1] 8 4"},
         {"f32[1,1] 4.4"}},
        {"ai.gable.Attention",
         "",
         {"f32[2,1] 1 1", "f32[1,2] 0 1.0986122887", "f32[2,2] 8 1 4 5", "f32[2,2] 0 -inf -inf -1"},
         {"f32[2,2] 8 1 4 5"}},
        {"ai.gable.Attention", "", {"f16[1,1] 1", "f16[1,2] 0 0", "f16[2,1] 8 4"}, {"f16[1,1] 6"}},
        {"ai.gable.Attention", "", {"f32[1,1] 1", "f32[1,0]", "f32[0,2]"}, {"f32[1,2] 0 0"}},
        {"ai.gable.Attention", "", {"f32[1,1] 1", "f32[1,1] 1", "f32[1,1] 1", "f32[2] 1 2"}, {"!mask"}},
        {"ai.gable.Attention", "", {"f32[1,2] 1 1", "f32[1,1] 1", "f32[1,1] 1"}, {"!do not match"}},
        {"ai.gable.Attention", "", {"f64[1,1] 1", "f64[1,1] 1", "f64[1,1] 1"}, {"!f32"}},
        {"MatMul", "", {"f32[] 1", "f32[1,1] 1"}, {"!scalar"}},
        {"Gemm", "", {"f32[1,2] 1 2", "f32[2,1] 3 4", "f32[1] 100"}, {"f32[1,1] 111"}},
        {"Gemm", "transA=1 transB=1", {"f32[2,1] 1 2", "f32[1,2] 3 4"}, {"f32[1,1] 11"}},
        {"Gemm", "alpha=0.5 beta=2.0", {"f32[1,1] 4", "f32[1,2] 1 2", "f32[1,2] 1 1"}, {"f32[1,2] 4 6"}},
        {"Gemm", "", {"f64[2,1] 1 2", "f64[1,2] 1 2", "f64[2,1] 10 20"}, {"f64[2,2] 11 12 22 24"}},
        {"Gemm", "", {"s64[1,1] 7", "s64[1,1] 6", "s64[] 1"}, {"s64[1,1] 43"}},
        {"Gemm", "", {"f32[1,2] 1 2", "f32[1,2] 1 2"}, {"!2 and 1"}},
        {"Gemm", "", {"f32[1,1] 1", "f32[1,1] 1", "f32[3] 1 2 3"}, {"!broadcast"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void normalised(void **state)
{
    static const struct kernel_case cases[] = {
        {"BatchNormalization",
         "epsilon=0.0",
         {"f32[1,2,2] 1 3 5 7", "f32[2] 1 2", "f32[2] 0 1", "f32[2] 1 6", "f32[2] 4 1"},
         {"f32[1,2,2] 0 1 -1 3"}},
        {"BatchNormalization",
         "epsilon=0.0 training_mode=1 momentum=0.5",
         {"f32[2,1,1] 1 3", "f32[1] 1", "f32[1] 0", "f32[1] 10", "f32[1] 3"},
         {"f32[2,1,1] -1 1", "f32[1] 6", "f32[1] 2"}}, /* (10 + 2) / 2, (3 + 1) / 2 */
        {"BatchNormalization",
         "",
         {"f32[1,2,1] 1 2", "f32[1] 1", "f32[2] 0 0", "f32[2] 0 0", "f32[2] 1 1"},
         {"!input 1"}},
        {"InstanceNormalization",
         "epsilon=0.0",
         {"f32[1,2,2] 1 3 10 20", "f32[2] 1 2", "f32[2] 0 5"},
         {"f32[1,2,2] -1 1 3 7"}},
        {"LayerNormalization",
         "epsilon=0.0",
         {"f32[2,2] 1 3 10 30", "f32[2] 1 2", "f32[2] 0 1"},
         {"f32[2,2] -1 3 -1 3", "f32[2,1] 2 20", "f32[2,1] 1 0.1"}},
        {"LayerNormalization", "axis=0 epsilon=0.0", {"f64[2,1] 1 3", "f64[2] 1 1"}, {"f64[2,1] -1 1"}},
        {"LayerNormalization", "", {"f32[1,2] 1 3", "f32[3] 1 1 1"}, {"!2 values"}},
        {"MeanVarianceNormalization", "TOLERANCE=0.00001", {"f32[2,2,1,1] 1 10 3 30"}, {"f32[2,2,1,1] -1 -1 1 1"}},
        {"LpNormalization", "axis=0", {"f32[2] 3 -4"}, {"f32[2] 0.6 -0.8"}},
        {"LpNormalization", "axis=0 p=1", {"f32[2] 1 -3"}, {"f32[2] 0.25 -0.75"}},
        {"LRN",
         "size=3 alpha=3.0 beta=1.0 bias=1.0",
         {"f32[1,3,1] 1 2 3"},
         {"f32[1,3,1] 0.166666667 0.133333333 0.214285714"}}, /* 1/6, 2/15, 3/14 */
        {"Softmax", "", {"f32[2,2] 0 0 1000 1000"}, {"f32[2,2] 0.5 0.5 0.5 0.5"}},
        {"Softmax", "axis=0", {"f32[2,1] 0 0.693147181"}, {"f32[2,1] 0.333333333 0.666666667"}},
        {"Softmax", "OPSET=11", {"f32[1,2,2] 0 0 0 0"}, {"f32[1,2,2] 0.25 0.25 0.25 0.25"}},
        {"LogSoftmax", "", {"f64[1,2] 1000 1000"}, {"f64[1,2] -0.69314718056 -0.69314718056"}},
        {"Hardmax", "", {"f32[2,3] 1 3 3 5 4 0"}, {"f32[2,3] 0 1 0 1 0 0"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(convolved), cmocka_unit_test(pooled),
                                       cmocka_unit_test(multiplied), cmocka_unit_test(normalised)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
