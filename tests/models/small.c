#include "small.h"

#include "check.h"
#include "engine/general/general.h"
#include "ops/ops.h"

#include <math.h>
#include <stdio.h>

struct graph *small_new(void)
{
    struct graph *g = graph_new("small", "test", 1 << 20);
    g->opset = 17;
    return g;
}

double small_x(int64_t i) { return (double)((i * 7 + 3) % 13) / 4 - 1.5; }

struct tensor *small_input(struct graph *g, int rank, const int64_t *dim)
{
    return graph_input(g, "x", DTYPE_F32, rank, dim);
}

struct tensor *small_weights(struct graph *g, int rank, const int64_t *dim)
{
    char name[32];
    snprintf(name, sizeof name, "w%d", g->n_tensors);
    struct tensor *t = graph_initializer(g, name, ROLE_WEIGHT, DTYPE_F32, rank, dim);
    count n = tensor_elements(t);
    double *values = arena_array(g->arena, (size_t)n, sizeof *values);
    for (count i = 0; i < n; i++) values[i] = (double)((i * 11 + g->n_tensors * 5) % 17 - 8) / 16;
    t->reals = values;
    return t;
}

double small_w(const struct tensor *t, int64_t i) { return t->reals[i]; }

struct tensor *small_ints(struct graph *g, int n, const int64_t *values)
{
    char name[32];
    snprintf(name, sizeof name, "n%d", g->n_tensors);
    return graph_constant_ints(g, name, n, values);
}

struct tensor *small_node(struct graph *g, const char *op, int n_in, struct tensor *const *in)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%d", op, g->n_nodes);
    return graph_node(g, op, "", name, NULL, n_in, in, 1)->out[0];
}

static void compare(const struct value *got, int64_t n, const double *want, double tolerance)
{
    assert_int_equal(got->kind, VALUE_TENSOR);
    assert_int_equal(got->n, n);
    for (int64_t i = 0; i < n; i++) {
        double y = value_real(got, i);
        if (!(fabs(y - want[i]) <= tolerance)) fail_msg("element %lld is %.9g, not %.9g", (long long)i, y, want[i]);
    }
}

static void run(struct graph *g, int64_t n, const double *want, double tolerance)
{
    struct cpus cpus;
    struct general *s = NULL;
    struct value x;
    gable_error e = {0};
    const struct tensor *t = g->inputs[0];
    cpus_read("", &cpus);
    assert_ok(general_open(g, NULL, &cpus, &(struct general_options){.threads = 1}, &s, &e), &e);
    assert_ok(value_new(general_pool(s), t->dtype, t->shape.rank, t->shape.dim, &x, &e), &e);
    for (int64_t i = 0; i < x.n; i++) ((float *)x.data)[i] = (float)small_x(i);
    assert_ok(general_set_input(s, 0, &x, &e), &e);
    value_release(&x);
    assert_ok(general_run(s, &e), &e);
    compare(general_output(s, 0), n, want, tolerance);
    general_close(s);
}

void small_check(struct graph *g, struct tensor *y, count macs, int64_t n, const double *want, double tolerance)
{
    gable_error e = {0};
    struct cost total = {0};
    if (!y->is_output) graph_output(g, y);
    assert_ok(ops_infer(g, &e), &e);
    for (int i = 0; i < g->n_nodes; i++) total = cost_add(total, op_cost(g->nodes[i]));
    assert_int_equal(total.macs, macs);
    run(g, n, want, tolerance);
    graph_free(g);
}
