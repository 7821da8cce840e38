/* Drawings: labels that do not overlap, formats that agree with C, colours of the theme alone, legible text, nothing
   outside the paper, foreign names that stay text. */
#include "check.h"

#include "base/file.h"
#include "base/units.h"
#include "made_up.h"
#include "report/figure.h"
#include "report/figures.h"
#include "report/raster.h"
#include "report/render.h"
#include "report/spec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host {
    struct renderer *renderer;
    struct theme theme;
};

static int set_up(void **state)
{
    struct host *h = calloc(1, sizeof *h);
    gable_error e = {0};
    char *source = NULL;
    size_t len = 0;
    assert_ok(theme_load(&h->theme, &e), &e);
    assert_ok(renderer_new(&h->renderer, &e), &e);
    assert_ok(file_read(TESTS_DIR "/report/check.js", 1 << 20, &source, &len, &e), &e);
    assert_ok(renderer_load(h->renderer, "check.js", source, len, &e), &e);
    free(source);
    *state = h;
    return 0;
}

static int tear_down(void **state)
{
    struct host *h = *state;
    renderer_free(h->renderer);
    theme_release(&h->theme);
    free(h);
    return 0;
}

static char *ask(struct host *h, const char *function, const char *json)
{
    gable_error e = {0};
    char *answer = NULL;
    assert_ok(renderer_call(h->renderer, function, json, &answer, &e), &e);
    return answer;
}

static void assert_fine(struct host *h, const char *function, const char *json, const char *what)
{
    char *answer = ask(h, function, json);
    if (*answer) fail_msg("%s: %s", what, answer);
    free(answer);
}

static void test_labels_do_not_overlap(void **state)
{
    static const char *const scenes[] = {"{\"n\":1,\"seed\":1}", "{\"n\":12,\"seed\":2}", "{\"n\":30,\"seed\":3}",
                                         "{\"n\":30,\"seed\":4}"};
    for (size_t i = 0; i < COUNT_OF(scenes); i++) assert_fine(*state, "checkPlacer", scenes[i], scenes[i]);
}

static void test_spread_keeps_order_and_gap(void **state)
{
    static const char *const wishes[] = {"[5]", "[100,100,100]", "[0,1,2,3,299,300]", "[290,10,150,151,149,150.5]"};
    for (size_t i = 0; i < COUNT_OF(wishes); i++) assert_fine(*state, "checkSpread", wishes[i], wishes[i]);
}

/* No exact halves: printf rounds them to even, toFixed away from zero. */
static void test_formats_agree_with_c(void **state)
{
    static const double values[] = {0,       1,    9.994,  9.996,  12.34,   99.94,  99.96, 999.4,   999.6,   1e3,
                                    1234567, 1e-3, 4.2e-7, -15.26, 1.15e12, 38.1e9, 7e18,  3.3e-13, 0.99951, 123456.7};
    struct text json = {0}, wanted = {0};
    text_add(&json, "[");
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        text_addf(&json, "%s[%.17g,\"B/s\"],[%.17g,\"\"]", i ? "," : "", values[i], values[i]);
        text_addf(&wanted, "%s%s\n%s", i ? "\n" : "", quantity(values[i], "B/s").text, quantity(values[i], "").text);
    }
    text_add(&json, "]");
    char *got = ask(*state, "quantities", json.data);
    assert_string_equal(got, wanted.data);
    free(got);
    text_release(&json);
    text_release(&wanted);
}

static void check_svg(struct host *h, const char *svg, const json_t *theme, const char *id)
{
    const char *name;
    json_t *color, *colors = json_array();
    json_object_foreach ((json_t *)theme, name, color) json_array_append(colors, color);
    json_t *wish = json_pack("{s:s, s:o}", "svg", svg, "colours", colors);
    char *json = json_dumps(wish, JSON_COMPACT);
    assert_fine(h, "checkSvg", json, id);
    free(json);
    json_decref(wish);
}

/* Every figure of a whole study, in both schemes. */
static void test_every_figure_is_whole(void **state)
{
    static const char *const names[] = {"light", "dark"};
    struct host *h = *state;
    struct study study = {0};
    gable_error e = {0};
    size_t i;
    json_t *spec;
    int drawn = 0;
    made_up_study(&study);
    json_t *specs = report_figures(&study, &e);
    assert_non_null(specs);
    json_array_foreach (specs, i, spec) {
        struct drawing d;
        if (!spec_is_drawn(spec)) continue;
        assert_ok(renderer_draw(h->renderer, &h->theme, spec, FIGURE_WIDTH, &d, &e), &e);
        assert_true(d.footer > d.header && d.height > d.footer);
        for (int scheme = SCHEME_LIGHT; scheme <= SCHEME_DARK; scheme++) {
            struct text svg = {0};
            theme_color(&h->theme, (enum scheme)scheme, d.svg, &svg);
            check_svg(h, svg.data, json_object_get(h->theme.schemes, names[scheme]), spec_text(spec, "id"));
            text_release(&svg);
        }
        drawing_release(&d);
        drawn++;
    }
    assert_true(drawn >= 15);
    json_decref(specs);
    made_up_release(&study);
}

static double linear(int channel)
{
    double c = channel / 255.0;
    return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

/* WCAG 2: relative luminance. */
static double luminance(const json_t *scheme, const char *name)
{
    unsigned rgb = 0;
    assert_int_equal(sscanf(spec_text(scheme, name), "#%6x", &rgb), 1);
    return 0.2126 * linear((int)(rgb >> 16 & 255)) + 0.7152 * linear((int)(rgb >> 8 & 255)) +
           0.0722 * linear((int)(rgb & 255));
}

static void test_text_is_legible(void **state)
{
    static const char *const texts[] = {"ink", "muted", "faint", "accent"}, *const schemes[] = {"light", "dark"};
    struct host *h = *state;
    for (size_t s = 0; s < COUNT_OF(schemes); s++)
        for (size_t i = 0; i < COUNT_OF(texts); i++) {
            const json_t *scheme = json_object_get(h->theme.schemes, schemes[s]);
            double a = luminance(scheme, texts[i]), b = luminance(scheme, "paper");
            double contrast = (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
            if (contrast < 4.5) fail_msg("%s %s has a contrast of %.2f", schemes[s], texts[i], contrast);
        }
}

/* A scatter plot whose point and title carry `name`. */
static json_t *figure_named(const char *name)
{
    gable_error e = {0};
    struct figure f = figure_start("1.4", "named", "Named", 200);
    figure_say(&f, "title", "%s", name);
    figure_say(&f, "subtitle", "%s", name);
    figure_grid(&f, 46, 10, 24, 40);
    figure_option(&f, "xAxis", figure_log_axis(&f, 0, name, "@plain", 1, 100));
    figure_option(&f, "yAxis", figure_log_axis(&f, 0, name, "@eng", 1, 100));
    struct point p = {.name = name, .model = name, .x = 10, .y = 10, .color = "@batch64"};
    json_t *points = json_array();
    figure_append(&f, points, figure_point(&f, &p));
    figure_points(&f, points, 0, 8, 5);
    figure_add(&f, "labels", figure_pack(&f, "{s:[f,f], s:s, s:s}", "at", 10.0, 10.0, "text", name, "color", "@ink"));
    json_t *spec = figure_finish(&f, &e);
    assert_non_null(spec);
    return spec;
}

static void test_foreign_names_stay_text(void **state)
{
    static const char *const names[] = {"</script><script>alert(1)</script>",
                                        "<img src=x onerror=alert(1)>",
                                        "@ink",
                                        "@nothing",
                                        "{b} {a|c}",
                                        "&#x3c;b&#x3e;",
                                        "\x01\x02 \xe2\x80\xae backwards",
                                        "\xf0\x9f\x98\x80 \xe4\xb8\xad",
                                        "__proto__",
                                        "]]>",
                                        "#f0e100"};
    struct host *h = *state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        gable_error e = {0};
        struct drawing d;
        struct text svg = {0}, png = {0}, pdf = {0};
        json_t *spec = figure_named(names[i]), *clean = json_clean(spec);
        assert_ok(renderer_draw(h->renderer, &h->theme, clean, FIGURE_WIDTH, &d, &e), &e);
        theme_color(&h->theme, SCHEME_LIGHT, d.svg, &svg);
        assert_null(strstr(svg.data, "<script"));
        assert_null(strstr(svg.data, "<img"));
        assert_ok(raster_png(svg.data, d.width, d.height, 96, &png, &e), &e); /* librsvg reads it: valid XML */
        assert_ok(raster_pdf(svg.data, d.width, d.height, names[i], &pdf, &e), &e);
        assert_memory_equal(png.data, "\x89PNG", 4);
        assert_memory_equal(pdf.data, "%PDF", 4);
        text_release(&svg);
        text_release(&png);
        text_release(&pdf);
        drawing_release(&d);
        json_decref(spec);
        json_decref(clean);
    }
}

static void test_a_broken_spec_names_its_figure(void **state)
{
    struct host *h = *state;
    gable_error e = {0};
    struct drawing d;
    json_t *spec = figure_named("x");
    json_object_set_new(spec, "key", json_pack("[{s:s, s:s, s:s}]", "shape", "dot", "color", "@none", "text", "t"));
    assert_int_not_equal(renderer_draw(h->renderer, &h->theme, spec, FIGURE_WIDTH, &d, &e), GABLE_OK);
    assert_contains(e.where, "figure named");
    assert_contains(e.why, "unknown colour @none");
    json_decref(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels_do_not_overlap),
        cmocka_unit_test(test_spread_keeps_order_and_gap),
        cmocka_unit_test(test_formats_agree_with_c),
        cmocka_unit_test(test_every_figure_is_whole),
        cmocka_unit_test(test_text_is_legible),
        cmocka_unit_test(test_foreign_names_stay_text),
        cmocka_unit_test(test_a_broken_spec_names_its_figure),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
