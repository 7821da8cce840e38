/* What a file's initializers are, by the inputs that read them: parameters, statistics, what steers; by hand. */
#include "check.h"
#include "onnx/onnx.h"
#include "ops/analysis.h"
#include "write.h"

#include <string.h>
#include <unistd.h>

enum { F32 = 1, U8 = 2, S8 = 3, S32 = 6, S64 = 7, BOOL = 9 };
#define PATH "/tmp/gable-roles.onnx"

/* Its values lie in a file that nobody opens: shapes alone count. */
static void weight(struct arena *a, Onnx__ModelProto *m, const char *name, int type, int rank, const int64_t *dim)
{
    write_external(a, write_add_initializer(a, m->graph, name, type, rank, dim), "location", "none.bin");
}

static void vector(struct arena *a, Onnx__ModelProto *m, const char *name, int64_t n)
{
    weight(a, m, name, F32, 1, &n);
}

static Onnx__NodeProto *add(struct arena *a, Onnx__ModelProto *m, const char *op, const char *in, const char *out)
{
    Onnx__NodeProto *n = write_node(a, "", op, in, out);
    write_add_node(a, m->graph, n);
    return n;
}

static struct graph *read_back(const Onnx__ModelProto *m)
{
    struct graph *g = NULL;
    gable_error e = {0};
    write_file(m, PATH);
    assert_ok(onnx_read(PATH, NULL, &g, &e), &e);
    unlink(PATH);
    return g;
}

static struct analysis *analysed(struct graph *g)
{
    struct analysis *sum = NULL;
    gable_error e = {0};
    assert_ok(ops_infer(g, &e), &e);
    assert_ok(analysis_new(g, NULL, &sum, &e), &e);
    return sum;
}

static int count_role(const struct graph *g, enum tensor_role role)
{
    int n = 0;
    for (int i = 0; i < g->n_tensors; i++) n += g->tensors[i]->role == role;
    return n;
}

static const int64_t image[] = {1, 4, 8, 8}, square[] = {4, 4, 1, 1};

/* Two norms of 4 channels: as PyTorch exports fresh ones, with equal values merged: scale and variance are one
   initializer of ones, shift and mean one of zeros, the second norm's four are copies. */
static Onnx__ModelProto *merged(struct arena *a)
{
    Onnx__ModelProto *m = write_model(a);
    write_add_input(a, m->graph, "x", F32, 4, image);
    write_add_output(a, m->graph, "y");
    weight(a, m, "w", F32, 4, square);
    weight(a, m, "w2", F32, 4, square);
    vector(a, m, "bias", 4);
    vector(a, m, "one", 4);
    vector(a, m, "zero", 4);
    add(a, m, "Identity", "one", "v1");
    add(a, m, "Identity", "zero", "m1");
    add(a, m, "Identity", "v1", "s2"); /* a copy of a copy */
    add(a, m, "Identity", "one", "v2");
    add(a, m, "Identity", "zero", "b2");
    add(a, m, "Identity", "zero", "m2");
    add(a, m, "Conv", "x w", "c1");
    add(a, m, "BatchNormalization", "c1 one zero m1 v1", "n1");
    add(a, m, "Conv", "n1 w2 bias", "c2");
    add(a, m, "BatchNormalization", "c2 s2 b2 m2 v2", "y");
    return m;
}

static void parameters_belong_to_the_node_that_works_with_them(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 22);
    struct graph *g = read_back(merged(a));
    struct analysis *sum = analysed(g);
    assert_int_equal(sum->params, 16 + 16 + 4 + 4 + 4); /* by the file: each initializer once */
    assert_int_equal(sum->buffers, 0);                  /* ones and zeros are trained somewhere */
    for (int i = 0; i < g->n_nodes; i++)
        if (node_is(g->nodes[i], "Identity")) assert_int_equal(sum->nodes[i].params, 0);
    assert_int_equal(sum->kinds[KIND_NORM].params, 4 + 4);
    analysis_free(sum);
    graph_free(g);
    arena_free(a);
}

/* x (w + unused) with a mask of bytes that is cast to bool, indices, and a bound. */
static void what_steers_is_no_parameter(void **state)
{
    (void)state;
    static const int64_t two[] = {4, 4}, mask[] = {1, 1, 64, 64};
    const int64_t many = 5000;
    struct arena *a = arena_new(1 << 22);
    Onnx__ModelProto *m = write_model(a);
    write_add_input(a, m->graph, "x", F32, 2, two);
    write_add_output(a, m->graph, "y");
    weight(a, m, "w", F32, 2, two);
    weight(a, m, "unread", F32, 2, two);
    weight(a, m, "mask", U8, 4, mask);
    weight(a, m, "rows", S32, 1, &many);
    weight(a, m, "low", F32, 0, NULL);
    add(a, m, "Gather", "w rows", "more");
    add(a, m, "Clip", "x low", "z");
    add(a, m, "MatMul", "z w", "y");
    Onnx__NodeProto *cast = add(a, m, "Cast", "mask", "is_seen");
    Onnx__AttributeProto *to = write_attribute(a, cast, "to");
    to->has_type = to->has_i = 1;
    to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    to->i = BOOL;
    struct graph *g = read_back(m);
    struct analysis *sum = analysed(g);
    assert_int_equal(sum->params, 16 + 16); /* what nobody reads is held all the same */
    assert_int_equal(count_role(g, ROLE_CONSTANT), 3);
    analysis_free(sum);
    graph_free(g);
    arena_free(a);
}

/* QLinearConv: of its nine inputs the kernel and the bias are trained, however small. */
static void quantised_weights_are_parameters(void **state)
{
    (void)state;
    const int64_t four = 4;
    struct arena *a = arena_new(1 << 22);
    Onnx__ModelProto *m = write_model(a);
    write_add_input(a, m->graph, "x", U8, 4, image);
    write_add_output(a, m->graph, "y");
    weight(a, m, "w", S8, 4, square);
    weight(a, m, "bias", S32, 1, &four);
    weight(a, m, "scales", F32, 1, &four); /* one a channel */
    weight(a, m, "zeros", S8, 1, &four);
    weight(a, m, "s", F32, 0, NULL);
    weight(a, m, "z", U8, 0, NULL);
    add(a, m, "QLinearConv", "x s z w scales zeros s z bias", "y");
    struct graph *g = read_back(m);
    struct analysis *sum = analysed(g);
    assert_int_equal(sum->params, 16 + 4);
    assert_int_equal(sum->memory.weights, 16 + 4 * 4 + 4 * 4 + 4); /* scales are constants that are stored */
    assert_int_equal(count_role(g, ROLE_CONSTANT), 4);
    analysis_free(sum);
    graph_free(g);
    arena_free(a);
}

/* A branch's own weights are the file's, and of the node that holds it. */
static void bodies_hold_parameters(void **state)
{
    (void)state;
    static const int64_t two[] = {4, 4};
    struct arena *a = arena_new(1 << 22);
    Onnx__ModelProto *m = write_model(a);
    write_add_input(a, m->graph, "x", F32, 2, two);
    write_add_input(a, m->graph, "choice", BOOL, 0, NULL);
    write_add_output(a, m->graph, "y");
    Onnx__NodeProto *choice = add(a, m, "If", "choice", "y");
    for (int k = 0; k < 2; k++) {
        Onnx__AttributeProto *branch = write_attribute(a, choice, k ? "else_branch" : "then_branch");
        Onnx__ModelProto *body = write_model(a);
        branch->has_type = 1;
        branch->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
        branch->g = body->graph;
        weight(a, body, "w", F32, 2, two);
        add(a, body, "MatMul", "x w", "z");
        write_add_output(a, body->graph, "z");
    }
    struct graph *g = read_back(m);
    struct analysis *sum = analysed(g);
    assert_int_equal(sum->params, 2 * 16);
    assert_int_equal(sum->memory.weights, 2 * 16 * 4);
    assert_int_equal(sum->nodes[0].params, 2 * 16);
    analysis_free(sum);
    graph_free(g);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_belong_to_the_node_that_works_with_them),
        cmocka_unit_test(what_steers_is_no_parameter),
        cmocka_unit_test(quantised_weights_are_parameters),
        cmocka_unit_test(bodies_hold_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
