/* The written report: every file is there and whole, names stay text, a place that cannot be written is named. Leaves
   made-up-report and hostile-report in the current folder for tests/page. */
#include "check.h"

#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
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

/* What breaks out of HTML, attributes, scripts, styles, templates, spreadsheets, and what hides or turns text. */
static const char *const payloads[] = {
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{css}} {b} {a|x}",
    "=HYPERLINK(\"http://x\")",
    "__proto__",
    "@ink' onfocus='alert(1)",
    "&#60;b&#62; ]]> -->",
    "\xe2\x80\xae\xe2\x80\xa8 \x07 end",
    "<script>alert(1)</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script src=http://x/a.js></script>",
    "<script\n>alert(1)</script >",
    "<<script>alert(1)//<</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</textarea><img src=x onerror=alert(1)>",
    "</template><img src=x onerror=alert(1)>",
    "</noscript><img src=x onerror=alert(1)>",
    "</table><img src=x onerror=alert(1)>",
    "--><img src=x onerror=alert(1)>",
    "<!--<script>alert(1)",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "]]><script>alert(1)</script>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1)>",
    "<svg><use href=http://x/a.svg#a>",
    "<svg><a xlink:href=javascript:alert(1)>",
    "<svg><foreignObject><iframe src=http://x>",
    "<math><mi xlink:href=javascript:alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=http://x/a>",
    "<embed src=http://x/a>",
    "<link rel=stylesheet href=http://x/a.css>",
    "<style>@import 'http://x/a.css'</style>",
    "<base href=http://x/>",
    "<meta http-equiv=refresh content='0;url=http://x'>",
    "<form action=http://x><input autofocus onfocus=alert(1)>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video src=http://x/a onerror=alert(1)>",
    "<audio src=http://x/a autoplay>",
    "<marquee onstart=alert(1)>",
    "<a href=javascript:alert(1) id=x tabindex=1>",
    "<div style=background:url(http://x/a)>",
    "<img srcset=http://x/a>",
    "<input type=image src=http://x/a>",
    "<x onclick=alert(1) contenteditable>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)",
    "` onmouseover=alert(1)",
    "\" autofocus onfocus=alert(1) x=\"",
    "\\\"-alert(1)//",
    "\\'-alert(1)//",
    "';alert(1);'",
    "\";alert(1);\"",
    "\\u003cimg src=x onerror=alert(1)\\u003e",
    "\\x3cimg src=x onerror=alert(1)\\x3e",
    "%3Cimg src=x onerror=alert(1)%3E",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&#x3C;img src=x onerror=alert(1)&#x3E;",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "${alert(1)} `${alert(1)}`",
    "{{constructor.constructor('alert(1)')()}}",
    "#{alert(1)} <%= alert(1) %>",
    "{a|x}{b0}{@[1]}{value} {style|<b>}",
    "function(){alert(1)}",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:alert(1)",
    "url(javascript:alert(1))",
    "expression(alert(1))",
    "constructor",
    "toString",
    "\xc2\xa0\xe2\x81\xa6\xe2\x81\xa9\xef\xbb\xbf",
    "\xff\xfe<img src=x onerror=alert(1)>",
    "\x1b]8;;http://x\x1b\\y\x7f",
    "+1;-2;@SUM(A1)\t\"a\",b\r\nc",
};

static const char *payload_at(int i) { return payloads[(size_t)i % COUNT_OF(payloads)]; }

/* Every field of text that a study has room for; the next payload at each call. */
static void spoil(char *field, size_t room)
{
    static int next;
    snprintf(field, room, "%s", payload_at(next++));
}

/* The appendix lists what is there by name and value: all payloads as both, or as many names that mean no harm. */
static void fill_environment(struct study *s, bool is_hostile)
{
    json_t *o = json_object();
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        char plain[16];
        snprintf(plain, sizeof plain, "plain %zu", i);
        json_t *text = json_text(is_hostile ? payloads[i] : plain);
        json_object_set(o, json_string_value(text), text);
        json_decref(text);
    }
    assert_int_equal(json_object_size(o), COUNT_OF(payloads));
    s->environment = json_pack("{s:o}", "names", o);
}

/* Models' names are keys of figures and tables: equal in all places. */
static void spoil_models(struct study *s)
{
    for (int i = 0; i < s->n_models; i++) {
        struct study_model *m = &s->models[i];
        const char *payload = payload_at(i);
        for (int k = 0; k < s->n_runs; k++)
            if (!strcmp(s->runs[k].model, m->id)) {
                snprintf(s->runs[k].model, RECORD_NAME, "%s", payload);
                snprintf(s->runs[k].label, RECORD_NAME, "%s", payload);
            }
        snprintf(m->id, RECORD_NAME, "%s", payload);
        snprintf(m->label, RECORD_NAME, "%s", payload);
        spoil(m->family, sizeof m->family);
    }
}

static void spoil_runs(struct study *s)
{
    for (int k = 0; k < s->n_runs; k++) {
        struct run *r = &s->runs[k];
        spoil(r->device, sizeof r->device);
        spoil(r->algorithms, sizeof r->algorithms);
        for (int i = 0; i < r->n_groups; i++) {
            spoil(r->groups[i].name, RECORD_NAME);
            spoil(r->groups[i].kernel, RECORD_NAME);
        }
    }
}

/* Their strings are constants: a copy has others. */
static void spoil_chips(const struct chips *from, struct chips *to)
{
    static struct chip all[64];
    *to = (struct chips){.n = from->n, .chip = all};
    assert_true((size_t)from->n <= COUNT_OF(all));
    for (int i = 0; i < from->n; i++) {
        struct chip *c = &all[i];
        *c = from->chip[i];
        c->name = payload_at(7 * i + 10);
        c->vendor = payload_at(7 * i + 11);
        c->clock = payload_at(7 * i + 12);
        c->notes = payload_at(7 * i + 13);
        c->source = payload_at(7 * i + 14);
        c->memory_type = payload_at(7 * i + 15);
    }
}

static void test_every_file_is_there(void **state)
{
    (void)state;
    struct study s = {0};
    size_t len = 0;
    made_up_study(&s);
    made_up_steps(&s);
    made_up_learned(&s, 2);
    fill_environment(&s, false);
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

/* A table read again is as wide in every record as in its first, and no cell is a formula to a spreadsheet. */
static void check_table(const char *path)
{
    size_t len = 0, n_formulas = 0;
    int columns = 0, n = 0;
    char *text = read_file(path, &len);
    struct arena *a = arena_new((size_t)64 << 20);
    struct csv c;
    const char *cell[CSV_CELLS_MAX];
    gable_error e = {0};
    assert_int_equal(strlen(text), len);
    csv_init(&c, path, text);
    for (;;) {
        assert_ok(csv_record(&c, a, cell, &n, &e), &e);
        if (n == 0) break;
        if (!columns) columns = n;
        assert_int_equal(n, columns);
        for (int i = 0; i < n; i++) {
            char *end = NULL;
            strtod(cell[i], &end);
            n_formulas += *cell[i] && strchr("=+-@\t\r", *cell[i]) && *end; /* a negative number is none */
        }
    }
    if (n_formulas) fail_msg("%s: %zu cells are formulas", path, n_formulas);
    arena_free(a);
    free(text);
}

static void check_tables(const char *folder)
{
    int n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *f; (f = readdir(d)) != NULL;) {
        char path[600];
        if (!strstr(f->d_name, ".csv")) continue;
        snprintf(path, sizeof path, "%s/%s", folder, f->d_name);
        check_table(path);
        n++;
    }
    closedir(d);
    assert_true(n > 15);
}

static void test_hostile_names_stay_text(void **state)
{
    (void)state;
    static struct chips chips;
    struct study s = {0};
    size_t len = 0;
    made_up_study(&s);
    made_up_steps(&s);
    made_up_learned(&s, 2);
    fill_environment(&s, true);
    spoil_models(&s);
    spoil_runs(&s);
    spoil_chips(s.chips, &chips);
    s.chips = &chips;
    spoil(s.machine.topology.cpu, sizeof s.machine.topology.cpu);
    spoil(s.learned[0].data, sizeof s.learned[0].data);
    spoil(s.learned[1].data, sizeof s.learned[1].data);
    spoil(s.learned[0].frozen, sizeof s.learned[0].frozen);
    snprintf(s.command, sizeof s.command, "gable report --models '%s'", payloads[1]);
    write_study(&s, "hostile-report");
    char *page = read_file("hostile-report/index.html", &len);
    static const char *const broken_out[] = {"<script>alert", "<img src=x", "<svg onload",
                                             "<iframe",       "<base",      "<marquee"};
    for (size_t i = 0; i < COUNT_OF(broken_out); i++) assert_null(strstr(page, broken_out[i]));
    free(page);
    check_tables("hostile-report/tables");
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
