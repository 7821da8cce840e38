/* The mistakes of SPEC 1.6, made on purpose one at a time: each is caught under its own rule, and a sound study has
   none. */
#include "check.h"
#include "made_up.h"
#include "report/checks.h"
#include "report/figures/parts.h"

#include <string.h>

static bool breaks(const struct study *s, const json_t *figures, const char *rule)
{
    size_t i;
    json_t *fault, *faults = report_check(s, figures);
    bool found = false;
    assert_non_null(faults);
    json_array_foreach (faults, i, fault) found |= !strcmp(json_string_value(json_object_get(fault, "rule")), rule);
    json_decref(faults);
    return found;
}

static void test_sound_study(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    json_t *faults = report_check(&s, NULL);
    char *text = json_dumps(faults, 0);
    assert_string_equal(text, "[]");
    free(text);
    json_decref(faults);
    made_up_release(&s);
}

typedef void break_run(struct run *r);
static void one_sample(struct run *r) { r->n_clean = 1; }
static void no_warmup(struct run *r)
{
    r->first_ns = 0;
    for (int i = 0; i < r->n_samples; i++) r->samples[i].marks = 0;
}
static void wrong_unit(struct run *r) { r->flops_per_s /= 1000; }
static void first_batch_intensity(struct run *r) { r->intensity /= 2; }
static void macs_as_flops(struct run *r) { r->flops_counted = r->macs; }
static void no_roof(struct run *r) { r->attainable = 0; }
static void other_efficiency(struct run *r) { r->efficiency *= 2; }

static const struct {
    const char *rule;
    break_run *make;
} mistakes[] = {
    {"sampled", one_sample},          {"warmed", no_warmup},
    {"flops_per_s", wrong_unit},      {"intensity", first_batch_intensity},
    {"macs", macs_as_flops},          {"roof", no_roof},
    {"efficiency", other_efficiency},
};

/* The run is named, and it counts nowhere. */
static void test_mistakes_of_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        struct study s;
        made_up_study(&s);
        int model = made_up_model(&s, "resnet18");
        assert_non_null(sound_run(&s, model, 2));
        mistakes[i].make(made_up_run(&s, model, 2));
        if (!breaks(&s, NULL, mistakes[i].rule)) fail_msg("%s is not caught", mistakes[i].rule);
        assert_null(sound_run(&s, model, 2));
        made_up_release(&s);
    }
}

static void test_above_the_roof(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    int model = made_up_model(&s, "resnet18");
    made_up_share(&s, model, 2, 1.3);
    assert_null(sound_run(&s, model, 2));
    assert_contains(run_fault(made_up_run(&s, model, 2)), "exceeds the roof");
    struct run *r = made_up_run(&s, model, 2);
    r->notes |= CODE_BIT(CODE_EXECUTED_FEWER); /* a reason alone does not make it sound: it must stand under the roof */
    assert_null(sound_run(&s, model, 2));
    r->flops_executed = r->flops_counted / 2;
    r->efficiency = r->efficiency_low = r->efficiency_high = 0.65;
    assert_non_null(sound_run(&s, model, 2));
    assert_contains(run_excuse(made_up_run(&s, model, 2)), "Winograd");
    made_up_release(&s);
}

static void test_mistakes_of_costs(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    s.models[3].costs[1].cost.flops = s.models[3].costs[1].cost.macs;
    assert_true(breaks(&s, NULL, "macs"));
    assert_true(breaks(&s, NULL, "batch"));
    made_up_release(&s);
    made_up_study(&s); /* bytes of batch 1 times 64: the weights 64 times */
    s.models[3].costs[1].bytes.fused = 64 * s.models[3].costs[0].bytes.fused;
    assert_true(breaks(&s, NULL, "intensity"));
    made_up_release(&s);
}

static void test_mistakes_of_machines(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    s.roof.bandwidth *= 1000;
    assert_true(breaks(&s, NULL, "bandwidth"));
    made_up_release(&s);
    made_up_study(&s);
    for (int i = 0; i < s.machine.n_ceilings; i++) { /* cores counted twice */
        struct ceiling *c = &s.machine.ceilings[i];
        if (c->kind == CEILING_COMPUTE && c->threads == 8) c->value *= 2, c->theory *= 2;
    }
    assert_true(breaks(&s, NULL, "cores"));
    made_up_release(&s);
    made_up_study(&s);
    s.machine.ceilings[0].theory /= 8; /* no vector width */
    assert_true(breaks(&s, NULL, "theory"));
    made_up_release(&s);
}

static void test_mistakes_of_figures(void **state)
{
    (void)state;
    gable_error e = {0};
    struct study s;
    made_up_study(&s);
    json_t *spec = figure_attained(&s, &e), *specs = json_array();
    assert_non_null(spec);
    json_object_set_new(spec, "command", json_string("gable report"));
    json_array_append_new(specs, spec);
    json_t *faults = report_check(&s, specs);
    assert_int_equal(json_array_size(faults), 0);
    json_decref(faults);
    json_object_set_new(json_array_get(json_object_get(json_object_get(spec, "option"), "xAxis"), 0), "name",
                        json_string(""));
    assert_true(breaks(&s, specs, "axes"));
    json_object_set_new(spec, "finding", json_string(""));
    assert_true(breaks(&s, specs, "words"));
    size_t i;
    json_t *series; /* slope and flat as two lines that cross: the slope goes on above the flat, then falls back */
    json_array_foreach (json_object_get(json_object_get(spec, "option"), "series"), i, series) {
        const char *color = json_string_value(json_object_get(json_object_get(series, "lineStyle"), "color"));
        if (color && !strcmp(color, "@roof"))
            json_array_set_new(json_object_get(series, "data"), 1, json_pack("[f,f]", 100.0, 9e12));
    }
    assert_true(breaks(&s, specs, "roof_line"));
    json_decref(specs);
    made_up_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_study),          cmocka_unit_test(test_mistakes_of_runs),
        cmocka_unit_test(test_above_the_roof),       cmocka_unit_test(test_mistakes_of_costs),
        cmocka_unit_test(test_mistakes_of_machines), cmocka_unit_test(test_mistakes_of_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
