/* Codes, copies, JSON and the sentence of a run. */
#include "check.h"

#include "bench/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct run make_run(void)
{
    static const struct run_group groups[] = {
        {"conv1", "gemm", KIND_CONV, 100, 10, 10, 1, 95},
        {"layer1.0.conv1", "winograd", KIND_CONV, 500, 10, 5, 1, 300},
        {"layer1.1.conv1", "winograd", KIND_CONV, 200, 10, 5, 1, 100},
        {"layer2.0.conv1", "gemm", KIND_CONV, 150, 10, 10, 1, 140},
        {"fc", "gemm", KIND_LINEAR, 50, 10, 10, 1, 10},
    };
    struct run r = {.model = "resnet18",
                    .batch = 64,
                    .valid = true,
                    .bound = BOUND_COMPUTE,
                    .efficiency = 0.8251,
                    .attainable = 231e9,
                    .median_ns = 980,
                    .low_ns = 970,
                    .high_ns = 990,
                    .instrumented_ns = 1000,
                    .dtype = DTYPE_F32,
                    .p99_tail_ns = NAN,
                    .block = 1,
                    .n_clean = 30};
    r.groups = malloc(sizeof groups);
    r.samples = calloc(2, sizeof *r.samples);
    assert_true(r.groups && r.samples);
    memcpy(r.groups, groups, sizeof groups);
    r.n_groups = (int)COUNT_OF(groups);
    r.n_samples = 2;
    r.samples[1].ns = 981;
    return r;
}

static void codes_have_names_of_their_own(void **state)
{
    (void)state;
    for (int c = 0; c < CODE_N; c++) {
        assert_int_equal(bench_code_find(bench_code_name((enum bench_code)c)), c);
        assert_true(c == CODE_NONE || bench_code_sentence((enum bench_code)c)[0]);
    }
    assert_int_equal(bench_code_find("no such code"), CODE_N);
    assert_true(CODE_N <= 64); /* one bit each */
}

/* Above the floor: layer1 200 + 100 of 1000, fc 40, layer2 10, conv1 5. What is under 2 % is not worth saying. */
static void the_sentence_follows_the_numbers(void **state)
{
    struct run r = make_run();
    char s[512];
    (void)state;
    run_sentence(&r, s, sizeof s);
    assert_string_equal(s,
                        "resnet18 at batch 64 is compute-bound and reaches 83 % of the 231 GFLOP/s that the roof "
                        "allows; the largest losses are convolution in layer1 (30 % of the time above its floor) and "
                        "fully connected in fc (4 % of the time above its floor).");
    r.groups[4].median_ns = 12;
    r.bound = BOUND_MEMORY;
    run_sentence(&r, s, sizeof s);
    assert_contains(s, "memory-bound");
    assert_contains(s, "the largest loss is convolution in layer1");
    assert_null(strstr(s, "fc"));
    r.valid = false;
    r.reason = CODE_CONTENDED;
    run_sentence(&r, s, sizeof s);
    assert_string_equal(s, "resnet18 at batch 64 has no valid result: other programs took the CPUs.");
    run_release(&r);
}

static void a_copy_is_whole_and_its_own(void **state)
{
    struct run r = make_run(), copy;
    gable_error e = {0};
    (void)state;
    r.environment = json_pack("{s:i}", "a", 1);
    assert_ok(run_copy(&copy, &r, &e), &e);
    r.samples[1].ns = r.groups[0].bytes > 0 ? 5 : 0;
    assert_int_equal(copy.samples[1].ns, 981);
    run_release(&r);
    assert_string_equal(copy.groups[1].kernel, "winograd");
    assert_int_equal(json_integer_value(json_object_get(copy.environment, "a")), 1);
    run_release(&copy);
}

static void the_json_keeps_the_contract(void **state)
{
    static const char *const members[] = {
        "model",       "engine",    "device",  "batch",      "dtype",      "pass",       "median_ns", "ci_ns",
        "p5_ns",       "p95_ns",    "samples", "n_eff",      "setup_ns",   "valid",      "reason",    "notes",
        "flops_per_s", "intensity", "bound",   "attainable", "efficiency", "algorithms", "first_ns",  "groups"};
    struct run r = make_run();
    (void)state;
    r.notes = CODE_BIT(CODE_OUTLIERS) | CODE_BIT(CODE_QUICK);
    json_t *j = run_json(&r, true);
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (!json_object_get(j, members[i])) fail_msg("%s is missing", members[i]);
    assert_true(json_is_null(json_object_get(j, "reason")) && json_is_true(json_object_get(j, "valid")));
    assert_true(json_is_null(json_object_get(j, "p99_tail_ns")));
    assert_int_equal(json_integer_value(json_object_get(j, "samples")), 30);
    assert_string_equal(json_string_value(json_array_get(json_object_get(j, "notes"), 0)), "outliers");
    assert_string_equal(json_string_value(json_array_get(json_object_get(j, "notes"), 1)), "quick");
    assert_int_equal(json_array_size(json_object_get(j, "groups")), 5);
    assert_int_equal(json_array_size(json_object_get(j, "raw_samples")), 2);
    assert_true(json_real_value(json_object_get(json_array_get(json_object_get(j, "groups"), 1), "share")) == 0.5);
    json_decref(j);
    j = run_json(&r, false);
    assert_null(json_object_get(j, "raw_samples"));
    json_decref(j);
    run_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_names_of_their_own),
        cmocka_unit_test(the_sentence_follows_the_numbers),
        cmocka_unit_test(a_copy_is_whole_and_its_own),
        cmocka_unit_test(the_json_keeps_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
