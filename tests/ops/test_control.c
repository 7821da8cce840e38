/* Bodies: shapes in and out, costs as often as they run, what they capture kept alive; sequences; bounds that data
   decide and what follows from them. */
#include "check.h"
#include "ops/analysis.h"

#include <string.h>

static struct tensor *input(struct graph *g, const char *name, enum dtype d, int rank, const int64_t *dim)
{
    return graph_input(g, name, d, rank, dim);
}

static struct tensor *single(struct graph *g, const char *op, struct tensor *a, struct tensor *b)
{
    struct tensor *in[] = {a, b};
    return graph_node(g, op, "", op, NULL, b ? 2 : 1, in, 1)->out[0];
}

static struct tensor *constant(struct graph *g, int64_t value)
{
    struct tensor *t = graph_constant_ints(g, "c", 1, &value);
    t->shape.rank = 0;
    return t;
}

static struct graph *branch(struct graph *g, const char *op, struct tensor *captured)
{
    struct graph *body = graph_body(g, op);
    graph_output(body, single(body, op, graph_capture(body, captured), NULL));
    return body;
}

/* Sigmoid 4 per element, Relu 1. */
static struct node *make_if(struct graph *g, struct tensor *condition, struct tensor *x)
{
    struct node *n = graph_node(g, "If", "", "if", NULL, 1, &condition, 1);
    node_set_graph(g, n, "then_branch", branch(g, "Sigmoid", x));
    node_set_graph(g, n, "else_branch", branch(g, "Relu", x));
    return n;
}

static void an_if_counts_its_branch(void **state)
{
    (void)state;
    for (int known = -1; known < 2; known++) {
        gable_error e = {0};
        struct graph *g = graph_new("g", "t", 1 << 20);
        struct tensor *x = input(g, "x", DTYPE_F32, 2, (const int64_t[]){2, 5});
        struct node *n = make_if(g, known < 0 ? input(g, "c", DTYPE_BOOL, 0, NULL) : constant(g, known), x);
        assert_ok(ops_infer_node(g, n, &e), &e);
        assert_int_equal(n->out[0]->shape.dim[1], 5);
        assert_int_equal(op_cost(n).flops, known == 1 ? 40 : 10);
        assert_int_equal(node_certainty(n), known < 0 ? COST_BOUND : COST_EXACT);
        graph_free(g);
    }
}

/* One branch is for other shapes than the input has: the other one it is, for sure. Both for others: an error. */
static void a_branch_for_other_shapes_is_not_taken(void **state)
{
    (void)state;
    for (int unfit = 0; unfit < 3; unfit++) {
        gable_error e = {0};
        struct graph *g = graph_new("g", "t", 1 << 20);
        struct tensor *x = input(g, "x", DTYPE_F32, 2, (const int64_t[]){2, 5}),
                      *c = input(g, "c", DTYPE_BOOL, 0, NULL);
        struct node *n = graph_node(g, "If", "", "if", NULL, 1, &c, 1);
        node_set_graph(g, n, "then_branch", branch(g, unfit != 1 ? "GlobalMaxPool" : "Sigmoid", x));
        node_set_graph(g, n, "else_branch", branch(g, unfit != 0 ? "GlobalMaxPool" : "Relu", x));
        gable_status s = ops_infer_node(g, n, &e);
        if (unfit == 2) {
            assert_int_equal(s, GABLE_BAD_INPUT);
            assert_contains(e.where, "then_branch");
        } else {
            assert_ok(s, &e);
            assert_int_equal(n->out[0]->shape.dim[1], 5);
            assert_int_equal(op_cost(n).flops, unfit ? 40 : 10);
            assert_int_equal(node_certainty(n), COST_EXACT);
        }
        graph_free(g);
    }
}

/* Branches of 2 x 5 and of 2 x 10: at most 2 x 10, and so all that follows. */
static void branches_may_differ_in_size(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *x = input(g, "x", DTYPE_F32, 2, (const int64_t[]){2, 5}), *c = input(g, "c", DTYPE_BOOL, 0, NULL);
    struct node *n = graph_node(g, "If", "", "if", NULL, 1, &c, 1);
    struct graph *wide = graph_body(g, "wide");
    struct tensor *inner = graph_capture(wide, x), *twice[] = {inner, inner};
    struct node *join = graph_node(wide, "Concat", "", "join", NULL, 2, twice, 1);
    node_set_int(wide, join, "axis", 1);
    graph_output(wide, join->out[0]);
    node_set_graph(g, n, "then_branch", wide);
    node_set_graph(g, n, "else_branch", branch(g, "Relu", x));
    graph_output(g, single(g, "Relu", n->out[0], NULL));
    assert_ok(ops_infer(g, &e), &e);
    assert_int_equal(n->out[0]->shape.dim[1], 10);
    assert_true(n->out[0]->is_at_most && g->outputs[0]->is_at_most);
    assert_int_equal(node_certainty(g->nodes[1]), COST_MOST);
    graph_free(g);
}

/* A loop of `trips` passes over a carried 4: each adds it to itself and stacks the sum. */
static struct node *make_loop(struct graph *g, struct tensor *trips, struct tensor *goes_on, struct tensor *x)
{
    struct tensor *in[] = {trips, goes_on, x};
    struct node *n = graph_node(g, "Loop", "", "loop", NULL, 3, in, 2);
    struct graph *body = graph_body(g, "body");
    graph_input(body, "i", DTYPE_S64, 0, NULL);
    struct tensor *again = graph_input(body, "again", DTYPE_BOOL, 0, NULL);
    struct tensor *carried = graph_input(body, "v", DTYPE_F32, 0, NULL);
    struct tensor *sum = single(body, "Add", carried, carried);
    graph_output(body, single(body, "Identity", again, NULL));
    graph_output(body, sum);
    graph_output(body, sum);
    node_set_graph(g, n, "body", body);
    return n;
}

static void a_loop_counts_its_passes(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *x = input(g, "x", DTYPE_F32, 1, (const int64_t[]){4});
    struct node *n = make_loop(g, constant(g, 7), constant(g, 1), x);
    assert_ok(ops_infer_node(g, n, &e), &e);
    assert_int_equal(n->out[0]->shape.dim[0], 4);
    assert_int_equal(n->out[1]->shape.rank, 2);
    assert_int_equal(n->out[1]->shape.dim[0], 7);
    assert_int_equal(op_cost(n).flops, 7 * 4);
    assert_int_equal(node_certainty(n), COST_EXACT);
    n = make_loop(g, constant(g, 7), input(g, "c", DTYPE_BOOL, 0, NULL), x); /* may end early */
    assert_ok(ops_infer_node(g, n, &e), &e);
    assert_true(n->out[1]->is_at_most && !n->out[0]->is_at_most);
    assert_int_equal(node_certainty(n), COST_MOST);
    n = make_loop(g, constant(g, INT64_C(1) << 62), constant(g, 1), x);
    n->n_out = 1; /* what it stacks would not fit */
    assert_ok(ops_infer_node(g, n, &e), &e);
    assert_true(op_cost(n).flops == COUNT_MAX);
    n = make_loop(g, input(g, "m", DTYPE_S64, 0, NULL), constant(g, 1), x);
    assert_int_equal(ops_infer_node(g, n, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "how often");
    graph_free(g);
}

/* 6 rows of 4, scanned: each is added to what is carried. */
static void a_scan_counts_its_length(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *in[] = {input(g, "s", DTYPE_F32, 1, (const int64_t[]){4}),
                           input(g, "x", DTYPE_F32, 2, (const int64_t[]){6, 4})};
    struct node *n = graph_node(g, "Scan", "", "scan", NULL, 2, in, 2);
    struct graph *body = graph_body(g, "body");
    struct tensor *a = graph_input(body, "a", DTYPE_F32, 0, NULL), *b = graph_input(body, "b", DTYPE_F32, 0, NULL);
    struct tensor *sum = single(body, "Add", a, b);
    graph_output(body, sum);
    graph_output(body, sum);
    node_set_graph(g, n, "body", body);
    node_set_int(g, n, "num_scan_inputs", 1);
    assert_ok(ops_infer_node(g, n, &e), &e);
    assert_int_equal(n->out[0]->shape.dim[0], 4);
    assert_int_equal(n->out[1]->shape.dim[0], 6);
    assert_int_equal(n->out[1]->shape.dim[1], 4);
    assert_int_equal(op_cost(n).flops, 6 * 4);
    graph_free(g);
}

/* x lives until the If that captures it, and is read by it: 40 bytes in, 40 out. */
static void what_a_body_captures_is_a_use(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *x = input(g, "x", DTYPE_F32, 2, (const int64_t[]){2, 5});
    struct tensor *made = single(g, "Relu", x, NULL);
    single(g, "Neg", x, NULL);
    struct node *n = make_if(g, input(g, "c", DTYPE_BOOL, 0, NULL), made);
    graph_output(g, n->out[0]);
    assert_ok(ops_infer(g, &e), &e);
    assert_ok(graph_check(g, &e), &e);
    struct analysis *a = NULL;
    assert_ok(analysis_new(g, NULL, &a, &e), &e);
    assert_int_equal(a->nodes[2].read_bytes, 40 + 1);
    struct storage s;
    assert_true(storage_find(g, false, a->arena, &s));
    assert_int_equal(s.last_use[made->index], 2);
    analysis_free(a);
    graph_free(g);
}

/* A node with a body moves what the body's nodes move in all passes. */
static void bodies_move_what_their_nodes_do(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *x = input(g, "x", DTYPE_F32, 1, (const int64_t[]){4});
    struct node *loop = make_loop(g, constant(g, 7), constant(g, 1), x);
    struct node *choice = graph_node(g, "If", "", "if", NULL, 1, (struct tensor *[]){constant(g, 1)}, 1);
    struct graph *scales = graph_body(g, "scales");
    struct tensor *w = graph_initializer(scales, "w", ROLE_WEIGHT, DTYPE_F32, 2, (const int64_t[]){5, 4});
    graph_output(scales, single(scales, "Mul", graph_capture(scales, x), w));
    node_set_graph(g, choice, "then_branch", scales);
    node_set_graph(g, choice, "else_branch", branch(g, "Relu", x));
    graph_output(g, loop->out[0]);
    graph_output(g, choice->out[0]);
    assert_ok(ops_infer(g, &e), &e);
    struct analysis *a = NULL;
    assert_ok(analysis_new(g, NULL, &a, &e), &e);
    assert_int_equal(a->nodes[0].read_bytes, 7 * 16);
    assert_int_equal(a->nodes[0].write_bytes, 7 * 16);
    assert_int_equal(a->nodes[1].read_bytes, 16);
    assert_int_equal(a->nodes[1].weight_bytes, 80);
    assert_int_equal(a->nodes[1].write_bytes, 80);
    assert_int_equal(a->bytes.unfused, 2 * 7 * 16 + 16 + 80 + 80);
    assert_int_equal(a->bytes.fused, a->bytes.unfused);
    assert_int_equal(a->bytes.ideal, 16 + 80 + 16 + 80);       /* x, w; both outputs */
    assert_int_equal(a->memory.activations, 16 + 7 * 16 + 80); /* what the nodes themselves give */
    analysis_free(a);
    graph_free(g);
}

static void a_capture_of_a_later_tensor_is_refused(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *x = input(g, "x", DTYPE_F32, 1, (const int64_t[]){4});
    struct node *n = make_if(g, constant(g, 1), x);
    struct tensor *later = single(g, "Relu", x, NULL);
    n->attributes[0].graph->captures[0].outer = later;
    graph_output(g, n->out[0]);
    assert_int_equal(graph_check(g, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "made by a later node");
    graph_free(g);
}

static void sequences_keep_the_shape_of_their_elements(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = graph_new("g", "t", 1 << 20);
    struct tensor *a = input(g, "a", DTYPE_F32, 2, (const int64_t[]){2, 5}),
                  *b = input(g, "b", DTYPE_F32, 2, (const int64_t[]){3, 5});
    struct tensor *same = single(g, "SequenceConstruct", a, a), *other = single(g, "SequenceConstruct", a, b);
    struct node *join = graph_node(g, "ConcatFromSequence", "", "join", NULL, 1, &other, 1);
    struct tensor *at = single(g, "SequenceAt", same, constant(g, 0));
    struct tensor *wrong = single(g, "Relu", same, NULL);
    node_set_int(g, join, "axis", 0);
    for (int i = 0; i < 4; i++) assert_ok(ops_infer_node(g, g->nodes[i], &e), &e);
    assert_int_equal(same->form, FORM_SEQUENCE);
    assert_true(same->has_shape && !other->has_shape);
    assert_int_equal(join->out[0]->shape.dim[0], 5);
    assert_int_equal(at->shape.dim[0], 2);
    assert_int_equal(ops_infer_node(g, wrong->producer, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "is not a tensor");
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_if_counts_its_branch),
        cmocka_unit_test(a_branch_for_other_shapes_is_not_taken),
        cmocka_unit_test(branches_may_differ_in_size),
        cmocka_unit_test(a_loop_counts_its_passes),
        cmocka_unit_test(a_scan_counts_its_length),
        cmocka_unit_test(what_a_body_captures_is_a_use),
        cmocka_unit_test(bodies_move_what_their_nodes_do),
        cmocka_unit_test(a_capture_of_a_later_tensor_is_refused),
        cmocka_unit_test(sequences_keep_the_shape_of_their_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
