/* The evaluator of derivations, by hand. */
#include "check.h"

#include "base/arithmetic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *text;
    double value;
} right[] = {
    {"42", 42},
    {"2+3*4", 14},
    {"(2+3)*4", 20},
    {"20-5-3", 12}, /* from the left */
    {"64/4/2", 8},
    {"256/8*10", 320},
    {" 40 * 64*2 *1.59 ", 8140.8},
    {"8*3.0*8*2*2+16*2.2*4*2*2", 1331.2}, /* 768 + 563.2 */
    {"((((7))))", 7},
    {".5*4", 2},
};
static const struct {
    const char *text;
    size_t at;
    const char *why;
} wrong[] = {
    {"", 0, "expected a number or '('"},
    {"2*", 2, "expected a number or '('"},
    {"2*x", 2, "expected a number or '('"},
    {"-2", 0, "expected a number or '('"},
    {".", 0, "expected a number or '('"},
    {"2 3", 2, "expected an operator (+ - * /) or the end"},
    {"1.2.3", 3, "expected an operator (+ - * /) or the end"},
    {"1e3", 1, "expected an operator (+ - * /) or the end"},
    {"0x10", 1, "expected an operator (+ - * /) or the end"},
    {"nan", 0, "expected a number or '('"},
    {"(2", 2, "expected ')' or an operator"},
    {"2)", 1, "expected an operator (+ - * /) or the end"},
    {"1/0", 2, "division by zero"},
    {"1/(2-2)", 2, "division by zero"},
};

static void test_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(right); i++) {
        gable_error e = {0};
        double value = NAN;
        size_t at = 0;
        assert_ok(arithmetic(right[i].text, NULL, &value, &at, &e), &e);
        if (!(fabs(value - right[i].value) < 1e-9)) fail_msg("%s gives %g", right[i].text, value);
    }
}

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        gable_error e = {0};
        double value = 7;
        size_t at = 99;
        assert_int_equal(arithmetic(wrong[i].text, NULL, &value, &at, &e), GABLE_BAD_INPUT);
        if (at != wrong[i].at || strcmp(e.why, wrong[i].why) || value != 7)
            fail_msg("'%s': at %zu: %s", wrong[i].text, at, e.why);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    char text[1024] = {0};
    gable_error e = {0};
    double value = 0;
    size_t at = 0;
    memset(text, '(', ARITHMETIC_DEPTH_MAX + 1);
    assert_int_equal(arithmetic(text, NULL, &value, &at, &e), GABLE_BAD_INPUT);
    assert_string_equal(e.why, "parentheses are nested too deeply");
    memset(text, '1', ARITHMETIC_LENGTH_MAX + 1);
    assert_int_equal(arithmetic(text, NULL, &value, &at, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "longer than 256");
    memset(text, 0, sizeof text);
    for (int i = 0; i < 8; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s9999999999999999999999999", i ? "*" : "");
    assert_ok(arithmetic(text, NULL, &value, &at, &e), &e); /* 1e200 */
    memset(text, 0, sizeof text);
    memset(text, '9', 63);
    for (int i = 0; i < 3; i++) memset(text + strlen(text), '*', 1), memset(text + strlen(text), '9', 63);
    assert_ok(arithmetic(text, NULL, &value, &at, &e), &e);
    assert_true(value > 1e251 && value < 1e253); /* (1e63)^4 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_right), cmocka_unit_test(test_wrong),
                                       cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
