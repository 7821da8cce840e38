/* Every limit of a model's file in base/limits.h, by a file just beyond it: refused by a line that says the number.
   Nodes are tests/hostile/test_million's, chips tests/roof's, arguments tests/cli's. */
#include "base/limits.h"
#include "check.h"
#include "command.h"
#include "model/model.h"
#include "ops/analysis.h"
#include "run_file.h"
#include "write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { F32 = 1, S64 = 7 };
static const int64_t four[] = {1, 4};

static Onnx__NodeProto *add_node(struct arena *a, Onnx__ModelProto *m, const char *op, const char *in, const char *out)
{
    Onnx__NodeProto *n = write_node(a, "", op, in, out);
    write_add_node(a, m->graph, n);
    return n;
}

/* n names "x" */
static void repeat(struct arena *a, char ***list, size_t *n, size_t times)
{
    *list = arena_array(a, times, sizeof **list);
    assert_non_null(*list);
    for (*n = 0; *n < times; ++*n) (*list)[*n] = arena_string(a, "x");
}

static void operands(struct arena *a, Onnx__ModelProto *m, int n)
{
    Onnx__NodeProto *sum = add_node(a, m, "Sum", "", "y");
    repeat(a, &sum->input, &sum->n_input, (size_t)n);
}

static void attributes(struct arena *a, Onnx__ModelProto *m, int n)
{
    Onnx__NodeProto *node = add_node(a, m, "Relu", "x", "y");
    for (int i = 0; i < n; i++) write_attribute(a, node, "unknown");
}

static void elements(struct arena *a, Onnx__ModelProto *m, int n)
{
    Onnx__AttributeProto *x = write_attribute(a, add_node(a, m, "Relu", "x", "y"), "unknown");
    x->has_type = 1;
    x->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
    x->has_s = 1;
    x->s = (ProtobufCBinaryData){(size_t)n, arena_alloc(a, (size_t)n)};
    assert_non_null(x->s.data);
}

static void name(struct arena *a, Onnx__ModelProto *m, int n)
{
    Onnx__NodeProto *node = add_node(a, m, "Relu", "x", "y");
    node->name = arena_alloc(a, (size_t)n + 1);
    assert_non_null(node->name);
    memset(node->name, 'n', (size_t)n);
}

static void rank(struct arena *a, Onnx__ModelProto *m, int n)
{
    int64_t dim[80];
    for (int i = 0; i < n; i++) dim[i] = 1;
    write_add_input(a, m->graph, "r", F32, n, dim);
    add_node(a, m, "Relu", "r", "y");
}

/* Dimensions are 2^48 and n less. */
static void dimension(struct arena *a, Onnx__ModelProto *m, int n)
{
    write_add_input(a, m->graph, "d", F32, 1, (const int64_t[]){LIMIT_DIMENSION + n});
    add_node(a, m, "Relu", "d", "y");
}

static void weight(struct arena *a, Onnx__ModelProto *m, int n)
{
    write_add_initializer(a, m->graph, "w", F32, 2, (const int64_t[]){0, LIMIT_DIMENSION + n});
    add_node(a, m, "Relu", "w", "y");
}

static void tensors(struct arena *a, Onnx__ModelProto *m, int n)
{
    Onnx__TensorProto *t = write_tensor(a, "", F32, 0, NULL);
    m->graph->n_initializer = (size_t)n - 1; /* x is one too */
    m->graph->initializer = arena_array(a, (size_t)n, sizeof(void *));
    assert_non_null(m->graph->initializer);
    for (int i = 0; i < n; i++) m->graph->initializer[i] = t;
    add_node(a, m, "Relu", "x", "y");
}

/* A sequence of sequences of ...: two messages each. */
static void nesting(struct arena *a, Onnx__ModelProto *m, int n)
{
    write_add_output(a, m->graph, "z");
    Onnx__TypeProto **at = &m->graph->output[0]->type;
    for (int i = 0; i < n; i++) {
        Onnx__TypeProto *type = *at = arena_alloc(a, sizeof *type);
        Onnx__TypeProto__Sequence *sequence = arena_alloc(a, sizeof *sequence);
        assert_true(type && sequence);
        onnx__type_proto__init(type);
        onnx__type_proto__sequence__init(sequence);
        type->value_case = ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE;
        type->sequence_type = sequence;
        at = &sequence->elem_type;
    }
    *at = arena_alloc(a, sizeof **at);
    onnx__type_proto__init(*at);
    add_node(a, m, "Relu", "x", "z");
}

static void graphs(struct arena *a, Onnx__ModelProto *m, int n)
{
    Onnx__GraphProto *g = m->graph;
    for (int i = 1; i < n; i++) {
        Onnx__NodeProto *choice = write_node(a, "", "If", "x", i == 1 ? "y" : "z");
        Onnx__AttributeProto *x = write_attribute(a, choice, "then_branch");
        write_add_node(a, g, choice);
        x->has_type = 1;
        x->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
        g = x->g = arena_alloc(a, sizeof *g);
        assert_non_null(g);
        onnx__graph_proto__init(g);
        write_add_output(a, g, "z");
    }
    write_add_node(a, g, write_node(a, "", "Relu", "x", "z"));
}

/* n functions, each calling the next one `calls` times, the last one a node. */
static void add_functions(struct arena *a, Onnx__ModelProto *m, int n, int calls)
{
    for (int i = 0; i < n; i++) {
        char own[32], next[32], in[32] = "x", out[32];
        snprintf(own, sizeof own, "F%d", i);
        snprintf(next, sizeof next, "F%d", i + 1);
        Onnx__FunctionProto *f = write_add_function(a, m, "f", own, "x", "y");
        for (int k = 0; k < calls; k++) {
            snprintf(out, sizeof out, k + 1 < calls ? "t%d" : "y", k);
            write_function_node(a, f, write_node(a, i + 1 < n ? "f" : "", i + 1 < n ? next : "Relu", in, out));
            memcpy(in, out, sizeof in);
        }
    }
    write_add_node(a, m->graph, write_node(a, "f", "F0", "x", "y"));
}

static void functions(struct arena *a, Onnx__ModelProto *m, int n)
{
    for (int i = 0; i < n; i++) write_add_function(a, m, "f", "F", "x", "y");
    add_node(a, m, "Relu", "x", "y");
}
static void calls(struct arena *a, Onnx__ModelProto *m, int n) { add_functions(a, m, n, 1); }
static void doubling(struct arena *a, Onnx__ModelProto *m, int n) { add_functions(a, m, n, 2); }

static void location(struct arena *a, Onnx__ModelProto *m, int n)
{
    Onnx__TensorProto *t = write_add_initializer(a, m->graph, "w", F32, 2, four);
    char *path = arena_alloc(a, (size_t)n + 1);
    assert_non_null(path);
    memset(path, 'p', (size_t)n);
    write_external(a, t, "location", path);
    add_node(a, m, "Relu", "w", "y");
}

/* A shape from the last of n integers. */
static void values(struct arena *a, Onnx__ModelProto *m, int n)
{
    const int64_t length = n, last[] = {n - 1};
    const struct {
        const char *name;
        int64_t n;
    } lists[] = {{"many", length}, {"last", 1}};
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        Onnx__TensorProto *t = write_add_initializer(a, m->graph, lists[i].name, S64, 1, &lists[i].n);
        t->n_int64_data = (size_t)lists[i].n;
        t->int64_data = arena_array(a, t->n_int64_data, sizeof *t->int64_data);
        assert_non_null(t->int64_data);
        for (int64_t k = 0; k < lists[i].n; k++) t->int64_data[k] = i ? last[0] : 4;
    }
    add_node(a, m, "Gather", "many last", "shape");
    add_node(a, m, "Reshape", "x shape", "y");
}

static const struct beyond {
    const char *what;
    void (*make)(struct arena *a, Onnx__ModelProto *m, int n);
    int most;         /* this many pass */
    const char *line; /* one more is refused so */
} limits[] = {
    {"operands", operands, LIMIT_OPERANDS, "more than 4096 operands"},
    {"attributes", attributes, LIMIT_ATTRIBUTES, "has 257 attributes, at most 256 are read"},
    {"elements", elements, LIMIT_ATTRIBUTE_ELEMENTS, "an attribute has 16777217 elements, at most 16777216 are read"},
    {"a name", name, LIMIT_NAME_BYTES, "a name has more than 65536 bytes"},
    {"rank", rank, LIMIT_RANK, "has more than 64 dimensions"},
    {"a dimension", dimension, 0, "dimension 0 of the input d is 281474976710657, it must be 0 to 2^48"},
    {"a weight's dimension", weight, 0, "281474976710657"},
    {"tensors", tensors, 0, "lists 2000001 tensors, at most 2000000 are read"},
    {"nesting", nesting, 48, "messages are nested more than 100 deep"},
    {"graphs", graphs, 0, "graphs are nested more than 32 deep"},
    {"functions", functions, LIMIT_FUNCTIONS, "has 10001 functions, at most 10000 are read"},
    {"calls", calls, LIMIT_CALLS, "functions call each other more than 100 deep"},
    {"nodes of functions", doubling, 0, "has more than 4000000 nodes when its functions are expanded"},
    {"memory", doubling, 0, "32 MB and 64 bytes for every byte of the file"},
    {"a location", location, 0, "has a location of 4097 bytes, at most 4096 are read"},
    {"values", values, LIMIT_VALUES, "shape must be a constant, not computed"},
};
/* What a first one refuses for another reason, or takes long to pass: by the number that is refused. */
static int refused_at(const struct beyond *b)
{
    if (b->make == tensors) return LIMIT_TENSORS + 1;
    if (b->make == graphs) return LIMIT_GRAPHS + 1;
    if (b->make == location) return LIMIT_LOCATION_BYTES + 1;
    if (b->make == doubling) return !strcmp(b->what, "memory") ? 19 : 22;
    return b->most + 1;
}

/* "" where it is answered */
static void answer_to(const char *path, const struct beyond *b, int n, char *line, size_t room)
{
    struct arena *a = arena_new((size_t)1 << 30);
    Onnx__ModelProto *m = write_model(a);
    struct graph *g = NULL;
    struct analysis *costs = NULL;
    float ran[4];
    gable_error e = {0};
    write_add_input(a, m->graph, "x", F32, 2, four);
    b->make(a, m, n);
    if (!m->graph->n_output) write_add_output(a, m->graph, "y");
    write_file(m, path);
    arena_free(a);
    gable_status s = model_open(path, &(struct model_options){0}, &g, &e);
    if (!s) s = analysis_new(g, NULL, &costs, &e);
    if (!s && b->make == location) s = run_file(path, 4, ran, &e);
    snprintf(line, room, "%s%s%s", e.where, s ? ": " : "", e.why);
    analysis_free(costs);
    graph_free(g);
}

static void one_more_is_refused_by_its_limit(void **state)
{
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        const struct beyond *b = &limits[i];
        char passed[1024] = "", refused[1024];
        bool is_tried = refused_at(b) == b->most + 1;
        if (is_tried) answer_to(folder_path(*state, "m.onnx"), b, b->most, passed, sizeof passed);
        answer_to(folder_path(*state, "m.onnx"), b, refused_at(b), refused, sizeof refused);
        if (!*passed && strstr(refused, b->line)) continue;
        print_message("%s: \"%.400s\", one more: \"%.400s\"\n", b->what, passed, refused);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_more_is_refused_by_its_limit)};
    return cmocka_run_group_tests(tests, folder_start, folder_finish);
}
