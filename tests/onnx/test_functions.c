/* A model's own functions and bodies: expanded, captured, and refused before they grow. */
#include "check.h"
#include "onnx/onnx.h"
#include "write.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH "/tmp/gable-functions.onnx"
enum { F32 = 1 };
static const int64_t dim[] = {2, 3};
static const struct onnx_options as_run = {.keeps_free = true};

static Onnx__ModelProto *started(struct arena *a)
{
    Onnx__ModelProto *m = write_model(a);
    write_add_input(a, m->graph, "x", F32, 2, dim);
    write_add_output(a, m->graph, "y");
    return m;
}

static struct graph *read_back(const Onnx__ModelProto *m, gable_error *e)
{
    struct graph *g = NULL;
    write_file(m, PATH);
    onnx_read(PATH, &as_run, &g, e);
    unlink(PATH);
    return g;
}

/* twice(x) = inner(inner(x)), inner(x) = LeakyRelu(x) with the slope of twice's attribute. */
static void calls_become_nodes(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    gable_error e = {0};
    Onnx__ModelProto *m = started(a);
    Onnx__FunctionProto *twice = write_add_function(a, m, "my", "twice", "p", "q");
    Onnx__FunctionProto *inner = write_add_function(a, m, "my", "inner", "p", "q");
    Onnx__NodeProto *leaky = write_node(a, "", "LeakyRelu", "p", "q"), *call[2], *outer;
    Onnx__AttributeProto *alpha = write_attribute(a, leaky, "alpha");
    alpha->ref_attr_name = arena_string(a, "slope");
    write_function_node(a, inner, leaky);
    call[0] = write_node(a, "my", "inner", "p", "t");
    call[1] = write_node(a, "my", "inner", "t", "q");
    alpha = write_attribute(a, call[1], "slope");
    alpha->ref_attr_name = arena_string(a, "steepness");
    for (int i = 0; i < 2; i++) write_function_node(a, twice, call[i]);
    outer = write_node(a, "my", "twice", "x", "y");
    outer->name = arena_string(a, "call");
    alpha = write_attribute(a, outer, "steepness");
    alpha->has_f = alpha->has_type = 1;
    alpha->f = 0.5f;
    alpha->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    write_add_node(a, m->graph, outer);
    struct graph *g = read_back(m, &e);
    if (!g) fail_msg("%s: %s", e.where, e.why);
    assert_int_equal(g->n_nodes, 2);
    assert_string_equal(g->nodes[1]->op_type, "LeakyRelu");
    assert_ptr_equal(g->nodes[1]->in[0], g->nodes[0]->out[0]);
    assert_ptr_equal(g->outputs[0], g->nodes[1]->out[0]);
    assert_null(node_attribute(g->nodes[0], "alpha")); /* its call gives none */
    assert_true(node_float(g->nodes[1], "alpha", 0) == 0.5);
    assert_contains(g->nodes[0]->name, "call/");
    graph_free(g);
    arena_free(a);
}

static void functions_that_grow_without_end_are_refused_unexpanded(void **state)
{
    (void)state;
    static const struct {
        int n, calls; /* functions that each call the next one so often; the last one calls `back` */
        const char *back, *why;
    } cases[] = {
        {1, 1, "f0", "the function f0 calls itself"}, {3, 1, "f0", "calls itself"},
        {25, 2, "", "more than 4000000 nodes"},       {64, 8, "", "more than 4000000 nodes"},
        {150, 1, "", "more than 100 deep"},           {20, 1, "", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena *a = arena_new(16 << 20);
        gable_error e = {0};
        Onnx__ModelProto *m = started(a);
        for (int k = 0; k < cases[i].n; k++) {
            Onnx__FunctionProto *f = write_add_function(a, m, "my", arena_printf(a, "f%d", k), "p", "q");
            for (int c = 0; c < cases[i].calls; c++) {
                const char *next = k + 1 < cases[i].n ? arena_printf(a, "f%d", k + 1) : cases[i].back;
                const char *to = c + 1 == cases[i].calls ? "q" : arena_printf(a, "t%d", c);
                bool is_call = *next != '\0';
                write_function_node(a, f, write_node(a, is_call ? "my" : "", is_call ? next : "Identity", "p", to));
            }
        }
        write_add_node(a, m->graph, write_node(a, "my", "f0", "x", "y"));
        struct graph *g = read_back(m, &e);
        if (cases[i].why)
            assert_contains(e.why, cases[i].why);
        else
            assert_int_equal(g->n_nodes, 1);
        assert_true(!g == (cases[i].why != NULL));
        graph_free(g);
        arena_free(a);
    }
}

/* If whose branch takes x from outside, through a body within the branch. */
static void bodies_capture_what_is_around_them(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    gable_error e = {0};
    Onnx__ModelProto *m = started(a);
    write_add_input(a, m->graph, "c", 9, 0, NULL);
    Onnx__NodeProto *outer = write_node(a, "", "If", "c", "y"), *inner = write_node(a, "", "If", "c", "t");
    Onnx__GraphProto *body[3];
    for (int i = 0; i < 3; i++) {
        body[i] = arena_alloc(a, sizeof *body[i]);
        onnx__graph_proto__init(body[i]);
        body[i]->name = arena_string(a, "body");
        write_add_output(a, body[i], i == 1 ? "t" : "z");
        if (i != 1) write_add_node(a, body[i], write_node(a, "", "Identity", "x", "z"));
    }
    write_add_node(a, body[1], inner);
    const struct {
        Onnx__NodeProto *n;
        Onnx__GraphProto *g;
        const char *name;
    } holds[] = {{outer, body[0], "then_branch"}, {outer, body[1], "else_branch"}, {inner, body[2], "then_branch"}};
    for (size_t i = 0; i < COUNT_OF(holds); i++) {
        Onnx__AttributeProto *attribute = write_attribute(a, holds[i].n, holds[i].name);
        attribute->g = holds[i].g;
        attribute->has_type = 1;
        attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
    }
    write_add_node(a, m->graph, outer);
    struct graph *g = read_back(m, &e);
    if (!g) fail_msg("%s: %s", e.where, e.why);
    const struct graph *branch = node_attribute(g->nodes[0], "else_branch")->graph;
    assert_ptr_equal(branch->parent, g);
    assert_int_equal(branch->n_captures, 2); /* c for itself, x for the body within */
    const struct graph *deepest = node_attribute(branch->nodes[0], "then_branch")->graph;
    assert_int_equal(deepest->n_captures, 1);
    assert_int_equal(deepest->captures[0].outer->role, ROLE_CAPTURE);
    assert_ptr_equal(deepest->captures[0].outer->name, deepest->captures[0].outer->name);
    assert_string_equal(deepest->captures[0].inner->name, "x");
    graph_free(g);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_become_nodes),
        cmocka_unit_test(functions_that_grow_without_end_are_refused_unexpanded),
        cmocka_unit_test(bodies_capture_what_is_around_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
