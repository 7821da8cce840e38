/* Backward of bodies: by hand, and as the same passes written out cost. */
#include "check.h"
#include "ops/training.h"

enum { PASSES = 5 };

static struct tensor *made(struct graph *g, const char *op, struct tensor *a, struct tensor *b)
{
    struct tensor *in[] = {a, b};
    return graph_node(g, op, "", op, NULL, b ? 2 : 1, in, 1)->out[0];
}
static struct tensor *weight(struct graph *g, const char *name, int rank, const int64_t *dim)
{
    return graph_initializer(g, name, ROLE_WEIGHT, DTYPE_F32, rank, dim);
}
static struct tensor *constant(struct graph *g, int64_t value)
{
    struct tensor *t = graph_constant_ints(g, "c", 1, &value);
    t->shape.rank = 0;
    return t;
}
static struct analysis *analysed(struct graph *g)
{
    struct analysis *a = NULL;
    gable_error e = {0};
    assert_ok(ops_infer(g, &e), &e);
    assert_ok(analysis_new(g, NULL, &a, &e), &e);
    return a;
}
static void expect(const struct backward *b, count data_macs, count data_flops, count weight_macs, count weight_flops)
{
    assert_int_equal(b->data.macs, data_macs);
    assert_int_equal(b->data.flops, data_flops);
    assert_int_equal(b->weight.macs, weight_macs);
    assert_int_equal(b->weight.flops, weight_flops);
}

static const int64_t state[] = {2, 3}, square[] = {3, 3}, all[] = {PASSES, 2, 3};

/* h = tanh(h w + x), and sin h stacked; h begins as an input of the model. */
static struct graph *scanned(void)
{
    struct graph *g = graph_new("g", "t", 1 << 20), *body = graph_body(g, "body");
    struct tensor *h = graph_input(body, "h", DTYPE_F32, 2, state), *x = graph_input(body, "x", DTYPE_F32, 2, state);
    struct tensor *in[] = {graph_input(g, "h0", DTYPE_F32, 2, state), graph_input(g, "xs", DTYPE_F32, 3, all)};
    struct tensor *w = graph_capture(body, weight(g, "w", 2, square));
    struct tensor *next = made(body, "Tanh", made(body, "Add", made(body, "MatMul", h, w), x), NULL);
    graph_output(body, next);
    graph_output(body, made(body, "Sin", next, NULL));
    struct node *n = graph_node(g, "Scan", "", "scan", NULL, 2, in, 2);
    node_set_int(g, n, "num_scan_inputs", 1);
    node_set_graph(g, n, "body", body);
    graph_output(g, n->out[1]);
    return g;
}
static struct graph *written_out(void)
{
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *h = graph_input(g, "h0", DTYPE_F32, 2, state), *w = weight(g, "w", 2, square), *each[PASSES];
    for (int i = 0; i < PASSES; i++) {
        struct tensor *x = graph_input(g, "x", DTYPE_F32, 2, state);
        h = made(g, "Tanh", made(g, "Add", made(g, "MatMul", h, w), x), NULL);
        each[i] = made(g, "Sin", h, NULL);
    }
    struct node *joined = graph_node(g, "Concat", "", "joined", NULL, PASSES, each, 1);
    node_set_int(g, joined, "axis", 0);
    graph_output(g, joined->out[0]);
    return g;
}
static void a_scan_costs_what_its_passes_cost(void **state_)
{
    (void)state_;
    struct graph *g = scanned(), *other = written_out();
    struct analysis *a = analysed(g), *b = analysed(other);
    /* data: h w 18 MACs, not in the first pass; tanh 3 and sin 2 of 6 values in each; their parts of h, in all passes
       but the last, which no other follows. w: 18 MACs in each, the parts of 9 values added */
    expect(&a->backward, 4 * 18, 2 * 4 * 18 + 5 * 6 * (3 + 2) + 4 * 6, 5 * 18, 2 * 5 * 18 + 4 * 9);
    expect(&b->backward, a->backward.data.macs, a->backward.data.flops, a->backward.weight.macs,
           a->backward.weight.flops);
    assert_int_equal(a->gradients.aside[0], PASSES * 24); /* h of every pass, for tanh, sin and the product after it */
    assert_false(a->gradients.flows[g->inputs[0]->index]);
    analysis_free(a);
    analysis_free(b);
    graph_free(g);
    graph_free(other);
}

/* x u, a layer whose output is carried; then v = v w in each pass. */
static struct graph *looped(struct graph *g, struct tensor *trips, struct tensor *goes_on)
{
    const int64_t four = 4;
    struct graph *body = graph_body(g, "body");
    graph_input(body, "i", DTYPE_S64, 0, NULL);
    struct tensor *again = graph_input(body, "again", DTYPE_BOOL, 0, NULL);
    struct tensor *v = graph_input(body, "v", DTYPE_F32, 1, &four);
    struct tensor *w = graph_capture(body, weight(g, "w", 1, &four));
    graph_output(body, made(body, "Identity", again, NULL));
    graph_output(body, made(body, "Mul", v, w));
    struct tensor *first = made(g, "Mul", graph_input(g, "x", DTYPE_F32, 1, &four), weight(g, "u", 1, &four));
    struct tensor *in[] = {trips, goes_on, first};
    struct node *n = graph_node(g, "Loop", "", "loop", NULL, 3, in, 1);
    node_set_graph(g, n, "body", body);
    graph_output(g, n->out[0]);
    return g;
}
static void a_loop_costs_its_trips(void **state_)
{
    (void)state_;
    for (int which = 0; which < 3; which++) {
        struct graph *g = graph_new("g", "t", 1 << 20);
        struct tensor *trips = which == 1 ? graph_input(g, "m", DTYPE_S64, 0, NULL) : constant(g, 3);
        struct tensor *goes_on = which == 2 ? graph_input(g, "on", DTYPE_BOOL, 0, NULL) : constant(g, 1);
        struct analysis *a = analysed(looped(g, trips, goes_on));
        const count n =
            which == 1 ? 1 : 3; /* where only data say, one pass is counted; all trips where data may end it */
        static const enum certainty certain[] = {COST_EXACT, COST_BOUND, COST_MOST};
        assert_int_equal(node_certainty(g->nodes[1]), certain[which]);
        /* each pass a product of 4 for v and for w, whose parts are added; 4 more for u */
        expect(&a->backward, 0, n * 4, 0, n * 4 + (n - 1) * 4 + 4);
        analysis_free(a);
        graph_free(g);
    }
}

static struct graph *branch(struct graph *g, const char *op, struct tensor *x)
{
    struct graph *body = graph_body(g, op);
    graph_output(body, made(body, op, graph_capture(body, x), NULL));
    return body;
}
static void an_if_costs_a_branch(void **state_)
{
    (void)state_;
    for (int known = -1; known < 2; known++) {
        struct graph *g = graph_new("g", "t", 1 << 20);
        struct tensor *condition = known < 0 ? graph_input(g, "c", DTYPE_BOOL, 0, NULL) : constant(g, known);
        struct tensor *x = made(g, "Mul", graph_input(g, "x", DTYPE_F32, 2, state), weight(g, "w", 2, state));
        struct node *n = graph_node(g, "If", "", "if", NULL, 1, &condition, 1);
        node_set_graph(g, n, "then_branch", branch(g, "Sigmoid", x));
        node_set_graph(g, n, "else_branch", branch(g, "Relu", x));
        graph_output(g, n->out[0]);
        struct analysis *a = analysed(g);
        expect(&a->backward, 0, 6 * (known == 1 ? 3 : 1), 0, 6); /* the cheaper one where data decide */
        assert_int_equal(node_certainty(n), known < 0 ? COST_BOUND : COST_EXACT);
        analysis_free(a);
        graph_free(g);
    }
}

/* A loop in a loop: 2 x 3 passes of v w. */
static void bodies_in_bodies_are_counted(void **state_)
{
    (void)state_;
    const int64_t four = 4;
    struct graph *g = graph_new("g", "t", 1 << 20), *outer = graph_body(g, "outer"),
                 *inner = graph_body(outer, "inner");
    struct graph *both[] = {outer, inner};
    struct tensor *w = weight(g, "w", 1, &four), *v[2], *again[2];
    for (int i = 0; i < 2; i++) {
        graph_input(both[i], "i", DTYPE_S64, 0, NULL);
        again[i] = graph_input(both[i], "again", DTYPE_BOOL, 0, NULL);
        v[i] = graph_input(both[i], "v", DTYPE_F32, 1, &four);
        w = graph_capture(both[i], w);
        graph_output(both[i], again[i]);
    }
    graph_output(inner, made(inner, "Mul", v[1], w));
    struct tensor *within[] = {constant(outer, 3), constant(outer, 1), v[0]};
    struct node *n = graph_node(outer, "Loop", "", "inner", NULL, 3, within, 1);
    node_set_graph(outer, n, "body", inner);
    graph_output(outer, n->out[0]);
    struct tensor *in[] = {constant(g, 2), constant(g, 1), graph_input(g, "x", DTYPE_F32, 1, &four)};
    n = graph_node(g, "Loop", "", "outer", NULL, 3, in, 1);
    node_set_graph(g, n, "body", outer);
    graph_output(g, n->out[0]);
    struct analysis *a = analysed(g);
    /* v: in every pass but the very first; w: in every pass, 6 parts of 4 values added */
    expect(&a->backward, 0, 5 * 4, 0, 6 * 4 + 5 * 4);
    analysis_free(a);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_costs_what_its_passes_cost),
        cmocka_unit_test(a_loop_costs_its_trips),
        cmocka_unit_test(an_if_costs_a_branch),
        cmocka_unit_test(bodies_in_bodies_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
