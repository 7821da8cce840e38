#include "base/count.h"
#include "base/units.h"
#include "check.h"

#include <math.h>

static void numbers_for_people(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *unit, *text;
    } cases[] = {
        {0, "FLOP/s", "0 FLOP/s"},
        {1.23456e9, "FLOP/s", "1.23 GFLOP/s"},
        {999.7e6, "B/s", "1.00 GB/s"},
        {12.34e-3, "s", "12.3 ms"},
        {231e9, "FLOP/s", "231 GFLOP/s"},
        {-4.5e3, "B", "-4.50 kB"},
        {42, "", "42.0"},
        {1e-15, "s", "0.00 ps"},
        {3.2e21, "FLOP", "3200 EFLOP"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(quantity(cases[i].value, cases[i].unit).text, cases[i].text);
    assert_string_equal(quantity(NAN, "s").text, "-");
}

static void exact_counts_are_grouped(void **state)
{
    (void)state;
    assert_string_equal(quantity_exact(0).text, "0");
    assert_string_equal(quantity_exact(999).text, "999");
    assert_string_equal(quantity_exact(1814073344).text, "1,814,073,344");
    assert_string_equal(quantity_exact(-1234567).text, "-1,234,567");
    assert_string_equal(quantity_exact(COUNT_MAX).text, "too large");
}

static void bytes_have_binary_prefixes(void **state)
{
    (void)state;
    assert_string_equal(quantity_bytes(512).text, "512 B");
    assert_string_equal(quantity_bytes(21154192).text, "20.2 MiB");
    assert_string_equal(quantity_bytes(1024.0 * 1024 * 1024).text, "1.00 GiB");
}

static void counts_saturate_and_stay_saturated(void **state)
{
    (void)state;
    assert_true(count_mul(INT64_C(1) << 40, INT64_C(1) << 40) == COUNT_MAX);
    assert_true(count_add(COUNT_MAX, 1) == COUNT_MAX);
    assert_true(count_add(count_mul(COUNT_MAX, 2), 5) == COUNT_MAX);
    assert_true(count_mul(3, 7) == 21 && count_add(3, 7) == 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_for_people),
        cmocka_unit_test(exact_counts_are_grouped),
        cmocka_unit_test(bytes_have_binary_prefixes),
        cmocka_unit_test(counts_saturate_and_stay_saturated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
