/* The built-in chips: derivations, the ten of the report; user files; every kind of broken file. */
#include "check.h"

#include "base/file.h"
#include "roof/chips.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Values that an independent check of ten chips found right: the unit is GFLOP/s (GOP/s) or GB/s. */
static const struct {
    const char *id, *dtype; /* "" is bandwidth */
    double right;
} known[] = {
    {"nvidia_t4", "f32", 8100},
    {"nvidia_t4", "f16", 65000},
    {"nvidia_t4", "s8", 130000},
    {"nvidia_t4", "s4", 260000},
    {"nvidia_t4", "", 320},
    {"nvidia_v100_pcie_16gb", "f32", 14000},
    {"nvidia_v100_pcie_16gb", "f16", 112000},
    {"nvidia_v100_pcie_16gb", "", 900},
    {"nvidia_p100_pcie_16gb", "f32", 9300},
    {"nvidia_p100_pcie_16gb", "f16", 18700},
    {"nvidia_p100_pcie_16gb", "", 732},
    {"nvidia_a100_pcie_80gb", "f32", 19500},
    {"nvidia_a100_pcie_80gb", "tf32", 156000},
    {"nvidia_a100_pcie_80gb", "f16", 312000},
    {"nvidia_a100_pcie_80gb", "", 1935},
    {"nvidia_h100_pcie", "f32", 51000},
    {"nvidia_h100_pcie", "f16", 756000},
    {"nvidia_h100_pcie", "", 2039},
    {"intel_2x_xeon_e5_2699_v4", "f32", 3097.6},
    {"intel_2x_xeon_e5_2699_v4", "", 153.6},
    {"intel_2x_xeon_e5_2697_v2", "f32", 1036.8},
    {"intel_2x_xeon_e5_2697_v2", "", 119.4},
    {"intel_xeon_phi_7120a", "f32", 2416.6},
    {"intel_xeon_phi_7120a", "", 352},
    {"google_tpu_v4", "bf16", 275000},
    {"google_tpu_v4", "s8", 275000},
    {"google_tpu_v4", "", 1200},
    {"apple_a14_gpu", "f32", 654},
    {"apple_a14_gpu", "f16", 1309},
    {"apple_a14_gpu", "", 34.1},
};

static struct chips *builtin(void)
{
    gable_error e = {0};
    struct chips *c = NULL;
    assert_ok(chips_builtin(&c, &e), &e);
    return c;
}

static void test_known_values(void **state)
{
    (void)state;
    struct chips *c = builtin();
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        const struct chip *chip = chips_find(c, known[i].id);
        assert_non_null(chip);
        assert_true(chip->is_in_study);
        const struct chip_rate *rate = *known[i].dtype ? chip_peak(chip, dtype_find(known[i].dtype)) : &chip->bandwidth;
        if (!rate || fabs(rate->value / (known[i].right * 1e9) - 1) > 0.005)
            fail_msg("%s %s: %g, right is %g", known[i].id, known[i].dtype, rate ? rate->value : 0, known[i].right);
    }
    chips_free(c);
}

static void check_rate(const struct chip *chip, const struct chip_rate *r)
{
    if (!r->source || !*r->source || r->confidence >= CONFIDENCE_N) fail_msg("%s: a value without source", chip->id);
    if (r->derivation && fabs(r->derived / r->value - 1) > 0.01) fail_msg("%s: %s", chip->id, r->derivation);
    if (r->derivation && !(r->derived > 0)) fail_msg("%s: %s was not evaluated", chip->id, r->derivation);
}

static void test_every_entry(void **state)
{
    (void)state;
    struct chips *c = builtin();
    int in_study = 0, kinds[CHIP_KIND_N] = {0}, derivations = 0;
    assert_true(c->n >= 80);
    for (int i = 0; i < c->n; i++) {
        const struct chip *chip = &c->chip[i];
        in_study += chip->is_in_study;
        kinds[chip->kind]++;
        if (chip->bandwidth.value > 0) check_rate(chip, &chip->bandwidth);
        for (int k = 0; k < chip->n_rates; k++) {
            const struct chip_rate *r = &chip->rates[k], *fastest = chip_peak(chip, r->dtype);
            check_rate(chip, r);
            derivations += r->derivation != NULL;
            if (!fastest) fail_msg("%s: no %s rate without 'what'", chip->id, dtype_name(r->dtype));
            if (strcmp(r->what, "turbo") && r->value > 1.02 * fastest->value)
                fail_msg("%s: %s '%s' is above the fastest", chip->id, dtype_name(r->dtype), r->what);
        }
    }
    assert_int_equal(in_study, 10);
    for (int k = 0; k < CHIP_KIND_N; k++) assert_true(kinds[k] > 0);
    assert_true(derivations > 300);
    chips_free(c);
}

static void test_roof(void **state)
{
    (void)state;
    struct chips *c = builtin();
    struct roof r;
    assert_true(chip_roof(chips_find(c, "nvidia_t4"), DTYPE_F32, &r));
    assert_true(fabs(roof_ridge(&r) - 8100.0 / 320) < 1e-9);
    assert_false(chip_roof(chips_find(c, "google_tpu_v4"), DTYPE_F32, &r)); /* it has no fp32 rate */
    assert_null(chips_find(c, "no_such_chip"));
    assert_ptr_equal(chips_find(c, "t4"), chips_find(c, "nvidia_t4"));
    assert_ptr_equal(chips_find(c, "h100_pcie"), chips_find(c, "nvidia_h100_pcie"));
    assert_null(chips_find(c, "nvidia"));
    assert_null(chips_find(c, ""));
    chips_free(c);
}

#define HEAD "chips:\n  - id: a\n    name: A\n    vendor: V\n    kind: cpu\n    unit: cpu\n    year: 2020\n"
#define TAIL "    confidence: vendor\n    source: S\n    rates:\n      - {dtype: f32, gop_per_s: 10}\n"
#define RATE(rate) HEAD "    confidence: vendor\n    source: S\n    rates:\n      - " rate "\n"

/* where is "f.yaml:LINE:COLUMN" */
static const struct {
    const char *yaml, *where, *why;
} broken[] = {
    {"", "f.yaml:1:1", "'file': expected 'chips:' and a list of chips, found nothing"},
    {"[]", "f.yaml:1:1", "'file': expected 'chips:' and a list of chips, found a list"},
    {"chip: []", "f.yaml:1:1", "'file': expected 'chips:' and a list of chips, found 'chip'"},
    {"chips: 3", "f.yaml:1:8", "'chips': expected a list, found '3'"},
    {"chips: [7]", "f.yaml:1:9", "'chips': expected a mapping, found '7'"},
    {"chips: []\nmore: 1\n", "f.yaml:2:1", "'file': expected nothing after the list of chips, found 'more'"},
    {"chips: []\n---\nchips: []\n", "f.yaml:2:1", "'file': expected one document, found nothing"},
    {"chips: [\n", "f.yaml:2:1", "not YAML: did not find expected node content"},
    {"chips:\n\t- id: a\n", "f.yaml:2:1", "not YAML: found character that cannot start any token"},
    {HEAD "    nme: B\n" TAIL, "f.yaml:8:5", "unknown key 'nme', did you mean 'name'?"},
    {HEAD "    name: B\n" TAIL, "f.yaml:8:5", "'name' is given twice, first on line 3"},
    {HEAD "    tdp_w: -5\n" TAIL, "f.yaml:8:12", "'tdp_w': expected a number above 0 and at most 1e+06, found '-5'"},
    {HEAD "    tdp_w: .nan\n" TAIL, "f.yaml:8:12",
     "'tdp_w': expected a number above 0 and at most 1e+06, found '.nan'"},
    {HEAD "    tdp_w: nan\n" TAIL, "f.yaml:8:12", "'tdp_w': expected a number above 0 and at most 1e+06, found 'nan'"},
    {HEAD "    tdp_w: 1e999\n" TAIL, "f.yaml:8:12",
     "'tdp_w': expected a number above 0 and at most 1e+06, found '1e999'"},
    {HEAD "    tdp_w: 250 W\n" TAIL, "f.yaml:8:12",
     "'tdp_w': expected a number above 0 and at most 1e+06, found '250 W'"},
    {HEAD "    tdp_w:\n" TAIL, "f.yaml:8:11", "'tdp_w': expected a number above 0 and at most 1e+06, found nothing"},
    {HEAD "    study: maybe\n" TAIL, "f.yaml:8:12", "'study': expected true or false, found 'maybe'"},
    {HEAD "    notes: [x]\n" TAIL, "f.yaml:8:12", "'notes': expected a text of 1 to 2000 bytes, found a list"},
    {HEAD "    notes: &x y\n" TAIL, "f.yaml:8:12",
     "anchors (&), aliases (*) and tags (!) are not allowed; write it out"},
    {HEAD "    notes: *x\n" TAIL, "f.yaml:8:12", "anchors (&), aliases (*) and tags (!) are not allowed; write it out"},
    {HEAD "    notes: !!str y\n" TAIL, "f.yaml:8:12",
     "anchors (&), aliases (*) and tags (!) are not allowed; write it out"},
    {HEAD "    [[[[[[[[[[1]]]]]]]]]]: 2\n" TAIL, "f.yaml:8:5", "unknown key a list"},
    {HEAD, "f.yaml:2:5", "'confidence' is missing here"},
    {HEAD "    bandwidth: 5\n" TAIL, "f.yaml:8:16", "'bandwidth': expected a mapping, found '5'"},
    {HEAD "    bandwidth: {derivation: 2*3}\n" TAIL, "f.yaml:8:16", "'gb_per_s' is missing here"},
    {HEAD "    bandwidth: {gb_per_s: 6, derivation: 2*4}\n" TAIL, "f.yaml:8:42",
     "the derivation gives 8, the value is 6: they may differ by 1 %"},
    {HEAD "    bandwidth: {gb_per_s: 6, derivation: 2*x}\n" TAIL, "f.yaml:8:44",
     "'derivation': expected a number or '(' in '2*x'"},
    {HEAD "    bandwidth: {gb_per_s: 6, derivation: \"2*(3\"}\n" TAIL, "f.yaml:8:47",
     "'derivation': expected ')' or an operator in '2*(3'"},
    {RATE("{gop_per_s: 10}"), "f.yaml:11:9", "'dtype' is missing here"},
    {RATE("{dtype: f23, gop_per_s: 10}"), "f.yaml:11:17",
     "'dtype': expected f64, f32, tf32, bf16, f16, f8, f4, s8 or s4, found 'f23'"},
    {RATE("{dtype: f32, gop_per_s: 0}"), "f.yaml:11:33",
     "'gop_per_s': expected a number above 0 and at most 1e+12, found '0'"},
    {RATE("{dtype: f32, gop_per_s: 1}\n      - {dtype: f32, gop_per_s: 2}"), "f.yaml:12:9",
     "a second f32 rate; say which with 'what'"},
    {HEAD "    confidence: sure\n", "f.yaml:8:17",
     "'confidence': expected vendor, derived, third_party or estimate, found 'sure'"},
    {HEAD "    confidence: vendor\n    source: S\n    rates: []\n", "f.yaml:10:12", "'rates': expected at least one"},
    {HEAD TAIL "  - id: a\n    name: A\n    vendor: V\n    kind: cpu\n    unit: cpu\n    year: 2020\n" TAIL,
     "f.yaml:12:9", "id 'a' was given to an earlier chip"},
    {"chips:\n  - id: A-1\n", "f.yaml:2:9", "'id': expected 1 to 60 of a-z, 0-9 and _, found 'A-1'"},
    {"chips:\n  - year: 12\n", "f.yaml:2:11", "'year': expected a year from 1940 to 2100, found '12'"},
    {"chips:\n  - kind: tpu\n", "f.yaml:2:11", "'kind': expected cpu, gpu, asic, soc or mcu, found 'tpu'"},
    {"chips:\n  - name: \"a\\0b\"\n", "f.yaml:2:11", "'name': expected a text of 1 to 2000 bytes, found 'a'"},
};

static void test_broken_files(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        gable_error e = {0};
        struct chips *c = NULL;
        gable_status s = chips_parse("f.yaml", broken[i].yaml, strlen(broken[i].yaml), &c, &e);
        if (s == GABLE_BAD_INPUT && !c && !strcmp(e.where, broken[i].where) && !strcmp(e.why, broken[i].why)) continue;
        wrong++;
        print_error("case %zu: status %d, %s: %s\n   expected %s: %s\n", i, (int)s, e.where, e.why, broken[i].where,
                    broken[i].why);
        chips_free(c);
    }
    assert_int_equal(wrong, 0);
}

static void test_limits(void **state)
{
    (void)state;
    gable_error e = {0};
    struct chips *c = NULL;
    char *large = calloc(1, CHIPS_FILE_MAX + 2);
    assert_non_null(large);
    memset(large, '#', CHIPS_FILE_MAX + 1);
    assert_int_equal(chips_parse("f.yaml", large, CHIPS_FILE_MAX + 1, &c, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "1048577 bytes");
    memset(large, '[', 100000); /* nothing recurses */
    assert_int_equal(chips_parse("f.yaml", large, 100000, &c, &e), GABLE_BAD_INPUT);
    assert_null(c);
    free(large);
}

static void write_file(const char *path, const char *text)
{
    gable_error e = {0};
    assert_ok(file_write(path, text, strlen(text), &e), &e);
}

static void test_user_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/gable-chips-XXXXXX", path[128], data[64];
    assert_non_null(mkdtemp(folder));
    snprintf(data, sizeof data, "%s/gable", folder);
    snprintf(path, sizeof path, "%s/chips.yaml", data);
    gable_error e = {0};
    assert_ok(folder_make(data, &e), &e);
    write_file(path, HEAD TAIL "  - id: nvidia_t4\n    name: Mine\n    vendor: V\n    kind: gpu\n    unit: gpu\n"
                               "    year: 2021\n" TAIL);
    struct chips *c = NULL, *base = builtin();
    setenv("XDG_DATA_HOME", folder, 1);
    for (int named = 0; named < 2; named++) {
        assert_ok(chips_load(named ? path : NULL, &c, &e), &e);
        assert_int_equal(c->n, base->n + 1);
        assert_string_equal(chips_find(c, "nvidia_t4")->name, "Mine");
        assert_true(chip_peak(chips_find(c, "a"), DTYPE_F32)->value == 10e9);
        assert_string_equal(chip_peak(chips_find(c, "a"), DTYPE_F32)->source, "S");
        chips_free(c);
    }
    write_file(path, HEAD);
    c = NULL;
    assert_int_equal(chips_load(NULL, &c, &e), GABLE_BAD_INPUT);
    assert_null(c);
    assert_contains(e.where, "chips.yaml:2:5");
    unlink(path);
    assert_ok(chips_load(NULL, &c, &e), &e); /* none there: the built-in ones alone */
    assert_int_equal(c->n, base->n);
    chips_free(c);
    assert_int_equal(chips_load(path, &c, &e), GABLE_FAILED);
    rmdir(data);
    rmdir(folder);
    chips_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_values), cmocka_unit_test(test_every_entry), cmocka_unit_test(test_roof),
        cmocka_unit_test(test_broken_files), cmocka_unit_test(test_limits),      cmocka_unit_test(test_user_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
