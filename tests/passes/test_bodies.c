/* Bodies of If and Loop are cleaned too, those of loops only where shapes do not matter; both graphs run. */
#include "check.h"
#include "made.h"
#include "ops/ops.h"
#include "passes/passes.h"

#include <string.h>

static struct tensor *input(struct graph *g) { return graph_input(g, "x", DTYPE_F32, 2, (const int64_t[]){3, 4}); }
static struct tensor *one(struct graph *g, const char *op, struct tensor *x) { return made_node(g, op, 1, &x); }
static struct tensor *swish(struct graph *g, struct tensor *x) { return made_pair(g, "Mul", x, one(g, "Sigmoid", x)); }
/* Bodies see the names of their parents: theirs must be others. */
static struct tensor *named(struct graph *g, const char *op, const char *name, struct tensor *x)
{
    return graph_node(g, op, "", name, NULL, 1, &x, 1)->out[0];
}

static struct tensor *is_positive(struct graph *g, struct tensor *x)
{
    struct tensor *most = one(g, "ReduceMax", x);
    node_set_int(g, most->producer, "keepdims", 0);
    return made_pair(g, "Greater", most, graph_constant_real(g, "zero", DTYPE_F32, 0));
}

/* then: a transposition that changes nothing, a swish; a dead node that alone captures `unread`. else: -x */
static struct node *branches(struct graph *g)
{
    struct tensor *x = input(g), *unread = one(g, "Exp", x);
    struct graph *yes = graph_body(g, "yes"), *no = graph_body(g, "no");
    struct tensor *inner = graph_capture(yes, x), *condition = is_positive(g, x);
    struct tensor *same = named(yes, "Transpose", "same", inner);
    node_set_ints(yes, same->producer, "perm", 2, (const int64_t[]){0, 1});
    named(yes, "Abs", "dead", graph_capture(yes, unread));
    struct tensor *gate = named(yes, "Sigmoid", "gate", same), *in[] = {same, gate};
    graph_output(yes, graph_node(yes, "Mul", "", "product", NULL, 2, in, 1)->out[0]);
    graph_output(no, named(no, "Neg", "minus", graph_capture(no, x)));
    struct node *n = graph_node(g, "If", "", "if", NULL, 1, &condition, 1);
    node_set_graph(g, n, "then_branch", yes);
    node_set_graph(g, n, "else_branch", no);
    graph_output(g, n->out[0]);
    return n;
}

static const struct graph *body_of(const struct node *n, const char *name) { return node_attribute(n, name)->graph; }

static void branches_are_cleaned(void **state)
{
    (void)state;
    struct graph *g = graph_new("g", "t", 1 << 20);
    g->opset = 17;
    const struct node *n = branches(g);
    made_check(g, "branches", 4, 3, 1e-6); /* Exp is dead when nobody captures it */
    const struct graph *yes = body_of(n, "then_branch");
    assert_int_equal(yes->n_nodes, 1);
    assert_string_equal(yes->nodes[0]->op_type, "Swish");
    assert_int_equal(yes->n_captures, 1);
    assert_int_equal(body_of(n, "else_branch")->n_nodes, 1);
    graph_free(g);
}

/* x swish(x), three times; the Reshape keeps the shape that the loop begins with, as far as anybody knows. */
static struct node *loop(struct graph *g)
{
    static const int64_t trips[] = {3}, yes[] = {1}, size[] = {3, 4};
    struct tensor *x = input(g), *n_trips = graph_initializer(g, "trips", ROLE_CONSTANT, DTYPE_S64, 0, NULL);
    struct tensor *goes_on = graph_initializer(g, "yes", ROLE_CONSTANT, DTYPE_BOOL, 0, NULL);
    struct graph *body = graph_body(g, "body");
    n_trips->ints = trips;
    goes_on->ints = yes;
    graph_input(body, "trip", DTYPE_S64, 0, NULL);
    struct tensor *on = graph_input(body, "on", DTYPE_BOOL, 0, NULL);
    struct tensor *carried = graph_input(body, "carried", DTYPE_F32, 2, size);
    struct tensor *in[] = {carried, graph_constant_ints(body, "size", 2, size)};
    struct tensor *t = graph_node(body, "Reshape", "", "reshape", NULL, 2, in, 1)->out[0];
    struct tensor *gates[] = {t, named(body, "Sigmoid", "gate", t)};
    graph_output(body, named(body, "Identity", "still", on));
    graph_output(body, graph_node(body, "Mul", "", "product", NULL, 2, gates, 1)->out[0]);
    struct node *n = graph_node(g, "Loop", "", "loop", NULL, 3, (struct tensor *[]){n_trips, goes_on, x}, 1);
    node_set_graph(g, n, "body", body);
    graph_output(g, swish(g, n->out[0]));
    return n;
}

static void loops_are_cleaned_where_shapes_do_not_matter(void **state)
{
    (void)state;
    struct graph *g = graph_new("g", "t", 1 << 20);
    g->opset = 17;
    const struct node *n = loop(g);
    made_check(g, "a loop", 3, 2, 1e-6);
    const struct graph *body = body_of(n, "body");
    assert_int_equal(body->n_nodes, 3); /* reshape, swish, identity */
    for (int i = 0; i < body->n_nodes; i++) assert_true(strcmp(body->nodes[i]->op_type, "Sigmoid") != 0);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_are_cleaned),
        cmocka_unit_test(loops_are_cleaned_where_shapes_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
