/* The spec builder: what it makes, and that the first failure sticks and names the figure. */
#include "check.h"
#include "report/figure.h"

#include <math.h>
#include <string.h>

static void test_cells_keep_the_number(void **state)
{
    (void)state;
    gable_error e = {0};
    struct figure f = figure_start("1.2", "costs", "Costs", 100);
    figure_table(&f, "by hand", true, "Model|GFLOP|FLOPs");
    json_t *row = figure_row(&f, "resnet18");
    figure_cell(&f, row, "ResNet18");
    figure_number(&f, row, 3.6432);
    figure_exact(&f, row, 3643204864);
    json_t *spec = figure_finish(&f, &e);
    assert_non_null(spec);
    const json_t *cell = json_array_get(json_array_get(json_object_get(json_object_get(spec, "table"), "rows"), 0), 1);
    assert_string_equal(json_string_value(json_object_get(cell, "text")), "3.64");
    assert_true(json_real_value(json_object_get(cell, "value")) == 3.6432);
    cell = json_array_get(json_array_get(json_object_get(json_object_get(spec, "table"), "rows"), 0), 2);
    assert_string_equal(json_string_value(json_object_get(cell, "text")), "3,643,204,864");
    assert_int_equal(json_array_size(json_object_get(json_object_get(spec, "table"), "columns")), 3);
    json_decref(spec);
}

static void test_first_failure_sticks(void **state)
{
    (void)state;
    gable_error e = {0};
    struct figure f = figure_start("1.4", "roof", "Roof", 100);
    figure_append(&f, json_object_get(f.spec, "key"), figure_pair(&f, NAN, 1)); /* no number may be NaN */
    figure_option(&f, "series", json_object());
    assert_null(figure_finish(&f, &e));
    assert_contains(e.why, "figure roof");
    assert_contains(e.why, "[f,f]");
}

static void test_log_bounds_are_steps(void **state)
{
    (void)state;
    assert_true(fabs(figure_log_low(37, 1) - 20) < 1e-9);
    assert_true(fabs(figure_log_high(37, 1) - 50) < 1e-9);
    assert_true(fabs(figure_log_high(50, 1) - 50) < 1e-9);
    assert_true(fabs(figure_log_high(51, 1) - 100) < 1e-9);
    assert_true(fabs(figure_log_low(0.07, 2) - 0.02) < 1e-12);
}

static size_t ticks_of(double low, double high, bool is_log)
{
    struct figure f = figure_start("1.4", "axis", "Axis", 100);
    json_t *axis =
        is_log ? figure_log_axis(&f, 0, "x", "@eng", low, high) : figure_linear_axis(&f, 0, "x", "@eng", low, high);
    assert_false(f.failed);
    size_t n = json_array_size(json_object_get(json_object_get(axis, "axisLabel"), "customValues"));
    json_decref(axis);
    json_decref(f.spec);
    return n;
}

static void test_ticks(void **state)
{
    (void)state;
    assert_int_equal(ticks_of(1, 100, true), 7);   /* 1 2 5 10 20 50 100 */
    assert_int_equal(ticks_of(1, 1e4, true), 5);   /* decades alone */
    assert_int_equal(ticks_of(0, 100, false), 6);  /* 0 20 40 ... */
    assert_int_equal(ticks_of(0, 1.05, false), 6); /* 0 0.2 ... 1.0 */
    assert_int_equal(ticks_of(0, 3.7, false), 4);  /* 0 1 2 3 */
}

static void test_quantities_do_not_break(void **state)
{
    (void)state;
    assert_string_equal(figure_quantity(1.23e9, "FLOP/s").text, "1.23\u00a0GFLOP/s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_keep_the_number),   cmocka_unit_test(test_first_failure_sticks),
        cmocka_unit_test(test_log_bounds_are_steps),    cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_quantities_do_not_break),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
