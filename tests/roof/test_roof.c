/* A roof of 8 TFLOP/s over 320 GB/s, by hand: the ridge is at 25 FLOP/byte. */
#include "check.h"

#include "roof/roof.h"

#include <math.h>

static const struct roof t4 = {.peak = 8e12, .bandwidth = 320e9};

static bool near(double a, double b) { return fabs(a - b) <= 1e-12 * fabs(b); }

static void test_line(void **state)
{
    (void)state;
    assert_true(near(roof_ridge(&t4), 25));
    assert_true(near(roof_attainable(&t4, 1), 320e9));
    assert_true(near(roof_attainable(&t4, 25), 8e12));
    assert_true(near(roof_attainable(&t4, 1000), 8e12));
}

static void test_floor(void **state)
{
    (void)state;
    assert_true(near(roof_floor_s(&t4, 8e9, 1e6), 1e-3));   /* compute: 1 ms; memory: 3.1 us */
    assert_true(near(roof_floor_s(&t4, 1e6, 320e6), 1e-3)); /* memory: 1 ms; compute: 0.1 us */
    assert_int_equal(roof_bound(&t4, 8e9, 1e6), BOUND_COMPUTE);
    assert_int_equal(roof_bound(&t4, 1e6, 320e6), BOUND_MEMORY);
    assert_int_equal(roof_bound(&t4, 25e6, 1e6), BOUND_COMPUTE); /* the ridge itself */
    assert_string_equal(bound_name(BOUND_MEMORY), "memory");
}

static void test_ceilings(void **state)
{
    (void)state;
    const struct ceiling c[] = {
        {.kind = CEILING_COMPUTE, .dtype = DTYPE_F32, .threads = 2, .value = 100, .valid = true},
        {.kind = CEILING_COMPUTE, .dtype = DTYPE_F32, .threads = 2, .value = 120, .valid = true},
        {.kind = CEILING_COMPUTE, .dtype = DTYPE_F32, .threads = 2, .value = 500, .valid = false},
        {.kind = CEILING_COMPUTE, .dtype = DTYPE_F32, .threads = 1, .value = 300, .valid = true},
        {.kind = CEILING_COMPUTE, .dtype = DTYPE_S8, .threads = 2, .value = 400, .valid = true},
        {.kind = CEILING_BANDWIDTH, .level = "L1", .threads = 2, .value = 90, .valid = true},
        {.kind = CEILING_BANDWIDTH, .level = "DRAM", .threads = 2, .value = 10, .valid = true},
    };
    struct roof r;
    assert_true(roof_of_ceilings(c, (int)COUNT_OF(c), DTYPE_F32, 2, &r));
    assert_true(r.peak == 120 && r.bandwidth == 10);
    assert_false(roof_of_ceilings(c, (int)COUNT_OF(c), DTYPE_F32, 1, &r)); /* no bandwidth with one thread */
    assert_false(roof_of_ceilings(c, (int)COUNT_OF(c), DTYPE_BF16, 2, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_line), cmocka_unit_test(test_floor),
                                       cmocka_unit_test(test_ceilings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
