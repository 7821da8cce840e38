/* The blocks of a timeline: heights in eighths, columns that stand for many steps, the mark under the peak. */
#include "check.h"
#include "cli/skyline.h"

static void expect(const struct skyline *s, const char *drawing)
{
    struct text out = {0};
    skyline_draw(s, &out);
    assert_string_equal(out.data, drawing);
    text_release(&out);
}

/* Of 16 in 2 rows: 16 fills both, 8 one, 1 is one eighth, 12 is one and a half, 0 nothing. */
static void test_heights(void **state)
{
    (void)state;
    static const count values[] = {16, 8, 1, 12, 0};
    struct skyline s = {.values = values, .n = 5, .mark = 0, .most = 16, .width = 80, .height = 2, .is_utf8 = true};
    expect(&s, "█  ▄ \n██▁█ \n^\n");
    s.is_utf8 = false;
    expect(&s, "#  : \n##.# \n^\n");
}

/* Six steps in three columns: the larger of each two. */
static void test_columns(void **state)
{
    (void)state;
    static const count values[] = {1, 8, 4, 2, 8, 0};
    expect(&(struct skyline){.values = values, .n = 6, .mark = 4, .most = 8, .width = 3, .height = 1, .is_utf8 = true},
           "█▄█\n  ^\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_heights), cmocka_unit_test(test_columns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
