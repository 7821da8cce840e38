/* JSON as it is written: byte for byte what jansson's own printer gives. */
#include "check.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static void same_as_jansson(json_t *j)
{
    char *expected = json_dumps(j, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12)), *got = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&got, &n);
    assert_non_null(expected);
    assert_non_null(out);
    assert_true(json_write(j, out));
    fclose(out);
    assert_int_equal(n, strlen(expected) + 1);
    assert_int_equal(got[n - 1], '\n');
    assert_memory_equal(got, expected, n - 1);
    free(expected);
    free(got);
    json_decref(j);
}

static void everything_is_written_as_jansson_does(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "[[], {}, [[]]]",
        "{\"a\": {\"b\": {\"c\": [1, -2, 9223372036854775807, -9223372036854775808]}}}",
        "[true, false, null, 0, -0.0, 0.1, 1e300, 1e-300, 123456789012.5, 100.0, 3.0e20, 1.5]",
        "[\"\", \"a/b\", \"quote \\\" slash \\\\ line \\n tab \\t bell \\u0007\", \"gr\u00fc\u00dfe\"]",
        "{\"key \\\" odd\": 1, \"\": 2, \"z\": 3, \"a\": 4}"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        json_error_t e;
        json_t *j = json_loads(texts[i], 0, &e);
        if (!j) fail_msg("%s: %s", texts[i], e.text);
        same_as_jansson(j);
    }
}

static json_t *square(const void *from, int i)
{
    const int *most = from;
    return i < *most ? json_pack("{s:i, s:[i]}", "of", i, "is", i * i) : NULL;
}
/* Streams are written as the arrays that they stand for, also where they are longer than a piece, or empty. */
static void streams_are_written_as_arrays(void **state)
{
    static const int lengths[][2] = {{3, 2}, {0, 1}, {20000, 0}};
    const int all = 20000;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        char *got = NULL;
        size_t n = 0;
        json_t *j = json_pack("{s:[], s:i, s:{s:[]}, s:[]}", "a", "n", 7, "b", "c", "empty");
        json_t *place[] = {json_object_get(j, "a"), json_object_get(json_object_get(j, "b"), "c")};
        struct json_stream streams[] = {{place[0], lengths[i][0], square, &all},
                                        {place[1], lengths[i][1], square, &all}};
        FILE *out = open_memstream(&got, &n);
        assert_true(json_write_streams(j, streams, 2, out));
        fclose(out);
        for (int k = 0; k < 2; k++)
            for (int item = 0; item < lengths[i][k]; item++) json_array_append_new(place[k], square(&all, item));
        char *expected = json_dumps(j, JSON_INDENT(2));
        assert_int_equal(n, strlen(expected) + 1);
        assert_memory_equal(got, expected, n - 1);
        free(expected);
        free(got);
        json_decref(j);
    }
}
static void an_item_that_is_missing_ends_it(void **state)
{
    const int most = 1;
    json_t *j = json_array();
    struct json_stream stream = {j, 2, square, &most};
    FILE *out = fopen("/dev/null", "w");
    (void)state;
    assert_non_null(out);
    assert_false(json_write_streams(j, &stream, 1, out));
    fclose(out);
    json_decref(j);
}

/* DEL need not be escaped in JSON; a terminal is why it is. */
static void no_control_character_is_written(void **state)
{
    char *got = NULL;
    size_t n = 0;
    json_t *j = json_pack("[s, s, o]",
                          "a\x7f"
                          "b\x7f",
                          "\xc2\x9b",
                          json_text("\xff"
                                    "c\xc3\xbc"));
    FILE *out = open_memstream(&got, &n);
    (void)state;
    assert_non_null(j);
    assert_non_null(out);
    assert_true(json_write(j, out));
    fclose(out);
    assert_string_equal(got, "[\n  \"a\\u007Fb\\u007F\",\n  \"\\u009B\",\n  \"\\uFFFDc\\u00FC\"\n]\n");
    free(got);
    json_decref(j);
}

static void deep_trees_are_indented(void **state)
{
    (void)state;
    json_t *j = json_array();
    for (int i = 0; i < 60; i++) {
        json_t *outer = json_array();
        json_array_append_new(outer, j);
        json_array_append_new(outer, json_integer(i));
        j = outer;
    }
    same_as_jansson(j);
}
static void a_full_stream_is_said(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (!full) skip();
    setvbuf(full, NULL, _IONBF, 0);
    json_t *j = json_answer("x");
    assert_false(json_write(j, full));
    json_decref(j);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_written_as_jansson_does),
        cmocka_unit_test(streams_are_written_as_arrays),
        cmocka_unit_test(an_item_that_is_missing_ends_it),
        cmocka_unit_test(no_control_character_is_written),
        cmocka_unit_test(deep_trees_are_indented),
        cmocka_unit_test(a_full_stream_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
