/* Traffic and memory of a small graph, every number derived by hand; then properties. */
#include "check.h"
#include "ops/analysis.h"

#include <string.h>

typedef struct tensor *layer;

static layer node(struct graph *g, const char *op, const char *name, int n_in, layer const *in)
{
    gable_error e = {0};
    struct node *n = graph_node(g, op, "", name, NULL, n_in, in, 1);
    assert_ok(ops_infer_node(g, n, &e), &e);
    return n->out[0];
}

/* x 1x2x4x4 (32 values, 128 B); w 2x2x1x1 (4 values, 16 B), b 2 (8 B)
   0 conv: a = w x + b    1 relu: r    2 identity: v = r    3 conv again with the same w: c    4 add: y = c + v (output)
 */
static struct graph *residual(void)
{
    struct graph *g = graph_new("residual", "test", 1 << 20);
    layer x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){1, 2, 4, 4});
    layer w = graph_initializer(g, "w", ROLE_WEIGHT, DTYPE_F32, 4, (const int64_t[]){2, 2, 1, 1});
    layer b = graph_initializer(g, "b", ROLE_WEIGHT, DTYPE_F32, 1, (const int64_t[]){2});
    layer r = node(g, "Conv", "conv", 3, (layer[]){x, w, b});
    r = node(g, "Relu", "relu", 1, &r);
    layer v = node(g, "Identity", "id", 1, &r);
    layer c = node(g, "Conv", "again", 2, (layer[]){v, w});
    graph_output(g, node(g, "Add", "add", 2, (layer[]){c, v}));
    return g;
}

static struct analysis *analysed(const struct graph *g, const struct grouping *grouping)
{
    gable_error e = {0};
    struct analysis *a = NULL;
    assert_ok(analysis_new(g, grouping, &a, &e), &e);
    return a;
}

enum { X = 128, W = 16, B = 8 }; /* bytes; every activation is as large as x */

static void traffic_is_as_derived(void **state)
{
    (void)state;
    struct graph *g = residual();
    struct analysis *a = analysed(g, NULL);
    static const struct {
        int read, weight, write;
    } expected[] = {{X, W + B, X}, {X, 0, X}, {0, 0, 0}, {X, W, X}, {2 * X, 0, X}};
    for (int i = 0; i < g->n_nodes; i++) {
        assert_int_equal(a->nodes[i].read_bytes, expected[i].read);
        assert_int_equal(a->nodes[i].weight_bytes, expected[i].weight);
        assert_int_equal(a->nodes[i].write_bytes, expected[i].write);
    }
    /* 2X + W + B, 2X, 2X + W, 3X */
    assert_int_equal(a->bytes.unfused, 9 * X + 2 * W + B);
    assert_int_equal(a->bytes.fused, a->bytes.unfused); /* no grouping: each node alone */
    assert_int_equal(a->n_groups, 4);
    assert_int_equal(a->nodes[2].group, -1);
    assert_int_equal(a->bytes.ideal, X + X + W + B); /* x, y, and the shared weight once */
    analysis_free(a);
    graph_free(g);
}

/* conv + relu are one group, again + add the other: x, w, b -> r; r (read once for both uses), w -> y */
static void groups_pay_only_what_crosses(void **state)
{
    (void)state;
    struct graph *g = residual();
    const int group_of[] = {0, 0, -1, 1, 1};
    struct analysis *a = analysed(g, &(struct grouping){.n_groups = 2, .group_of = group_of});
    assert_int_equal(a->group_bytes[0], X + W + B + X);
    assert_int_equal(a->group_bytes[1], X + W + X);
    assert_int_equal(a->bytes.fused, 4 * X + 2 * W + B);
    /* 32 outputs x 2 taps; + 32 biases + 32 comparisons, then + 32 additions */
    assert_int_equal(a->group_cost[0].macs, 64);
    assert_int_equal(a->group_cost[0].flops, 2 * 64 + 32 + 32);
    assert_int_equal(a->group_cost[1].flops, 2 * 64 + 32);
    analysis_free(a);
    graph_free(g);
}

/* A group that ends inside the graph writes what others read, even through a view; a value used inside stays there. */
static void values_used_inside_and_outside_are_written_once(void **state)
{
    (void)state;
    struct graph *g = residual();
    const int group_of[] = {0, 1, -1, 1, 2};
    struct analysis *a = analysed(g, &(struct grouping){.n_groups = 3, .group_of = group_of});
    assert_int_equal(a->group_bytes[0], X + W + B + X);
    assert_int_equal(a->group_bytes[1], X + W + X + X); /* reads a, w; writes r (for add) and c */
    assert_int_equal(a->group_bytes[2], X + X + X);
    analysis_free(a);
    graph_free(g);
}

static void memory_is_as_derived(void **state)
{
    (void)state;
    struct graph *g = residual();
    struct analysis *a = analysed(g, NULL);
    assert_int_equal(a->memory.weights, W + B);
    assert_int_equal(a->memory.activations, 4 * X); /* conv, relu, again, add; the view is free */
    /* conv: x, a | relu: a, r | again: r (as v), c | add: r, c, y: three at once, at node 4 */
    assert_int_equal(a->memory.peak_live, 3 * X);
    assert_int_equal(a->memory.peak_node, 4);
    analysis_free(a);
    graph_free(g);
}

static void params_belong_to_their_first_user(void **state)
{
    (void)state;
    struct graph *g = residual();
    struct analysis *a = analysed(g, NULL);
    assert_int_equal(a->params, 4 + 2);
    assert_int_equal(a->nodes[0].params, 4 + 2);
    assert_int_equal(a->nodes[3].params, 0);
    assert_int_equal(a->kinds[KIND_POINTWISE].params, 6);
    assert_int_equal(a->kinds[KIND_POINTWISE].nodes, 2);
    assert_int_equal(a->kinds[KIND_POINTWISE].bytes, 2 * X + W + B + 2 * X + W);
    assert_int_equal(a->kinds[KIND_MOVE].nodes, 1);
    assert_int_equal(a->total.macs, 128);
    analysis_free(a);
    graph_free(g);
}

/* Joins and cuts that run nothing: each half is read where it is used, the whole is never copied. */
static void joins_outside_groups_cost_nothing(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = graph_new("join", "test", 1 << 20);
    layer x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){1, 2, 4, 4});
    layer a1 = node(g, "Relu", "a", 1, &x), b1 = node(g, "Tanh", "b", 1, &x);
    struct node *join = graph_node(g, "Concat", "", "join", NULL, 2, (layer[]){a1, b1}, 1);
    node_set_int(g, join, "axis", 1);
    assert_ok(ops_infer_node(g, join, &e), &e);
    graph_output(g, node(g, "Sigmoid", "s", 1, join->out));
    const int group_of[] = {0, 1, -1, 2};
    struct analysis *a = analysed(g, &(struct grouping){.n_groups = 3, .group_of = group_of});
    assert_int_equal(a->bytes.fused, 2 * X + 2 * X + (2 * X + 2 * X)); /* a, b, s on the joined 2X */
    assert_int_equal(a->bytes.unfused, 2 * X + 2 * X + 4 * X + 4 * X); /* the copy too */
    analysis_free(a);
    graph_free(g);
}

/* x * x reads x once; an output that nobody needs still lives while it is made. */
static void operands_that_repeat_and_results_that_end(void **state)
{
    (void)state;
    struct graph *g = graph_new("square", "test", 1 << 20);
    layer x = graph_input(g, "x", DTYPE_F16, 1, (const int64_t[]){100});
    node(g, "Exp", "unused", 1, &x);
    graph_output(g, node(g, "Mul", "square", 2, (layer[]){x, x}));
    struct analysis *a = analysed(g, NULL);
    assert_int_equal(a->nodes[1].read_bytes, 200);
    assert_int_equal(a->memory.peak_live, 400);
    assert_int_equal(a->bytes.ideal, 400);
    analysis_free(a);
    graph_free(g);
}

/* Shape arithmetic is no data: nothing is read, written or kept alive for it. */
static void shape_arithmetic_is_free(void **state)
{
    (void)state;
    struct graph *g = graph_new("shape", "test", 1 << 20);
    layer x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){1, 2, 4, 4});
    layer r = node(g, "Relu", "r", 1, &x), dims = node(g, "Shape", "dims", 1, &x);
    r = node(g, "Tanh", "t", 1, &r);
    graph_output(g, node(g, "Reshape", "back", 2, (layer[]){r, dims}));
    struct analysis *a = analysed(g, NULL);
    assert_int_equal(a->bytes.unfused, 4 * X);
    assert_int_equal(a->memory.peak_live, 2 * X); /* x ends with the relu, although its shape is used later */
    analysis_free(a);
    graph_free(g);
}

static void a_graph_without_shapes_is_refused(void **state)
{
    (void)state;
    gable_error e = {0};
    struct analysis *a = NULL;
    struct graph *g = graph_new("raw", "test", 1 << 20);
    layer x = graph_input(g, "x", DTYPE_F32, 1, (const int64_t[]){4});
    struct node *n = graph_node(g, "Relu", "", "n", NULL, 1, &x, 1);
    graph_output(g, n->out[0]);
    assert_int_equal(analysis_new(g, NULL, &a, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "no known shapes");
    assert_null(a);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traffic_is_as_derived),
        cmocka_unit_test(groups_pay_only_what_crosses),
        cmocka_unit_test(values_used_inside_and_outside_are_written_once),
        cmocka_unit_test(memory_is_as_derived),
        cmocka_unit_test(params_belong_to_their_first_user),
        cmocka_unit_test(joins_outside_groups_cost_nothing),
        cmocka_unit_test(operands_that_repeat_and_results_that_end),
        cmocka_unit_test(shape_arithmetic_is_free),
        cmocka_unit_test(a_graph_without_shapes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
