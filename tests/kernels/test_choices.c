/* Operators that choose, rearrange, quantise, draw. */
#include "case.h"
#include "check.h"

#define SIX "f32[2,3] 1 2 3 4 5 6"

static void chosen(void **state)
{
    static const struct kernel_case cases[] = {
        {"Compress", "axis=1", {SIX, "bool[3] 0 1 1"}, {"f32[2,2] 2 3 5 6"}},
        {"Compress", "", {SIX, "bool[5] 0 1 0 0 1"}, {"f32[2] 2 5"}},
        {"Compress", "axis=0", {"string[2] a b", "bool[1] 1"}, {"string[1] a"}},
        {"Compress", "", {SIX, "bool[7] 0 0 0 0 0 0 1"}, {"f32[0]"}}, /* places that are not there */
        {"Compress", "axis=2", {SIX, "bool[1] 1"}, {"!axis 2"}},
        {"Compress", "", {SIX, "s64[1] 1"}, {"!condition"}},
        {"NonZero", "", {"f32[2,2] 1 0 -0 nan"}, {"s64[2,2] 0 1 0 1"}},
        {"NonZero", "", {"s8[3] 0 0 5"}, {"s64[1,1] 2"}},
        {"NonZero", "", {"bool[0,2]"}, {"s64[2,0]"}},
        {"NonZero", "", {"bool[] 1"}, {"s64[0,1]"}},
        {"Unique",
         "",
         {"f32[6] 2 1 1 3 4 3"},
         {"f32[4] 1 2 3 4", "s64[4] 1 0 3 4", "s64[6] 1 0 0 2 3 2", "s64[4] 2 1 2 1"}},
        {"Unique",
         "sorted=0",
         {"s8[6] 2 1 1 3 4 3"},
         {"s8[4] 2 1 3 4", "s64[4] 0 1 3 4", "s64[6] 0 1 1 2 3 2", "s64[4] 1 2 2 1"}},
        {"Unique", "axis=0", {"f32[3,2] 1 0 1 0 0 9"}, {"f32[2,2] 0 9 1 0", "s64[2] 2 0", "s64[3] 1 1 0"}},
        {"Unique", "axis=1", {"s32[2,3] 1 0 1 1 0 1"}, {"s32[2,2] 0 1 0 1", "s64[2] 1 0"}},
        {"Unique", "", {"f32[0]"}, {"f32[0]", "s64[0]", "s64[0]", "s64[0]"}},
        {"Unique", "", {"string[1] a"}, {"!strings"}},
        {"CumSum", "", {SIX, "s64[] 1"}, {"f32[2,3] 1 3 6 4 9 15"}},
        {"CumSum", "reverse=1", {SIX, "s32[] 0"}, {"f32[2,3] 5 7 9 4 5 6"}},
        {"CumSum", "exclusive=1", {"s64[3] 1 2 3", "s64[] -1"}, {"s64[3] 0 1 3"}},
        {"CumSum", "exclusive=1 reverse=1", {"f64[3] 1 2 3", "s64[1] 0"}, {"f64[3] 5 3 0"}},
        {"CumSum", "", {"s32[2] 2147483647 1", "s64[] 0"}, {"s32[2] 2147483647 -2147483648"}},
        {"CumSum", "", {SIX, "s64[] 2"}, {"!axis 2"}},
        {"DepthToSpace", "blocksize=2", {"f32[1,4,1,2] 1 2 3 4 5 6 7 8"}, {"f32[1,1,2,4] 1 3 2 4 5 7 6 8"}},
        {"DepthToSpace", "blocksize=1 mode:CRD", {"s8[1,1,1,2] 1 2"}, {"s8[1,1,1,2] 1 2"}},
        {"DepthToSpace", "blocksize=2 mode:CRD", {"f32[1,8,1,1] 1 2 3 4 5 6 7 8"}, {"f32[1,2,2,2] 1 2 3 4 5 6 7 8"}},
        {"DepthToSpace", "blocksize=2", {"f32[1,8,1,1] 1 2 3 4 5 6 7 8"}, {"f32[1,2,2,2] 1 3 5 7 2 4 6 8"}},
        {"DepthToSpace", "blocksize=3", {"f32[1,4,1,1] 1 2 3 4"}, {"!no blocks"}},
        {"DepthToSpace", "blocksize=0", {"f32[1,4,1,1] 1 2 3 4"}, {"!blocksize of 0"}},
        {"DepthToSpace", "blocksize=4294967296", {"f32[1,4,1,1] 1 2 3 4"}, {"!blocksize"}},
        {"SpaceToDepth", "blocksize=2", {"f32[1,1,2,4] 1 3 2 4 5 7 6 8"}, {"f32[1,4,1,2] 1 2 3 4 5 6 7 8"}},
        {"SpaceToDepth", "blocksize=3", {"f32[1,1,2,3] 1 2 3 4 5 6"}, {"!no blocks"}},
        {"SpaceToDepth", "blocksize=2", {SIX}, {"!4 dimensions"}},
        {"ReverseSequence", "", {"f32[3,2] 1 2 3 4 5 6", "s64[2] 3 2"}, {"f32[3,2] 5 4 3 2 1 6"}},
        {"ReverseSequence", "time_axis=1 batch_axis=0", {SIX, "s64[2] 2 0"}, {"f32[2,3] 2 1 3 4 5 6"}},
        {"ReverseSequence", "", {"string[2,1] a b", "s64[1] 2"}, {"string[2,1] b a"}},
        {"ReverseSequence", "", {"string[2,1] a b", "s64[1] 3"}, {"!length of 3"}},
        {"ReverseSequence", "", {SIX, "s64[2] 1 1"}, {"!2 lengths"}},
        {"ReverseSequence", "time_axis=2", {SIX, "s64[3] 1 1 1"}, {"!first two"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void quantised(void **state)
{
    static const struct kernel_case cases[] = {
        {"QuantizeLinear", "", {"f32[6] 0 1 3 1000 -254 nan", "f32[] 2", "u8[] 128"}, {"u8[6] 128 128 130 255 1 0"}},
        {"QuantizeLinear", "", {"f32[3] 3 5 -5", "f32[] 2"}, {"u8[3] 2 2 0"}},
        {"QuantizeLinear", "", {"s32[3] 3 500 -500", "f32[] 2", "s8[] 1"}, {"s8[3] 3 127 -128"}},
        {"QuantizeLinear", "axis=0", {"f32[2,2] 1 2 3 4", "f32[2] 1 0.5", "s8[2] 0 10"}, {"s8[2,2] 1 2 16 18"}},
        {"QuantizeLinear", "axis=-1", {"f32[2,2] 1 2 3 4", "f32[2] 1 0.5"}, {"u8[2,2] 1 4 3 8"}},
        {"QuantizeLinear", "", {"f32[2,3] 1 2 3 4 5 6", "f32[2] 1 2"}, {"!2 scales for 3"}},
        {"QuantizeLinear", "", {"f32[1] 1", "f32[1] 1", "u8[2] 0 0"}, {"!2 zero points"}},
        {"QuantizeLinear", "axis=5", {"f32[2,2] 1 2 3 4", "f32[2] 1 2"}, {"!axis 5"}},
        {"DequantizeLinear", "", {"u8[3] 0 128 255", "f32[] 0.5", "u8[] 128"}, {"f32[3] -64 0 63.5"}},
        {"DequantizeLinear", "axis=0", {"s8[2,1] 4 4", "f32[2] 1 2"}, {"f32[2,1] 4 8"}},
        {"DequantizeLinear", "", {"s32[1] 1000000", "f32[] 0.5"}, {"f32[1] 500000"}},
        {"DequantizeLinear", "", {"s64[1] 1", "f32[] 0.5"}, {"!s64"}},
        {"DynamicQuantizeLinear", "", {"f32[3] -1 0 1.55"}, {"u8[3] 0 100 255", "f32[] 0.01", "u8[] 100"}},
        {"DynamicQuantizeLinear", "", {"f32[2] 2.55 1"}, {"u8[2] 255 100", "f32[] 0.01", "u8[] 0"}},
        {"DynamicQuantizeLinear", "", {"f32[2] 0 0"}, {"u8[2] 0 0", "f32[] 1", "u8[] 0"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

/* numpy.random.seed(0), uniform(): 0.5488135 0.71518937 0.60276338 0.54488318 0.4236548 0.64589411 */
static void drawn(void **state)
{
    static const struct kernel_case cases[] = {
        {"RandomUniform", "seed=0.0 shape=[2,2]", {NULL}, {"f32[2,2] 0.5488135 0.71518937 0.60276338 0.54488318"}},
        {"RandomUniform", "seed=0.0 shape=[2] low=1.0 high=3.0 dtype=11", {NULL}, {"f64[2] 2.097627 2.43037874"}},
        {"RandomUniformLike", "seed=0.0 TOLERANCE=0.001", {"f16[2] 0 0"}, {"f16[2] 0.5488135 0.71518937"}},
        {"RandomNormal", "seed=0.0 shape=[2] mean=5.0 scale=0.0", {NULL}, {"f32[2] 5 5"}},
        {"RandomNormal", "shape=[-1]", {NULL}, {"!-1"}},
        {"RandomUniform", "", {NULL}, {"!shape"}},
        {"RandomUniform", "shape=[1] dtype=7", {NULL}, {"!type"}},
        {"Bernoulli", "seed=0.0", {"f32[4] 0.6 0.6 0.6 0.6"}, {"f32[4] 1 0 0 1"}},
        {"Bernoulli", "seed=0.0 dtype=9", {"f64[2] 0 1"}, {"bool[2] 0 1"}},
        {"Multinomial", "seed=0.0 sample_size=3 dtype=7", {"f32[1,2] 0 0"}, {"s64[1,3] 1 1 1"}},
        {"Multinomial", "", {"f32[1,2] -inf 0"}, {"s32[1,1] 1"}},
        {"Multinomial", "", {"f32[1,2] -inf -inf"}, {"!no probabilities"}},
        {"Multinomial", "sample_size=-1", {"f32[1,2] 0 0"}, {"!-1"}},
        {"Dropout", "", {"f32[2] 1 2"}, {"f32[2] 1 2", "bool[2] 1 1"}},
        {"Dropout", "ratio=0.5 OPSET=7", {"f32[2] 1 2"}, {"f32[2] 1 2", "f32[2] 1 1"}},
        {"Dropout", "seed=0", {"f32[4] 1 2 3 4", "f32[] 0.6", "bool[] 1"}, {"f32[4] 0 5 7.5 0", "bool[4] 0 1 1 0"}},
        {"Dropout", "seed=0", {"f64[2] 1 2", "", "bool[] 1"}, {"f64[2] 2 4"}},
        {"Dropout", "", {"f32[2] 1 2", "f32[] 0", "bool[] 1"}, {"f32[2] 1 2", "bool[2] 1 1"}},
        {"Dropout", "", {"f32[2] 1 2", "f32[] 1", "bool[] 1"}, {"!ratio of 1"}},
        {"StringNormalizer", "case_change_action:UPPER", {"string[2] ab Cd"}, {"string[2] AB CD"}},
        {"StringNormalizer", "case_change_action:LOWER", {"string[1,2] ab Cd"}, {"string[1,2] ab cd"}},
        {"StringNormalizer", "case_change_action:TITLE", {"string[1] ab"}, {"!TITLE"}},
        {"StringNormalizer", "", {"string[2,2] a b c d"}, {"!one row"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(chosen), cmocka_unit_test(quantised), cmocka_unit_test(drawn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
