#include "base/text.h"
#include "check.h"

#include <locale.h>
#include <string.h>

static void foreign_bytes_are_disarmed(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "plain"},
        {"\x1b[31mred", "\\x1b[31mred"},
        {"a\nb\tc", "a\\x0ab\\x09c"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"\xe2\x80\xae"
         "abc",
         "\\u202eabc"},
        {"\xff\xfe", "\\xff\\xfe"},
        {"\xc0\xaf", "\\xc0\\xaf"}, /* overlong */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct text t = {0};
        text_add_safe(&t, cases[i].in, 0);
        assert_string_equal(t.data, cases[i].out);
        text_release(&t);
    }
}

static void long_names_are_cut_in_the_middle(void **state)
{
    (void)state;
    struct text t = {0};
    text_add_safe(&t, "features.1.0.block.0.0", 11);
    assert_int_equal(text_columns(t.data), 11);
    assert_string_equal(t.data, "featu…k.0.0");
    text_release(&t);
}

static void csv_fields_survive_and_formulas_do_not(void **state)
{
    (void)state;
    struct text t = {0};
    text_add_csv(&t, "a,b");
    text_add(&t, ",");
    text_add_csv(&t, "=1+1");
    text_add(&t, ",");
    text_add_csv(&t, "say \"x\"");
    assert_string_equal(t.data, "\"a,b\",\"'=1+1\",\"say \"\"x\"\"\"");
    text_release(&t);
}

static void the_nearest_name_is_offered(void **state)
{
    (void)state;
    static const char *const names[] = {"resnet18", "resnet34", "squeezenet1_1", "vgg16"};
    assert_string_equal(text_nearest("resnt18", names, COUNT_OF(names)), "resnet18");
    assert_string_equal(text_nearest("squeezenet11", names, COUNT_OF(names)), "squeezenet1_1");
    assert_null(text_nearest("zzzzzz", names, COUNT_OF(names)));
}

int main(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_bytes_are_disarmed),
        cmocka_unit_test(long_names_are_cut_in_the_middle),
        cmocka_unit_test(csv_fields_survive_and_formulas_do_not),
        cmocka_unit_test(the_nearest_name_is_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
