/* Sessions on small graphs: inputs, outputs, lifetimes, refusals. */
#include "check.h"
#include "engine/general/general.h"

#include <string.h>

struct run {
    struct graph *graph;
    struct general *session;
    gable_error error;
};

/* x -> Identity -> y; y -> Shape -> z, y and z are the outputs. */
static struct run start(int64_t free_dim)
{
    struct run r = {.graph = graph_new("g", "test", 1 << 20)};
    struct cpus cpus;
    const int64_t dim[] = {free_dim, 3};
    struct tensor *x = graph_input(r.graph, "x", DTYPE_F32, 2, dim);
    struct tensor *y = graph_node(r.graph, "Identity", "", "copy", NULL, 1, &x, 1)->out[0];
    struct tensor *z = graph_node(r.graph, "Shape", "", "shape", NULL, 1, &y, 1)->out[0];
    graph_output(r.graph, y);
    graph_output(r.graph, z);
    cpus_read("", &cpus);
    assert_ok(general_open(r.graph, NULL, &cpus, NULL, &r.session, &r.error), &r.error);
    return r;
}

static void end(struct run *r)
{
    general_close(r->session);
    graph_free(r->graph);
}

static gable_status give(struct run *r, enum dtype d, int rank, const int64_t *dim)
{
    struct value v;
    assert_ok(value_new(general_pool(r->session), d, rank, dim, &v, &r->error), &r->error);
    memset(v.data, 0, (size_t)v.n * value_element_bytes(d));
    gable_status s = general_set_input(r->session, 0, &v, &r->error);
    value_release(&v);
    return s;
}

static void a_pass_gives_outputs_of_the_inputs_shape(void **state)
{
    (void)state;
    struct run r = start(-1);
    for (int64_t n = 1; n < 4; n++) {
        const int64_t dim[] = {n, 3};
        assert_ok(give(&r, DTYPE_F32, 2, dim), &r.error);
        assert_ok(general_run(r.session, &r.error), &r.error);
        const struct value *z = general_output(r.session, 1);
        assert_int_equal(general_output(r.session, 0)->n, 3 * n);
        assert_int_equal(((const int64_t *)z->data)[0], n);
        assert_int_equal(((const int64_t *)z->data)[1], 3);
    }
    end(&r);
}

static void a_second_pass_takes_no_memory(void **state)
{
    (void)state;
    struct run r = start(-1);
    assert_ok(give(&r, DTYPE_F32, 2, (const int64_t[]){50, 3}), &r.error);
    assert_ok(general_run(r.session, &r.error), &r.error);
    size_t taken = pool_bytes(general_pool(r.session));
    for (int i = 0; i < 3; i++) assert_ok(general_run(r.session, &r.error), &r.error);
    assert_int_equal(pool_bytes(general_pool(r.session)), taken);
    end(&r);
}

static void wrong_inputs_are_refused(void **state)
{
    (void)state;
    struct run r = start(2);
    assert_int_equal(general_run(r.session, &r.error), GABLE_BAD_INPUT);
    assert_contains(r.error.why, "the input 'x' is not given");
    assert_int_equal(give(&r, DTYPE_S64, 2, (const int64_t[]){2, 3}), GABLE_BAD_INPUT);
    assert_contains(r.error.why, "the input 'x' is f32, s64 is given");
    assert_int_equal(give(&r, DTYPE_F32, 2, (const int64_t[]){3, 3}), GABLE_BAD_INPUT);
    assert_contains(r.error.why, "the input 'x' is 2x3, 3x3 is given");
    assert_int_equal(give(&r, DTYPE_F32, 0, NULL), GABLE_BAD_INPUT);
    assert_contains(r.error.why, "a scalar is given");
    end(&r);
}

static void a_node_without_a_kernel_is_named(void **state)
{
    (void)state;
    struct graph *g = graph_new("g", "test", 1 << 20);
    struct tensor *x = graph_input(g, "x", DTYPE_F32, 0, NULL);
    struct node *n = graph_node(g, "Frobnicate", "com.example", "odd", NULL, 1, &x, 1);
    struct general *s = NULL;
    gable_error e = {0};
    struct cpus cpus;
    graph_output(g, n->out[0]);
    cpus_read("", &cpus);
    assert_ptr_equal(general_missing(g), n);
    assert_int_equal(general_open(g, NULL, &cpus, NULL, &s, &e), GABLE_BAD_INPUT);
    assert_contains(e.where, "node odd (Frobnicate)");
    assert_contains(e.why, "no kernel runs the operator com.example.Frobnicate");
    assert_null(s);
    graph_free(g);
}

struct stopping {
    struct general_watch watch;
    int n_seen;
    const char *until;
};
static bool see(struct general_watch *w, const struct node *n, const struct tensor *t, const struct value *v)
{
    struct stopping *s = CONTAINER_OF(w, struct stopping, watch);
    (void)t;
    assert_true(v->kind == VALUE_TENSOR);
    s->n_seen++;
    return strcmp(n->name, s->until) != 0;
}

static void a_watched_pass_stops_where_it_is_told(void **state)
{
    (void)state;
    struct run r = start(2);
    struct stopping s = {.watch = {see}, .until = "copy"};
    assert_ok(give(&r, DTYPE_F32, 2, (const int64_t[]){2, 3}), &r.error);
    assert_ok(general_run_watched(r.session, &s.watch, &r.error), &r.error);
    assert_int_equal(s.n_seen, 1);
    assert_int_equal(general_output(r.session, 1)->kind, VALUE_ABSENT);
    assert_ok(general_run(r.session, &r.error), &r.error);
    assert_int_equal(general_output(r.session, 1)->kind, VALUE_TENSOR);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pass_gives_outputs_of_the_inputs_shape),
        cmocka_unit_test(a_second_pass_takes_no_memory),
        cmocka_unit_test(wrong_inputs_are_refused),
        cmocka_unit_test(a_node_without_a_kernel_is_named),
        cmocka_unit_test(a_watched_pass_stops_where_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
