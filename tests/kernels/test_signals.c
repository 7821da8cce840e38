/* Operators on boxes, labels, matrices and signals. */
#include "case.h"
#include "check.h"

#define FOUR_BOXES "f32[1,4,4] 0 0 2 2 0 0 2 1.9 0 0 2 1 5 5 6 6"

static void windows(void **state)
{
    static const struct kernel_case cases[] = {
        {"HannWindow", "", {"s64[] 4"}, {"f32[4] 0 0.5 1 0.5"}},
        {"HannWindow", "periodic=0 output_datatype=11", {"s32[1] 5"}, {"f64[5] 0 0.5 1 0.5 0"}},
        {"HannWindow", "periodic=0", {"s32[] 1"}, {"f32[1] 1"}},
        {"HannWindow", "", {"s32[] 0"}, {"f32[0]"}},
        {"HammingWindow", "", {"s64[] 2"}, {"f32[2] 0.086956522 1"}}, /* 25/46 -+ 21/46 */
        {"BlackmanWindow", "", {"s64[] 4"}, {"f32[4] 0 0.34 1 0.34"}},
        {"HannWindow", "", {"s64[] -1"}, {"!-1"}},
        {"HannWindow", "", {"s64[] 4611686018427387904"}, {"!"}},
        {"HannWindow", "output_datatype=8", {"s64[] 4"}, {"!type"}},
        /* thirds of the mel scale to 4096 Hz are 630 and 1825 Hz: bins 0, 1, 3 of 17 over 8192 Hz */
        {"MelWeightMatrix",
         "",
         {"s64[] 1", "s64[] 16", "s64[] 8192", "f32[] 0", "f32[] 4096"},
         {"f32[9,1] 0 1 0.5 0 0 0 0 0 0"}},
        {"MelWeightMatrix", "", {"s64[] 1", "s64[] 7", "s64[] 8", "f32[] 4", "f32[] 4"}, {"f32[4,1] 0 0 0 1"}},
        {"MelWeightMatrix", "", {"s64[] 1", "s64[] 16", "s64[] 8192", "f32[] 0", "f32[] 4097"}, {"!between 0"}},
        {"MelWeightMatrix", "", {"s64[] 1", "s64[] 16", "s64[] 8192", "f32[] 0"}, {"!4 inputs given, 5 to 5 expected"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void determinants(void **state)
{
    static const struct kernel_case cases[] = {
        {"Det", "", {"f32[2,2] 0 1 2 3"}, {"f32[] -2"}},
        {"Det", "", {"f64[2,3,3] 2 0 0 0 3 0 0 0 4 1 2 3 4 5 6 7 8 9"}, {"f64[2] 24 0"}},
        {"Det", "", {"f32[2,0,0]"}, {"f32[2] 1 1"}},
        {"Det", "", {"f32[2,3] 1 2 3 4 5 6"}, {"!square"}},
        {"Det", "", {"s64[1,1] 1"}, {"!s64"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void boxes(void **state)
{
    static const struct kernel_case cases[] = {
        /* box 1 covers 0.95 of box 0, box 2 half of it; 3 stands alone */
        {"NonMaxSuppression",
         "",
         {FOUR_BOXES, "f32[1,1,4] 0.5 0.9 0.8 0.1", "s64[] 4", "f32[] 0.9"},
         {"s64[3,3] 0 0 1 0 0 2 0 0 3"}},
        {"NonMaxSuppression",
         "",
         {FOUR_BOXES, "f32[1,1,4] 0.5 0.9 0.8 0.1", "s64[1] 4", "f32[1] 0.5", "f32[1] 0.1"},
         {"s64[1,3] 0 0 1"}},
        {"NonMaxSuppression", "", {FOUR_BOXES, "f32[1,1,4] 0.5 0.5 nan 0.1", "s64[] 1"}, {"s64[1,3] 0 0 0"}},
        {"NonMaxSuppression", "", {FOUR_BOXES, "f32[1,1,4] 0.5 0.5 1 0.1"}, {"s64[0,3]"}}, /* at most 0 of a class */
        {"NonMaxSuppression",
         "center_point_box=1",
         {"f32[1,2,4] 1 1 2 2 1.5 1 2 2", "f32[1,2,2] 1 2 2 1", "s64[] 9", "f32[] 0.5"}, /* 1.5 of 2.5 is common */
         {"s64[2,3] 0 0 1 0 1 0"}},
        {"NonMaxSuppression", "", {"f32[2,0,4]", "f32[2,3,0]", "s64[] 9"}, {"s64[0,3]"}},
        {"NonMaxSuppression", "", {FOUR_BOXES, "f32[1,1,3] 1 2 3"}, {"!places"}},
        {"NonMaxSuppression", "", {FOUR_BOXES, "f32[1,1,4] 1 2 3 4", "s64[] 1", "f32[] nan"}, {"!overlap"}},
        {"NonMaxSuppression", "", {FOUR_BOXES}, {"!1 inputs given, 2 to 5 expected"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

#define LOGS "f32[2,2] -1 -2 -3 -4"
static void losses(void **state)
{
    static const struct kernel_case cases[] = {
        {"NegativeLogLikelihoodLoss", "reduction:none", {LOGS, "s64[2] 1 0"}, {"f32[2] 2 3"}},
        {"NegativeLogLikelihoodLoss", "", {LOGS, "s32[2] 1 0"}, {"f32[] 2.5"}},
        {"NegativeLogLikelihoodLoss", "", {LOGS, "s64[2] 1 0", "f32[2] 1 3"}, {"f32[] 2.25"}}, /* (3*2 + 3) / 4 */
        {"NegativeLogLikelihoodLoss", "ignore_index=-7", {LOGS, "s64[2] -7 1"}, {"f32[] 4"}},
        {"NegativeLogLikelihoodLoss", "reduction:sum", {"f64[1,2,2] -1 -2 -3 -4", "s64[1,2] 0 1"}, {"f64[] 5"}},
        {"NegativeLogLikelihoodLoss", "ignore_index=0", {LOGS, "s64[2] 0 0"}, {"f32[] nan"}},
        {"NegativeLogLikelihoodLoss", "", {LOGS, "s64[2] 2 0"}, {"!label 2"}},
        {"NegativeLogLikelihoodLoss", "", {LOGS, "s64[3] 1 0 0"}, {"!one label"}},
        {"NegativeLogLikelihoodLoss", "", {LOGS, "s64[2] 1 0", "f32[1] 1"}, {"!1 weights"}},
        {"NegativeLogLikelihoodLoss", "reduction:most", {LOGS, "s64[2] 1 0"}, {"!most"}},
        /* log(1 + e^-1) = 0.31326169 */
        {"SoftmaxCrossEntropyLoss",
         "reduction:sum",
         {LOGS, "s64[2] 0 1"},
         {"f32[] 1.62652338", "f32[2,2] -0.31326169 -1.31326169 -0.31326169 -1.31326169"}},
        {"SoftmaxCrossEntropyLoss",
         "reduction:none",
         {"f64[1,2,2] 1000 0 0 0", "s32[1,2] 1 1"},
         {"f64[1,2] 1000 0.69314718056"}},
        {"SoftmaxCrossEntropyLoss", "", {"f32[0,2,3]", "s64[0,3]"}, {"f32[] nan"}},
        {"SoftmaxCrossEntropyLoss", "", {"s64[1,1] 1", "s64[1] 0"}, {"!s64"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

/* By hand: 1 + 2i^k..., and a length without factors by sums of cosines. */
static void spectra(void **state)
{
    static const struct kernel_case cases[] = {
        {"DFT", "", {"f32[1,4,1] 1 2 3 4"}, {"f32[1,4,2] 10 0 -2 2 -2 0 -2 -2"}},
        {"DFT", "onesided=1", {"f64[1,4,1] 1 2 3 4"}, {"f64[1,3,2] 10 0 -2 2 -2 0"}},
        {"DFT", "", {"f64[1,3,1] 1 2 3"}, {"f64[1,3,2] 6 0 -1.5 0.866025404 -1.5 -0.866025404"}},
        {"DFT",
         "",
         {"f64[1,5,1] 0 1 0 0 0"}, /* exp(-2 pi i k / 5) */
         {"f64[1,5,2] 1 0 0.309016994 -0.951056516 -0.809016994 -0.587785252 -0.809016994 0.587785252 0.309016994 "
          "0.951056516"}},
        {"DFT", "inverse=1", {"f64[1,3,2] 6 0 -1.5 0.866025404 -1.5 -0.866025404"}, {"f64[1,3,2] 1 0 2 0 3 0"}},
        {"DFT", "inverse=1", {"f32[1,2,2] 1 1 3 -1"}, {"f32[1,2,2] 2 0 -1 1"}},
        {"DFT", "axis=0", {"f32[2,2,1] 1 2 3 4"}, {"f32[2,2,2] 4 0 6 0 -2 0 -2 0"}},
        {"DFT", "axis=-2", {"f32[1,3,1] 1 2 3", "s64[] 2"}, {"f32[1,2,2] 3 0 -1 0"}}, /* cut */
        {"DFT", "", {"f32[1,1,1] 5", "s64[] 3"}, {"f32[1,3,2] 5 0 5 0 5 0"}},         /* filled up with 0 */
        {"DFT", "OPSET=20", {"f32[2,2,1] 1 2 3 4", "", "s64[] 0"}, {"f32[2,2,2] 4 0 6 0 -2 0 -2 0"}},
        {"DFT", "axis=2", {"f32[1,2,1] 1 2"}, {"!axis 2"}},
        {"DFT", "", {"f32[1,2,3] 1 2 3 4 5 6"}, {"!of 1 or 2"}},
        {"DFT", "", {"f32[1,2,1] 1 2", "s64[] 0"}, {"!0 points"}},
        {"DFT", "", {"f32[1,2,1] 1 2", "s64[] 9223372036854775807"}, {"!points"}},
        {"DFT", "onesided=1", {"f32[1,1,2] 1 2"}, {"!one side"}},
        {"STFT", "", {"f32[1,4,1] 1 2 3 4", "s64[] 2", "f32[2] 1 1"}, {"f32[1,2,2,2] 3 0 -1 0 7 0 -1 0"}},
        {"STFT",
         "onesided=0",
         {"f64[2,3,2] 1 0 2 0 3 1 0 0 0 0 0 0", "s64[] 1", "f64[2] 1 0.5", "s64[] 2"},
         {"f64[2,2,2,2] 2 0 0 0 3.5 0.5 0.5 -0.5 0 0 0 0 0 0 0 0"}},
        {"STFT", "", {"f32[1,4,1] 1 2 3 4", "s64[] 1", "", "s64[] 4"}, {"f32[1,1,3,2] 10 0 -2 2 -2 0"}},
        {"STFT", "", {"f32[1,4,1] 1 2 3 4", "s64[] 0", "", "s64[] 4"}, {"!0 apart"}},
        {"STFT", "", {"f32[1,4,1] 1 2 3 4", "s64[] 1", "", "s64[] 5"}, {"!frames of 5"}},
        {"STFT", "", {"f32[1,4,1] 1 2 3 4", "s64[] 1"}, {"!needs a window"}},
        {"STFT", "", {"f32[1,4,1] 1 2 3 4", "s64[] 1", "f32[2] 1 1", "s64[] 3"}, {"!a window of 2"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

#define ROW "f32[1,1,1,4] 1 2 3 4"
static void samples(void **state)
{
    static const struct kernel_case cases[] = {
        /* -1 and 1 are the outer edges: places -0.5, 1.5, 3.5 of the row */
        {"GridSample", "", {ROW, "f32[1,1,3,2] -1 0 0 0 1 0"}, {"f32[1,1,1,3] 0.5 2.5 2"}},
        {"GridSample", "align_corners=1", {ROW, "f32[1,1,3,2] -1 0 0 0 1 0"}, {"f32[1,1,1,3] 1 2.5 4"}},
        {"GridSample", "padding_mode:border", {ROW, "f32[1,1,3,2] -9 0 nan 0 inf 0"}, {"f32[1,1,1,3] 1 1 1"}},
        {"GridSample", "padding_mode:border", {ROW, "f32[1,1,1,2] 9 0"}, {"f32[1,1,1,1] 4"}},
        {"GridSample",
         "padding_mode:reflection mode:nearest", /* places 4, 5 and -2: mirrored 3, 2 and 1 */
         {ROW, "f32[1,1,3,2] 1.25 0 1.75 0 -1.75 0"},
         {"f32[1,1,1,3] 4 3 2"}},
        {"GridSample",
         "padding_mode:reflection mode:nearest align_corners=1", /* places 4 and 5: 2 and 1 */
         {ROW, "f32[1,1,2,2] 1.66666667 0 2.33333333 0"},
         {"f32[1,1,1,2] 3 2"}},
        {"GridSample", "mode:nearest", {ROW, "f32[1,1,2,2] -0.25 0 2 0"}, {"f32[1,1,1,2] 2 0"}},
        /* in the middle of 2 and 3: (1 + 4) * -0.09375 + (2 + 3) * 0.59375 */
        {"GridSample", "mode:bicubic align_corners=1", {ROW, "f32[1,1,1,2] 0 0"}, {"f32[1,1,1,1] 2.5"}},
        {"GridSample", "", {"f64[1,2,2] 1 3 5 9", "f64[1,1,1] 0"}, {"f64[1,2,1] 2 7"}},
        {"GridSample",
         "mode:linear OPSET=20",
         {"f32[1,1,2,2,2] 1 2 3 4 5 6 7 8", "f32[1,1,1,1,3] 0 0 0"},
         {"f32[1,1,1,1,1] 4.5"}},
        {"GridSample", "mode:most", {ROW, "f32[1,1,1,2] 0 0"}, {"!most"}},
        {"GridSample", "", {ROW, "f32[1,1,1,3] 0 0 0"}, {"!places x 2"}},
        {"GridSample", "", {"f32[1,1,0,4]", "f32[1,1,1,2] 0 0"}, {"!nothing to sample"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

#define SQUARE "f32[1,1,2,2] 1 2 3 4"
static void regions(void **state)
{
    static const struct kernel_case cases[] = {
        {"RoiAlign", "OPSET=10 sampling_ratio=1", {SQUARE, "f32[1,4] 0 0 1 1", "s64[1] 0"}, {"f32[1,1,1,1] 2.5"}},
        {"RoiAlign", "sampling_ratio=1", {SQUARE, "f32[1,4] 0 0 2 2", "s64[1] 0"}, {"f32[1,1,1,1] 2.5"}},
        {"RoiAlign",
         "output_height=2 output_width=2",
         {SQUARE, "f32[1,4] 0 0 2 2", "s64[1] 0"},
         {"f32[1,1,2,2] 1 2 3 4"}},
        {"RoiAlign", "mode:max sampling_ratio=1", {SQUARE, "f32[1,4] 0 0 2 2", "s64[1] 0"}, {"f32[1,1,1,1] 1"}},
        {"RoiAlign", "sampling_ratio=1", {SQUARE, "f32[1,4] 50 50 52 52", "s64[1] 0"}, {"f32[1,1,1,1] 0"}},
        {"RoiAlign", "", {SQUARE, "f32[1,4] 0 0 nan 1", "s64[1] 0"}, {"f32[1,1,1,1] 0"}},
        {"RoiAlign", "", {SQUARE, "f32[1,4] 0 0 1e30 1", "s64[1] 0"}, {"!samples"}},
        {"RoiAlign", "", {SQUARE, "f32[1,4] 0 0 1 1", "s64[1] 1"}, {"!index 1"}},
        {"RoiAlign", "", {SQUARE, "f32[1,4] 0 0 1 1", "s64[2] 0 0"}, {"!2 pictures"}},
        {"RoiAlign", "output_height=0", {SQUARE, "f32[1,4] 0 0 1 1", "s64[1] 0"}, {"!0 by 1"}},
        {"MaxRoiPool", "pooled_shape=[1,2]", {SQUARE, "f32[1,5] 0 0 0 1 1"}, {"f32[1,1,1,2] 3 4"}},
        {"MaxRoiPool",
         "pooled_shape=[1,1] spatial_scale=0.5",
         {SQUARE, "f32[2,5] 0 0 0 0 0 0 8 8 9 9"},
         {"f32[2,1,1,1] 1 0"}},
        {"MaxRoiPool", "pooled_shape=[1,1]", {SQUARE, "f32[1,5] 0.5 0 0 0 0"}, {"!picture 0.5"}},
        {"MaxRoiPool", "", {SQUARE, "f32[1,5] 0 0 0 0 0"}, {"!0 by 0"}},
        {"MaxUnpool", "kernel_shape=[2] strides=[2]", {"f32[1,1,2] 5 6", "s64[1,1,2] 1 2"}, {"f32[1,1,4] 0 5 6 0"}},
        {"MaxUnpool",
         "kernel_shape=[2,2] strides=[2,2]", /* place 3 of two by two is row 1, column 1 of three by three */
         {"s8[1,1,1,1] 7", "s64[1,1,1,1] 3", "s64[4] 1 1 3 3"},
         {"s8[1,1,3,3] 0 0 0 0 7 0 0 0 0"}},
        {"MaxUnpool", "kernel_shape=[2]", {"f32[1,1,1] 5", "s64[1,1,1] 2"}, {"!place 2"}},
        {"MaxUnpool", "kernel_shape=[2]", {"f32[1,1,1] 5", "s64[1,1,1] -1"}, {"!place -1"}},
        {"MaxUnpool", "kernel_shape=[2] strides=[0]", {"f32[1,1,1] 5", "s64[1,1,1] 0"}, {"!stride of 0"}},
        {"MaxUnpool", "kernel_shape=[2] pads=[2,2]", {"f32[1,1,1] 5", "s64[1,1,1] 0"}, {"!-2 places"}},
        {"MaxUnpool", "", {"f32[1,1,1] 5", "s64[1,1,1] 0"}, {"!do not fit"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows), cmocka_unit_test(determinants), cmocka_unit_test(boxes),  cmocka_unit_test(losses),
        cmocka_unit_test(spectra), cmocka_unit_test(samples),      cmocka_unit_test(regions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
