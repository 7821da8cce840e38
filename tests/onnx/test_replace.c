/* Other values in a file's initializers: they are what a reader finds, and nothing else of the file changes. */
#include "base/file.h"
#include "check.h"
#include "onnx/onnx.h"
#include "onnx/replace.h"
#include "run_file.h"
#include "write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FROM "/tmp/gable-replace-from.onnx"
#define TO "/tmp/gable-replace-to.onnx"
enum { N = 3 };

static const float old[N] = {1, 2, 3}, new_raw[N] = {4, 5, 6}, new_typed[N] = {7, 8, 9}, new_far[N] = {-1, -2, -3};

static void add_node(struct arena *a, Onnx__GraphProto *g, const char *op, const char *in, const char *out)
{
    write_add_node(a, g, write_node(a, "", op, in, out));
}
static void set_raw(struct arena *a, Onnx__TensorProto *t)
{
    t->raw_data.data = arena_alloc(a, sizeof old);
    memcpy(t->raw_data.data, old, sizeof old);
    t->raw_data.len = sizeof old;
    t->has_raw_data = 1;
}
/* y = (raw + typed) * far - still, where far lies in a file beside it. */
static void make_file(struct arena *a, int more_nodes)
{
    static const int64_t dim[] = {N};
    Onnx__ModelProto *m = write_model(a);
    set_raw(a, write_add_initializer(a, m->graph, "raw", 1, 1, dim));
    Onnx__TensorProto *typed = write_add_initializer(a, m->graph, "typed", 1, 1, dim);
    typed->float_data = arena_alloc(a, sizeof old);
    memcpy(typed->float_data, old, sizeof old);
    typed->n_float_data = N;
    typed->doc_string = arena_string(a, "layer 2");
    Onnx__TensorProto *far = write_add_initializer(a, m->graph, "far", 1, 1, dim);
    write_external(a, far, "location", "gable-replace.data");
    set_raw(a, write_add_initializer(a, m->graph, "still", 1, 1, dim));
    add_node(a, m->graph, "Add", "raw typed", "sum");
    add_node(a, m->graph, "Mul", "sum far", "product");
    for (int i = 0; i < more_nodes; i++) add_node(a, m->graph, "Neg", "product", i ? "other" : "one");
    add_node(a, m->graph, "Sub", "product still", "y");
    write_add_output(a, m->graph, "y");
    write_file(m, FROM);
    gable_error e = {0};
    assert_ok(file_write("/tmp/gable-replace.data", old, sizeof old, &e), &e);
}

static void choose(const struct graph *g, float **values)
{
    for (int i = 0; i < g->n_tensors; i++) {
        const char *name = g->tensors[i]->name;
        const float *to = !strcmp(name, "raw")     ? new_raw
                          : !strcmp(name, "typed") ? new_typed
                          : !strcmp(name, "far")   ? new_far
                                                   : NULL;
        values[i] = (float *)(uintptr_t)to;
    }
}
static gable_status replace(struct arena *a, bool is_changed, gable_error *e)
{
    struct graph *g = NULL;
    float *values[64] = {NULL};
    make_file(a, 0);
    assert_ok(onnx_read(FROM, &(struct onnx_options){.batch = 1}, &g, e), e);
    assert_true(g->n_tensors < 64);
    choose(g, values);
    if (is_changed) make_file(a, 2);
    gable_status s = onnx_replace(FROM, TO, g, values, e);
    graph_free(g);
    return s;
}

static void they_are_what_a_reader_finds(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 24);
    gable_error e = {0};
    float y[N];
    assert_ok(replace(a, false, &e), &e);
    unlink("/tmp/gable-replace.data"); /* what was far is in the file now */
    assert_ok(run_file(TO, N, y, &e), &e);
    for (int i = 0; i < N; i++) assert_float_equal(y[i], (new_raw[i] + new_typed[i]) * new_far[i] - old[i], 1e-6f);
    arena_free(a);
}

static void all_else_is_as_it_was(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 24);
    gable_error e = {0};
    char *bytes = NULL;
    size_t len = 0;
    assert_ok(replace(a, false, &e), &e);
    assert_ok(file_read(TO, 1 << 20, &bytes, &len, &e), &e);
    Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, len, (uint8_t *)bytes);
    assert_non_null(m);
    assert_int_equal(m->graph->n_node, 3);
    assert_int_equal(m->graph->n_initializer, 4);
    const Onnx__TensorProto *typed = m->graph->initializer[1], *still = m->graph->initializer[3];
    assert_string_equal(typed->name, "typed");
    assert_string_equal(typed->doc_string, "layer 2");
    assert_int_equal(typed->n_float_data, 0);
    assert_int_equal(typed->raw_data.len, sizeof old);
    assert_memory_equal(still->raw_data.data, old, sizeof old);
    onnx__model_proto__free_unpacked(m, NULL);
    free(bytes);
    arena_free(a);
}

static void another_file_is_refused(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 24);
    gable_error e = {0};
    unlink(TO);
    assert_int_equal(replace(a, true, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "is not the file any more that was read");
    assert_int_not_equal(access(TO, F_OK), 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_what_a_reader_finds),
        cmocka_unit_test(all_else_is_as_it_was),
        cmocka_unit_test(another_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
