/* Every operator with numbers in its operands or attributes, against numbers that break arithmetic. */
#include "case.h"
#include "check.h"

#define SIX "f32[2,3] 1 2 3 4 5 6"
#define FOUR "f32[1,4,1,1] 1 2 3 4"
#define LEFT \
    {        \
        ""   \
    } /* what comes out is not looked at */

static void numbers_that_move(void **state)
{
    static const struct kernel_case cases[] = {
        {"Reshape", "allowzero=0", {SIX, "s64[2] 3 2"}, LEFT},
        {"Reshape", "allowzero=1", {"f32[0,3]", "s64[2] 3 0"}, LEFT},
        {"Flatten", "axis=1", {SIX}, LEFT},
        {"Squeeze", "", {"f32[1,2] 1 2", "s64[1] 0"}, LEFT},
        {"Squeeze", "axes=[0] OPSET=11", {"f32[1,2] 1 2"}, LEFT},
        {"Unsqueeze", "", {SIX, "s64[2] 0 3"}, LEFT},
        {"Concat", "axis=0", {SIX, SIX}, LEFT},
        {"Split", "axis=0 num_outputs=2", {"f32[4] 1 2 3 4", "s64[2] 2 2"}, {"", ""}},
        {"Split", "axis=0 split=[2,2] OPSET=11", {"f32[4] 1 2 3 4"}, {"", ""}},
        {"Slice", "", {SIX, "s64[2] 0 0", "s64[2] 2 3", "s64[2] 0 1", "s64[2] 1 1"}, LEFT},
        {"Slice", "", {SIX, "s32[1] 2", "s32[1] 0", "s32[1] 1", "s32[1] -1"}, LEFT},
        {"Slice", "starts=[0] ends=[1] axes=[0] OPSET=9", {SIX}, LEFT},
        {"Slice", "", {"f32[0,2]", "s64[1] 0", "s64[1] 1", "s64[1] 0", "s64[1] 1"}, LEFT},
        {"Transpose", "perm=[1,0]", {SIX}, LEFT},
        {"Expand", "", {"f32[1] 1", "s64[2] 2 2"}, LEFT},
        {"Tile", "", {SIX, "s64[2] 1 2"}, LEFT},
        {"Tile", "", {"f32[0,2]", "s64[2] 1 2"}, LEFT},
        {"Pad", "", {SIX, "s64[4] 1 0 0 1", "f32[] 0", "s64[2] 0 1"}, LEFT},
        {"Pad", "mode:reflect", {SIX, "s64[4] 1 0 0 1"}, LEFT},
        {"Pad", "mode:wrap", {"f32[1,1] 1", "s64[4] 1 0 0 1"}, LEFT},
        {"Pad", "mode:edge pads=[1,0,0,1] OPSET=7", {SIX}, LEFT},
        {"DepthToSpace", "blocksize=2", {FOUR}, LEFT},
        {"SpaceToDepth", "blocksize=1", {FOUR}, LEFT},
        {"ReverseSequence", "time_axis=0 batch_axis=1", {SIX, "s64[3] 1 2 0"}, LEFT},
        {"Cast", "to=7", {"f32[4] 1e30 -1e30 nan inf"}, LEFT},
        {"Shape", "start=0 end=1", {SIX}, LEFT},
        {"Compress", "axis=0", {SIX, "bool[2] 1 1"}, LEFT},
        {"Trilu", "upper=1", {SIX, "s64[] 1"}, LEFT},
        {"Trilu", "upper=0", {SIX, "s64[] 1"}, LEFT},
        {"Unique", "axis=0 sorted=0", {SIX}, LEFT},
    };
    (void)state;
    cases_survive(cases, COUNT_OF(cases));
}

static void numbers_that_point(void **state)
{
    static const struct kernel_case cases[] = {
        {"Gather", "axis=0", {SIX, "s64[2] 0 1"}, LEFT},
        {"Gather", "axis=0", {SIX, "s32[2] 0 1"}, LEFT},
        {"Gather", "axis=0", {"f32[0,2]", "s64[1] 0"}, LEFT},
        {"GatherElements", "axis=0", {SIX, "s64[1,2] 0 1"}, LEFT},
        {"GatherND", "batch_dims=0", {SIX, "s64[1,2] 0 1"}, LEFT},
        {"GatherND", "batch_dims=1", {SIX, "s32[2,1] 0 1"}, LEFT},
        {"Scatter", "axis=0", {SIX, "s64[1,2] 0 1", "f32[1,2] 1 2"}, LEFT},
        {"ScatterElements", "axis=0 reduction:add", {SIX, "s64[1,2] 0 1", "f32[1,2] 1 2"}, LEFT},
        {"ScatterND", "", {SIX, "s64[1,2] 0 1", "f32[1] 1"}, LEFT},
        {"ScatterND", "", {"string[2] a b", "s64[2,1] 0 1", "string[2] y z"}, LEFT},
        {"OneHot", "axis=-1", {"s64[2] 0 1", "s64[] 3", "f32[2] 0 1"}, LEFT},
        {"TopK", "axis=-1 largest=1", {SIX, "s64[1] 2"}, {"", ""}},
        {"TopK", "k=2 axis=0 OPSET=9", {SIX}, {"", ""}},
        {"ArgMax", "axis=0 keepdims=1 select_last_index=0", {SIX}, LEFT},
        {"CumSum", "exclusive=1 reverse=1", {SIX, "s64[] 0"}, LEFT},
        {"ReduceSum", "keepdims=0 noop_with_empty_axes=0", {SIX, "s64[2] 0 1"}, LEFT},
        {"ReduceMean", "axes=[0,1] keepdims=0", {"s64[2,2] 1 2 3 4"}, LEFT},
        {"ReduceL1", "axes=[0]", {"s64[2] 1 2"}, LEFT},
        {"ReduceProd", "axes=[0]", {"s32[2] 1 2"}, LEFT},
        {"ReduceLogSum", "axes=[0]", {"s64[2] 1 2"}, LEFT},
    };
    (void)state;
    cases_survive(cases, COUNT_OF(cases));
}

static void numbers_that_count(void **state)
{
    static const struct kernel_case cases[] = {
        {"Range", "", {"s64[] 0", "s64[] 5", "s64[] 1"}, LEFT},
        {"Range", "", {"s32[] 5", "s32[] 0", "s32[] -1"}, LEFT},
        {"ConstantOfShape", "", {"s64[2] 1 2"}, LEFT},
        {"EyeLike", "k=1 dtype=1", {SIX}, LEFT},
        {"RandomUniform", "shape=[1,2] dtype=1", {NULL}, LEFT},
        {"Multinomial", "sample_size=2 dtype=6 seed=1", {"f32[1,2] 0 0"}, LEFT},
        {"Dropout", "seed=1", {SIX, "f32[] 0.5", "bool[] 1"}, LEFT},
        {"QuantizeLinear", "axis=1", {SIX, "f32[3] 1 2 3"}, LEFT},
        {"DequantizeLinear", "axis=0", {"s32[2] 1 2", "f32[2] 1 2", "s32[2] 0 0"}, LEFT},
        {"Add", "", {"s64[2] 1 2", "s64[2] 1 2"}, LEFT},
        {"Mul", "", {"s32[2] 1 2", "s32[2] 1 2"}, LEFT},
        {"Div", "", {"s64[3] 1 2 -9223372036854775808", "s64[3] 1 2 1"}, LEFT},
        {"Div", "", {"s32[3] 1 2 -2147483648", "s32[3] 1 2 1"}, LEFT},
        {"Mod", "fmod=0", {"s64[3] 1 2 -9223372036854775808", "s64[3] 1 2 1"}, LEFT},
        {"Mod", "fmod=1", {"s32[3] 1 2 -2147483648", "s32[3] 1 2 1"}, LEFT},
        {"Pow", "", {"s64[2] 3 -3", "s64[2] 2 3"}, LEFT},
        {"Pow", "", {"s32[1] 3", "f32[1] 1e30"}, LEFT},
        {"PRelu", "", {"s64[2] 1 -2", "s64[2] 1 2"}, LEFT},
        {"Neg", "", {"s64[1] 1"}, LEFT},
        {"Abs", "", {"s64[1] 1"}, LEFT},
        {"Shrink", "lambd=0.5", {"s64[1] 1"}, LEFT},
        {"Clip", "", {"s64[2] 1 2", "s64[] 0", "s64[] 5"}, LEFT},
        {"BitwiseNot", "", {"s64[1] 1"}, LEFT},
    };
    (void)state;
    cases_survive(cases, COUNT_OF(cases));
}

/* Windows, transforms, boxes, recurrent layers, sizes, convolutions. */
static void numbers_that_shape(void **state)
{
    static const struct kernel_case cases[] = {
        {"HannWindow", "periodic=0 output_datatype=1", {"s64[] 4"}, LEFT},
        {"MelWeightMatrix", "", {"s64[] 2", "s64[] 16", "s64[] 8192", "f32[] 0", "f32[] 4000"}, LEFT},
        {"DFT", "axis=1 inverse=0 onesided=1", {"f32[1,3,1] 1 2 3", "s64[] 4"}, LEFT},
        {"STFT", "onesided=1", {"f32[1,4,1] 1 2 3 4", "s64[] 1", "", "s64[] 3"}, LEFT},
        {"NonMaxSuppression",
         "center_point_box=1",
         {"f32[1,2,4] 1 1 2 2 1.5 1 2 2", "f32[1,2,2] 1 2 2 1", "s64[] 9", "f32[] 0.5"},
         LEFT},
        {"NegativeLogLikelihoodLoss", "ignore_index=1", {"f32[2,2] 1 2 3 4", "s64[2] 1 0"}, LEFT},
        {"SoftmaxCrossEntropyLoss", "ignore_index=1", {"f32[2,2] 1 2 3 4", "s32[2] 1 0"}, LEFT},
        {"GridSample", "align_corners=1", {FOUR, "f32[1,1,1,2] 1e30 -1e30"}, LEFT},
        {"RoiAlign",
         "output_height=1 output_width=2 sampling_ratio=1",
         {"f32[1,1,2,2] 1 2 3 4", "f32[1,4] 0 0 1 1", "s64[1] 0"},
         LEFT},
        {"MaxRoiPool", "pooled_shape=[1,2]", {"f32[1,1,2,2] 1 2 3 4", "f32[1,5] 0 -1e30 0 1e30 1"}, LEFT},
        {"MaxUnpool",
         "kernel_shape=[2] strides=[2] pads=[0,0]",
         {"f32[1,1,2] 5 6", "s64[1,1,2] 1 2", "s64[3] 1 1 4"},
         LEFT},
        {"RNN", "hidden_size=1 layout=0", {"f32[2,1,1] 1 2", "f32[1,1,1] 1", "f32[1,1,1] 1", "", "s32[1] 2"}, LEFT},
        {"LSTM", "input_forget=1", {"f32[1,1,1] 1", "f32[1,4,1] 1 1 1 1", "f32[1,4,1] 1 1 1 1"}, LEFT},
        {"GRU", "linear_before_reset=1", {"f32[1,1,1] 1", "f32[1,3,1] 1 1 1", "f32[1,3,1] 1 1 1"}, LEFT},
        {"Resize", "mode:linear exclude_outside=1", {"f32[2,2] 1 2 3 4", "", "", "s64[2] 2 3"}, LEFT},
        {"Resize", "mode:cubic antialias=1 OPSET=18", {"u8[4] 1 2 3 4", "", "", "s64[1] 2"}, LEFT},
        {"Resize", "keep_aspect_ratio_policy:not_larger axes=[1,0] OPSET=18", {SIX, "", "", "s64[2] 2 3"}, LEFT},
        {"MatMulInteger", "", {"u8[1,2] 1 2", "s8[2,1] 3 4"}, LEFT},
        {"ConvInteger",
         "group=1 strides=[1] pads=[1,1] dilations=[1] kernel_shape=[2]",
         {"u8[1,1,4] 1 2 3 4", "s8[1,1,2] 1 2"},
         LEFT},
    };
    (void)state;
    cases_survive(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_that_move), cmocka_unit_test(numbers_that_point),
                                       cmocka_unit_test(numbers_that_count), cmocka_unit_test(numbers_that_shape)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
