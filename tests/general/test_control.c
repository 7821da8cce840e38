/* Bodies: If, Loop, Scan and sequences on graphs made by hand. Bodies use Identity alone, so that what is tested is how
   they run. */
#include "check.h"
#include "engine/general/general.h"

#include <string.h>

static struct general *opened(struct graph *g, gable_error *e, const struct general_options *o)
{
    struct general *s = NULL;
    struct cpus cpus;
    cpus_read("", &cpus);
    assert_ok(graph_check(g, e), e);
    assert_ok(general_open(g, NULL, &cpus, o, &s, e), e);
    return s;
}

static void give(struct general *s, int i, enum dtype d, int rank, const int64_t *dim, const double *values)
{
    struct value v, wide = {.kind = VALUE_TENSOR, .dtype = DTYPE_F64};
    gable_error e = {0};
    assert_ok(value_new(general_pool(s), d, rank, dim, &v, &e), &e);
    wide.n = v.n;
    wide.data = (void *)(uintptr_t)values;
    value_convert(&wide, &v);
    assert_ok(general_set_input(s, i, &v, &e), &e);
    value_release(&v);
}

static struct tensor *copied(struct graph *g, struct tensor *t)
{
    return graph_node(g, "Identity", "", "copy", NULL, 1, &t, 1)->out[0];
}

static void assert_values(const struct value *v, int64_t n, const double *want)
{
    assert_int_equal(v->n, n);
    for (int64_t i = 0; i < n; i++)
        if (value_real(v, i) != want[i]) fail_msg("value %d is %g, not %g", (int)i, value_real(v, i), want[i]);
}

/* If: one branch gives what it captures, the other one what its own branch captures from two graphs out. */
static void a_branch_takes_what_is_around_it(void **state)
{
    (void)state;
    struct graph *g = graph_new("g", "test", 1 << 20), *yes, *no, *inner[2];
    struct tensor *condition = graph_input(g, "c", DTYPE_BOOL, 0, NULL), *nested;
    struct tensor *x = graph_input(g, "x", DTYPE_F32, 0, NULL), *y = graph_input(g, "y", DTYPE_F32, 0, NULL);
    struct node *n = graph_node(g, "If", "", "choice", NULL, 1, &condition, 1);
    graph_output(g, n->out[0]);
    yes = graph_body(g, "yes");
    graph_output(yes, copied(yes, graph_capture(yes, x)));
    no = graph_body(g, "no");
    nested = graph_capture(no, condition);
    struct node *m = graph_node(no, "If", "", "inner", NULL, 1, &nested, 1);
    graph_output(no, m->out[0]);
    for (int i = 0; i < 2; i++) {
        inner[i] = graph_body(no, "inner");
        graph_output(inner[i], graph_capture(inner[i], graph_capture(no, i ? y : x)));
        node_set_graph(no, m, i ? "else_branch" : "then_branch", inner[i]);
    }
    node_set_graph(g, n, "then_branch", yes);
    node_set_graph(g, n, "else_branch", no);
    gable_error e = {0};
    struct general *s = opened(g, &e, NULL);
    give(s, 1, DTYPE_F32, 0, NULL, (const double[]){3});
    give(s, 2, DTYPE_F32, 0, NULL, (const double[]){4});
    for (int pass = 0; pass < 4; pass++) {
        give(s, 0, DTYPE_BOOL, 0, NULL, (const double[]){pass % 2});
        assert_ok(general_run(s, &e), &e);
        assert_values(general_output(s, 0), 1, (const double[]){pass % 2 ? 3 : 4});
    }
    general_close(s);
    graph_free(g);
}

/* Loop: gives its counter (stacked) and swaps the two values that it carries. */
static struct graph *swapping_loop(bool is_endless)
{
    struct graph *g = graph_new("g", "test", 1 << 20), *body;
    struct tensor *in[4] = {graph_input(g, "m", DTYPE_S64, 0, NULL), graph_input(g, "c", DTYPE_BOOL, 0, NULL),
                            graph_input(g, "a", DTYPE_F32, 0, NULL), graph_input(g, "b", DTYPE_F32, 0, NULL)};
    if (is_endless) in[0] = graph_absent(g);
    struct node *n = graph_node(g, "Loop", "", "loop", NULL, 4, in, 3);
    for (int i = 0; i < 3; i++) graph_output(g, n->out[i]);
    body = graph_body(g, "body");
    struct tensor *counter = graph_input(body, "i", DTYPE_S64, 0, NULL), *goes_on, *a, *b;
    goes_on = graph_input(body, "c", DTYPE_BOOL, 0, NULL);
    a = graph_input(body, "a", DTYPE_F32, 0, NULL);
    b = graph_input(body, "b", DTYPE_F32, 0, NULL);
    graph_output(body, copied(body, goes_on));
    graph_output(body, b);
    graph_output(body, a);
    graph_output(body, copied(body, counter));
    body->outputs[3]->dtype = DTYPE_S64;
    node_set_graph(g, n, "body", body);
    return g;
}

static void a_loop_carries_and_stacks(void **state)
{
    (void)state;
    struct graph *g = swapping_loop(false);
    gable_error e = {0};
    struct general *s = opened(g, &e, NULL);
    double counted[100];
    for (int i = 0; i < 100; i++) counted[i] = i;
    give(s, 1, DTYPE_BOOL, 0, NULL, (const double[]){1});
    give(s, 2, DTYPE_F32, 0, NULL, (const double[]){10});
    give(s, 3, DTYPE_F32, 0, NULL, (const double[]){20});
    for (int trips = 0; trips < 100; trips += 33) {
        give(s, 0, DTYPE_S64, 0, NULL, (const double[]){trips});
        assert_ok(general_run(s, &e), &e);
        assert_values(general_output(s, 0), 1, (const double[]){trips % 2 ? 20 : 10});
        assert_values(general_output(s, 1), 1, (const double[]){trips % 2 ? 10 : 20});
        assert_values(general_output(s, 2), trips, counted);
        assert_int_equal(general_output(s, 2)->dtype, DTYPE_S64);
    }
    size_t taken = pool_bytes(general_pool(s));
    assert_ok(general_run(s, &e), &e);
    assert_int_equal(pool_bytes(general_pool(s)), taken);
    give(s, 1, DTYPE_BOOL, 0, NULL, (const double[]){0});
    assert_ok(general_run(s, &e), &e);
    assert_int_equal(general_output(s, 2)->n, 0);
    general_close(s);
    graph_free(g);
}

static void an_endless_loop_is_ended(void **state)
{
    (void)state;
    for (int endless = 0; endless < 2; endless++) {
        struct graph *g = swapping_loop(endless);
        gable_error e = {0};
        struct general *s = opened(g, &e, &(struct general_options){.steps_max = 10000});
        if (!endless) give(s, 0, DTYPE_S64, 0, NULL, (const double[]){0x1p62});
        give(s, 1, DTYPE_BOOL, 0, NULL, (const double[]){1});
        give(s, 2, DTYPE_F32, 0, NULL, (const double[]){10});
        give(s, 3, DTYPE_F32, 0, NULL, (const double[]){20});
        if (endless) give(s, 0, DTYPE_S64, 0, NULL, (const double[]){1});
        assert_int_equal(general_run(s, &e), GABLE_BAD_INPUT);
        assert_contains(e.why, "does a loop not end?");
        assert_contains(e.where, "node loop (Loop)");
        general_close(s);
        graph_free(g);
    }
}

/* Scan: reads x backwards along an axis and stacks what it reads, along an axis. */
static void a_scan_slices_and_stacks_along_its_axes(void **state)
{
    (void)state;
    static const double x[] = {0, 1, 2, 3, 4, 5}; /* 2x3 */
    static const struct {
        int64_t in_axis, out_axis, in_direction, out_direction;
        double want[6];
    } cases[] = {
        {0, 0, 0, 0, {0, 1, 2, 3, 4, 5}},   {0, 0, 1, 0, {3, 4, 5, 0, 1, 2}}, {0, 0, 1, 1, {0, 1, 2, 3, 4, 5}},
        {1, 0, 0, 0, {0, 3, 1, 4, 2, 5}},   {1, 1, 0, 0, {0, 1, 2, 3, 4, 5}}, {0, 1, 0, 0, {0, 3, 1, 4, 2, 5}},
        {-1, -1, 1, 0, {2, 1, 0, 5, 4, 3}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct graph *g = graph_new("g", "test", 1 << 20), *body;
        struct tensor *in = graph_input(g, "x", DTYPE_F32, 2, (const int64_t[]){2, 3});
        struct node *n = graph_node(g, "Scan", "", "scan", NULL, 1, &in, 1);
        gable_error e = {0};
        g->opset = 11;
        graph_output(g, n->out[0]);
        body = graph_body(g, "body");
        graph_output(body, copied(body, graph_input(body, "row", DTYPE_F32, 1, (const int64_t[]){-1})));
        node_set_graph(g, n, "body", body);
        node_set_int(g, n, "num_scan_inputs", 1);
        node_set_ints(g, n, "scan_input_axes", 1, &cases[i].in_axis);
        node_set_ints(g, n, "scan_output_axes", 1, &cases[i].out_axis);
        node_set_ints(g, n, "scan_input_directions", 1, &cases[i].in_direction);
        node_set_ints(g, n, "scan_output_directions", 1, &cases[i].out_direction);
        struct general *s = opened(g, &e, NULL);
        give(s, 0, DTYPE_F32, 2, (const int64_t[]){2, 3}, x);
        assert_ok(general_run(s, &e), &e);
        assert_values(general_output(s, 0), 6, cases[i].want);
        general_close(s);
        graph_free(g);
    }
}

/* A sequence of three is built, one is taken out, another one put in front, and all are joined. */
static void sequences_are_edited(void **state)
{
    (void)state;
    struct graph *g = graph_new("g", "test", 1 << 20);
    struct tensor *x[3], *in[3], *sequence;
    for (int i = 0; i < 3; i++) x[i] = graph_input(g, "x", DTYPE_F32, 1, (const int64_t[]){1});
    sequence = graph_node(g, "SequenceConstruct", "", "all", NULL, 3, x, 1)->out[0];
    in[0] = sequence;
    in[1] = graph_constant_ints(g, "minus two", 1, (const int64_t[]){-2});
    sequence = graph_node(g, "SequenceErase", "", "erase", NULL, 2, in, 1)->out[0];
    in[0] = sequence;
    in[1] = x[1];
    in[2] = graph_constant_ints(g, "zero", 1, (const int64_t[]){0});
    sequence = graph_node(g, "SequenceInsert", "", "insert", NULL, 3, in, 1)->out[0];
    struct node *join = graph_node(g, "ConcatFromSequence", "", "join", NULL, 1, &sequence, 1);
    node_set_int(g, join, "axis", 0);
    graph_output(g, join->out[0]);
    graph_output(g, graph_node(g, "SequenceLength", "", "length", NULL, 1, &sequence, 1)->out[0]);
    gable_error e = {0};
    struct general *s = opened(g, &e, NULL);
    for (int i = 0; i < 3; i++) give(s, i, DTYPE_F32, 1, (const int64_t[]){1}, (const double[]){i});
    assert_ok(general_run(s, &e), &e);
    assert_values(general_output(s, 0), 3, (const double[]){1, 0, 2});
    assert_values(general_output(s, 1), 1, (const double[]){3});
    general_close(s);
    graph_free(g);
}

/* A sequence of one tensor has one value, and an empty optional none: neither is a position, a condition or an operand.
 */
static const struct misuse {
    const char *op;
    int n_in; /* the first of them: 's' the sequence, 'x' a tensor, 'o' an optional without value */
    char in[2];
    const char *why;
} misuses[] = {
    {"SequenceErase", 2, "xx", "its first input is no sequence"},
    {"SequenceErase", 2, "ss", "the position is not one value"},
    {"SequenceAt", 2, "ss", "the position is not one value"},
    {"SequenceAt", 2, "so", "the position is not one value"},
    {"SequenceLength", 1, "x", "its first input is no sequence"},
    {"SequenceConstruct", 2, "xs", "input 1 is a sequence, not a tensor"},
    {"SequenceConstruct", 2, "xo", "input 1 is an empty optional, not a tensor"},
    {"Relu", 1, "s", "input 0 is a sequence, not a tensor"},
    {"Relu", 1, "o", "input 0 is an empty optional, not a tensor"},
    {"Add", 2, "xo", "input 1 is an empty optional, not a tensor"},
    {"OptionalGetElement", 1, "o", "the optional is empty"},
    {"If", 1, "s", "the condition is not one value"},
    {"If", 1, "o", "the condition is not one value"},
    {"Loop", 1, "s", "input 0 is not one value"},
};

static void what_is_no_tensor_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(misuses); i++) {
        const struct misuse *m = &misuses[i];
        gable_error e = {0};
        struct graph *g = graph_new("g", "test", 1 << 20), *body;
        struct tensor *x = graph_input(g, "x", DTYPE_F32, 1, (const int64_t[]){1}), *in[2];
        struct tensor *s = graph_node(g, "SequenceConstruct", "", "all", NULL, 1, &x, 1)->out[0];
        struct tensor *o = graph_node(g, "Optional", "", "none", NULL, 0, NULL, 1)->out[0];
        o->form = FORM_OPTIONAL;
        for (int k = 0; k < m->n_in; k++) in[k] = m->in[k] == 's' ? s : m->in[k] == 'x' ? x : o;
        struct node *n = graph_node(g, m->op, "", "misused", NULL, m->n_in, in, 1);
        graph_output(g, n->out[0]);
        if (!strcmp(m->op, "Loop") || !strcmp(m->op, "If")) {
            body = graph_body(g, "body");
            struct tensor *t = graph_input(body, "t", DTYPE_S64, 0, NULL),
                          *c = graph_input(body, "c", DTYPE_BOOL, 0, NULL);
            graph_output(body, copied(body, c));
            graph_output(body, copied(body, t));
            node_set_graph(g, n, "body", body);
        }
        struct general *session = opened(g, &e, NULL);
        give(session, 0, DTYPE_F32, 1, (const int64_t[]){1}, (const double[]){1});
        if (general_run(session, &e) != GABLE_BAD_INPUT || !strstr(e.why, m->why))
            fail_msg("%s of %.2s: %s", m->op, m->in, e.why);
        general_close(session);
        graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_branch_takes_what_is_around_it),
        cmocka_unit_test(a_loop_carries_and_stacks),
        cmocka_unit_test(an_endless_loop_is_ended),
        cmocka_unit_test(a_scan_slices_and_stacks_along_its_axes),
        cmocka_unit_test(sequences_are_edited),
        cmocka_unit_test(what_is_no_tensor_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
