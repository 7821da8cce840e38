/* A training point: the parts of a step, its work as analyze --train counts it, its memory. Durations are whatever they
   are. */
#include "bench/training.h"
#include "check.h"

#include <math.h>
#include <string.h>

static struct trained measured(const char *model, struct trainer_options trainer)
{
    struct trained t;
    struct cpus cpus;
    gable_error e = {0};
    struct training_options o = {
        .model = model, .batch = 2, .height = 32, .width = 32, .trainer = trainer, .budget_s = 0.3, .quick = true};
    cpus_read("", &cpus);
    assert_ok(training_point(&cpus, &o, NULL, &t, &e), &e);
    return t;
}
static void a_step_has_its_parts(void **state)
{
    (void)state;
    struct trained t = measured("mobilenet_v3_small", (struct trainer_options){.rate = 1e-4});
    double flops = 0, kinds = 0, stages = 0;
    for (int p = 0; p < PASS_N; p++) {
        assert_string_equal(t.runs[p].pass, train_pass_name((enum train_pass)p));
        assert_true(t.runs[p].n_samples >= 10 && t.runs[p].median_ns > 0);
        flops += (double)t.runs[p].flops_counted;
    }
    assert_true(flops == (double)t.runs[TRAINED_STEP].flops_counted);
    assert_true(t.runs[TRAINED_STEP].median_ns > 0 && t.n_steps > 10 && isfinite(t.last_loss));
    for (int k = 0; k < KIND_N; k++)
        for (int p = 0; p < PASS_N; p++) kinds += t.kinds_ns[k][p];
    for (int i = 0; i < t.n_stages; i++) stages += t.stages[i].median_ns;
    assert_true(fabs(kinds - stages) <= 1e-6 * stages);
    assert_true(t.runs[TRAINED_AGAIN].median_ns <= 1); /* nothing is made again */
    trained_release(&t);
}
static void recomputing_is_told_apart(void **state)
{
    (void)state;
    struct trainer_options o = {.rate = 1e-4, .recompute = RECOMPUTE_CHEAP};
    struct trained t = measured("mobilenet_v3_small", o);
    bool found = false;
    for (int i = 0; i < t.n_stages; i++) found |= t.stages[i].is_recomputed;
    assert_true(found && t.runs[TRAINED_AGAIN].median_ns > 1);
    trained_release(&t);
}
static void a_loss_that_diverges_is_an_error(void **state)
{
    (void)state;
    struct trained t;
    struct cpus cpus;
    gable_error e = {0};
    struct training_options o = {.model = "alexnet",
                                 .batch = 2,
                                 .height = 64,
                                 .width = 64,
                                 .trainer = {.rate = 0.1},
                                 .budget_s = 0.3,
                                 .quick = true};
    cpus_read("", &cpus);
    assert_int_equal(training_point(&cpus, &o, NULL, &t, &e), GABLE_FAILED);
    assert_contains(e.why, "take a smaller rate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_has_its_parts),
        cmocka_unit_test(recomputing_is_told_apart),
        cmocka_unit_test(a_loss_that_diverges_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
