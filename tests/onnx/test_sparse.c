/* Sparse tensors: as initializers and as Constant nodes; for shapes, and for runs; and those that contradict
 * themselves. */
#include "check.h"
#include "onnx/onnx.h"
#include "ops/ops.h"
#include "run_file.h"
#include "write.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { F32 = 1, S32 = 6, S64 = 7 };
static char path[] = "/tmp/gable-sparse-XXXXXX";

static Onnx__TensorProto *list_f32(struct arena *a, const char *name, int64_t n, float *values)
{
    Onnx__TensorProto *t = write_tensor(a, name, F32, 1, &n);
    t->float_data = values;
    t->n_float_data = (size_t)n;
    return t;
}

static Onnx__TensorProto *ints(struct arena *a, int type, int rank, const int64_t *dim, int64_t *values)
{
    Onnx__TensorProto *t = write_tensor(a, "w", type, rank, dim);
    t->int64_data = values;
    t->n_int64_data = 1;
    for (int i = 0; i < rank; i++) t->n_int64_data *= (size_t)dim[i];
    return t;
}

/* y = Identity(w), w an initializer, or what a Constant node makes. */
static void write_identity(struct arena *a, Onnx__SparseTensorProto *w, bool is_node)
{
    Onnx__ModelProto *m = write_model(a);
    write_add_output(a, m->graph, "y");
    if (is_node) {
        Onnx__NodeProto *n = write_node(a, "", "Constant", "", "w");
        Onnx__AttributeProto *value = write_attribute(a, n, "sparse_value");
        value->has_type = 1;
        value->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR;
        value->sparse_tensor = w;
        write_add_node(a, m->graph, n);
    } else {
        write_add_sparse(a, m->graph, w);
    }
    write_add_node(a, m->graph, write_node(a, "", "Identity", "w", "y"));
    write_file(m, path);
}

/* The same tensor by places and by coordinates, small enough for the graph to hold its values, and not. */
static void values_stand_where_the_indices_say(void **state)
{
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        struct arena *a = arena_new(1 << 22);
        bool is_table = kind & 1, is_node = kind & 2, is_large = kind & 4;
        const int64_t dim[] = {is_large ? 500 : 2, 3}, rows[] = {3, 2};
        static float values[] = {1.5f, -2, 7}, got[1500];
        static int64_t places[] = {1, 3, 5}, coordinates[] = {0, 1, 1, 0, 1, 2};
        Onnx__TensorProto *indices = is_table ? ints(a, S64, 2, rows, coordinates) : ints(a, S64, 1, rows, places);
        gable_error e = {0};
        write_identity(a, write_sparse(a, list_f32(a, "w", 3, values), indices, 2, dim), is_node);
        assert_ok(run_file(path, dim[0] * 3, got, &e), &e);
        for (int64_t i = 0; i < dim[0] * 3; i++) assert_true(got[i] == (i == 1 ? 1.5f : i == 3 ? -2 : i == 5 ? 7 : 0));
        arena_free(a);
    }
}

/* Reshape(x, w), w sparse: 0 copies a dimension, which zeros that are not listed do. */
static void shapes_are_computed_from_them(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    Onnx__ModelProto *m = write_model(a);
    const int64_t x[] = {2, 3, 4}, three = 3, one = 1;
    static int64_t value = -1, place = 1;
    struct graph *g = NULL;
    gable_error e = {0};
    write_add_input(a, m->graph, "x", F32, 3, x);
    write_add_output(a, m->graph, "y");
    write_add_sparse(a, m->graph,
                     write_sparse(a, ints(a, S64, 1, &one, &value), ints(a, S64, 1, &one, &place), 1, &three));
    write_add_node(a, m->graph, write_node(a, "", "Reshape", "x w", "y"));
    write_file(m, path);
    assert_ok(onnx_read(path, NULL, &g, &e), &e);
    assert_ok(ops_infer(g, &e), &e);
    assert_memory_equal(g->outputs[0]->shape.dim, x, sizeof x); /* 2, -1, 4 */
    graph_free(g);
    arena_free(a);
}

static void what_holds_nothing_is_zeros(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    const int64_t dim = 4;
    float got[4] = {1, 1, 1, 1};
    gable_error e = {0};
    write_identity(a, write_sparse(a, list_f32(a, "w", 0, NULL), NULL, 1, &dim), false);
    assert_ok(run_file(path, 4, got, &e), &e);
    for (int i = 0; i < 4; i++) assert_true(got[i] == 0);
    arena_free(a);
}

static void contradictions_are_refused(void **state)
{
    static const struct {
        const char *why;
        int64_t dim, n_values;
        int index_type, index_rank; /* rank 0: no indices */
        int64_t index_dim[2], index;
    } cases[] = {
        {"has a value outside its shape", 4, 1, S64, 1, {1}, 4},
        {"has a value outside its shape", 4, 1, S64, 1, {1}, -1},
        {"has a value outside its shape", 4, 1, S64, 2, {1, 1}, 4},
        {"has a value outside its shape", 5000, 1, S64, 1, {1}, 5000}, /* seen when it is run */
        {"has a value outside its shape", 5000, 1, S64, 2, {1, 1}, INT64_MIN},
        {"has no indices of 64 bits", 4, 1, S32, 1, {1}, 0},
        {"has no indices of 64 bits", 4, 1, S64, 0, {0}, 0},
        {"has indices of another shape than its values", 4, 1, S64, 1, {2}, 0},
        {"has indices of another shape than its values", 4, 1, S64, 2, {1, 2}, 0},
        {"has more values than its shape has elements", 0, 1, S64, 1, {1}, 0},
        {"has the dimension -1", -1, 1, S64, 1, {1}, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *a = arena_new(1 << 20);
        static float values[] = {1, 2}, got[5000];
        int64_t index[2] = {cases[i].index};
        gable_error e = {0};
        Onnx__TensorProto *indices =
            cases[i].index_rank ? ints(a, cases[i].index_type, cases[i].index_rank, cases[i].index_dim, index) : NULL;
        write_identity(a, write_sparse(a, list_f32(a, "w", cases[i].n_values, values), indices, 1, &cases[i].dim),
                       i % 2);
        if (run_file(path, cases[i].dim, got, &e) != GABLE_BAD_INPUT) fail_msg("%zu: not refused", i);
        assert_contains(e.why, cases[i].why);
        arena_free(a);
    }
}

static int start(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    if (fd >= 0) close(fd);
    return fd < 0;
}
static int finish(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_where_the_indices_say),
        cmocka_unit_test(shapes_are_computed_from_them),
        cmocka_unit_test(what_holds_nothing_is_zeros),
        cmocka_unit_test(contradictions_are_refused),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
