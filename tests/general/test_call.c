/* What kernels may ask for, on a node that is made by hand. */
#include "check.h"
#include "engine/general/runtime.h"
#include "engine/general/tables.h"

#include <stdlib.h>
#include <string.h>

struct bench { /* one node of two inputs, the second a constant, and two outputs, the second unread */
    struct graph *graph;
    struct arena *arena;
    struct program *program;
    struct runtime runtime;
    struct value in[2], out[2];
    const struct value *in_at[2];
    struct value *out_at[2];
    struct call call;
    gable_error error;
};

static void start(struct bench *b, int threads)
{
    const int64_t dim[] = {2, 3};
    struct cpus cpus;
    *b = (struct bench){.graph = graph_new("g", "test", 1 << 20), .arena = arena_new(1 << 20)};
    struct tensor *in[] = {graph_input(b->graph, "x", DTYPE_F32, 2, dim),
                           graph_constant_ints(b->graph, "c", 2, (const int64_t[]){3, 2})};
    struct node *n = graph_node(b->graph, "Dropout", "", "n", NULL, 2, in, 2);
    graph_output(b->graph, n->out[0]);
    assert_ok(program_new(b->arena, b->graph, NULL, &b->program, &b->error), &b->error);
    b->runtime = (struct runtime){.pool = pool_new(1 << 24), .program = b->program, .step = b->program->steps};
    cpus_read("", &cpus);
    if (threads > 1) assert_ok(crew_new(threads, cpus.allowed, false, &b->runtime.crew, &b->error), &b->error);
    for (int i = 0; i < 2; i++) b->in_at[i] = &b->in[i], b->out_at[i] = &b->out[i];
    assert_ok(value_new(b->runtime.pool, DTYPE_F32, 2, dim, &b->in[0], &b->error), &b->error);
    b->call = (struct call){.node = n, .n_in = 2, .n_out = 2, .in = b->in_at, .out = b->out_at};
    b->call.runtime = &b->runtime;
    b->call.e = &b->error;
}

static void end(struct bench *b)
{
    for (int i = 0; i < 2; i++) value_release(&b->in[i]), value_release(&b->out[i]);
    for (int i = 0; i < b->runtime.n_temporaries; i++) value_release(&b->runtime.temporaries[i]);
    free(b->runtime.temporaries);
    program_end(b->program);
    crew_free(b->runtime.crew);
    pool_free(b->runtime.pool);
    arena_free(b->arena);
    graph_free(b->graph);
}

static void outputs_are_made_passed_and_viewed(void **state)
{
    (void)state;
    struct bench b;
    start(&b, 1);
    assert_true(call_has(&b.call, 0));
    assert_false(call_has(&b.call, 1));
    assert_false(call_has(&b.call, 2));
    assert_true(call_is_wanted(&b.call, 0));
    assert_false(call_is_wanted(&b.call, 1));
    assert_false(call_is_constant(&b.call, 0));
    assert_true(call_is_constant(&b.call, 1));
    assert_ok(call_like(&b.call, 0, &b.in[0]), &b.error);
    assert_true(value_same_shape(&b.out[0], &b.in[0]) && b.out[0].data != b.in[0].data);
    call_view(&b.call, 0, &b.in[0], 1, (const int64_t[]){6});
    assert_ptr_equal(b.out[0].data, b.in[0].data);
    assert_int_equal(b.out[0].rank, 1);
    call_pass(&b.call, 0, &b.in[0]);
    assert_int_equal(b.out[0].rank, 2);
    assert_int_equal(call_make(&b.call, 2, DTYPE_F32, 0, NULL), GABLE_BAD_INPUT);
    end(&b);
}

static void temporaries_are_kept_for_the_engine(void **state)
{
    (void)state;
    struct bench b;
    struct value v;
    start(&b, 1);
    for (int i = 0; i < 40; i++) assert_ok(call_temporary(&b.call, DTYPE_F32, 1, (const int64_t[]){100}, &v), &b.error);
    memset(call_scratch(&b.call, 1000), 1, 1000);
    assert_int_equal(b.runtime.n_temporaries, 41);
    assert_null(call_scratch(&b.call, 1 << 30));
    end(&b);
}

static void count_up(void *arg, int64_t first, int64_t end)
{
    for (int64_t i = first; i < end; i++) ((int *)arg)[i]++;
}

static void parallel_work_covers_all_once(void **state)
{
    (void)state;
    static int seen[10000];
    struct cpus cpus;
    cpus_read("", &cpus);
    for (int threads = 1; threads <= 2 && threads <= cpus.n_allowed; threads++) {
        struct bench b;
        start(&b, threads);
        assert_int_equal(call_threads(&b.call), threads);
        for (int64_t n = 0; n < 10000; n = 3 * n + 1) {
            memset(seen, 0, sizeof seen);
            call_parallel(&b.call, n, 7, count_up, seen);
            for (int64_t i = 0; i < 10000; i++) assert_int_equal(seen[i], i < n);
        }
        end(&b);
    }
}

static int cpus_here(void)
{
    struct cpus cpus;
    cpus_read("", &cpus);
    return cpus.n_allowed < 2 ? 1 : 2;
}

static void conversions_are_the_same_on_all_threads(void **state)
{
    (void)state;
    struct bench b;
    struct value wide, narrow;
    start(&b, cpus_here());
    assert_ok(call_temporary(&b.call, DTYPE_S64, 1, (const int64_t[]){100000}, &wide), &b.error);
    assert_ok(call_temporary(&b.call, DTYPE_S8, 1, (const int64_t[]){100000}, &narrow), &b.error);
    for (int64_t i = 0; i < 100000; i++) ((int64_t *)wide.data)[i] = i;
    call_convert(&b.call, &wide, &narrow);
    for (int64_t i = 0; i < 100000; i++) assert_int_equal(((int8_t *)narrow.data)[i], (int8_t)i);
    end(&b);
}

static void the_random_stream_follows_its_seed(void **state)
{
    (void)state;
    struct bench b;
    start(&b, 1);
    b.runtime.random = 7;
    uint64_t first = call_random(&b.call), second = call_random(&b.call);
    b.runtime.random = 7;
    assert_int_equal(call_random(&b.call), first);
    assert_int_equal(call_random(&b.call), second);
    assert_int_not_equal(first, second);
    end(&b);
}

static void axes_count_from_both_ends(void **state)
{
    (void)state;
    int axis = 9;
    assert_true(call_axis(-1, 3, &axis) && axis == 2);
    assert_true(call_axis(0, 3, &axis) && axis == 0);
    assert_false(call_axis(3, 3, &axis));
    assert_false(call_axis(-4, 3, &axis));
    assert_false(call_axis(0, 0, &axis));
    assert_false(call_axis(INT64_MIN, 3, &axis));
}

static void a_refusal_is_the_models_fault(void **state)
{
    (void)state;
    struct bench b;
    start(&b, 1);
    assert_int_equal(call_refuse(&b.call, "%d is too %s", 3, "few"), GABLE_BAD_INPUT);
    assert_string_equal(b.error.why, "3 is too few");
    end(&b);
}

static void tables_name_each_operator_once(void **state)
{
    (void)state;
#define TABLE(name) kernels_##name,
    static const struct kernel *const all[] = {KERNEL_TABLES(TABLE)};
#undef TABLE
    for (size_t i = 0; i < COUNT_OF(all); i++)
        for (const struct kernel *k = all[i]; k->op; k++)
            if (kernel_find(k->domain, k->op) != k) fail_msg("%s has two kernels", k->op);
    assert_null(kernel_find("", "NoSuchOperator"));
    assert_null(kernel_find("ai.onnx.ml", "Identity"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_are_made_passed_and_viewed),
        cmocka_unit_test(temporaries_are_kept_for_the_engine),
        cmocka_unit_test(conversions_are_the_same_on_all_threads),
        cmocka_unit_test(parallel_work_covers_all_once),
        cmocka_unit_test(the_random_stream_follows_its_seed),
        cmocka_unit_test(axes_count_from_both_ends),
        cmocka_unit_test(a_refusal_is_the_models_fault),
        cmocka_unit_test(tables_name_each_operator_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
