/* The written report: every file is there and whole, names stay text, a place that cannot be written is named. Leaves
   made-up-report and hostile-report in the current folder for tests/page. */
#include "check.h"

#include "base/file.h"
#include "learn/learned.h"
#include "made_up.h"
#include "report/report.h"
#include "report/spec.h"
#include "report/table.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *read_file(const char *path, size_t *len)
{
    gable_error e = {0};
    char *bytes = NULL;
    assert_ok(file_read(path, (size_t)64 << 20, &bytes, len, &e), &e);
    return bytes;
}

/* Files of a folder that end so. */
static int count_files(const char *folder, const char *end)
{
    int n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *f; (f = readdir(d)) != NULL;) {
        size_t len = strlen(f->d_name), tail = strlen(end);
        if (len >= tail && !strcmp(f->d_name + len - tail, end)) n++;
        assert_true(f->d_name[0] == '.' || strspn(f->d_name, "abcdefghijklmnopqrstuvwxyz0123456789_-.") == len);
    }
    closedir(d);
    return n;
}

static void write_study(const struct study *s, const char *folder)
{
    gable_error e = {0};
    struct report_options o = {.out = folder};
    assert_ok(report_write(s, &o, &e), &e);
}

static void test_every_file_is_there(void **state)
{
    (void)state;
    struct study s = {0};
    size_t len = 0;
    made_up_study(&s);
    made_up_steps(&s);
    made_up_learned(&s, 2);
    write_study(&s, "made-up-report");
    int figures = count_files("made-up-report/figures", "-dark.svg");
    assert_true(figures >= 15);
    assert_int_equal(count_files("made-up-report/figures", ".svg"), 2 * figures);
    assert_int_equal(count_files("made-up-report/figures", ".png"), 2 * figures);
    assert_int_equal(count_files("made-up-report/figures", ".pdf"), figures);
    assert_true(count_files("made-up-report/tables", ".csv") > figures);
    assert_int_equal(count_files("made-up-report/tables", ".csv"), count_files("made-up-report/tables", ".json"));
    char *page = read_file("made-up-report/index.html", &len);
    assert_true(len < 3000000);
    assert_contains(page, "default-src 'none'");
    assert_null(strstr(page, "{{"));
    free(page);
    char *study = read_file("made-up-report/study.json", &len);
    json_t *json = json_loads(study, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(json, "runs")), s.n_runs);
    json_decref(json);
    free(study);
    made_up_release(&s);
}

static void test_hostile_names_stay_text(void **state)
{
    (void)state;
    static const char *const payloads[] = {"</script><script>alert(1)</script>",
                                           "<img src=x onerror=alert(1)>",
                                           "\"><svg onload=alert(1)>",
                                           "javascript:alert(1)",
                                           "{{css}} {b} {a|x}",
                                           "=HYPERLINK(\"http://x\")",
                                           "__proto__",
                                           "@ink' onfocus='alert(1)",
                                           "&#60;b&#62; ]]> -->",
                                           "\xe2\x80\xae\xe2\x80\xa8 \x07 end"};
    struct study s = {0};
    size_t len = 0;
    made_up_study(&s);
    for (int i = 0; i < s.n_models; i++) {
        const char *payload = payloads[(size_t)i % COUNT_OF(payloads)];
        for (int k = 0; k < s.n_runs; k++)
            if (!strcmp(s.runs[k].model, s.models[i].id)) {
                snprintf(s.runs[k].model, RECORD_NAME, "%s", payload);
                snprintf(s.runs[k].label, RECORD_NAME, "%s", payload);
            }
        snprintf(s.models[i].id, RECORD_NAME, "%s", payload);
        snprintf(s.models[i].label, RECORD_NAME, "%s", payload);
    }
    snprintf(s.machine.topology.cpu, sizeof s.machine.topology.cpu, "%s", payloads[0]);
    snprintf(s.command, sizeof s.command, "gable report --models '%s'", payloads[1]);
    made_up_learned(&s, 2);
    snprintf(s.learned[0].data, sizeof s.learned[0].data, "%s", payloads[0]);
    write_study(&s, "hostile-report");
    char *page = read_file("hostile-report/index.html", &len);
    assert_null(strstr(page, "<script>alert"));
    assert_null(strstr(page, "<img src=x"));
    assert_null(strstr(page, "<svg onload"));
    free(page);
    char *csv = read_file("hostile-report/tables/counts.csv", &len);
    assert_contains(csv, "\"'=HYPERLINK(\"\"http://x\"\")\"");
    free(csv);
    made_up_release(&s);
}

/* Counts and chips are worth a page even where no run is sound, and the answer still stands first. */
static void test_no_sound_run(void **state)
{
    (void)state;
    struct study s = {0};
    size_t len = 0;
    made_up_study(&s);
    for (int i = 0; i < s.n_runs; i++) {
        s.runs[i].valid = false;
        s.runs[i].reason = CODE_CONTENDED;
    }
    s.is_roof_doubtful = true;
    write_study(&s, "unsound-report");
    char *page = read_file("unsound-report/index.html", &len);
    assert_contains(page, "No run of this study can be trusted");
    assert_contains(page, "<ul class=\"answer\"><li>");
    assert_contains(page, "too busy to measure its roof soundly");
    assert_contains(page, "30 of 30 runs cannot be trusted");
    free(page);
    made_up_release(&s);
}

static void test_csv_keeps_numbers_whole(void **state)
{
    (void)state;
    struct text csv = {0};
    json_t *spec = json_pack("{s:s, s:s, s:{s:[s,s,s], s:[[s,{s:s,s:f},{s:s,s:I}]]}}", "id", "t", "title", "T", "table",
                             "columns", "Model", "a, b", "n", "rows", "x \"y\"", "text", "0.10", "value", 0.1, "text",
                             "1,814", "value", (json_int_t)1814073344);
    assert_non_null(spec);
    table_csv(spec, &csv);
    assert_string_equal(csv.data, "Model,\"a, b\",n\r\n\"x \"\"y\"\"\",0.1,1814073344\r\n");
    text_release(&csv);
    json_t *json = table_json(spec);
    const json_t *row = json_array_get(json_object_get(json, "rows"), 0);
    assert_true(json_is_integer(json_array_get(row, 2)));
    assert_true(json_real_value(json_array_get(row, 1)) == 0.1);
    json_decref(json);
    json_decref(spec);
}

static void test_ids_must_be_file_names(void **state)
{
    (void)state;
    static const char *const bad[] = {"[{s:s}]", "../x", "", "-rf", "A", "a b", "a/b"};
    for (size_t i = 1; i < COUNT_OF(bad); i++) {
        gable_error e = {0};
        json_t *clean = NULL, *specs = json_pack(bad[0], "id", bad[i]);
        assert_int_equal(specs_clean(specs, &clean, &e), GABLE_FAILED);
        assert_contains(e.why, "is no file name");
        json_decref(specs);
    }
}

static void test_an_unwritable_place_is_named(void **state)
{
    (void)state;
    struct study s = {0};
    gable_error e = {0};
    struct report_options o = {.out = "plain-file/report"};
    made_up_study(&s);
    assert_ok(file_write("plain-file", "x", 1, &e), &e);
    assert_int_not_equal(report_write(&s, &o, &e), GABLE_OK);
    assert_contains(e.where, "plain-file/report");
    unlink("plain-file");
    made_up_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file_is_there),    cmocka_unit_test(test_hostile_names_stay_text),
        cmocka_unit_test(test_no_sound_run),           cmocka_unit_test(test_csv_keeps_numbers_whole),
        cmocka_unit_test(test_ids_must_be_file_names), cmocka_unit_test(test_an_unwritable_place_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
