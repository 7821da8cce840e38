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
        {"MelWeightMatrix", "", {"s64[] 1", "s64[] 16", "s64[] 8192", "f32[] 0"}, {"!5 are needed"}},
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
        {"NonMaxSuppression", "", {FOUR_BOXES}, {"!2 are needed"}},
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(windows), cmocka_unit_test(determinants),
                                       cmocka_unit_test(boxes), cmocka_unit_test(losses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
