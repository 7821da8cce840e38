/* Data movement: rules against finite differences. */
#include "check.h"
#include "rule_case.h"

static void shapes_and_orders(void **state)
{
    static const struct rule_case cases[] = {
        {"Reshape", "", {"2x3x4", "c4,-1"}},
        {"Flatten", "axis=2", {"2x3x4"}},
        {"Squeeze", "axes=[1]", {"2x1x3"}},
        {"Unsqueeze", "", {"2x3", "c0,-1"}},
        {"Transpose", "", {"2x3x4"}},
        {"Transpose", "perm=[1,2,0]", {"2x3x4"}},
        {"Concat", "axis=1", {"2x3", "2x1", "=2x2"}},
        {"Concat", "axis=-1", {"2x3x1", "2x3x2"}},
        {"Split", "axis=1 OUTPUTS=2", {"2x5x2", "c2,3"}},
        {"Split", "OUTPUTS=3", {"6x2"}},
        {"Expand", "", {"3x1", "c2,3,4"}},
        {"Tile", "", {"2x3", "c2,3"}},
        {"Trilu", "", {"3x4"}},
        {"Trilu", "upper=0", {"2x3x3", "c-1"}},
        {"DepthToSpace", "blocksize=2", {"1x8x2x3"}},
        {"DepthToSpace", "blocksize=2 mode:CRD", {"2x8x2x3"}},
        {"SpaceToDepth", "blocksize=2", {"2x2x4x6"}},
        {"CumSum", "", {"3x4", "c1"}},
        {"CumSum", "exclusive=1 reverse=1", {"3x4", "c0"}},
        {"ReverseSequence", "", {"4x3x2", "i4:3"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

static void slices_and_borders(void **state)
{
    static const struct rule_case cases[] = {
        {"Slice", "", {"5x6", "c1", "c4"}},
        {"Slice", "", {"5x6", "c-3,0", "c1000,5", "c0,-1", "c1,2"}},
        {"Slice", "", {"5x6", "c-1", "c-1000", "c1", "c-2"}},
        {"Slice", "starts=[1] ends=[3] axes=[1] OPSET=9", {"3x4"}},
        {"Pad", "", {"2x3", "c1,0,2,1"}},
        {"Pad", "", {"4x5", "c-1,2,0,-2"}},
        {"Pad", "mode:reflect", {"4x5", "c1,2,3,4"}},
        {"Pad", "mode:edge", {"2x3", "c1,2,3,1"}},
        {"Pad", "mode:wrap", {"3x4", "c1,2,2,1"}},
        {"Pad", "pads=[0,1,0,2] OPSET=10", {"2x3"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

static void by_index(void **state)
{
    static const struct rule_case cases[] = {
        {"Gather", "", {"5x3", "i5:2x4"}},
        {"Gather", "axis=1", {"2x4x3", "i4:5"}},
        {"Gather", "axis=-1", {"2x3", "i3:2x2"}},
        {"Gather", "", {"4", "i4:()"}},
        {"GatherElements", "axis=1", {"3x4", "i4:3x6"}},
        {"GatherND", "", {"3x4x2", "i3:5x2"}},
        {"ScatterElements", "axis=1 reduction:add", {"3x5", "i5:3x4", "3x4"}},
        {"ScatterElements", "", {"5x3", "i5:1x3", "1x3"}},
        {"ScatterND", "reduction:add", {"4x3", "i4:6x1", "6x3"}},
        {"ScatterND", "", {"4x3", "i4:1x1", "1x3"}},
        {"TopK", "", {"3x5", "c2"}},
        {"OneHot", "", {"i4:2x3", "c4", "2"}},
        {"OneHot", "axis=0", {"i5:3", "c5", "2"}},
        {"TopK", "axis=0 largest=0 OUTPUTS=2", {"4x3", "c3"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_and_orders),
        cmocka_unit_test(slices_and_borders),
        cmocka_unit_test(by_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
