/* Operators that move elements: by hand, with what hostile indices and shapes meet. */
#include "case.h"
#include "check.h"

#define SIX "f32[2,3] 1 2 3 4 5 6"

static void views_and_casts(void **state)
{
    static const struct kernel_case cases[] = {
        {"Reshape", "", {SIX, "s64[2] 3 -1"}, {"f32[3,2] 1 2 3 4 5 6"}},
        {"Reshape", "", {SIX, "s64[3] 0 1 3"}, {"f32[2,1,3] 1 2 3 4 5 6"}},
        {"Reshape", "allowzero=1", {"f32[0,3]", "s64[2] 3 0"}, {"f32[3,0]"}},
        {"Reshape", "", {"f32[1] 7", "s64[0]"}, {"f32[] 7"}},
        {"Reshape", "", {SIX, "s64[2] 4 -1"}, {"!do not fit"}},
        {"Reshape", "", {SIX, "s64[2] -1 -1"}, {"!two dimensions"}},
        {"Reshape", "", {SIX, "s64[3] 1 1 0"}, {"!without it"}},
        {"Reshape", "", {SIX, "s64[2] 4611686018427387904 4611686018427387904"}, {"!do not fit"}},
        {"Flatten", "", {"f32[2,1,2] 1 2 3 4"}, {"f32[2,2] 1 2 3 4"}},
        {"Flatten", "axis=0", {"f32[] 1"}, {"f32[1,1] 1"}},
        {"Flatten", "axis=-1", {"f32[2,1,2] 1 2 3 4"}, {"f32[2,2] 1 2 3 4"}},
        {"Flatten", "axis=4", {"f32[2,1,2] 1 2 3 4"}, {"!axis 4"}},
        {"Squeeze", "", {"f32[1,2,1] 1 2"}, {"f32[2] 1 2"}},
        {"Squeeze", "", {"f32[1,2,1] 1 2", "s64[1] -1"}, {"f32[1,2] 1 2"}},
        {"Squeeze", "axes=[0] OPSET=11", {"f32[1,2,1] 1 2"}, {"f32[2,1] 1 2"}},
        {"Squeeze", "", {"f32[1,2,1] 1 2", "s64[1] 1"}, {"!only 1"}},
        {"Unsqueeze", "", {"f32[2] 1 2", "s64[2] 2 0"}, {"f32[1,2,1] 1 2"}},
        {"Unsqueeze", "", {"f32[2] 1 2", "s64[2] 0 -3"}, {"!twice"}},
        {"Unsqueeze", "", {"f32[2] 1 2", "s64[1] 5"}, {"!axis 5"}},
        {"Cast", "to=6", {"f32[4] 1.9 -1.9 0 7"}, {"s32[4] 1 -1 0 7"}},
        {"Cast",
         "to=1",
         {"s64[3] 16777217 -16777219 9007199791611905"},
         {"f32[3] 16777216 -16777220 9007200328482816"}},
        {"Cast", "to=1", {"u8[2] 255 0"}, {"f32[2] 255 0"}},
        {"Cast", "to=1", {"f64[3] 1e300 0.1 nan"}, {"f32[3] inf 0.1 nan"}},
        {"Cast", "to=6", {"s64[2] 4294967297 -1"}, {"s32[2] 1 -1"}},
        {"Cast", "to=7", {"bool[2] 0 1"}, {"s64[2] 0 1"}},
        {"Cast", "to=9", {"f32[3] 0 0.5 nan"}, {"bool[3] 0 1 1"}},
        {"Cast", "to=10", {"f64[2] 1.0009765625 65520"}, {"f16[2] 1.0009765625 inf"}},
        {"Cast", "to=8", {"f32[4] 0.1 -2 inf 1e30"}, {"string[4] 0.1 -2 inf 1e+30"}},
        {"Cast", "to=1", {"string[3] 1.5 -inf nan"}, {"f32[3] 1.5 -inf nan"}},
        {"Cast", "to=7", {"string[1] 9007199254740993"}, {"s64[1] 9007199254740993"}},
        {"Cast", "to=7", {"string[1] one"}, {"!no number"}},
        {"Cast", "to=99", {"f32[1] 1"}, {"!type"}},
        {"CastLike", "", {"s64[2] 1 300", "u8[1] 0"}, {"u8[2] 1 44"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void joined_and_cut(void **state)
{
    static const struct kernel_case cases[] = {
        {"Concat", "axis=1", {SIX, "f32[2,1] 7 8"}, {"f32[2,4] 1 2 3 7 4 5 6 8"}},
        {"Concat", "axis=-2", {"s8[1,2] 1 2", "s8[0,2]", "s8[1,2] 3 4"}, {"s8[2,2] 1 2 3 4"}},
        {"Concat", "axis=0", {"string[1] a", "string[2] b c"}, {"string[3] a b c"}},
        {"Concat", "axis=0", {SIX, "f32[1,2] 1 2"}, {"!dimension 1"}},
        {"Concat", "axis=0", {SIX, "f32[1] 1"}, {"!dimensions"}},
        {"Concat", "axis=2", {SIX}, {"!axis 2"}},
        {"Split", "axis=1", {SIX, "s64[2] 1 2"}, {"f32[2,1] 1 4", "f32[2,2] 2 3 5 6"}},
        {"Split", "", {SIX}, {"f32[1,3] 1 2 3", "f32[1,3] 4 5 6"}},
        {"Split", "num_outputs=2", {"f32[3] 1 2 3"}, {"f32[2] 1 2", "f32[1] 3"}},
        {"Split", "split=[2,1] OPSET=11", {"f32[3] 1 2 3"}, {"f32[2] 1 2", "f32[1] 3"}},
        {"Split", "", {"f32[0]", "s64[2] 0 0"}, {"f32[0]", "f32[0]"}},
        {"Split", "", {"string[2] a b"}, {"string[1] a", "string[1] b"}},
        {"Split", "", {"f32[3] 1 2 3"}, {"!equal parts", "f32[1] 0"}},
        {"Split", "", {"f32[3] 1 2 3", "s64[2] 2 2"}, {"!are listed", "f32[1] 0"}},
        {"Split", "", {"f32[3] 1 2 3", "s64[2] -1 4"}, {"!part 0", "f32[1] 0"}},
        {"Slice", "", {SIX, "s64[2] 0 1", "s64[2] 2 3"}, {"f32[2,2] 2 3 5 6"}},
        {"Slice", "", {SIX, "s64[1] -1", "s64[1] -9223372036854775808", "s64[1] 1", "s64[1] -2"}, {"f32[2,2] 3 1 6 4"}},
        {"Slice", "", {SIX, "s64[1] 0", "s64[1] 9223372036854775807", "s64[1] -1", "s64[1] 2"}, {"f32[2,2] 1 3 4 6"}},
        {"Slice", "", {SIX, "s64[1] 5", "s64[1] 9", "s64[1] 1"}, {"f32[2,0]"}},
        {"Slice", "", {SIX, "s64[1] 9", "s64[1] -9", "s64[1] 0", "s64[1] -9223372036854775808"}, {"f32[1,3] 4 5 6"}},
        {"Slice", "starts=[1] ends=[2] axes=[1] OPSET=9", {SIX}, {"f32[2,1] 2 5"}},
        {"Slice", "", {SIX, "s64[1] 0", "s64[1] 1", "s64[1] 0", "s64[1] 0"}, {"!never ends"}},
        {"Slice", "", {SIX, "s64[1] 0", "s64[2] 1 1"}, {"!lists 1 starts, 2 ends"}},
        {"Slice", "", {SIX, "s64[1] 0", "s64[1] 1", "s64[1] 2"}, {"!axis 2"}},
        {"Transpose", "", {SIX}, {"f32[3,2] 1 4 2 5 3 6"}},
        {"Transpose", "perm=[1,0,2]", {"s8[2,2,2] 1 2 3 4 5 6 7 8"}, {"s8[2,2,2] 1 2 5 6 3 4 7 8"}},
        {"Transpose", "perm=[0,2,1]", {"u16[2,2,2] 1 2 3 4 5 6 7 8"}, {"u16[2,2,2] 1 3 2 4 5 7 6 8"}},
        {"Transpose", "perm=[2,1,0]", {"s64[2,1,2] 1 2 3 4"}, {"s64[2,1,2] 1 3 2 4"}},
        {"Transpose", "", {"f32[] 1"}, {"f32[] 1"}},
        {"Transpose", "", {"f32[0,2]"}, {"f32[2,0]"}},
        {"Transpose", "", {"string[2,2] a b c d"}, {"string[2,2] a c b d"}},
        {"Transpose", "perm=[0,0]", {SIX}, {"!no order"}},
        {"Transpose", "perm=[0]", {SIX}, {"!lists 1"}},
        {"Expand", "", {"f32[2,1] 1 2", "s64[3] 2 1 2"}, {"f32[2,2,2] 1 1 2 2 1 1 2 2"}},
        {"Expand", "", {"s8[] 1", "s64[1] 3"}, {"s8[3] 1 1 1"}},
        {"Expand", "", {"f32[1] 1", "s64[2] 0 5"}, {"f32[0,5]"}},
        {"Expand", "", {"f32[2] 1 2", "s64[1] 3"}, {"!go together"}},
        {"Expand", "", {"f32[2] 1 2", "s64[1] -1"}, {"!shape is -1"}},
        {"Expand", "", {"f32[1] 1", "s64[1] 1000000000000"}, {"!fit"}},
        {"Tile", "", {"f32[2,2] 1 2 3 4", "s64[2] 1 2"}, {"f32[2,4] 1 2 1 2 3 4 3 4"}},
        {"Tile", "", {"string[1] a", "s64[1] 2"}, {"string[2] a a"}},
        {"Tile", "", {"f32[2] 1 2", "s64[1] 0"}, {"f32[0]"}},
        {"Tile", "", {"f32[2] 1 2", "s64[1] 4611686018427387904"}, {"!"}},
        {"Tile", "", {"f32[2] 1 2", "s64[1] -1"}, {"!repeated -1"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void gathered_and_made(void **state)
{
    static const struct kernel_case cases[] = {
        {"Gather", "axis=1", {SIX, "s64[2] 2 -3"}, {"f32[2,2] 3 1 6 4"}},
        {"Gather", "", {SIX, "s32[] 1"}, {"f32[3] 4 5 6"}},
        {"Gather", "", {"string[2] a b", "s32[2,1] 1 1"}, {"string[2,1] b b"}},
        {"Gather", "", {SIX, "s64[0]"}, {"f32[0,3]"}},
        {"Gather", "", {SIX, "s64[1] 2"}, {"!index 2 is outside 2"}},
        {"Gather", "", {SIX, "s64[1] -9223372036854775808"}, {"!outside"}},
        {"Gather", "", {SIX, "f32[1] 0"}, {"!type f32"}},
        {"GatherElements", "axis=1", {SIX, "s64[2,2] 0 -1 1 1"}, {"f32[2,2] 1 3 5 5"}},
        {"GatherElements", "", {SIX, "s64[1,2] 1 0"}, {"f32[1,2] 4 2"}},
        {"GatherElements", "", {SIX, "s64[1,4] 1 0 0 0"}, {"!4 indices"}},
        {"GatherElements", "", {SIX, "s64[1,2] 2 0"}, {"!outside"}},
        {"GatherND", "", {SIX, "s64[2,2] 0 0 1 -1"}, {"f32[2] 1 6"}},
        {"GatherND", "", {SIX, "s64[1,1] 1"}, {"f32[1,3] 4 5 6"}},
        {"GatherND", "batch_dims=1", {SIX, "s64[2,1] 2 0"}, {"f32[2] 3 4"}},
        {"GatherND", "", {SIX, "s64[1,3] 0 0 0"}, {"!tuples of 3"}},
        {"GatherND", "", {SIX, "s64[1,2] 0 3"}, {"!outside"}},
        {"Range", "", {"f32[] 1", "f32[] 2", "f32[] 0.3"}, {"f32[4] 1 1.3 1.6 1.9"}},
        {"Range", "", {"s32[] 10", "s32[] 4", "s32[] -3"}, {"s32[2] 10 7"}},
        {"Range",
         "",
         {"s64[] 9223372036854775806", "s64[] 9223372036854775807", "s64[] 5"},
         {"s64[1] 9223372036854775806"}},
        {"Range", "", {"s64[] 1", "s64[] 1", "s64[] 1"}, {"s64[0]"}},
        {"Range", "", {"s64[] 1", "s64[] 2", "s64[] 0"}, {"!never ends"}},
        {"Range", "", {"s64[] -9223372036854775808", "s64[] 9223372036854775807", "s64[] 1"}, {"!too long"}},
        {"Range", "", {"f32[] 0", "f32[] nan", "f32[] 1"}, {"!no end"}},
        {"EyeLike", "k=1", {SIX}, {"f32[2,3] 0 1 0 0 0 1"}},
        {"EyeLike", "dtype=7 k=-1", {SIX}, {"s64[2,3] 0 0 0 1 0 0"}},
        {"EyeLike", "k=9223372036854775807", {SIX}, {"f32[2,3] 0 0 0 0 0 0"}},
        {"EyeLike", "", {"f32[1] 1"}, {"!diagonal"}},
        {"OneHot", "", {"s64[2] 1 -1", "s64[] 3", "f32[2] 5 7"}, {"f32[2,3] 5 7 5 5 5 7"}},
        {"OneHot", "axis=0", {"s64[2] 1 9", "s64[1] 3", "s8[2] 0 1"}, {"s8[3,2] 0 0 1 0 0 0"}},
        {"OneHot", "", {"s64[2] 1 -1", "s64[] -3", "f32[2] 5 7"}, {"!depth of -3"}},
        {"ConstantOfShape", "", {"s64[2] 1 2"}, {"f32[1,2] 0 0"}},
        {"ConstantOfShape", "", {"s64[0]"}, {"f32[] 0"}},
        {"ConstantOfShape", "", {"s64[1] -1"}, {"!-1"}},
        {"Trilu", "", {SIX}, {"f32[2,3] 1 2 3 0 5 6"}},
        {"Trilu", "upper=0", {SIX, "s64[] 1"}, {"f32[2,3] 1 2 0 4 5 6"}},
        {"Trilu", "", {SIX, "s64[] 9223372036854775807"}, {"f32[2,3] 0 0 0 0 0 0"}},
        {"Trilu", "", {SIX, "s64[] -9223372036854775808"}, {SIX}},
        {"Trilu", "", {"f32[1] 1"}, {"!triangles"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(views_and_casts), cmocka_unit_test(joined_and_cut),
                                       cmocka_unit_test(gathered_and_made)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
