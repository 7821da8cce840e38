/* Recurrent layers with constant weights give what they give when their weights are inputs. */
#include "check.h"
#include "engine/general/general.h"

#include <math.h>
#include <string.h>

enum { WEIGHTS = 3, OPERANDS = 7 };
struct layer {
    const char *op, *direction;
    int gates, directions, linear_first;
    int64_t steps, batch, inputs, hidden;
    bool has_bias, has_state;
};
/* X, W, R, B, no lengths, the first h and c; those that are left out have no elements. */
struct operands {
    struct pool *pool;
    struct value at[OPERANDS];
};
struct constants { /* W, R, B, by their names' first letters */
    struct general_values base;
    const struct operands *operands;
};

static struct value wave(struct pool *p, int rank, const int64_t *dim, double scale)
{
    struct value v;
    gable_error e = {0};
    assert_ok(value_new(p, DTYPE_F32, rank, dim, &v, &e), &e);
    for (int64_t i = 0; i < v.n; i++) ((float *)v.data)[i] = (float)(scale * sin(1.7 * (double)i + (double)rank));
    return v;
}

static struct operands operands_new(const struct layer *l)
{
    struct operands o = {.pool = pool_new(1 << 26)};
    const int64_t rows = l->gates * l->hidden, d = l->directions, state[] = {d, l->batch, l->hidden};
    o.at[0] = wave(o.pool, 3, (const int64_t[]){l->steps, l->batch, l->inputs}, 1);
    o.at[1] = wave(o.pool, 3, (const int64_t[]){d, rows, l->inputs}, 0.4);
    o.at[2] = wave(o.pool, 3, (const int64_t[]){d, rows, l->hidden}, 0.3);
    if (l->has_bias) o.at[3] = wave(o.pool, 2, (const int64_t[]){d, 2 * rows}, 0.2);
    if (l->has_state) o.at[5] = wave(o.pool, 3, state, 0.5);
    if (l->has_state && l->gates == 4) o.at[6] = wave(o.pool, 3, state, 0.7);
    return o;
}

static gable_status load(const struct general_values *self, struct pool *p, const struct graph *g,
                         const struct tensor *t, struct value *out, gable_error *e)
{
    (void)p, (void)g, (void)e;
    value_share(
        &CONTAINER_OF((struct general_values *)(uintptr_t)self, struct constants, base)->operands->at[t->name[0] - 'a'],
        out);
    return GABLE_OK;
}

struct ran {
    struct graph *graph;
    struct general *session;
};
static struct ran run(const struct layer *l, const struct constants *k, const struct cpus *cpus, bool are_constant)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
    struct ran r = {graph_new("g", "test", 1 << 20), NULL};
    struct tensor *in[OPERANDS];
    gable_error e = {0};
    int places[OPERANDS], n_inputs = 0;
    for (int i = 0; i < OPERANDS; i++) {
        const struct value *v = &k->operands->at[i];
        bool is_constant = are_constant && i >= 1 && i <= WEIGHTS;
        in[i] = v->kind == VALUE_ABSENT ? graph_absent(r.graph)
                : is_constant           ? graph_initializer(r.graph, names[i], ROLE_WEIGHT, DTYPE_F32, v->rank, v->dim)
                                        : graph_input(r.graph, names[i], DTYPE_F32, v->rank, v->dim);
        if (v->kind != VALUE_ABSENT && !is_constant) places[n_inputs++] = i;
    }
    r.graph->opset = 14;
    struct node *n = graph_node(r.graph, l->op, "", "n", NULL, l->gates == 4 ? 7 : 6, in, l->gates == 4 ? 3 : 2);
    node_set_string(r.graph, n, "direction", l->direction);
    node_set_int(r.graph, n, "hidden_size", l->hidden);
    if (l->linear_first) node_set_int(r.graph, n, "linear_before_reset", 1);
    for (int i = 0; i < n->n_out; i++) graph_output(r.graph, n->out[i]);
    assert_ok(general_open(r.graph, &k->base, cpus, &(struct general_options){.threads = cpus->n_cores < 2 ? 1 : 2},
                           &r.session, &e),
              &e);
    for (int i = 0; i < n_inputs; i++) assert_ok(general_set_input(r.session, i, &k->operands->at[places[i]], &e), &e);
    for (int pass = 0; pass < 2; pass++) assert_ok(general_run(r.session, &e), &e); /* the second from memory */
    return r;
}

static void compare(const struct layer *l, const struct cpus *cpus)
{
    struct operands o = operands_new(l);
    const struct constants k = {.base = {.load = load}, .operands = &o};
    struct ran plain = run(l, &k, cpus, false), packed = run(l, &k, cpus, true);
    for (int i = 0; i < plain.graph->n_outputs; i++) {
        const struct value *x = general_output(plain.session, i), *y = general_output(packed.session, i);
        assert_int_equal(x->n, y->n);
        for (int64_t j = 0; j < x->n; j++)
            if (!(fabs(value_real(x, j) - value_real(y, j)) < 1e-5))
                fail_msg("%s %s, %d x %d x %d to %d: output %d at %d is %g, not %g", l->op, l->direction, (int)l->steps,
                         (int)l->batch, (int)l->inputs, (int)l->hidden, i, (int)j, value_real(y, j), value_real(x, j));
    }
    general_close(plain.session);
    general_close(packed.session);
    graph_free(plain.graph);
    graph_free(packed.graph);
    for (int i = 0; i < OPERANDS; i++) value_release(&o.at[i]);
    pool_free(o.pool);
}

static void constant_weights_change_nothing(void **state)
{
    static const struct layer kinds[] = {
        {.op = "LSTM", .direction = "forward", .gates = 4, .directions = 1},
        {.op = "LSTM", .direction = "bidirectional", .gates = 4, .directions = 2, .has_bias = true, .has_state = true},
        {.op = "GRU", .direction = "reverse", .gates = 3, .directions = 1, .has_bias = true},
        {.op = "GRU",
         .direction = "bidirectional",
         .gates = 3,
         .directions = 2,
         .linear_first = 1,
         .has_bias = true,
         .has_state = true},
        {.op = "GRU", .direction = "forward", .gates = 3, .directions = 1, .linear_first = 1},
        {.op = "RNN", .direction = "bidirectional", .gates = 1, .directions = 2, .has_bias = true},
    };
    static const int64_t sizes[][4] = {{5, 1, 3, 4}, {1, 3, 7, 16}, {4, 20, 5, 33}, {3, 2, 300, 130}};
    struct cpus cpus;
    (void)state;
    cpus_read("", &cpus); /* before a session pins this thread */
    for (size_t i = 0; i < COUNT_OF(kinds) * COUNT_OF(sizes); i++) {
        struct layer l = kinds[i / COUNT_OF(sizes)];
        const int64_t *size = sizes[i % COUNT_OF(sizes)];
        l.steps = size[0], l.batch = size[1], l.inputs = size[2], l.hidden = size[3];
        compare(&l, &cpus);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(constant_weights_change_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
