#include "check.h"
#include "engine/general/value.h"

#include <math.h>
#include <string.h>

static struct value tensor(struct pool *p, enum dtype d, int64_t n)
{
    struct value v;
    gable_error e = {0};
    assert_ok(value_new(p, d, 1, &n, &v, &e), &e);
    return v;
}

static void storage_is_shared_and_used_again(void **state)
{
    (void)state;
    struct pool *p = pool_new(1 << 20);
    struct value a = tensor(p, DTYPE_F32, 1000), b;
    void *data = a.data;
    assert_int_equal((uintptr_t)data % 64, 0);
    value_share(&a, &b);
    value_release(&a);
    assert_int_equal(a.kind, VALUE_ABSENT);
    memset(b.data, 0, 4000); /* still there */
    value_release(&b);
    size_t taken = pool_bytes(p);
    a = tensor(p, DTYPE_F64, 500); /* as many bytes, another type */
    assert_ptr_equal(a.data, data);
    assert_int_equal(pool_bytes(p), taken);
    value_release(&a);
    pool_free(p);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        int rank;
        int64_t dim[4];
        const char *why;
    } cases[] = {
        {1, {-1}, "dimension 0 of a value is -1"},
        {3, {2, 3, INT64_MIN}, "dimension 2"},
        {2, {INT64_C(1) << 40, INT64_C(1) << 40}, "more than 2^59"},
        {3, {INT64_C(1) << 31, INT64_C(1) << 31, 4}, "more than 2^59"},
        {1, {INT64_C(1) << 50}, "does not fit"},
        {2, {1024, 1025}, "does not fit: 0.0 of at most 1.0 MiB"},
        {65, {0}, "65 dimensions"},
        {-1, {0}, "-1 dimensions"},
    };
    struct pool *p = pool_new(1 << 20);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        gable_error e = {0};
        struct value v;
        assert_int_not_equal(value_new(p, DTYPE_U8, cases[i].rank, cases[i].dim, &v, &e), GABLE_OK);
        assert_contains(e.why, cases[i].why);
        assert_int_equal(v.kind, VALUE_ABSENT);
    }
    assert_int_equal(pool_bytes(p), 0);
    pool_free(p);
}

static void a_zero_dimension_makes_an_empty_value(void **state)
{
    (void)state;
    gable_error e = {0};
    struct pool *p = pool_new(1 << 20);
    struct value v;
    assert_ok(value_new(p, DTYPE_F32, 3, (const int64_t[]){INT64_C(1) << 40, 0, INT64_C(1) << 40}, &v, &e), &e);
    assert_int_equal(v.n, 0);
    value_release(&v);
    pool_free(p);
}

/* The limit counts what is held; what only waits makes room. */
static void idle_storage_makes_room(void **state)
{
    (void)state;
    struct pool *p = pool_new(1 << 20);
    for (int64_t n = 1 << 12; n < 900000; n *= 3) {
        struct value v = tensor(p, DTYPE_U8, n);
        value_release(&v);
        assert_true(pool_bytes(p) <= 1 << 20);
    }
    pool_free(p);
}

static void sequences_and_strings_end_with_their_holder(void **state)
{
    (void)state;
    gable_error e = {0};
    struct pool *p = pool_new(1 << 20);
    struct value s, copy, strings = tensor(p, DTYPE_STRING, 2);
    assert_true(value_set_string(&strings, 1, "first"));
    assert_true(value_set_string(&strings, 1, "second"));
    assert_ok(value_new_sequence(p, DTYPE_STRING, 3, &s, &e), &e);
    value_share(&strings, &value_items(&s)[2]);
    value_release(&strings);
    value_share(&s, &copy);
    value_release(&s);
    assert_string_equal(((char **)value_items(&copy)[2].data)[1], "second");
    value_release(&copy);
    struct value again = tensor(p, DTYPE_STRING, 2);
    assert_null(((char **)again.data)[1]);
    value_release(&again);
    pool_free(p);
}

static void every_half_comes_back(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = half_to_float((uint16_t)h), b = bfloat_to_float((uint16_t)h);
        if (!isnan(f)) assert_int_equal(half_from_float(f), h);
        if (!isnan(b)) assert_int_equal(bfloat_from_float(b), h);
        if (isnan(f)) assert_true(isnan(half_to_float(half_from_float(f))));
        if (isnan(b)) assert_true(isnan(bfloat_to_float(bfloat_from_float(b))));
    }
    assert_true(half_to_float(0x3c00) == 1.0f && half_to_float(0x0001) == 0x1p-24f && half_to_float(0x7bff) == 65504);
}

/* Between two halves the nearest wins, and the even one where both are as near. */
static void halves_round_to_the_nearest(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x7bff; h++) {
        float low = half_to_float((uint16_t)h), high = half_to_float((uint16_t)(h + 1)), middle = (low + high) / 2;
        assert_int_equal(half_from_float(middle), h & 1 ? h + 1 : h);
        assert_int_equal(half_from_float(nextafterf(middle, low)), h);
        assert_int_equal(half_from_float(nextafterf(middle, high)), h + 1);
        assert_int_equal(half_from_float(-nextafterf(middle, high)), (h + 1) | 0x8000);
    }
    assert_int_equal(half_from_float(65519.0f), 0x7bff);
    assert_int_equal(half_from_float(65520.0f), 0x7c00);
    assert_int_equal(bfloat_from_float(1.00390625f), 0x3f80); /* 1 + 2^-8: a tie, to even */
    assert_int_equal(bfloat_from_float(1.01171875f), 0x3f82); /* 1 + 3/2^8 */
}

static const struct cast_case {
    enum dtype from, to;
    double in, out;
} cast_cases[] = {
    {DTYPE_F32, DTYPE_S32, -2.9, -2},
    {DTYPE_F64, DTYPE_U8, 257.5, 1},
    {DTYPE_F32, DTYPE_BOOL, 0.25, 1},
    {DTYPE_F32, DTYPE_BOOL, 0, 0},
    {DTYPE_S64, DTYPE_S8, 200, -56},
    {DTYPE_S64, DTYPE_F16, 2049, 2048},
    {DTYPE_S32, DTYPE_S4, 9, -7},
    {DTYPE_U8, DTYPE_F32, 255, 255},
    {DTYPE_F64, DTYPE_S64, 1e300, -0x1p63},
    {DTYPE_F64, DTYPE_U64, 0x1p63, 0x1p63},
    {DTYPE_BOOL, DTYPE_F64, 1, 1},
    {DTYPE_F16, DTYPE_BF16, 1.5, 1.5},
    {DTYPE_S16, DTYPE_U32, -1, 4294967295.0},
    /* one rounding, not two: 1 + 2^-11 + 2^-40 is above the middle of two halves, as f32 it would be the middle */
    {DTYPE_F64, DTYPE_F16, 1 + 0x1p-11 + 0x1p-40, 1 + 0x1p-10},
};

static void casts_do_what_onnx_says(void **state)
{
    (void)state;
    struct pool *p = pool_new(1 << 20);
    for (size_t i = 0; i < COUNT_OF(cast_cases); i++) {
        const struct cast_case *c = &cast_cases[i];
        struct value wide = tensor(p, DTYPE_F64, 300), from = tensor(p, c->from, 300), to = tensor(p, c->to, 300);
        for (int k = 0; k < 300; k++) ((double *)wide.data)[k] = c->in;
        value_convert(&wide, &from);
        value_convert(&from, &to);
        if (value_real(&to, 299) != c->out)
            fail_msg("%g as %s to %s is %.17g, not %.17g", c->in, dtype_name(c->from), dtype_name(c->to),
                     value_real(&to, 299), c->out);
        if (fabs(c->out) < 0x1p62) assert_int_equal(value_int(&to, 0), (int64_t)c->out);
        value_release(&wide);
        value_release(&from);
        value_release(&to);
    }
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storage_is_shared_and_used_again),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_zero_dimension_makes_an_empty_value),
        cmocka_unit_test(idle_storage_makes_room),
        cmocka_unit_test(sequences_and_strings_end_with_their_holder),
        cmocka_unit_test(every_half_comes_back),
        cmocka_unit_test(halves_round_to_the_nearest),
        cmocka_unit_test(casts_do_what_onnx_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
