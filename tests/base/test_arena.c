#include "base/arena.h"
#include "check.h"

#include <stdalign.h>
#include <string.h>

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    unsigned char *pieces[100];
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        pieces[i] = arena_alloc(a, i + 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j <= i; j++) assert_int_equal(pieces[i][j], 0);
        memset(pieces[i], (int)i + 1, i + 1);
    }
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        for (size_t j = 0; j <= i; j++) assert_int_equal(pieces[i][j], i + 1);
    arena_free(a);
}

static void the_limit_is_kept(void **state)
{
    (void)state;
    struct arena *a = arena_new(1000);
    assert_non_null(arena_alloc(a, 600));
    assert_null(arena_alloc(a, 600));
    assert_non_null(arena_alloc(a, 400));
    assert_int_equal(arena_used(a), 1000);
    assert_null(arena_array(a, SIZE_MAX / 2, 4));
    assert_null(arena_alloc(NULL, 1));
    arena_free(a);
    arena_free(NULL);
}

static void strings_are_copied(void **state)
{
    (void)state;
    struct arena *a = arena_new(4096);
    assert_string_equal(arena_printf(a, "%s.%d", "features", 3), "features.3");
    assert_string_equal(arena_string(a, "x"), "x");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(the_limit_is_kept),
        cmocka_unit_test(strings_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
