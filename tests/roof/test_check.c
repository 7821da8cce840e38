/* Numbers that a file states of chips: what an earlier study printed of its ten (stated.csv: each number as it stands
   there, in our unit, and what an independent check by hand against vendors' documents said of it), and mistakes made
   up one by one. */
#include "check.h"

#include "base/csv.h"
#include "base/file.h"
#include "roof/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct chips *known(void)
{
    gable_error e = {0};
    struct chips *c = NULL;
    assert_ok(chips_builtin(&c, &e), &e);
    return c;
}

/* The verdict column is the one that the check does not know. */
static void test_study(void **state)
{
    (void)state;
    struct chips *c = known();
    struct check *check = NULL;
    gable_error e = {0};
    struct arena *a = arena_new(1 << 20);
    struct csv csv;
    char *text = NULL;
    const char *cell[CSV_CELLS_MAX];
    int n, wrong = 0;
    size_t len;
    assert_ok(file_read(TESTS_DIR "/roof/stated.csv", 1 << 20, &text, &len, &e), &e);
    assert_ok(check_csv("stated.csv", text, c, &check, &e), &e);
    csv_init(&csv, "stated.csv", text);
    assert_ok(csv_record(&csv, a, cell, &n, &e), &e);
    for (int i = 0; !csv_record(&csv, a, cell, &n, &e) && n; i++) {
        const struct check_row *r = &check->rows[i];
        bool is_wrong = !strcmp(cell[4], "wrong");
        wrong += is_wrong;
        if (is_wrong != check_is_objection(r->verdict))
            fail_msg("line %d: %s %s is %s, the check says %s: %s", r->line, r->chip, r->field, cell[4],
                     check_verdict_name(r->verdict), r->why);
        if (!strcmp(cell[4], "missing")) assert_int_equal(r->verdict, CHECK_MISSING);
        if (!strcmp(cell[4], "ambiguous")) assert_int_equal(r->verdict, CHECK_AMBIGUOUS);
    }
    assert_int_equal(check->n, 46);
    assert_int_equal(wrong, 9);
    free(text);
    arena_free(a);
    check_free(check);
    chips_free(c);
}

static const struct {
    const char *row; /* of a CSV */
    enum check_verdict verdict;
    const char *why; /* a part of it */
} mistakes[] = {
    /* 108*64*2*1.41 = 19492; without the 2 */
    {"nvidia_a100_pcie_80gb,fp32_gflops,9746,GFLOPS", CHECK_WRONG, "the factor 2 is missing"},
    {"nvidia_a100_pcie_80gb,fp32_gflops,19.5,TFLOPS", CHECK_RIGHT, ""},
    {"nvidia_a100_pcie_80gb,fp32_gflops,19.5,GFLOPS", CHECK_WRONG, "a unit off by a thousand"},
    {"nvidia_a100_pcie_80gb,fp32_gflops,14722,GFLOPS", CHECK_WRONG, "the base clock, 1.065 GHz"}, /* 108*64*2*1.065 */
    {"nvidia_a100_pcie_80gb,int8_gops,1248,TOPS", CHECK_WRONG, "structured sparsity"},
    {"nvidia_a100_pcie_80gb,bandwidth_gbs,1555,GB/s", CHECK_WRONG, "another product, nvidia_a100_"}, /* the 40 GB's */
    {"nvidia_a100_pcie_80gb,bandwidth_gbs,15480,GB/s", CHECK_WRONG, "Gbit/s"},                       /* 8 x 1935 */
    {"nvidia_a100_pcie_80gb,bandwidth_gbs,1802.1,GB/s", CHECK_WRONG, "GiB/s printed as GB/s"},       /* 1935 / 1.0737 */
    {"nvidia_a100_pcie_80gb,bandwidth_gbs,1.935,TB/s", CHECK_RIGHT, ""},
    {"nvidia_a100_pcie_80gb,bandwidth_gbs,15480,Gbit/s", CHECK_RIGHT, ""},
    /* 2*22*2.2*8*2*2 = 3097.6 */
    {"intel_2x_xeon_e5_2699_v4,fp32_gflops,6195.2,GFLOPS", CHECK_WRONG, "counted twice"},
    {"intel_2x_xeon_e5_2699_v4,fp32_gflops,1548.8,GFLOPS", CHECK_WRONG, "2"}, /* a socket, a unit, or the 2 */
    {"intel_2x_xeon_e5_2699_v4,fp32_gflops,5068.8,GFLOPS", CHECK_WRONG, "the boost clock, 3.6 GHz"},
    {"intel_2x_xeon_e5_2699_v4,fp32_gflops,2534.4,GFLOPS", CHECK_WRONG, "avx base clock"},
    {"intel_2x_xeon_e5_2699_v4,memory_rate_mts,1200,MT/s", CHECK_WRONG, "transfers twice per cycle"},
    {"intel_2x_xeon_e5_2699_v4,memory_type,DDR4,", CHECK_RIGHT, ""},
    {"intel_2x_xeon_e5_2699_v4,memory_type,DDR5,", CHECK_WRONG, "DDR4-2400"},
    {"nvidia_a100_pcie_80gb,memory_type,HBM2,", CHECK_WRONG, "HBM2e"},
    {"nvidia_a100_pcie_80gb,fp32_gflops,23456,GFLOPS", CHECK_WRONG, "it would need 1.696 GHz"}, /* 23456/19500*1.41 */
    {"nvidia_h100_pcie,bandwidth_gbs,2,TB/s", CHECK_ROUNDED, "rounded from 2039"},
    {"nvidia_t5,fp32_gflops,8100,GFLOPS", CHECK_UNKNOWN, "did you mean 'nvidia_t4'?"},
    {"nvidia_t4,fp32_gflop,8100,GFLOPS", CHECK_UNKNOWN, "did you mean 'fp32_gflops'?"},
    {"nvidia_t4,fp32_gflops,8100,GB/s", CHECK_UNKNOWN, "no unit of it: expected GFLOPS"},
    {"nvidia_t4,fp32_gflops,fast,GFLOPS", CHECK_UNKNOWN, "expected a number above 0"},
    {"nvidia_t4,fp32_gflops,-1,GFLOPS", CHECK_UNKNOWN, "expected a number above 0"},
    {"nvidia_t4,fp32_gflops,nan,GFLOPS", CHECK_UNKNOWN, "expected a number above 0"},
    {"nvidia_t4,fp8_gflops,100,GFLOPS", CHECK_UNFOUNDED, "no such value"},
};

static void test_mistakes(void **state)
{
    (void)state;
    struct chips *c = known();
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        char text[200];
        struct check *check = NULL;
        gable_error e = {0};
        snprintf(text, sizeof text, "chip_id,field,stated,unit\r\n%s\r\n", mistakes[i].row);
        assert_ok(check_csv("made up", text, c, &check, &e), &e);
        assert_int_equal(check->n, 1);
        const struct check_row *r = &check->rows[0];
        if (r->verdict != mistakes[i].verdict || !strstr(r->why, mistakes[i].why))
            fail_msg("%s: %s: %s", mistakes[i].row, check_verdict_name(r->verdict), r->why);
        check_free(check);
    }
    chips_free(c);
}

/* The built-in database passes its own check; changed derivations do not. */
static void test_chips_files(void **state)
{
    (void)state;
    static const char form[] = "chips:\n"
                               "  - {id: a, name: A, vendor: V, kind: %s, unit: gpu, year: 2020, confidence: derived, "
                               "source: s, memory_type: %s, clock: \"base clock: base 2.1 GHz, boost 3 GHz\",\n"
                               "     bandwidth: {gb_per_s: %s},\n"
                               "     rates: [{dtype: f32, gop_per_s: %s}]}\n";
    static const struct {
        const char *kind, *memory, *bandwidth, *rate;
        int wrong;
        const char *why;
    } files[] = {
        {"gpu", "GDDR6", "320, derivation: 256/8*10", "4300.8, derivation: 16*64*2*2.1", 0, ""},
        {"gpu", "GDDR6", "2560, derivation: 256/8*10", "4300.8, derivation: 16*64*2*2.1", 1, "Gbit/s"},
        {"gpu", "GDDR6", "32, derivation: 256/8*1", "4300.8, derivation: 16*64*2*2.1", 1, "no GDDR6 moves 1 Gbit/s"},
        {"cpu", "DDR4-3200", "51.2, derivation: 2*3.2*8", "1075.2, derivation: 8*2.1*16*2*2", 0, ""},
        {"cpu", "DDR4-3200", "25.6, derivation: 2*1.6*8", "1075.2, derivation: 8*2.1*16*2*2", 1, "twice per cycle"},
        {"cpu", "DDR4-3200", "51.2, derivation: 2*3.2*8", "16.8, derivation: 8*2.1", 1, "lanes x units x 2"},
        {"cpu", "DDR4-3200", "51.2, derivation: 2*3.2*8", "2816, derivation: 8*5.5*16*2*2", 1,
         "above its highest clock"},
        {"cpu", "DDR4-3200", "51.2, derivation: 2*3.2*8", "2150.4, derivation: 8*2.1*16*2*2", 1, "counted twice"},
    };
    struct chips *c = known();
    gable_error e = {0};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char text[800];
        struct check *check = NULL;
        snprintf(text, sizeof text, form, files[i].kind, files[i].memory, files[i].bandwidth, files[i].rate);
        assert_ok(check_yaml("own.yaml", text, strlen(text), c, &check, &e), &e);
        assert_int_equal(check->n, 2);
        bool is_said = !files[i].wrong;
        for (int k = 0; k < check->n; k++) is_said |= strstr(check->rows[k].why, files[i].why) && *files[i].why;
        if (check->n_of[CHECK_WRONG] != files[i].wrong || !is_said)
            fail_msg("file %zu: %s | %s", i, check->rows[0].why, check->rows[1].why);
        check_free(check);
    }
    struct check *own = NULL;
    assert_ok(check_file(TESTS_DIR "/../data/chips.yaml", c, &own, &e), &e);
    for (int i = 0; i < own->n; i++)
        if (check_is_objection(own->rows[i].verdict))
            fail_msg("%s %s: %s", own->rows[i].chip, own->rows[i].field, own->rows[i].why);
    check_free(own);
    chips_free(c);
}

static void test_broken_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *why;
    } files[] = {
        {"", "x.csv:1", "'chip_id' is missing"},
        {"chip_id,field\n", "x.csv:1", "'stated' is missing"},
        {"chip_id,field,stated\nnvidia_t4,\"fp32_gflops,1\n", "x.csv:2", "a quote is never closed"},
        {"chip_id,field,stated\n\"a\"b,c,1\n", "x.csv:2", "text behind a closing quote"},
    };
    struct chips *c = known();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        gable_error e = {0};
        struct check *check = NULL;
        assert_int_equal(check_csv("x.csv", files[i].text, c, &check, &e), GABLE_BAD_INPUT);
        assert_string_equal(e.where, files[i].where);
        assert_non_null(strstr(e.why, files[i].why));
    }
    chips_free(c);
}

/* Quotes, both line ends, a byte order mark, blank lines, no last line end. */
static void test_csv(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf"
                               "a,\"b \"\"x\"\", c\"\r\n\n,\"two\nlines\"\nlast,";
    static const char *const expected[3][2] = {{"a", "b \"x\", c"}, {"", "two\nlines"}, {"last", ""}};
    static const int lines[] = {1, 3, 5};
    struct arena *a = arena_new(1 << 16);
    const char *cell[CSV_CELLS_MAX];
    gable_error e = {0};
    struct csv csv;
    int n;
    csv_init(&csv, "x", text);
    for (int i = 0; i < 3; i++) {
        assert_ok(csv_record(&csv, a, cell, &n, &e), &e);
        assert_int_equal(n, 2);
        assert_int_equal(csv.line, lines[i]);
        for (int k = 0; k < 2; k++) assert_string_equal(cell[k], expected[i][k]);
    }
    assert_ok(csv_record(&csv, a, cell, &n, &e), &e);
    assert_int_equal(n, 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_study), cmocka_unit_test(test_mistakes),     cmocka_unit_test(test_chips_files),
        cmocka_unit_test(test_csv),   cmocka_unit_test(test_broken_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
