/* Chains of element-wise nodes give what the nodes give one by one, which is how they run where somebody watches. */
#include "check.h"
#include "engine/general/runtime.h"

#include <string.h>

enum { PLACES_MAX = 8, SIZE = 3 * 5 * 1700 };
struct net {
    struct graph *graph;
    struct tensor *x; /* f32[3,5,1700], the first input */
    struct general *session;
    gable_error error;
};

static struct net net_new(void)
{
    struct net n = {.graph = graph_new("g", "test", 1 << 20)};
    n.graph->opset = 17;
    n.x = graph_input(n.graph, "x", DTYPE_F32, 3, (const int64_t[]){3, 5, 1700});
    return n;
}
static struct tensor *one(struct net *n, const char *op, struct tensor *a)
{
    return graph_node(n->graph, op, "", op, NULL, 1, &a, 1)->out[0];
}
static struct tensor *two(struct net *n, const char *op, struct tensor *a, struct tensor *b)
{
    return graph_node(n->graph, op, "", op, NULL, 2, (struct tensor *[]){a, b}, 1)->out[0];
}
static struct tensor *scalar(struct net *n, double value)
{
    return graph_constant_real(n->graph, "s", DTYPE_F32, value);
}
static struct tensor *channel(struct net *n)
{
    return graph_input(n->graph, "c", DTYPE_F32, 2, (const int64_t[]){5, 1});
}

static void give_inputs(struct net *n)
{
    for (int i = 0; i < n->graph->n_inputs; i++) {
        const struct tensor *t = n->graph->inputs[i];
        struct value v;
        assert_ok(value_new(general_pool(n->session), t->dtype, t->shape.rank, t->shape.dim, &v, &n->error), &n->error);
        for (int64_t k = 0; k < v.n; k++) ((float *)v.data)[k] = (float)(k * 37 % 1001) * 0.01f - 4;
        assert_ok(general_set_input(n->session, i, &v, &n->error), &n->error);
        value_release(&v);
    }
}

struct counting {
    struct general_watch watch;
    int made;
};
static bool count_made(struct general_watch *w, const struct node *n, const struct tensor *t, const struct value *v)
{
    (void)n, (void)t, (void)v;
    CONTAINER_OF(w, struct counting, watch)->made++;
    return true;
}

/* Both ways; the outputs are equal to the bit, and one by one takes more memory, where the chain leaves out a value
   that is alive beside two others. */
enum memory { AS_MUCH, LESS };
static void check(struct net *n, enum memory of_chain)
{
    static float seen[PLACES_MAX][SIZE];
    struct counting w = {.watch.made = count_made};
    struct cpus cpus;
    cpus_read("", &cpus);
    assert_ok(general_open(n->graph, NULL, &cpus, NULL, &n->session, &n->error), &n->error);
    give_inputs(n);
    for (int twice = 0; twice < 2; twice++) assert_ok(general_run(n->session, &n->error), &n->error);
    for (int i = 0; i < n->graph->n_outputs; i++) {
        const struct value *y = general_output(n->session, i);
        assert_true(y->n <= SIZE && y->dtype == DTYPE_F32);
        memcpy(seen[i], y->data, (size_t)y->n * sizeof(float));
    }
    size_t chained = pool_bytes(general_pool(n->session));
    assert_ok(general_run_watched(n->session, &w.watch, &n->error), &n->error);
    assert_true(of_chain == AS_MUCH || pool_bytes(general_pool(n->session)) > chained);
    assert_int_equal(w.made, n->graph->n_nodes);
    for (int i = 0; i < n->graph->n_outputs; i++) {
        const struct value *y = general_output(n->session, i);
        assert_memory_equal(seen[i], y->data, (size_t)y->n * sizeof(float));
    }
    general_close(n->session);
    graph_free(n->graph);
}

static void a_gate_reads_its_input_twice(void **state)
{
    (void)state;
    struct net n = net_new();
    struct tensor *s = one(&n, "Sigmoid", n.x);
    graph_output(n.graph, two(&n, "Mul", n.x, s));
    check(&n, LESS);
}

static void gelu_as_exporters_write_it(void **state)
{
    (void)state;
    struct net n = net_new();
    struct tensor *e = one(&n, "Erf", two(&n, "Div", n.x, scalar(&n, 1.41421356)));
    graph_output(n.graph, two(&n, "Mul", two(&n, "Mul", n.x, two(&n, "Add", e, scalar(&n, 1))), scalar(&n, 0.5)));
    check(&n, LESS);
}

static void operands_of_every_shape(void **state)
{
    (void)state;
    struct net n = net_new();
    struct tensor *c = channel(&n), *t = two(&n, "Sub", c, one(&n, "Relu", two(&n, "Add", n.x, c)));
    struct tensor *clip =
        graph_node(n.graph, "Clip", "", "clip", NULL, 3, (struct tensor *[]){t, scalar(&n, -1), scalar(&n, 2)}, 1)
            ->out[0];
    graph_output(n.graph, two(&n, "Max", two(&n, "Pow", clip, scalar(&n, 2)), two(&n, "Mul", clip, n.x)));
    check(&n, AS_MUCH);
}

/* A result that is read twice, or is an output, ends a chain; a node that reads it twice does not. */
static void what_others_read_is_made(void **state)
{
    (void)state;
    struct net n = net_new();
    struct tensor *a = one(&n, "Exp", one(&n, "Neg", n.x)), *b = two(&n, "Mul", a, a), *d = one(&n, "Sqrt", b);
    graph_output(n.graph, b);
    graph_output(n.graph, two(&n, "Add", d, one(&n, "Abs", d)));
    check(&n, LESS);
}

/* The first two have the channel's shape; from the third on it is the input's. */
static void a_shape_that_grows_ends_a_chain(void **state)
{
    (void)state;
    struct net n = net_new();
    struct tensor *c = channel(&n), *t = one(&n, "Sqrt", one(&n, "Abs", c));
    graph_output(n.graph, one(&n, "Tanh", two(&n, "Div", n.x, t)));
    graph_output(n.graph, one(&n, "Neg", one(&n, "Cast", n.x)));
    node_set_int(n.graph, n.graph->outputs[1]->producer->in[0]->producer, "to", 1);
    check(&n, LESS);
}

/* More links than one chain holds, and slots that are used again on the way. */
static void a_long_chain(void **state)
{
    (void)state;
    struct net n = net_new();
    struct tensor *t = one(&n, "Relu", n.x);
    for (int i = 0; i < 40; i++) t = i % 3 ? one(&n, "Tanh", t) : two(&n, "Add", t, scalar(&n, 0.1 * i));
    graph_output(n.graph, t);
    check(&n, AS_MUCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gate_reads_its_input_twice),    cmocka_unit_test(gelu_as_exporters_write_it),
        cmocka_unit_test(operands_of_every_shape),         cmocka_unit_test(what_others_read_is_made),
        cmocka_unit_test(a_shape_that_grows_ends_a_chain), cmocka_unit_test(a_long_chain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
