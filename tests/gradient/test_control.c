/* Bodies: If, Loop, Scan, their gradients by rule against finite differences; what is not followed is named. */
#include "check.h"
#include "ops/ops.h"
#include "rule_case.h"

static struct tensor *made(struct graph *body, const char *op, struct tensor *a, struct tensor *b)
{
    struct tensor *in[] = {a, b};
    return graph_node(body, op, "", op, NULL, b ? 2 : 1, in, 1)->out[0];
}
static struct graph *branch(struct graph *g, const char *op)
{
    struct graph *body = graph_body(g, op);
    struct tensor *x = graph_capture(body, g->inputs[1]), *w = graph_capture(body, g->inputs[2]);
    graph_output(body, made(body, op, made(body, "Mul", x, w), NULL));
    return body;
}
/* Only the condition is an input: the branches capture x and w. */
static void two_branches(struct graph *g, struct node *n)
{
    n->n_in = 1;
    node_set_graph(g, n, "then_branch", branch(g, "Tanh"));
    node_set_graph(g, n, "else_branch", branch(g, "Sin"));
}
static void known(struct graph *g, struct node *n, int64_t which)
{
    struct tensor *condition = graph_constant_ints(g, "known", 1, &which);
    tensor_set_shape(g, condition, DTYPE_BOOL, 0, NULL);
    two_branches(g, n);
    n->in[0] = condition;
}
static void first_taken(struct graph *g, struct node *n) { known(g, n, 1); }
static void second_taken(struct graph *g, struct node *n) { known(g, n, 0); }
/* The other branch, by a node before this one. */
static void the_other(struct graph *g, struct node *n)
{
    gable_error e = {0};
    two_branches(g, n);
    n->in[0] = made(g, "Not", n->in[0], NULL);
    struct node *turned = n->in[0]->producer;
    g->nodes[0] = turned;
    g->nodes[1] = n;
    turned->index = 0;
    n->index = 1;
    assert_ok(ops_infer_node(g, turned, &e), &e);
}
static void an_if_is_its_branch(void **state)
{
    static const struct rule_case row = {"If", "", {"b()", "2x3", "3"}};
    (void)state;
    rules_hold_with(&row, 1, first_taken);
    rules_hold_with(&row, 1, second_taken);
    rules_hold_with(&row, 1, two_branches);
    rules_hold_with(&row, 1, the_other);
}

/* h = tanh(h w + x), stacked too: w is captured. */
static void recurrence(struct graph *g, struct graph *body, struct tensor *h, struct tensor *x)
{
    struct tensor *w = graph_capture(body, g->inputs[g->n_inputs - 1]);
    struct tensor *next = made(body, "Tanh", made(body, "Add", made(body, "MatMul", h, w), x), NULL);
    graph_output(body, next);
    graph_output(body, made(body, "Sin", next, NULL));
}
static struct tensor *body_input(struct graph *body, const char *name)
{
    return graph_input(body, name, DTYPE_F64, 2, (const int64_t[]){2, 3});
}
static void scan_body(struct graph *g, struct node *n)
{
    struct graph *body = graph_body(g, "body");
    struct tensor *h = body_input(body, "h"), *x = body_input(body, "x");
    n->n_in = 2;
    recurrence(g, body, h, x);
    node_set_graph(g, n, "body", body);
}
static void a_scan_is_its_passes(void **state)
{
    static const struct rule_case cases[] = {
        {"Scan", "num_scan_inputs=1 OUTPUTS=2", {"2x3", "4x2x3", "3x3"}},
        {"Scan", "num_scan_inputs=1 OUTPUTS=2 scan_input_axes=[1] scan_output_axes=[-1]", {"2x3", "2x4x3", "3x3"}},
        {"Scan",
         "num_scan_inputs=1 OUTPUTS=2 scan_input_directions=[1] scan_output_directions=[1]",
         {"2x3", "1x2x3", "3x3"}},
        {"Scan", "num_scan_inputs=1 OUTPUTS=2 scan_output_directions=[1]", {"2x3", "3x2x3", "3x3"}},
    };
    (void)state;
    rules_hold_with(cases, COUNT_OF(cases), scan_body);
}

static struct graph *loop_head(struct graph *g, struct tensor **going)
{
    struct graph *body = graph_body(g, "body");
    graph_input(body, "i", DTYPE_S64, 0, NULL);
    *going = graph_input(body, "going", DTYPE_BOOL, 0, NULL);
    return body;
}
/* The pass's number is added to what is carried. */
static void loop_body(struct graph *g, struct node *n)
{
    struct tensor *going;
    struct graph *body = loop_head(g, &going);
    struct tensor *h = body_input(body, "h");
    struct node *number = graph_node(body, "Cast", "", "number", NULL, 1, &body->inputs[0], 1);
    node_set_int(body, number, "to", 11);
    n->n_in = 3;
    graph_output(body, going);
    recurrence(g, body, h, number->out[0]);
    node_set_graph(g, n, "body", body);
}
static void while_body(struct graph *g, struct node *n)
{
    struct tensor *going;
    struct graph *body = loop_head(g, &going);
    struct tensor *h = body_input(body, "h");
    struct node *sum = graph_node(body, "ReduceSum", "", "sum", NULL, 1, &h, 1);
    node_set_int(body, sum, "keepdims", 0);
    n->n_in = 3;
    graph_output(body, made(body, "Less", sum->out[0], graph_constant_real(body, "bound", DTYPE_F64, 5)));
    recurrence(g, body, h, h);
    node_set_graph(g, n, "body", body);
}
static void within(struct graph *g, struct node *n)
{
    struct tensor *going;
    struct graph *body = loop_head(g, &going), *inner;
    struct tensor *h = body_input(body, "h"), *condition = graph_input(body, "c", DTYPE_BOOL, 0, NULL);
    struct node *chosen = graph_node(body, "If", "", "if", NULL, 1, &condition, 1);
    body->n_inputs--;
    inner = graph_body(body, "inner");
    graph_output(inner, made(inner, "Tanh", graph_capture(inner, h), NULL));
    node_set_graph(body, chosen, "then_branch", inner);
    node_set_graph(body, chosen, "else_branch", inner);
    chosen->in[0] = body->inputs[1];
    n->n_in = 3;
    graph_output(body, going);
    graph_output(body, chosen->out[0]);
    node_set_graph(g, n, "body", body);
}
static void a_loop_is_its_passes(void **state)
{
    static const struct rule_case cases[] = {
        {"Loop", "OUTPUTS=2", {"c3", "-", "2x3", "3x3"}},
        {"Loop", "OUTPUTS=2", {"c1", "c1", "2x3", "3x3"}},
        {"Loop", "OUTPUTS=1", {"c2", "-", "2x3", "3x3"}},
    };
    (void)state;
    rules_hold_with(cases, COUNT_OF(cases), loop_body);
}
static void what_is_not_followed_is_named(void **state)
{
    (void)state;
    rule_refuses_with(&(struct rule_case){"Loop", "OUTPUTS=1", {"c3", "-", "2x3", "3x3"}}, while_body,
                      "data say how often it runs its body");
    rule_refuses_with(&(struct rule_case){"Loop", "OUTPUTS=1", {"i5:()", "-", "2x3", "3x3"}}, loop_body,
                      "or as often as data say");
    rule_refuses_with(&(struct rule_case){"Loop", "OUTPUTS=1", {"c3", "-", "2x3", "3x3"}}, within,
                      "a body within its body is not followed");
    rule_refuses_with(&(struct rule_case){"Loop", "OUTPUTS=1", {"c100000", "-", "2x3", "3x3"}}, loop_body,
                      "100000 passes are more than");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_if_is_its_branch),
        cmocka_unit_test(a_scan_is_its_passes),
        cmocka_unit_test(a_loop_is_its_passes),
        cmocka_unit_test(what_is_not_followed_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
