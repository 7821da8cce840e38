/* Operators that make few values of many, and those that look for places. */
#include "case.h"
#include "check.h"

#define SIX "f32[2,3] 1 2 3 4 5 6"
/* 99 at 40 and 66, 1 at 0 and every ninth */
#define SEVENTY                                                                                                       \
    "1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 99 6 7 8 9 1 2 3 4 5 6 7 8 9 1 " \
    "2 3 4 5 6 7 8 9 1 2 3 99 5 6 7"
#define EIGHT "f32[2,2,2] 1 2 3 4 5 6 7 8"

static void reduced(void **state)
{
    static const struct kernel_case cases[] = {
        {"ReduceSum", "", {SIX, "s64[1] 1"}, {"f32[2,1] 6 15"}},
        {"ReduceSum", "keepdims=0", {SIX, "s64[1] 0"}, {"f32[3] 5 7 9"}},
        {"ReduceSum", "", {SIX}, {"f32[1,1] 21"}},
        {"ReduceSum", "keepdims=0", {SIX, "s64[0]"}, {"f32[] 21"}},
        {"ReduceSum", "noop_with_empty_axes=1", {SIX, "s64[0]"}, {SIX}},
        {"ReduceSum", "keepdims=0", {EIGHT, "s64[2] 0 -1"}, {"f32[2] 14 22"}}, /* kept between reduced */
        {"ReduceSum", "keepdims=0", {EIGHT, "s64[1] 1"}, {"f32[2,2] 4 6 12 14"}},
        {"ReduceSum", "keepdims=0", {"f32[] 3"}, {"f32[] 3"}},
        {"ReduceSum", "", {"f32[2,0]", "s64[1] 1"}, {"f32[2,1] 0 0"}},
        {"ReduceSum", "", {"f32[0,2]", "s64[1] 1"}, {"f32[0,1]"}},
        {"ReduceSum", "", {"s32[2] 2147483647 1", "s64[1] 0"}, {"s32[1] -2147483648"}},
        {"ReduceSum", "", {"u64[2] 18446744073709551615 2", "s64[1] 0"}, {"u64[1] 1"}},
        {"ReduceSum", "axes=[-1] OPSET=11", {SIX}, {"f32[2,1] 6 15"}},
        {"ReduceSum", "", {"f16[3] 2048 1 1", "s64[1] 0"}, {"f16[1] 2050"}},
        {"ReduceSum", "", {"f32[4] 100000000 1 1 -100000000"}, {"f32[1] 2"}}, /* doubles keep what floats lose */
        {"ReduceSum", "", {SIX, "s64[1] 2"}, {"!axis 2"}},
        {"ReduceSum", "", {SIX, "s64[2] 1 -1"}, {"!twice"}},
        {"ReduceSum", "", {"string[1] a"}, {"!string"}},
        {"ReduceMean", "axes=[1]", {SIX}, {"f32[2,1] 2 5"}},
        {"ReduceMean", "axes=[0]", {"s32[3] 1 2 4"}, {"s32[1] 2"}},
        {"ReduceMean", "axes=[0]", {"f32[0]"}, {"f32[1] nan"}},
        {"ReduceMean", "axes=[0]", {"s32[0]"}, {"s32[1] 0"}},
        {"ReduceMax", "axes=[0]", {"f32[3] 1 nan 2"}, {"f32[1] nan"}},
        {"ReduceMax", "axes=[0]", {"f32[2,2] -1 5 3 -5"}, {"f32[1,2] 3 5"}},
        {"ReduceMax", "axes=[0]", {"s8[2] -128 -3"}, {"s8[1] -3"}},
        {"ReduceMax", "axes=[0]", {"f32[0]"}, {"f32[1] -inf"}},
        {"ReduceMax", "axes=[0]", {"bool[2] 0 1"}, {"bool[1] 1"}},
        {"ReduceMin", "axes=[0]", {"u64[2] 18446744073709551615 3"}, {"u64[1] 3"}},
        {"ReduceMax", "axes=[0]", {"f32[70] " SEVENTY}, {"f32[1] 99"}},
        {"ReduceMax", "axes=[0]", {"f64[71] " SEVENTY " nan"}, {"f64[1] nan"}},
        {"ReduceSum", "", {"s8[70] " SEVENTY}, {"s8[1] 20"}},
        {"ReduceMin", "axes=[1]", {SIX}, {"f32[2,1] 1 4"}},
        {"ReduceProd", "axes=[1]", {SIX}, {"f32[2,1] 6 120"}},
        {"ReduceProd", "axes=[0]", {"f32[0]"}, {"f32[1] 1"}},
        {"ReduceL1", "axes=[0]", {"f32[3] -1 2 -3"}, {"f32[1] 6"}},
        {"ReduceL1", "axes=[0]", {"s64[2] -4 3"}, {"s64[1] 7"}},
        {"ReduceL2", "axes=[0]", {"f32[2] 3 -4"}, {"f32[1] 5"}},
        {"ReduceL2", "axes=[0]", {"s32[2] 3 -4"}, {"s32[1] 5"}},
        {"ReduceSumSquare", "axes=[0]", {"f32[2,1] 3 -4"}, {"f32[1,1] 25"}},
        {"ReduceLogSum", "axes=[0]", {"f32[2] 1 1.71828183"}, {"f32[1] 1"}},
        {"ReduceLogSumExp", "axes=[0]", {"f32[2] 1000 1000"}, {"f32[1] 1000.69315"}},
        {"ReduceLogSumExp", "axes=[0]", {"f32[2,2] -inf 0 -inf 0"}, {"f32[1,2] -inf 0.693147181"}},
        {"ReduceLogSumExp", "axes=[0]", {"f64[1] inf"}, {"f64[1] inf"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void found(void **state)
{
    static const struct kernel_case cases[] = {
        {"ArgMax", "axis=1", {"f32[2,3] 1 3 3 6 5 4"}, {"s64[2,1] 1 0"}},
        {"ArgMax", "axis=1 select_last_index=1 keepdims=0", {"f32[2,3] 1 3 3 6 5 4"}, {"s64[2] 2 0"}},
        {"ArgMax", "", {"s8[3,2] 1 2 5 2 5 1"}, {"s64[1,2] 1 0"}},
        {"ArgMax", "", {"f32[4] 1 nan 9 nan"}, {"s64[1] 1"}},
        {"ArgMin", "select_last_index=1", {"f32[4] 1 nan 9 nan"}, {"s64[1] 3"}},
        {"ArgMin", "axis=-1", {"f16[3] 3 1 2"}, {"s64[1] 1"}},
        {"ArgMax", "", {"f32[70] " SEVENTY}, {"s64[1] 40"}},
        {"ArgMax", "select_last_index=1", {"f32[70] " SEVENTY}, {"s64[1] 66"}},
        {"ArgMin", "select_last_index=1", {"s32[70] " SEVENTY}, {"s64[1] 63"}},
        {"ArgMax", "", {"f32[71] nan " SEVENTY}, {"s64[1] 0"}},
        {"ArgMax", "", {"f32[71] " SEVENTY " nan"}, {"s64[1] 70"}},
        {"ArgMax", "", {"f32[18] 1 2 3 4 5 6 7 8 9 9 1 2 3 4 5 6 7 9"}, {"s64[1] 8"}},
        {"ArgMax", "select_last_index=1", {"f32[18] 1 2 3 4 5 6 7 8 9 9 1 2 3 4 5 6 7 9"}, {"s64[1] 17"}},
        {"ArgMax", "", {"f32[17] 1 2 3 4 5 6 7 8 9 9 1 2 3 4 5 nan 7"}, {"s64[1] 15"}},
        {"ArgMin", "", {"u64[17] 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 1"}, {"s64[1] 16"}},
        {"ArgMax", "axis=1", {"f32[2,0]"}, {"!no value"}},
        {"ArgMax", "axis=1", {"f32[0,2]"}, {"s64[0,1]"}},
        {"ArgMax", "axis=2", {SIX}, {"!axis 2"}},
        {"TopK", "", {"f32[2,4] 1 4 2 4 8 5 6 7", "s64[1] 2"}, {"f32[2,2] 4 4 8 7", "s64[2,2] 1 3 0 3"}},
        {"TopK", "axis=0 largest=0", {"s64[3,1] -5 7 -9", "s64[1] 3"}, {"s64[3,1] -9 -5 7", "s64[3,1] 2 0 1"}},
        {"TopK", "", {"u64[2] 18446744073709551615 1", "s64[1] 1"}, {"u64[1] 18446744073709551615", "s64[1] 0"}},
        {"TopK", "", {"f32[3] -1 -0 -2", "s64[1] 1"}, {"f32[1] 0", "s64[1] 1"}},
        {"TopK", "k=1 OPSET=9", {"f32[2] 1 2"}, {"f32[1] 2", "s64[1] 1"}},
        {"TopK", "", {"f16[3] 1 3 2", "s64[1] 2"}, {"f16[2] 3 2", "s64[2] 1 2"}},
        {"TopK", "", {"f32[3] 1 2 3", "s64[1] 0"}, {"f32[0]", "s64[0]"}},
        {"TopK", "", {"f32[3] 1 2 3", "s64[1] 4"}, {"!best 4 of 3", "s64[0]"}},
        {"TopK", "", {"f32[3] 1 2 3", "s64[1] -1"}, {"!best -1", "s64[0]"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void scattered_and_padded(void **state)
{
    static const struct kernel_case cases[] = {
        {"ScatterElements", "axis=1", {SIX, "s64[1,2] 1 -1", "f32[1,2] 10 20"}, {"f32[2,3] 1 10 20 4 5 6"}},
        {"ScatterElements", "reduction:add", {"s8[2] 100 1", "s32[3] 0 0 1", "s8[3] 20 20 5"}, {"s8[2] -116 6"}},
        {"ScatterElements", "reduction:max", {"f32[2] 1 5", "s64[2] 0 1", "f32[2] 3 3"}, {"f32[2] 3 5"}},
        {"ScatterElements", "reduction:mul", {"f16[1] 3", "s64[2] 0 0", "f16[2] 2 2"}, {"f16[1] 12"}},
        {"Scatter", "", {"f32[2] 1 2", "s64[1] 1", "f32[1] 9"}, {"f32[2] 1 9"}},
        {"ScatterElements", "", {"string[2] a b", "s64[1] 0", "string[1] z"}, {"string[2] z b"}},
        {"ScatterElements", "", {SIX, "s64[1,1] 2", "f32[1,1] 1"}, {"!index 2"}},
        {"ScatterElements", "", {SIX, "s64[1,1] 1", "f32[1] 1"}, {"!one shape"}},
        {"ScatterElements", "reduction:add", {"bool[1] 1", "s64[1] 0", "bool[1] 1"}, {"!no reduction"}},
        {"ScatterND", "", {SIX, "s64[1,1] 1", "f32[1,3] 7 8 9"}, {"f32[2,3] 1 2 3 7 8 9"}},
        {"ScatterND", "reduction:add", {"s64[2] 1 2", "s64[3,1] 1 1 -2", "s64[3] 5 5 3"}, {"s64[2] 4 12"}},
        {"ScatterND", "", {"string[2] a b", "s64[1,1] 1", "string[1] z"}, {"string[2] a z"}},
        {"ScatterND", "", {"string[2] a b", "s64[2,1] 1 2", "string[2] y z"}, {"!index 2"}},
        {"ScatterND", "", {SIX, "s64[1,1] 1", "f32[1,2] 7 8"}, {"!shape"}},
        {"ScatterND", "", {SIX, "s64[0,2]", "f32[0]"}, {SIX}},
        {"Pad", "", {"f32[1,2] 1 2", "s64[4] 1 0 0 1", "f32[] 9"}, {"f32[2,3] 9 9 9 1 2 9"}},
        {"Pad", "", {"s8[3] 1 2 3", "s64[2] -1 2"}, {"s8[4] 2 3 0 0"}},
        {"Pad", "mode:reflect", {"f32[3] 1 2 3", "s64[2] 2 3"}, {"f32[8] 3 2 1 2 3 2 1 2"}},
        {"Pad", "mode:edge", {"f32[2,1] 1 2", "s64[4] 0 1 1 1"}, {"f32[3,3] 1 1 1 2 2 2 2 2 2"}},
        {"Pad", "mode:wrap", {"s64[3] 1 2 3", "s64[2] 1 4"}, {"s64[8] 3 1 2 3 1 2 3 1"}},
        {"Pad", "", {"f32[1,2] 1 2", "s64[2] 1 0", "", "s64[1] -1"}, {"f32[1,3] 0 1 2"}},
        {"Pad", "pads=[0,1] value=1.5 OPSET=7", {"f32[1] 1"}, {"f32[2] 1 1.5"}},
        {"Pad", "", {"f32[0]", "s64[2] 1 1"}, {"f32[2] 0 0"}},
        {"Pad", "", {"f32[] 1", "s64[0]"}, {"f32[] 1"}},
        {"Pad", "", {"string[1] a", "s64[2] 1 0", "string[1] z"}, {"string[2] z a"}},
        {"Pad", "mode:edge", {"f32[0]", "s64[2] 1 1"}, {"!no place"}},
        {"Pad", "", {"f32[2] 1 2", "s64[2] -3 4"}, {"!cannot be padded"}},
        {"Pad", "", {"f32[2] 1 2", "s64[2] 9223372036854775807 1"}, {"!cannot be padded"}},
        {"Pad", "", {"f32[2] 1 2", "s64[2] -9223372036854775808 1"}, {"!cannot be padded"}},
        {"Pad", "", {"f32[2] 1 2", "s64[3] 1 1 1"}, {"!3 pads"}},
        {"Pad", "mode:mirror", {"f32[2] 1 2", "s64[2] 1 1"}, {"!mode"}},
        {"Pad", "", {"f32[2] 1 2", "s64[2] 1000000000 1000000000"}, {"!fit"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reduced), cmocka_unit_test(found),
                                       cmocka_unit_test(scattered_and_padded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
