/* Every attribute, dimension and steering value of every node test, set to numbers that break arithmetic: shapes and
   costs are given or refused with a sentence; sanitizers watch. */
#include "check.h"
#include "onnx/onnx.h"
#include "ops/analysis.h"
#include "passes/passes.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#define DATA "/usr/share/libonnx-testdata/data/node/"

static const int64_t extremes[] = {INT64_MIN,        INT64_MIN + 1,    -2,       -1, 0, 1, 2, INT64_C(1) << 31,
                                   INT64_C(1) << 32, INT64_C(1) << 48, INT64_MAX};
struct tally {
    long tried, refused;
};

static void try_graph(struct graph *g, const char *path, struct tally *t)
{
    gable_error e = {0};
    t->tried++;
    if (ops_infer(g, &e)) {
        t->refused++;
        if (!e.why[0] || !e.where[0]) fail_msg("%s: refused without a sentence", path);
        return;
    }
    for (int i = 0; i < g->n_nodes; i++) {
        struct cost c = op_cost(g->nodes[i]);
        if (c.macs < 0 || c.flops < 0) fail_msg("%s: %s costs less than nothing", path, g->nodes[i]->op_type);
        for (int k = 0; k < g->nodes[i]->n_in && g->nodes[i]->op->train.gradient; k++)
            if (g->nodes[i]->in[k]->role != ROLE_ABSENT && g->nodes[i]->op->train.gradient(g->nodes[i], k).flops < 0)
                fail_msg("%s: a gradient of %s costs less than nothing", path, g->nodes[i]->op_type);
    }
    struct analysis *a = NULL;
    if (analysis_new(g, NULL, &a, &e)) assert_true(e.why[0]);
    analysis_free(a);
}

static void try_attribute(struct graph *g, struct attribute *a, const char *path, struct tally *t)
{
    const struct attribute whole = *a;
    int64_t changed[SHAPE_RANK_MAX];
    for (size_t k = 0; k < COUNT_OF(extremes); k++) {
        *a = whole;
        if (a->type == ATTRIBUTE_INT) {
            a->i = extremes[k];
            try_graph(g, path, t);
        }
        for (int i = 0; whole.type == ATTRIBUTE_INTS && whole.n <= SHAPE_RANK_MAX && i < whole.n; i++) {
            memcpy(changed, whole.ints, (size_t)whole.n * sizeof *changed);
            changed[i] = extremes[k];
            a->ints = changed;
            try_graph(g, path, t);
        }
    }
    *a = whole;
    a->type = whole.type == ATTRIBUTE_INT ? ATTRIBUTE_INTS : ATTRIBUTE_INT; /* another type, without values */
    a->n = 0;
    try_graph(g, path, t);
    *a = whole;
    a->name = ""; /* absent */
    try_graph(g, path, t);
    *a = whole;
}

static void try_values(struct graph *g, struct tensor *x, const char *path, struct tally *t)
{
    const int64_t *whole = x->ints;
    count n = whole ? tensor_elements(x) : 0;
    int64_t changed[SHAPE_RANK_MAX];
    if (n < 1 || n > SHAPE_RANK_MAX) return;
    for (size_t k = 0; k < COUNT_OF(extremes); k++)
        for (count i = 0; i < n; i++) {
            memcpy(changed, whole, (size_t)n * sizeof *changed);
            changed[i] = extremes[k];
            x->ints = changed;
            try_graph(g, path, t);
        }
    x->ints = whole;
}

static void try_dimensions(struct graph *g, struct tensor *x, const char *path, struct tally *t)
{
    const struct shape whole = x->shape;
    int64_t changed[SHAPE_RANK_MAX];
    const int64_t *values = x->ints;
    x->ints = NULL;
    for (size_t k = 0; k < COUNT_OF(extremes); k++)
        for (int i = 0; i < whole.rank && extremes[k] >= 0 && extremes[k] <= INT64_C(1) << 48; i++) {
            memcpy(changed, whole.dim, (size_t)whole.rank * sizeof *changed);
            changed[i] = extremes[k];
            x->shape.dim = changed;
            try_graph(g, path, t);
        }
    x->shape = whole;
    for (int rank = 0; rank < whole.rank; rank++) { /* fewer dimensions */
        x->shape.rank = rank;
        try_graph(g, path, t);
    }
    x->shape = whole;
    x->ints = values;
}

static void try_model(const char *path, struct tally *t)
{
    struct graph *g = NULL;
    gable_error e = {0};
    assert_ok(onnx_read(path, NULL, &g, &e), &e);
    for (int i = 0; i < g->n_nodes && g->n_nodes < 4; i++)
        for (int k = 0; k < g->nodes[i]->n_attributes; k++) try_attribute(g, &g->nodes[i]->attributes[k], path, t);
    for (int i = 0; i < g->n_tensors && g->n_nodes < 4; i++) {
        struct tensor *x = g->tensors[i];
        if (x->producer || x->role == ROLE_ABSENT || !x->has_shape) continue;
        try_values(g, x, path, t);
        try_dimensions(g, x, path, t);
    }
    struct rewrites r;
    if (passes_run(g, &r, &e)) assert_true(e.why[0]); /* shapes that data decide are refused here too */
    graph_free(g);
}

static void extremes_are_counted_or_refused(void **state)
{
    (void)state;
    glob_t files;
    struct tally t = {0};
    assert_int_equal(glob(DATA "*/model.onnx", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) try_model(files.gl_pathv[i], &t);
    print_message("%ld graphs, %ld refused\n", t.tried, t.refused);
    assert_true(t.tried > 20000 && t.refused > 5000 && t.tried > t.refused);
    globfree(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(extremes_are_counted_or_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
