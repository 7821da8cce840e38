/* Other numbers, other sentences: each test turns a made-up study round and reads what the report then says. */
#include "check.h"
#include "learn/learned.h"
#include "made_up.h"
#include "report/figures.h"
#include "report/figures/parts.h"
#include "report/findings.h"

#include <math.h>
#include <string.h>

static char *said(const struct study *s, figure_builder *build, const char *field)
{
    gable_error e = {0};
    json_t *spec = build(s, &e);
    if (!spec) fail_msg("no figure: %s", e.why);
    char *text = strdup(json_string_value(json_object_get(spec, field)));
    json_decref(spec);
    return text;
}

static void assert_said(const struct study *s, figure_builder *build, const char *field, const char *part)
{
    char *text = said(s, build, field);
    assert_contains(text, part);
    free(text);
}

static void set_all(struct study *s, int b, double share)
{
    for (int i = 0; i < s->n_models; i++) made_up_share(s, i, b, share);
}

static void test_best_and_worst_change_places(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    assert_said(&s, figure_summary, "title",
                "ResNet18 reaches 91\u00a0% of the roof; MobileNetV3-Small stops at 30\u00a0%");
    made_up_share(&s, made_up_model(&s, "resnet18"), 2, 0.11);
    made_up_share(&s, made_up_model(&s, "mobilenet_v3_small"), 2, 0.97);
    assert_said(&s, figure_summary, "title",
                "MobileNetV3-Small reaches 97\u00a0% of the roof; ResNet18 stops at 11\u00a0%");
    made_up_release(&s);
}

static void test_shares_rise_or_fall_with_the_batch(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    assert_said(&s, figure_attained, "title", "rises from 23 to 39");
    set_all(&s, 2, 0.10);
    assert_said(&s, figure_attained, "title", "falls from 23 to 10");
    set_all(&s, 0, 0.10);
    assert_said(&s, figure_attained, "title", "hardly moves");
    made_up_release(&s);
}

static void test_invalid_runs_count_nowhere(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    assert_said(&s, figure_attained, "note", "1 of 30 runs is invalid");
    struct run *best = made_up_run(&s, made_up_model(&s, "resnet18"), 2);
    best->valid = false;
    best->reason = CODE_CONTENDED;
    assert_said(&s, figure_attained, "note", "2 of 30 runs are invalid");
    /* batch 256 has now fewer sound runs than batch 64, which the figure turns to */
    assert_said(&s, figure_summary, "title", "ResNet18 reaches 88\u00a0%");
    for (int i = 0; i < s.n_models; i++) made_up_run(&s, i, 1)->valid = i > 1;
    assert_said(&s, figure_summary, "title", "SqueezeNet 1.1 reaches 70\u00a0%");
    made_up_release(&s);
}

static void test_all_valid(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    struct run *r = made_up_run(&s, made_up_model(&s, "mobilenet_v3_small"), 0);
    r->valid = true;
    r->reason = CODE_NONE;
    assert_said(&s, figure_attained, "note", "");
    json_t *answer = report_answer(&s), *sentences = json_object_get(answer, "sentences");
    assert_contains(json_string_value(json_array_get(sentences, json_array_size(sentences) - 1)),
                    "All 30 runs are valid.");
    json_decref(answer);
    made_up_release(&s);
}

static void test_nothing_valid(void **state)
{
    (void)state;
    gable_error e = {0};
    struct study s;
    made_up_study(&s);
    for (int i = 0; i < s.n_runs; i++) s.runs[i].valid = false;
    assert_null(figure_summary(&s, &e));
    assert_int_equal(e.status, GABLE_OK);
    assert_null(figure_ranks(&s, &e));
    json_t *answer = report_answer(&s);
    assert_contains(json_string_value(json_object_get(answer, "headline")), "No run");
    assert_true(json_array_size(json_object_get(answer, "sentences")) >= 3);
    json_decref(answer);
    made_up_release(&s);
}

/* Latency in the very order of FLOPs: no inversion is left to name. */
static void test_flops_rule_or_mislead(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    assert_said(&s, figure_latency_flops, "title",
                "FLOPs alone mislead: SqueezeNet 1.1 has 1.2 times those of MobileNetV2");
    for (int i = 0; i < s.n_models; i++) {
        const struct run *r = made_up_run(&s, i, 2);
        made_up_share(&s, i, 2, 0.2 * s.roof.peak / r->attainable); /* the same FLOP/s for all */
    }
    assert_false(finding_inversion(&s, 2, BY_FLOPS).exists);
    assert_said(&s, figure_latency_flops, "title", "Latency follows FLOPs without exception at batch 256: r = 1.00");
    json_t *answer = report_answer(&s);
    char *text = json_dumps(answer, 0);
    assert_contains(text, "FLOPs rank the latency of all 10 models rightly");
    free(text);
    json_decref(answer);
    made_up_release(&s);
}

/* Two models whose intervals overlap are no inversion. */
static void test_overlapping_intervals_are_no_inversion(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    s.n_models = 2; /* ShuffleNetV2 x0.5, MobileNetV3-Small */
    made_up_share(&s, 0, 1, 0.3);
    struct run *less = made_up_run(&s, 0, 1), *more = made_up_run(&s, 1, 1);
    made_up_share(&s, 1, 1,
                  0.3 * (double)more->flops_counted / (double)less->flops_counted * less->attainable /
                      more->attainable * 1.001);
    assert_true(more->median_ns < less->median_ns);
    assert_false(finding_inversion(&s, 1, BY_FLOPS).exists);
    made_up_share(&s, 1, 1,
                  0.3 * (double)more->flops_counted / (double)less->flops_counted * less->attainable /
                      more->attainable * 1.2);
    assert_true(finding_inversion(&s, 1, BY_FLOPS).exists);
    s.n_models = MADE_MODELS;
    made_up_release(&s);
}

static void test_too_few_for_a_correlation(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    assert_said(&s, figure_ranks, "title", "rank CPU latency at batch 1 best");
    for (int i = 3; i < s.n_models; i++) made_up_run(&s, i, 0)->valid = false;
    assert_said(&s, figure_ranks, "title", "2 valid runs at batch 1 are too few");
    made_up_release(&s);
}

/* Reading the kind that loses most, and the gaps between operators where those weigh more. */
static void test_losses_are_named(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    assert_said(&s, figure_floor, "title",
                "MobileNetV3-Small takes 4.0 times its floor, 36\u00a0% of its time in depthwise convolutions");
    int model = made_up_model(&s, "resnet18");
    struct run *r = made_up_run(&s, model, 2);
    made_up_share(&s, model, 2, 0.1);
    for (int i = 0; i < r->n_groups; i++)
        r->groups[i].median_ns = r->groups[i].kind == KIND_POOL ? 0.9 * r->median_ns : r->groups[i].floor_ns;
    assert_said(&s, figure_floor, "title", "ResNet18 takes");
    assert_said(&s, figure_floor, "title", "in pooling layers");
    for (int i = 0; i < r->n_groups; i++) r->groups[i].median_ns = r->groups[i].floor_ns;
    assert_said(&s, figure_floor, "title", "between the operators");
    made_up_release(&s);
}

/* By hand: one group of 8 ms whose peak needs 2 and whose floor is 5: 2 at peak, 3 for memory, 3 off the roof, and 2 of
   the 10 ms between operators. */
static void test_parts_add_up(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    s.n_models = 1;
    struct run *r = made_up_run(&s, 0, 2);
    made_up_share(&s, 0, 2, 0.2);
    r->median_ns = 10e6;
    r->flops_counted = (count)(r->flops_per_s / 100);
    r->macs = 0;
    r->intensity = (double)r->flops_counted / (double)r->bytes.fused;
    r->n_groups = 1;
    r->groups[0] =
        (struct run_group){.kind = KIND_CONV, .median_ns = 8e6, .floor_ns = 5e6, .flops_executed = 2e-3 * r->roof.peak};
    for (int b = 0; b < 2; b++) made_up_run(&s, 0, b)->valid = false;
    assert_said(&s, figure_losses, "finding",
                "20\u00a0% of the time is work at peak speed, 30\u00a0% waits for memory even at the roof, 30\u00a0% "
                "is lost below the roof, "
                "0\u00a0% moves data, 20\u00a0% passes between operators");
    s.n_models = MADE_MODELS;
    made_up_release(&s);
}

/* Half the FLOPs executed: the point stands at half the rate, and the note says what the counted ones would be. */
static void test_winograd_stands_by_what_it_executes(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    int resnet = made_up_model(&s, "resnet18");
    struct run *r = made_up_run(&s, resnet, 2);
    made_up_share(&s, resnet, 2, 1.9);
    r->notes |= CODE_BIT(CODE_EXECUTED_FEWER);
    r->flops_executed = r->flops_counted / 2;
    r->efficiency = 0.95;
    r->efficiency_low = 0.94;
    r->efficiency_high = 0.96;
    assert_true(fabs(run_place(r).flops_per_s / (0.5 * r->flops_per_s) - 1) < 1e-6);
    assert_said(&s, figure_summary, "title", "ResNet18 reaches 95\u00a0% of the roof");
    assert_said(&s, figure_summary, "note",
                "By the FLOPs that Winograd executes: ResNet18 (190\u00a0% by those counted).");
    made_up_release(&s);
}

static void test_data_in_the_cache_is_said(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    made_up_run(&s, made_up_model(&s, "mobilenet_v2"), 0)->notes |= CODE_BIT(CODE_IN_CACHE);
    assert_said(&s, figure_attained, "note",
                "Held to the flat, since the data stay in the cache: MobileNetV2 at batch 1. ");
    made_up_release(&s);
}

/* The ratio is computed, and what moves it is named with its share. */
static void test_backward_is_computed_not_assumed(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    struct study_training *t = &s.models[made_up_model(&s, "resnet18")].training;
    assert_said(&s, figure_training_passes, "finding",
                "On the mean of 10 models backward costs 1.90 times forward, not 2");
    count forward = t->passes[PASS_FORWARD].cost.flops, data = t->kinds[KIND_CONV][PASS_DATA].cost.flops;
    t->passes[PASS_DATA].cost.flops -= data; /* no k x k convolution passes a gradient on: 0.9 x 0.92 of forward */
    t->kinds[KIND_CONV][PASS_DATA].cost.flops = 0;
    t->flops.of[KIND_CONV][PASS_DATA] = 0;
    assert_true(data > forward / 2);
    assert_said(&s, figure_training_passes, "title", "of ResNet18, 1.90 times those of");
    assert_said(&s, figure_training_passes, "finding",
                "ResNet18 is furthest from it, by \u22120.93. Of that, \u22120.92: data gradients of k×k convolutions "
                "take 0.00");
    made_up_release(&s);
}

static void test_training_memory_and_kinds(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    assert_said(&s, figure_training_kinds, "title", "Activations: ");
    for (int i = 0; i < s.n_models; i++) s.models[i].training.bytes.of[KIND_POOL][PASS_DATA] = 1e12;
    assert_said(&s, figure_training_kinds, "title", "Pooling layers: 0\u00a0% of the backward FLOPs, 99");
    assert_said(&s, figure_training_memory, "finding", "EfficientNet-B4 needs most");
    s.models[0].training.memory.total *= 1000;
    assert_said(&s, figure_training_memory, "finding", "ShuffleNetV2 ×0.5 needs most");
    made_up_release(&s);
}

static void test_measured_training(void **state)
{
    (void)state;
    struct study s;
    gable_error e = {0};
    made_up_study(&s);
    assert_null(figure_training_times(&s, &e)); /* nothing was measured */
    made_up_steps(&s);
    assert_said(&s, figure_training_times, "finding", "backward is 2.15 times forward in time and 1.90 in FLOPs");
    assert_said(&s, figure_training_times, "finding",
                "weight gradients of depthwise convolutions run at 0.25 of forward's rate");
    assert_said(&s, figure_training_kinds, "title", "Depthwise convolutions: 4\u00a0% of the backward FLOPs");
    int odd = made_up_model(&s, "resnet18");
    struct run *forward = (struct run *)(uintptr_t)study_step(&s, odd, PASS_FORWARD);
    for (int i = 0; i < forward->n_groups; i++) forward->groups[i].median_ns *= 3;
    assert_said(&s, figure_training_times, "title", "Backward takes 0.63 times the forward time of ResNet18");
    forward->valid = false;
    assert_said(&s, figure_training_times, "note", "1 of 10 models have no valid step");
    made_up_release(&s);
}

static void test_ridge_and_bound(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    assert_said(&s, figure_intensity, "title", "8 of 10 models are memory-bound at batch 1, 7 at batch 256");
    s.roof.bandwidth *= 1000;
    assert_said(&s, figure_intensity, "title", "All 10 models are compute-bound");
    s.roof.bandwidth /= 1e6;
    assert_said(&s, figure_intensity, "title", "All 10 models are memory-bound");
    made_up_release(&s);
}

static void test_batching_gains_or_not(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    assert_said(&s, figure_throughput, "title", "by 5.5 for ShuffleNetV2 ×0.5, by 1.5 for SqueezeNet 1.1");
    for (int i = 0; i < s.n_models; i++) made_up_share(&s, i, 2, 0.05);
    assert_said(&s, figure_throughput, "title", "Batching gains nothing here");
    made_up_release(&s);
}

static void test_training_runs_learn_or_not(void **state)
{
    (void)state;
    struct study s;
    gable_error e = {0};
    made_up_study(&s);
    assert_null(figure_training_loss(&s, &e)); /* no run was kept */
    made_up_learned(&s, 3);
    assert_said(&s, figure_training_loss, "title", "2 of 3 training runs learn"); /* the first's loss stays at 4 */
    assert_said(
        &s, figure_training_loss, "finding",
        "MobileNetV3-Small on 64 drawn images: the mean loss of an epoch goes from 3 to 0.563 in 12 steps, "
        "and 90\u00a0% of the last epoch\u2019s examples are classified correctly; guessing among 10 classes gives "
        "10\u00a0%.");
    assert_said(&s, figure_training_loss, "command",
                "gable train shufflenet_v2_x0_5 --size 64x64 --batch 16 --optimizer momentum --rate 0.01 --seed 1 "
                "--data synthetic --epochs 3");
    s.learned[0].run.epochs[2] = (struct learn_epoch){.loss = 3, .accuracy = 0.2};
    assert_said(&s, figure_training_loss, "title",
                "All 3 training runs learn: at their ends they classify 20 to 90\u00a0%");
    s.learned[0].run.epochs[2].accuracy = 0.1;
    s.n_learned = 1;
    assert_said(&s, figure_training_loss, "title", "ShuffleNetV2 ×0.5 does not learn: 10\u00a0%");
    s.learned[0].run.epochs[2] = (struct learn_epoch){.loss = 4, .accuracy = 0.75};
    assert_said(&s, figure_training_loss, "title", "does not learn"); /* its loss is what it began with */
    s.learned[0].run.losses[0] = 4.5;
    s.learned[0].run.epochs[2].loss = 0;
    s.learned[0].run.losses[11] = 0; /* no logarithm: drawn at the least that is drawn */
    assert_said(&s, figure_training_loss, "title", "The engine learns: ShuffleNetV2 ×0.5 classifies 75\u00a0%");
    s.n_learned = 3;
    made_up_release(&s);
}

/* By what differs, and no more of it; by a number where nothing does. */
static void test_runs_of_one_model_are_told_apart(void **state)
{
    (void)state;
    struct study s;
    made_up_study(&s);
    made_up_learned(&s, 3);
    for (int i = 1; i < 3; i++) snprintf(s.learned[i].model, sizeof s.learned[i].model, "%s", s.learned[0].model);
    s.learned[1].batch = 32;
    snprintf(s.learned[2].optimizer, sizeof s.learned[2].optimizer, "adam");
    assert_said(&s, figure_training_loss, "finding", "ShuffleNetV2 ×0.5, momentum, batch 16 on 64 drawn images:");
    assert_said(&s, figure_training_loss, "finding", "ShuffleNetV2 ×0.5, momentum, batch 32 on 64 drawn images:");
    assert_said(&s, figure_training_loss, "finding", "ShuffleNetV2 ×0.5, adam on 64 drawn images:");
    s.learned[1].batch = 16;
    s.learned[2].started_utc = 86400;
    snprintf(s.learned[2].optimizer, sizeof s.learned[2].optimizer, "momentum");
    assert_said(&s, figure_training_loss, "finding", "ShuffleNetV2 ×0.5, 1970-01-01 00:00, run 2 on 64 drawn images:");
    assert_said(&s, figure_training_loss, "finding", "ShuffleNetV2 ×0.5, 1970-01-02 00:00 on 64 drawn images:");
    made_up_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best_and_worst_change_places),
        cmocka_unit_test(test_shares_rise_or_fall_with_the_batch),
        cmocka_unit_test(test_invalid_runs_count_nowhere),
        cmocka_unit_test(test_all_valid),
        cmocka_unit_test(test_nothing_valid),
        cmocka_unit_test(test_flops_rule_or_mislead),
        cmocka_unit_test(test_overlapping_intervals_are_no_inversion),
        cmocka_unit_test(test_too_few_for_a_correlation),
        cmocka_unit_test(test_losses_are_named),
        cmocka_unit_test(test_parts_add_up),
        cmocka_unit_test(test_winograd_stands_by_what_it_executes),
        cmocka_unit_test(test_data_in_the_cache_is_said),
        cmocka_unit_test(test_backward_is_computed_not_assumed),
        cmocka_unit_test(test_training_memory_and_kinds),
        cmocka_unit_test(test_measured_training),
        cmocka_unit_test(test_training_runs_learn_or_not),
        cmocka_unit_test(test_runs_of_one_model_are_told_apart),
        cmocka_unit_test(test_ridge_and_bound),
        cmocka_unit_test(test_batching_gains_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
