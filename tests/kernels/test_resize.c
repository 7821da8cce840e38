/* Resize and Upsample. */
#include "case.h"
#include "check.h"

#define FOUR "f32[4] 1 2 3 4"
#define SQUARE "f32[1,1,2,2] 1 2 3 4"

static void coordinates(void **state)
{
    static const struct kernel_case cases[] = {
        {"Resize", "mode:linear", {FOUR, "", "f32[1] 2"}, {"f32[8] 1 1.25 1.75 2.25 2.75 3.25 3.75 4"}},
        {"Resize",
         "mode:linear coordinate_transformation_mode:align_corners",
         {FOUR, "", "", "s64[1] 7"},
         {"f32[7] 1 1.5 2 2.5 3 3.5 4"}},
        {"Resize",
         "mode:linear coordinate_transformation_mode:align_corners",
         {FOUR, "", "", "s64[1] 1"},
         {"f32[1] 1"}},
        {"Resize",
         "mode:linear coordinate_transformation_mode:asymmetric",
         {FOUR, "", "f32[1] 2"},
         {"f32[8] 1 1.5 2 2.5 3 3.5 4 4"}},
        {"Resize",
         "mode:linear coordinate_transformation_mode:pytorch_half_pixel",
         {FOUR, "", "", "s64[1] 1"},
         {"f32[1] 1"}},
        {"Resize", "mode:linear", {FOUR, "", "", "s64[1] 1"}, {"f32[1] 2.5"}},
        /* 5 of 5.2 places: the middle stays: 1.5 + (p - 2) / 1.3 */
        {"Resize",
         "mode:linear coordinate_transformation_mode:half_pixel_symmetric OPSET=19",
         {FOUR, "", "f32[1] 1.3"},
         {"f32[5] 1 1.73076923 2.5 3.26923077 4"}},
        {"Resize",
         "coordinate_transformation_mode:tf_half_pixel_for_nn nearest_mode:floor",
         {FOUR, "", "", "s64[1] 2"},
         {"f32[2] 2 4"}},
        {"Resize",
         "mode:linear coordinate_transformation_mode:tf_crop_and_resize extrapolation_value=9.0",
         {FOUR, "f32[2] 0 2", "", "s64[1] 3"},
         {"f32[3] 1 4 9"}}, /* 0, 3, 6 */
        {"Resize",
         "coordinate_transformation_mode:tf_crop_and_resize",
         {FOUR, "f32[2] 0.33333334 0.33333334", "", "s64[1] 1"},
         {"f32[1] 2"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void modes(void **state)
{
    static const struct kernel_case cases[] = {
        {"Resize", "", {SQUARE, "", "f32[4] 1 1 2 2"}, {"f32[1,1,4,4] 1 1 2 2 1 1 2 2 3 3 4 4 3 3 4 4"}},
        {"Resize", "", {"u8[2,2] 1 2 3 4", "", "f32[2] 1 2"}, {"u8[2,4] 1 1 2 2 3 3 4 4"}},
        {"Resize", "", {"s64[2,1] 1 -2", "", "", "s64[2] 4 1"}, {"s64[4,1] 1 1 -2 -2"}},
        {"Resize", "", {FOUR, "", "f32[1] 0.5"}, {"f32[2] 1 3"}}, /* 0.5 and 2.5: down */
        {"Resize", "nearest_mode:round_prefer_ceil", {FOUR, "", "f32[1] 0.5"}, {"f32[2] 2 4"}},
        {"Resize", "nearest_mode:ceil", {FOUR, "", "f32[1] 0.5"}, {"f32[2] 2 4"}},
        {"Resize", "nearest_mode:floor", {FOUR, "", "f32[1] 0.5"}, {"f32[2] 1 3"}},
        {"Resize", "OPSET=10", {FOUR, "f32[1] 0.6"}, {"f32[2] 1 3"}},
        {"Upsample", "OPSET=9", {FOUR, "f32[1] 1.5"}, {"f32[6] 1 1 2 3 3 4"}},
        {"Upsample", "OPSET=7 mode:linear scales=[1.0,2.0]", {"f64[1,2] 1 2"}, {"f64[1,4] 1 1.5 2 2"}},
        {"Resize", "mode:linear", {SQUARE, "", "f32[4] 1 1 1 2"}, {"f32[1,1,2,4] 1 1.25 1.75 2 3 3.25 3.75 4"}},
        {"Resize", "mode:linear", {SQUARE, "", "f32[4] 1 1 2 1"}, {"f32[1,1,4,2] 1 2 1.5 2.5 2.5 3.5 3 4"}},
        {"Resize", "mode:linear", {SQUARE, "", "f32[4] 1 1 0.5 0.5"}, {"f32[1,1,1,1] 2.5"}},
        {"Resize", "mode:linear", {"u8[2] 10 21", "", "", "s64[1] 1"}, {"u8[1] 15"}}, /* 15.5 as Cast cuts it */
        /* the middle: -0.09375 (1 + 4) + 0.59375 (2 + 3); of a = -0.5: -1/16 and 9/16 */
        {"Resize", "mode:cubic", {FOUR, "", "", "s64[1] 1"}, {"f32[1] 2.5"}},
        {"Resize", "mode:cubic", {"f32[4] 0 1 0 0", "", "", "s64[1] 1"}, {"f32[1] 0.59375"}},
        {"Resize", "mode:cubic cubic_coeff_a=-0.5", {"f32[4] 0 1 0 0", "", "", "s64[1] 1"}, {"f32[1] 0.5625"}},
        {"Resize", "mode:cubic", {"u8[4] 255 0 0 0", "", "", "s64[1] 1"}, {"u8[1] 0"}}, /* not below */
        {"Resize", "mode:cubic exclude_outside=1", {"f32[2] 0 1", "", "", "s64[1] 1"}, {"f32[1] 0.5"}},
        {"Resize",
         "mode:linear antialias=1 OPSET=18",
         {"f32[4] 0 0 8 0", "", "f32[1] 0.5"}, /* 1/8, 3/8, 3/8, 1/8 */
         {"f32[2] 1 3"}},
        {"Resize",
         "mode:linear antialias=1 OPSET=18",
         {FOUR, "", "f32[1] 2"},
         {"f32[8] 1 1.25 1.75 2.25 2.75 3.25 3.75 4"}},
        {"Resize", "axes=[1] OPSET=18", {"f32[2,1] 1 2", "", "f32[1] 2"}, {"f32[2,2] 1 1 2 2"}},
        {"Resize",
         "keep_aspect_ratio_policy:not_larger OPSET=18",
         {"f32[1,2] 1 2", "", "", "s64[2] 3 4"},
         {"f32[2,4] 1 1 2 2 1 1 2 2"}},
        {"Resize",
         "keep_aspect_ratio_policy:not_smaller axes=[1,0] OPSET=18",
         {"f32[2,1] 1 2", "", "", "s64[2] 1 4"},
         {"f32[4,2] 1 1 1 1 2 2 2 2"}},
        {"Resize", "mode:linear TOLERANCE=0.002", {"f16[2] 1 2", "", "f32[1] 2"}, {"f16[4] 1 1.25 1.75 2"}},
        {"Resize", "", {FOUR, "", "f32[1] 1"}, {FOUR}},
        {"Resize", "", {FOUR, "", "f32[1] 0.1"}, {"f32[0]"}},
        {"Resize", "", {"f32[0,2]", "", "f32[2] 2 2"}, {"f32[0,4]"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void refused(void **state)
{
    static const struct kernel_case cases[] = {
        {"Resize", "", {FOUR}, {"!neither"}},
        {"Resize", "", {FOUR, "", "f32[1] 1", "s64[1] 1"}, {"!both"}},
        {"Resize", "", {FOUR, "", "f32[2] 1 1"}, {"!2 scales"}},
        {"Resize", "", {FOUR, "", "f32[1] 0"}, {"!scaled by 0"}},
        {"Resize", "", {FOUR, "", "f32[1] nan"}, {"!scaled by"}},
        {"Resize", "", {FOUR, "", "f32[1] inf"}, {"!scaled by inf"}},
        {"Resize", "", {FOUR, "", "", "s64[1] -1"}, {"!-1"}},
        {"Resize", "", {FOUR, "", "", "s64[1] 4611686018427387904"}, {"!"}},
        {"Resize", "", {"f32[0]", "", "", "s64[1] 2"}, {"!cannot have 2"}},
        {"Resize", "mode:most", {FOUR, "", "f32[1] 1"}, {"!most"}},
        {"Resize", "nearest_mode:most", {FOUR, "", "f32[1] 1"}, {"!most"}},
        {"Resize", "coordinate_transformation_mode:most", {FOUR, "", "f32[1] 1"}, {"!most"}},
        {"Resize", "keep_aspect_ratio_policy:most", {FOUR, "", "", "s64[1] 1"}, {"!most"}},
        {"Resize", "coordinate_transformation_mode:tf_crop_and_resize", {FOUR, "", "f32[1] 1"}, {"!region"}},
        {"Resize", "axes=[1]", {FOUR, "", "f32[1] 1"}, {"!axis 1"}},
        {"Resize", "mode:linear", {"s64[2] 1 2", "", "f32[1] 2"}, {"!s64"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(coordinates), cmocka_unit_test(modes),
                                       cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
