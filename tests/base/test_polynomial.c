/* Interpolation: polynomials written out by hand, found again from their values, printed, evaluated elsewhere. */
#include "base/polynomial.h"
#include "check.h"

#include <string.h>

static const char *const names[] = {"N", "H", "W"};

static count layers(const int64_t *x) { return x[0] * (36144 * x[1] * x[2] + 512000); }
/* whole for multiples of 4 alone */
static count quarters(const int64_t *x) { return 9 * x[0] * x[1] * x[1] / 16 - x[2] + 5; }
static count square(const int64_t *x) { return 3 * x[0] * x[0] * x[1] + x[0] * x[1]; }
static count none(const int64_t *x) { return x[0] - x[0]; }

static const struct {
    count (*of)(const int64_t *x);
    struct grid grid;
    int64_t elsewhere[3];
    const char *text;
} cases[] = {
    {layers, {3, {1, 1, 1}, {1, 224, 224}, {1, 32, 32}}, {7, 64, 1024}, "N*(36144*H*W + 512000)"},
    {layers, {3, {2, 1, 3}, {1, 224, 224}, {1, 32, 32}}, {7, 64, 1024}, "N*(36144*H*W + 512000)"},
    {quarters, {3, {1, 2, 1}, {1, 12, 8}, {3, 4, 4}}, {5, 400, 4}, "9/16*N*H^2 - W + 5"},
    {square, {2, {2, 1}, {10, 1}, {1, 1}}, {1000, 17}, "N*H*(3*N + 1)"},
    {none, {1, {1}, {1}, {1}}, {9}, "0"},
};

static void test_found_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        count values[POLYNOMIAL_TERMS], value = 0;
        int64_t x[POLYNOMIAL_VARIABLES];
        double real[3];
        struct polynomial p;
        struct text text = {0};
        for (int k = 0; k < grid_points(&cases[i].grid); k++) {
            grid_at(&cases[i].grid, k, x);
            values[k] = cases[i].of(x);
        }
        assert_true(polynomial_fit(&cases[i].grid, values, &p));
        polynomial_text(&p, names, &text);
        assert_string_equal(text.data, cases[i].text);
        text_release(&text);
        assert_true(polynomial_value(&p, cases[i].elsewhere, &value));
        assert_int_equal(value, cases[i].of(cases[i].elsewhere));
        for (int k = 0; k < 3; k++) real[k] = (double)cases[i].elsewhere[k];
        assert_true(polynomial_real(&p, real) >= (double)value * 0.999999999);
    }
}

/* 9 x 1 / 16 is no whole number; 3e18 x 4 does not fit; a count that is too large has no polynomial. */
static void test_limits(void **state)
{
    (void)state;
    count values[2] = {9, 18}, value;
    struct polynomial p;
    struct grid g = {1, {1}, {16}, {16}};
    assert_true(polynomial_fit(&g, values, &p));
    assert_false(polynomial_value(&p, (int64_t[]){1}, &value));
    values[0] = INT64_C(3000000000000000000);
    values[1] = 2 * values[0];
    assert_true(polynomial_fit(&g, values, &p));
    assert_false(polynomial_value(&p, (int64_t[]){64}, &value));
    values[1] = COUNT_MAX;
    assert_false(polynomial_fit(&g, values, &p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_found_again), cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
