/* Rules for operators without a row: what they count, and what is refused with its place. */
#include "check.h"
#include "ops/taught.h"

#include <stdio.h>
#include <string.h>

static struct graph *foo_graph(void)
{
    static const int64_t x[] = {2, 4, 6, 5}, w[] = {8, 2, 3, 3}, y[] = {2, 8, 6, 5};
    struct graph *g = graph_new("test", "test", 1 << 20);
    struct tensor *in[] = {graph_input(g, "x", DTYPE_F32, 4, x),
                           graph_initializer(g, "w", ROLE_WEIGHT, DTYPE_F32, 4, w)};
    struct node *n = graph_node(g, "Foo", "my", "foo", NULL, 2, in, 1);
    node_set_int(g, n, "group", 2);
    node_set_ints(g, n, "taps", 2, (const int64_t[]){3, 5});
    tensor_set_shape(g, n->out[0], DTYPE_F32, 4, y);
    graph_output(g, n->out[0]);
    return g;
}

/* The cost of foo_graph's node under a rule; an error's sentence in e. */
static gable_status counted(const char *yaml, struct cost *cost, gable_error *e)
{
    struct graph *g = foo_graph();
    struct taught *t = NULL;
    int n_used = 0;
    *e = (gable_error){0};
    assert_ok(ops_infer(g, e), e);
    gable_status s = taught_parse("r.yaml", yaml, strlen(yaml), &t, e);
    if (!s) s = taught_apply(t, g, &n_used, e);
    if (!s) {
        assert_int_equal(n_used, 1);
        *cost = op_cost(g->nodes[0]);
        assert_int_equal(g->nodes[0]->op->certainty, COST_TAUGHT);
    }
    graph_free(g);
    taught_free(t);
    return s;
}

#define FOO "rules:\n- op: Foo\n  domain: my\n"

/* y is 2x8x6x5 = 480 elements, w is 8x2x3x3, group 2, taps 3 and 5 */
static void expressions_are_evaluated(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        int64_t macs, flops;
    } rows[] = {
        {"  macs: numel(y0) * dim(x1, 1) * dim(x1, 2) * dim(x1, -1)\n", 480 * 2 * 9, 2 * 480 * 2 * 9},
        {"  flops: 2 * macs + numel(y0)\n  macs: 7 * numel(x0)\n", 7 * 240, 14 * 240 + 480},
        {"  let: {k: a * a, a: attr(group)}\n  macs: k * 100\n", 400, 800},
        {"  macs: attr_at(taps, 1) * attr_at(taps, 9, 11) * attr(none, 13)\n", 5 * 11 * 13, 2 * 5 * 11 * 13},
        {"  macs: min(rank(x0), 3) + max(2, 9) + floor(7 / 2) + ceil(7 / 2)\n", 3 + 9 + 3 + 4, 2 * 19},
        {"  macs: \"0\"\n  source: nothing multiplies\n", 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char yaml[512];
        struct cost cost;
        gable_error e;
        snprintf(yaml, sizeof yaml, FOO "%s", rows[i].rest);
        assert_ok(counted(yaml, &cost, &e), &e);
        assert_int_equal(cost.macs, rows[i].macs);
        assert_int_equal(cost.flops, rows[i].flops);
    }
}

static void faults_are_named_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *where, *why;
    } rows[] = {
        {FOO "  macs: numel(y0) * k\n", "r.yaml:4:21", "unknown name 'k'"},
        {FOO "  macs: \"numel(y0) * nume(y0)\"\n", "r.yaml:4:22", "unknown function 'nume'"},
        {FOO "  let: {a: b + 1, b: 2 * a}\n  macs: a\n", "r.yaml:4:12", "a cycle"},
        {FOO "  macs: macs + 1\n", "r.yaml:4:9", "unknown name 'macs'"},
        {FOO "  macs: numel(z0)\n", "r.yaml:4:9", "an output y0"},
        {FOO "  macs: dim(x0)\n", "r.yaml:4:9", "wrong number of arguments"},
        {FOO "  macs: min(1)\n", "r.yaml:4:9", "takes two arguments"},
        {FOO "  macs: 2 *\n", "r.yaml:4:12", "expected a number"},
        {FOO "  mac: 2\n", "r.yaml:4:3", "did you mean 'macs'"},
        {FOO "  let: {a: 1}\n", "r.yaml:2:3", "'macs' is missing"},
        {"rules:\n- macs: 1\n", "r.yaml:2:3", "'op' is missing"},
        {"rules:\n- op: Conv\n  macs: 1\n", "r.yaml:2:3", "has a row of its own"},
        {FOO "  macs: 1\n- {op: Foo, domain: my, macs: 2}\n", "r.yaml:5:3", "a second rule"},
        {FOO "  macs: 1\n  macs: 2\n", "r.yaml:5:3", "given twice"},
        {"rule:\n- 1\n", "r.yaml:1:1", "'rules:'"},
        {"", "r.yaml", "'rules:'"},
        {"rules: [", "r.yaml:2:1", "not YAML"},
        /* these need a node's shapes */
        {FOO "  macs: dim(x0, 4)\n", "r.yaml: the rule on line 2 for node foo (Foo)", "has no axis 4"},
        {FOO "  macs: numel(x2)\n", "r.yaml: the rule on line 2", "the node has no x2"},
        {FOO "  macs: attr(none)\n", "r.yaml: the rule on line 2", "no attribute 'none'"},
        {FOO "  macs: 1 / (attr(group) - 2)\n", "r.yaml: the rule on line 2", "division by zero"},
        {FOO "  macs: 1 / 2\n", "r.yaml: the rule on line 2", "macs gives 0.5"},
        {FOO "  macs: 1 - 2\n", "r.yaml: the rule on line 2", "expected a whole number"},
        {FOO "  macs: 10\n  flops: macs\n", "r.yaml: the rule on line 2", "less than 2 x 10 macs"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cost cost;
        gable_error e;
        assert_int_equal(counted(rows[i].yaml, &cost, &e), GABLE_BAD_INPUT);
        if (!strstr(e.where, rows[i].where) || !strstr(e.why, rows[i].why))
            fail_msg("row %zu: '%s: %s', not '%s: ... %s'", i, e.where, e.why, rows[i].where, rows[i].why);
    }
}

/* Names that multiply by themselves 2^15 times are evaluated once each. */
static void names_are_evaluated_once(void **state)
{
    (void)state;
    char yaml[2048] = FOO "  let:\n    a0: 1\n";
    struct cost cost;
    gable_error e;
    for (int i = 1; i < TAUGHT_LETS_MAX; i++)
        snprintf(yaml + strlen(yaml), sizeof yaml - strlen(yaml), "    a%d: a%d+a%d\n", i, i - 1, i - 1);
    snprintf(yaml + strlen(yaml), sizeof yaml - strlen(yaml), "  macs: a15\n");
    assert_ok(counted(yaml, &cost, &e), &e);
    assert_int_equal(cost.macs, 1 << 15);
}

/* Without a rule the node is unknown, costs nothing, and is said to be missing. */
static void without_a_rule_a_node_is_unknown(void **state)
{
    (void)state;
    struct graph *g = foo_graph();
    struct coverage c;
    gable_error e = {0};
    assert_ok(ops_infer(g, &e), &e);
    coverage_find(g, &c);
    assert_int_equal(c.n_nodes, 1);
    assert_int_equal(c.n[COST_UNKNOWN], 1);
    assert_false(coverage_is_complete(&c));
    assert_int_equal(op_cost(g->nodes[0]).flops, 0);
    graph_free(g);
    assert_int_equal(op_find("", "TopK")->certainty, COST_BOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_are_evaluated),
        cmocka_unit_test(faults_are_named_with_their_place),
        cmocka_unit_test(names_are_evaluated_once),
        cmocka_unit_test(without_a_rule_a_node_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
