/* A training point: the parts of a step, its work as analyze --train counts it, its memory. Durations are whatever they
   are. */
#include "bench/training.h"
#include "check.h"

#include <math.h>
#include <string.h>

static const struct training_options small = {.model = "mobilenet_v3_small",
                                              .batch = 2,
                                              .height = 32,
                                              .width = 32,
                                              .trainer = {.rate = 1e-4},
                                              .budget_s = 0.3,
                                              .quick = true,
                                              .in_process = true};
static struct trained measured(const struct training_options *o)
{
    struct trained t;
    struct cpus cpus;
    gable_error e = {0};
    cpus_read("", &cpus);
    assert_ok(training_point(&cpus, o, NULL, &t, &e), &e);
    return t;
}
/* What a part executes and moves is its stages', and the step's is its parts'. */
static void work_adds_up(const struct trained *t)
{
    const struct run *step = &t->runs[TRAINED_STEP];
    double executed = 0, bytes = 0;
    for (int i = 0; i < TRAINED_RUNS; i++) {
        const struct run *r = &t->runs[i];
        double beyond = 0, moved = 0;
        if (i == TRAINED_STEP) continue;
        for (int k = 0; k < r->n_groups; k++) {
            beyond += r->groups[k].flops_executed - r->groups[k].flops_counted;
            moved += r->groups[k].bytes;
        }
        assert_true((double)r->flops_executed == (double)r->flops_counted + beyond);
        assert_true((double)r->bytes.fused == moved);
        executed += (double)r->flops_executed;
        bytes += moved;
    }
    assert_true((double)step->flops_executed == executed);
    assert_true((double)step->bytes.fused == bytes && bytes < (double)step->bytes.unfused);
}
static void a_step_has_its_parts(void **state)
{
    (void)state;
    struct trained t = measured(&small);
    const struct run *step = &t.runs[TRAINED_STEP];
    double flops = 0, kinds = 0;
    for (int p = 0; p < PASS_N; p++) {
        assert_string_equal(t.runs[p].pass, train_pass_name((enum train_pass)p));
        assert_true(t.runs[p].n_samples >= 6 && t.runs[p].median_ns > 0 && t.runs[p].n_groups > 0);
        assert_int_equal(t.runs[p].peak_rss_bytes, 0); /* the whole step's */
        flops += (double)t.runs[p].flops_counted;
    }
    assert_true(flops == (double)step->flops_counted);
    assert_true(step->median_ns > 0 && step->peak_rss_bytes > 0 && isfinite(t.last_loss));
    assert_true(t.n_steps >= step->n_samples); /* how many, the budget and the load say */
    for (int k = 0; k < KIND_N; k++)
        for (int p = 0; p < PASS_N; p++) kinds += trained_kind_ns(&t, (enum op_kind)k, (enum train_pass)p);
    assert_true(fabs(kinds - step->sum_ns) <= 1e-6 * step->sum_ns);
    assert_false(trained_has(&t, TRAINED_AGAIN)); /* nothing is made again */
    work_adds_up(&t);
    trained_release(&t);
}
/* Products of 3 x 3 kernels by Winograd: fewer FLOPs than are counted, and the run says so where they are many. */
static void a_step_says_what_it_executes(void **state)
{
    (void)state;
    struct training_options o = small;
    o.model = "resnet18";
    o.height = o.width = 64;
    struct trained t = measured(&o);
    const struct run *step = &t.runs[TRAINED_STEP];
    bool is_fewer = (double)step->flops_executed < 0.8 * (double)step->flops_counted;
    assert_true(step->flops_executed <= step->flops_counted);
    assert_int_equal((step->notes & CODE_BIT(CODE_EXECUTED_FEWER)) != 0, is_fewer);
    work_adds_up(&t);
    trained_release(&t);
}
static void recomputing_is_told_apart(void **state)
{
    (void)state;
    struct training_options o = small;
    o.trainer.recompute = RECOMPUTE_CHEAP;
    struct trained t = measured(&o);
    assert_true(trained_has(&t, TRAINED_AGAIN) && t.runs[TRAINED_AGAIN].median_ns > 1);
    assert_int_equal(t.runs[TRAINED_AGAIN].flops_counted, 0);
    assert_true(t.runs[TRAINED_AGAIN].groups[0].flops_executed > 0);
    trained_release(&t);
}
/* OpenMP's threads, which the tests before have started, are not there after fork: the child's own must be. */
static void a_child_measures_what_a_process_does(void **state)
{
    (void)state;
    struct training_options o = small;
    o.in_process = false;
    o.silence_s = 60;
    struct trained here = measured(&small), t = measured(&o);
    for (int i = 0; i < TRAINED_RUNS; i++) {
        assert_string_equal(t.runs[i].pass, here.runs[i].pass);
        assert_int_equal(t.runs[i].n_groups, here.runs[i].n_groups);
        assert_int_equal(t.runs[i].flops_counted, here.runs[i].flops_counted);
    }
    assert_true(t.runs[PASS_DATA].n_samples > 0 && t.memory.total == here.memory.total && isfinite(t.last_loss));
    trained_release(&here);
    trained_release(&t);
}
#if !defined __SANITIZE_ADDRESS__ /* it holds what is freed */
/* Margin: 2 % and 4 MiB, either way. */
static void planned_memory_is_what_is_taken(void **state)
{
    static const struct {
        const char *model;
        int batch;
        enum recompute recompute;
    } rows[] = {{"mobilenet_v3_small", 16, RECOMPUTE_NONE},
                {"squeezenet1_1", 4, RECOMPUTE_NONE},
                {"resnet18", 4, RECOMPUTE_NONE},
                {"shufflenet_v2_x2_0", 4, RECOMPUTE_CHEAP},
                {"efficientnet_b0", 4, RECOMPUTE_CHEAP},
                {"efficientnet_b0", 8, RECOMPUTE_CHECKPOINT}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct training_options o = {.model = rows[i].model,
                                     .batch = rows[i].batch,
                                     .trainer = {.rate = 1e-4, .optimizer = OPTIMIZER_MOMENTUM},
                                     .steps = 1,
                                     .quick = true};
        o.trainer.recompute = rows[i].recompute;
        struct trained t = measured(&o);
        double planned = (double)t.memory.total, taken = (double)t.runs[TRAINED_STEP].peak_rss_bytes;
        if (fabs(taken - planned) > 0.02 * planned + (4 << 20))
            fail_msg("%s: planned %.1f MiB, taken %.1f", rows[i].model, planned / (1 << 20), taken / (1 << 20));
        trained_release(&t);
    }
}
#endif
static void steps_are_as_many_as_asked(void **state)
{
    (void)state;
    struct training_options o = small;
    o.steps = 7;
    struct trained t = measured(&o);
    int warm = 0;
    for (int i = 0; i < t.runs[TRAINED_STEP].n_samples; i++)
        warm += (t.runs[TRAINED_STEP].samples[i].marks & MARK_WARMUP) != 0;
    assert_int_equal(t.runs[TRAINED_STEP].n_samples - warm, 7);
    assert_int_equal(t.runs[PASS_FORWARD].n_samples, 7);
    trained_release(&t);
}
static void a_step_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct cpus cpus;
    gable_error e = {0};
    struct training_options o = small;
    cpus_read("", &cpus);
    o.trainer.bytes_most = (size_t)40 << 20;
    o.batch = 512;
    assert_int_equal(training_check(&cpus, &o, &e), GABLE_NO_MEMORY);
    assert_contains(e.why, "the largest batch that fits is");
    o.batch = 2;
    assert_ok(training_check(&cpus, &o, &e), &e);
}
static void a_loss_that_diverges_is_an_error(void **state)
{
    (void)state;
    struct trained t;
    struct cpus cpus;
    gable_error e = {0};
    struct training_options o = small;
    o.model = "alexnet";
    o.height = o.width = 64;
    o.trainer.rate = 0.1;
    cpus_read("", &cpus);
    assert_int_equal(training_point(&cpus, &o, NULL, &t, &e), GABLE_FAILED);
    assert_contains(e.why, "take a smaller rate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_has_its_parts),
        cmocka_unit_test(a_step_says_what_it_executes),
        cmocka_unit_test(recomputing_is_told_apart),
        cmocka_unit_test(a_child_measures_what_a_process_does),
#if !defined __SANITIZE_ADDRESS__
        cmocka_unit_test(planned_memory_is_what_is_taken),
#endif
        cmocka_unit_test(steps_are_as_many_as_asked),
        cmocka_unit_test(a_step_that_does_not_fit_is_refused),
        cmocka_unit_test(a_loss_that_diverges_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
