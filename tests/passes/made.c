#include "made.h"

#include "check.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "run_both.h"

#include <stdio.h>

struct tensor *made_node(struct graph *g, const char *op, int n_in, struct tensor *const *in)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%d", op, g->n_nodes);
    return graph_node(g, op, "", name, NULL, n_in, in, 1)->out[0];
}

struct tensor *made_pair(struct graph *g, const char *op, struct tensor *a, struct tensor *b)
{
    return made_node(g, op, 2, (struct tensor *[]){a, b});
}

struct tensor *made_weights(struct graph *g, double least, int rank, const int64_t *dim)
{
    char name[32];
    snprintf(name, sizeof name, "w%d", g->n_tensors);
    struct tensor *t = graph_initializer(g, name, ROLE_WEIGHT, DTYPE_F32, rank, dim);
    count n = tensor_elements(t);
    double *values = arena_array(g->arena, (size_t)n, sizeof *values);
    for (count i = 0; i < n; i++) values[i] = least + (double)((i * 11 + g->n_tensors * 5) % 17) / 9;
    t->reals = values;
    return t;
}

enum { INPUTS_MAX = 4 };
static void fill(struct pool *p, const struct graph *g, struct value *inputs)
{
    gable_error e = {0};
    assert_true(g->n_inputs <= INPUTS_MAX);
    for (int k = 0; k < g->n_inputs; k++) {
        const struct tensor *t = g->inputs[k];
        assert_ok(value_new(p, DTYPE_F32, t->shape.rank, t->shape.dim, &inputs[k], &e), &e);
        for (int64_t i = 0; i < inputs[k].n; i++)
            ((float *)inputs[k].data)[i] = 0.17F * (float)((i * (7 + 6 * k)) % 23) - 2;
    }
}

void made_check(struct graph *g, const char *what, int before, int after, double tolerance)
{
    gable_error e = {0};
    struct pool *p = pool_new((size_t)1 << 26);
    struct value inputs[INPUTS_MAX] = {{0}};
    struct both both = {.tolerance = {tolerance, tolerance}};
    struct rewrites r;
    assert_ok(ops_infer(g, &e), &e);
    if (g->n_nodes != before) fail_msg("%s: %d nodes, not %d", what, g->n_nodes, before);
    fill(p, g, inputs);
    assert_true(both_run(&both, g, inputs, p, what));
    assert_ok(passes_run(g, &r, &e), &e);
    if (g->n_nodes != after) fail_msg("%s: %d nodes afterwards, not %d", what, g->n_nodes, after);
    if ((r.n > 0) != (before != after)) fail_msg("%s: %d rewrites", what, r.n);
    assert_true(both_run(&both, g, inputs, p, what));
    for (int k = 0; k < both.n; k++) value_release(&both.outputs[k]);
    for (int k = 0; k < g->n_inputs; k++) value_release(&inputs[k]);
    test_free(both.outputs);
    pool_free(p);
}
