/* Products and convolutions of 8 bits. */
#include "case.h"
#include "check.h"

#include <stdio.h>

static void products(void **state)
{
    static const struct kernel_case cases[] = {
        {"MatMulInteger", "", {"u8[2,2] 1 2 3 4", "s8[2,1] -1 5"}, {"s32[2,1] 9 17"}},
        {"MatMulInteger", "", {"u8[2,2] 1 2 3 4", "u8[2,1] 1 5", "u8[] 1", "u8[] 2"}, {"s32[2,1] 3 7"}},
        {"MatMulInteger", "", {"u8[2,2] 1 2 3 4", "u8[2,2] 1 0 0 1", "u8[2] 1 3"}, {"s32[2,2] 0 1 0 1"}}, /* rows */
        {"MatMulInteger",
         "",
         {"u8[2,2] 1 2 3 4", "s8[2,2] 1 0 0 1", "", "s8[2] 0 1"}, /* columns */
         {"s32[2,2] 1 -1 3 -3"}},
        {"MatMulInteger",
         "",
         {"u8[2,1,1] 1 2", "u8[2,1,2] 3 4 5 6", "u8[2,1,1] 1 0", "u8[2,1,2] 1 1 1 2"},
         {"s32[2,1,2] 0 0 8 8"}},
        {"MatMulInteger", "", {"u8[2] 1 2", "u8[2] 3 4"}, {"s32[] 11"}},
        {"MatMulInteger", "", {"u8[0,2]", "u8[2,1] 1 5"}, {"s32[0,1]"}},
        {"MatMulInteger", "", {"u8[2,0]", "u8[0,1]"}, {"s32[2,1] 0 0"}},
        {"MatMulInteger", "", {"u8[1,2] 1 2", "u8[3,1] 1 2 3"}, {"!inner dimensions"}},
        {"MatMulInteger", "", {"u8[1,2] 1 2", "s32[2,1] 1 2"}, {"!s32"}},
        {"MatMulInteger", "", {"u8[1,2] 1 2", "u8[2,1] 1 2", "s8[] 0"}, {"!zero point of s8"}},
        {"MatMulInteger", "", {"u8[1,2] 1 2", "u8[2,1] 1 2", "u8[2] 0 0"}, {"!2 zero points for 1"}},
        {"MatMulInteger", "", {"u8[] 1", "u8[1] 1"}, {"!scalar"}},
        /* (1 - 0) 2 = 2 by scales 1 x 0.5 / 0.25 = 2: 4 + 10; halves to even: 2.5 and 3.5 by 1 */
        {"QLinearMatMul",
         "",
         {"u8[1,1] 1", "f32[] 1", "u8[] 0", "u8[1,1] 2", "f32[] 0.5", "u8[] 0", "f32[] 0.25", "u8[] 10"},
         {"u8[1,1] 14"}},
        {"QLinearMatMul",
         "",
         {"u8[2,1] 1 1", "f32[2] 0.5 2", "u8[] 0", "s8[1,2] 5 7", "f32[2] 1 0.5", "s8[2] 0 0", "f32[] 1", "s8[] 0"},
         {"s8[2,2] 2 2 10 7"}},
        {"QLinearMatMul",
         "", /* cut to the type */
         {"u8[1,1] 200", "f32[] 1", "u8[] 0", "s8[1,2] 9 -9", "f32[] 1", "s8[] 0", "f32[] 1", "u8[] 3"},
         {"u8[1,2] 255 0"}},
        {"QLinearMatMul",
         "",
         {"u8[1,1] 1", "f32[3] 1 1 1", "u8[] 0", "u8[1,1] 2", "f32[] 1", "u8[] 0", "f32[] 1", "u8[] 0"},
         {"!3 scales for 1"}},
        {"QLinearMatMul",
         "",
         {"u8[1,1] 1", "f32[] 1", "u8[] 0", "u8[1,1] 2", "f32[] 1", "u8[] 0", "f32[] 1"},
         {"!7 inputs given, 8 to 8 expected"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

#define NINE "u8[1,1,3,3] 2 3 4 5 6 7 8 9 10"
static void convolutions(void **state)
{
    static const struct kernel_case cases[] = {
        {"ConvInteger", "", {NINE, "u8[1,1,2,2] 1 1 1 1", "u8[] 1"}, {"s32[1,1,2,2] 12 16 24 28"}},
        {"ConvInteger",
         "pads=[1,1,1,1]",
         {"u8[1,1,1,1] 5", "s8[1,1,3,3] 1 1 1 1 2 1 1 1 1", "u8[] 3"}, /* pads are 0 */
         {"s32[1,1,1,1] 4"}},
        {"ConvInteger", "group=2", {"u8[1,2,2] 1 2 3 4", "s8[2,1,2] 1 1 1 -1", "", "s8[2] 0 1"}, {"s32[1,2,1] 3 -8"}},
        {"ConvInteger", "", {"u8[1,1,3,3] 0 0 0 0 0 0 0 0 0", "u8[1,1,2,2] 1 1 1 1", "u8[2] 1 1"}, {"!one zero point"}},
        {"ConvInteger", "strides=[0,1]", {NINE, "u8[1,1,2,2] 1 1 1 1"}, {"!stride"}},
        {"ConvInteger", "", {"u8[1,1] 1", "u8[1,1] 1"}, {"!3 dimensions"}},
        {"QLinearConv",
         "", /* (2 x 3 - 1) 0.5 = 2.5, to even; 4 - 1: 1.5 */
         {"u8[1,1,2] 2 4", "f32[] 0.5", "u8[] 0", "s8[2,1,1] 3 -1", "f32[2] 1 2", "s8[] 0", "f32[] 1", "s8[] 1",
          "s32[2] -1 1"},
         {"s8[1,2,2] 3 7 0 -2"}},
        {"QLinearConv",
         "",
         {"u8[1,1,2] 2 4", "f32[] 0.5", "u8[] 0", "s8[1,1,1] 3", "f32[] 1", "s8[] 0", "f32[] 1", "s8[] 1",
          "s32[2] 1 1"},
         {"!a bias of type s32"}},
        {"QLinearConv",
         "",
         {"u8[1,1,2] 2 4", "f32[] 0.5", "u8[] 0", "s8[1,1,1] 3", "f32[] 1", "s8[] 0", "f64[] 1", "s8[] 1"},
         {"!one scale"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

/* n times `value` of a shape that starts and ends so. */
static const char *many(char *out, size_t size, const char *dtype, const char *front, int n, const char *back,
                        int value)
{
    size_t len = (size_t)snprintf(out, size, "%s[%s%d%s]", dtype, front, n, back);
    for (int i = 0; i < n; i++) len += (size_t)snprintf(out + len, size - len, " %d", value);
    return out;
}

/* Sums beyond what f32 holds: 255 x 255 x 1001, an odd number above 2^24. */
static void long_sums_are_exact(void **state)
{
    static char x[8000], w[8000], channels[8000], filters[8000];
    const struct kernel_case cases[] = {
        {"MatMulInteger",
         "",
         {many(x, sizeof x, "u8", "1,", 1001, "", 255), many(w, sizeof w, "u8", "", 1001, ",1", 255)},
         {"s32[1,1] 65090025"}},
        {"ConvInteger",
         "",
         {many(channels, sizeof channels, "u8", "1,", 1001, ",1", 255),
          many(filters, sizeof filters, "s8", "1,", 1001, ",1", -127), "", "s8[] 127"},
         {"s32[1,1,1] -64834770"}}, /* 255 x -254 x 1001 */
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(products), cmocka_unit_test(convolutions),
                                       cmocka_unit_test(long_sums_are_exact)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
