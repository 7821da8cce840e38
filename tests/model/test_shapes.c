/* --shape as text, and beside a batch. */
#include "check.h"
#include "model/shapes.h"

#include <stdio.h>
#include <string.h>

static void text_becomes_dimensions(void **state)
{
    static const struct {
        const char *text;
        int length, rank; /* rank 0: refused */
        int64_t last;
    } cases[] = {
        {"x=1x3x224x224", 1, 4, 224},
        {"x=7", 1, 1, 7},
        {"a=b:0=2x5", 5, 2, 5},
        {"x=0x4", 1, 2, 4},
        {"x", 0, 0, 0},
        {"=1", 0, 0, 0},
        {"x=", 0, 0, 0},
        {"x=x3", 0, 0, 0},
        {"x=3x", 0, 0, 0},
        {"x=3xx4", 0, 0, 0},
        {"x=-1x3", 0, 0, 0},
        {"x=+1", 0, 0, 0},
        {"x= 1", 0, 0, 0},
        {"x=1X3", 0, 0, 0},
        {"x=1.5", 0, 0, 0},
        {"x=1x3,4", 0, 0, 0},
        {"x=281474976710657", 0, 0, 0},
        {"x=9223372036854775808", 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct model_shapes s = {0};
        gable_error e = {0};
        gable_status status = model_shape_add(&s, cases[i].text, &e);
        if ((status != GABLE_OK) != (cases[i].rank == 0)) fail_msg("%s: %s", cases[i].text, e.why);
        assert_int_equal(s.n, cases[i].rank > 0);
        if (!s.n) continue;
        assert_int_equal(s.at[0].length, cases[i].length);
        assert_int_equal(s.at[0].rank, cases[i].rank);
        assert_int_equal(s.at[0].dim[s.at[0].rank - 1], cases[i].last);
    }
}

static void what_is_too_much_is_refused(void **state)
{
    char deep[300] = "x=1", names[ONNX_SHAPES_MAX + 1][16];
    struct model_shapes s = {0};
    gable_error e = {0};
    (void)state;
    for (size_t i = 1; i < SHAPE_RANK_MAX; i++) memcpy(deep + 1 + 2 * i, "x1", 3);
    assert_ok(model_shape_add(&s, deep, &e), &e);
    assert_int_equal(s.at[0].rank, SHAPE_RANK_MAX);
    assert_int_equal(model_shape_add(&s, "x=4", &e), GABLE_USAGE);
    assert_string_equal(e.why, "--shape gives 'x' twice");
    memcpy(deep + 1 + 2 * SHAPE_RANK_MAX, "x1", 3);
    deep[0] = 'y';
    assert_int_equal(model_shape_add(&s, deep, &e), GABLE_USAGE);
    for (int i = 1; i <= ONNX_SHAPES_MAX; i++) {
        snprintf(names[i], sizeof names[i], "x%d=1", i);
        assert_int_equal(model_shape_add(&s, names[i], &e), i < ONNX_SHAPES_MAX ? GABLE_OK : GABLE_USAGE);
    }
    assert_string_equal(e.why, "at most 64 --shape and --bind");
}

static void the_first_shape_says_the_batch(void **state)
{
    struct model_shapes s = {0};
    int batches[4] = {0}, n = 0;
    gable_error e = {0};
    (void)state;
    assert_ok(model_shapes_batches(&s, batches, &n, &e), &e);
    assert_int_equal(n, 1);
    assert_int_equal(batches[0], 1);
    assert_ok(model_shape_add(&s, "x=6x5", &e), &e);
    assert_int_equal(model_shapes_batches(&s, batches, &n, &e), GABLE_USAGE); /* 1 is asked for already */
    n = 0;
    assert_ok(model_shapes_batches(&s, batches, &n, &e), &e);
    assert_int_equal(batches[0], 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_dimensions),
        cmocka_unit_test(what_is_too_much_is_refused),
        cmocka_unit_test(the_first_shape_says_the_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
