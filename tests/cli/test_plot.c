/* The terminal's roofline, rendered to a string and measured there. One character wide in ASCII is one dot. */
#include "check.h"

#include "cli/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 87, HEIGHT = 43, COLUMNS = WIDTH - PLOT_GUTTER, ROWS = HEIGHT - 3 };

/* The highest row (0 is the top) of each column that holds a dot or a mark; the first line is the title. */
static void tops(const char *drawing, int *top)
{
    for (int x = 0; x < COLUMNS; x++) top[x] = -1;
    const char *line = strchr(drawing, '\n') + 1;
    for (int row = 0; row < ROWS; row++) {
        const char *end = strchr(line, '\n');
        for (int x = 0; x + PLOT_GUTTER < end - line; x++)
            if (top[x] < 0 && line[PLOT_GUTTER + x] != ' ') top[x] = row;
        line = end + 1;
    }
}

static int row_of(const char *drawing, char mark, int *column)
{
    const char *line = strchr(drawing, '\n') + 1;
    for (int row = 0; row < ROWS; row++) {
        const char *end = strchr(line, '\n'),
                   *at = memchr(line + PLOT_GUTTER, mark, (size_t)(end - line - PLOT_GUTTER));
        if (at) {
            *column = (int)(at - line) - PLOT_GUTTER;
            return row;
        }
        line = end + 1;
    }
    return -1;
}

/* One roof: the axis runs from ridge / 10^1.5 to 10 ridge, so the ridge stands at 1.5 / 2.5 = 60 % of the columns. */
static void test_line(void **state)
{
    (void)state;
    const struct plot_roof roof = {.label = "r", .roof = {.peak = 1e12, .bandwidth = 1e11}};
    const struct plot p = {.roofs = &roof, .n_roofs = 1, .width = WIDTH, .height = HEIGHT};
    struct text out = {0};
    int top[COLUMNS];
    plot_draw(&p, &out);
    tops(out.data, top);
    int ridge = COLUMNS * 6 / 10;
    for (int x = 0; x < COLUMNS; x++) {
        assert_true(top[x] >= 0); /* connected */
        if (x) assert_true(top[x] <= top[x - 1]);
        if (x > ridge + 1) assert_int_equal(top[x], top[COLUMNS - 1]);
    }
    assert_true(top[ridge - 4] > top[COLUMNS - 1]);
    /* the slope rises 1.5 decades, 0.1 is left above the flat: the flat is 0.1 / 1.6 of the rows below the top */
    assert_true(abs(top[COLUMNS - 1] - ROWS / 16) <= 1);
    assert_int_equal(top[0], ROWS - 1);
    assert_contains(out.data, "1  r: 1.00 TFLOP/s, 100 GB/s, ridge 10 FLOP/byte");
    text_release(&out);
}

static void test_points(void **state)
{
    (void)state;
    const struct plot_roof roof = {.label = "r", .roof = {.peak = 1e12, .bandwidth = 1e11}};
    const struct plot_point points[] = {
        {"half of the slope", 1, 5e10}, {"under the flat", 50, 3e11}, {"above", 1, 9e11}, {"nothing", 0, NAN}};
    const struct plot p = {
        .roofs = &roof, .n_roofs = 1, .points = points, .n_points = 4, .width = WIDTH, .height = HEIGHT};
    struct text out = {0};
    plot_draw(&p, &out);
    char *line = strdup(out.data);
    int a, b, c, d, row_a = row_of(out.data, 'a', &a), row_b = row_of(out.data, 'b', &b);
    int row_c = row_of(out.data, 'c', &c);
    assert_true(row_a > 0 && row_b > 0 && row_c > 0);
    assert_int_equal(row_of(out.data, 'd', &d), -1);
    assert_int_equal(a, c);
    for (char *q = line; *q; q++)
        if (strchr("abcd", *q)) *q = ' ';
    int top[COLUMNS];
    tops(line, top);
    assert_true(row_a > top[a] && row_b > top[b]); /* below the roof */
    assert_true(row_c < top[c]);                   /* above where the data is */
    free(line);
    text_release(&out);
}

static void test_width_and_braille(void **state)
{
    (void)state;
    const struct plot_roof roofs[] = {{.label = "r", .roof = {1e12, 1e11}}, {.label = "s", .roof = {5e12, 5e10}}};
    for (int width = 0; width <= 200; width += 40) {
        struct text out = {0};
        plot_draw(&(struct plot){.roofs = roofs, .n_roofs = 2, .width = width, .height = 20, .is_utf8 = true}, &out);
        assert_false(out.failed);
        size_t most = (size_t)(width < 40 ? 40 : width), lines = 0;
        const char *legend = strstr(out.data, "  1  r");
        for (char *s = out.data, *end; (end = strchr(s, '\n')) && s < legend; s = end + 1, lines++) {
            *end = '\0';
            if (lines && text_columns(s) > most) fail_msg("%zu columns of %zu: %s", text_columns(s), most, s);
        }
        assert_int_equal(lines, 20);
        text_release(&out);
    }
}

static void test_nothing(void **state)
{
    (void)state;
    const struct plot_roof roof = {.label = "r", .roof = {.peak = 0, .bandwidth = INFINITY}};
    struct text out = {0};
    plot_draw(&(struct plot){.roofs = &roof, .width = 80, .height = 20}, &out);
    plot_draw(&(struct plot){.roofs = &roof, .n_roofs = 1, .width = 80, .height = 20}, &out);
    assert_null(strchr(out.data, '*'));
    text_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_line), cmocka_unit_test(test_points),
                                       cmocka_unit_test(test_width_and_braille), cmocka_unit_test(test_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
