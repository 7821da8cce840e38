/* Every figure of a report: made, complete, and made again from odd studies without a fault. */
#include "check.h"
#include "made_up.h"
#include "report/checks.h"
#include "report/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const ids[] = {
    "summary-roof",  "chips-gpu",      "chips-cpu",  "chips-asic",      "chips-soc",       "ridges",
    "watts",         "costs",          "kinds",      "intensity",       "intensity-chips", "verdicts",
    "latency-flops", "latency-params", "throughput", "ranks",           "samples",         "ceilings",
    "attained",      "floor",          "losses",     "training-passes", "training-kinds",  "training-memory",
};

static json_t *figures_of(const struct study *s)
{
    gable_error e = {0};
    json_t *figures = report_figures(s, &e);
    if (!figures) fail_msg("%s: %s", e.where, e.why);
    return figures;
}

static void assert_no_faults(const struct study *s, const json_t *figures)
{
    json_t *faults = report_check(s, figures);
    char *text = json_dumps(faults, 0);
    assert_string_equal(text, "[]");
    free(text);
    json_decref(faults);
}

static void test_all_there_and_complete(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    json_t *figures = figures_of(&s);
    assert_int_equal(json_array_size(figures), COUNT_OF(ids));
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(figures, i), "id")), ids[i]);
    assert_no_faults(&s, figures);
    json_decref(figures);
    made_up_release(&s);
}

/* The database as it is, not only the made-up one. */
static void test_built_in_chips(void **state)
{
    (void)state;
    gable_error e = {0};
    struct study s;
    struct chips *chips;
    made_up_study(&s);
    assert_ok(chips_builtin(&chips, &e), &e);
    s.chips = chips;
    json_t *figures = figures_of(&s);
    assert_no_faults(&s, figures);
    char *text = json_dumps(figures, 0); /* the study's chips are drawn by name */
    static const char *const names[] = {"\"T4\"",     "V100",       "P100",  "A100",   "H100",
                                        "E5-2699 v4", "E5-2697 v2", "7120A", "TPU v4", "A14"};
    for (size_t i = 0; i < COUNT_OF(names); i++) assert_contains(text, names[i]);
    free(text);
    json_decref(figures);
    chips_free(chips);
    made_up_release(&s);
}

/* Without runs the report still tells what was counted and declared. */
static void test_without_runs(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    for (int i = 0; i < s.n_runs; i++) run_release(&s.runs[i]);
    s.n_runs = 0;
    json_t *figures = figures_of(&s);
    size_t i;
    json_t *spec;
    json_array_foreach (figures, i, spec)
        assert_string_not_equal(json_string_value(json_object_get(spec, "section")), "1.3");
    assert_true(json_array_size(figures) >= 12);
    json_decref(figures);
    made_up_release(&s);
}

static void test_one_model_one_batch(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    s.n_models = s.n_batches = 1;
    json_t *figures = figures_of(&s);
    assert_true(json_array_size(figures) >= 15);
    json_decref(figures);
    s.n_models = MADE_MODELS;
    s.n_batches = MADE_BATCHES;
    made_up_release(&s);
}

/* What could not be measured is NaN: tables leave it out, no figure fails. */
static void test_numbers_that_are_missing(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    for (int i = 0; i < s.n_runs; i++) {
        struct run *r = &s.runs[i];
        r->p5_ns = r->p95_ns = r->p90_tail_ns = r->p99_tail_ns = r->probe_flops = r->probe_bytes = NAN;
        if (i % 3 == 0) r->efficiency = r->efficiency_low = r->efficiency_high = NAN;
        if (i % 4 == 0) r->low_ns = r->high_ns = NAN;
        if (i % 5 == 0) r->median_ns = NAN;
        if (i % 7 == 0) r->flops_per_s = INFINITY;
        if (i % 11 == 0) r->n_groups = 0;
    }
    json_decref(figures_of(&s));
    json_decref(report_answer(&s));
    made_up_release(&s);
}

static void test_nothing_at_all(void **state)
{
    (void)state;
    struct study s = {0};
    json_t *figures = figures_of(&s);
    assert_int_equal(json_array_size(figures), 0);
    json_decref(figures);
    json_decref(report_answer(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_there_and_complete),
        cmocka_unit_test(test_built_in_chips),
        cmocka_unit_test(test_without_runs),
        cmocka_unit_test(test_one_model_one_batch),
        cmocka_unit_test(test_numbers_that_are_missing),
        cmocka_unit_test(test_nothing_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
