/* A study's costs come from the zoo, its runs from the caller. */
#include "check.h"
#include "made_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_costs(void **state)
{
    (void)state;
    gable_error e = {0};
    struct study s = {0};
    const char *const ids[] = {"resnet18", "shufflenet_v2_x0_5"};
    assert_ok(study_costs(&s, ids, 2, (const int[]){64, 1}, 2, &e), &e);
    assert_int_equal(s.batches[0], 1); /* ascending */
    assert_int_equal(s.batches[1], 64);
    assert_string_equal(s.models[0].id, "shufflenet_v2_x0_5");    /* by FLOPs */
    assert_string_equal(s.models[1].label, "ResNet-18");          /* the zoo's */
    assert_int_equal(s.models[1].params, 11689512);               /* torchvision's */
    assert_int_equal(s.models[1].costs[0].cost.macs, 1814073344); /* reference/models: batch 1 */
    assert_int_equal(s.models[1].costs[1].cost.macs, 64 * INT64_C(1814073344));
    /* weights once per batch: traffic grows slower than the batch */
    assert_true(s.models[1].costs[1].bytes.fused < 64 * s.models[1].costs[0].bytes.fused);
    study_release(&s);
}

static void test_unknown_model(void **state)
{
    (void)state;
    gable_error e = {0};
    struct study s = {0};
    const char *const ids[] = {"resnet18", "resnet19"};
    assert_true(study_costs(&s, ids, 2, (const int[]){1}, 1, &e) != GABLE_OK);
    assert_contains(e.why, "resnet18"); /* the nearest */
    study_release(&s);
}

static void test_a_run_replaces_its_point(void **state)
{
    (void)state;
    gable_error e = {0};
    struct study s;
    made_up_study(&s);
    struct run again = {0};
    assert_ok(run_copy(&again, made_up_run(&s, 4, 1), &e), &e);
    again.median_ns = 42;
    assert_ok(study_add_run(&s, &again, &e), &e);
    assert_int_equal(s.n_runs, MADE_MODELS * MADE_BATCHES);
    assert_true(study_run(&s, 4, 64, "cpu")->median_ns == 42);
    again.batch = 128;
    assert_ok(study_add_run(&s, &again, &e), &e);
    assert_int_equal(s.n_runs, MADE_MODELS * MADE_BATCHES + 1);
    assert_null(study_run(&s, 4, 64, "cuda"));
    assert_true(study_run(&s, 4, 128, "cpu")->samples != again.samples);
    assert_null(study_step(&s, 4, PASS_FORWARD)); /* inference is no part of a training step */
    again.batch = s.training_batch;
    snprintf(again.engine, sizeof again.engine, "%s", training_engine);
    for (int pass = 0; pass < TRAINED_RUNS; pass++) {
        snprintf(again.pass, sizeof again.pass, "%s", trained_name(pass));
        again.median_ns = 100 + pass;
        assert_ok(study_add_run(&s, &again, &e), &e);
    }
    assert_true(study_step(&s, 4, TRAINED_STEP)->median_ns == 100 + TRAINED_STEP);
    assert_null(study_step(&s, 3, TRAINED_STEP));
    run_release(&again);
    made_up_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_costs),
        cmocka_unit_test(test_unknown_model),
        cmocka_unit_test(test_a_run_replaces_its_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
