/* The general engine as a row of engine_at: the same answers as the planned one, and graphs that only it can run. */
#include "check.h"
#include "engine/engine.h"
#include "zoo/zoo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 64, BATCH = 2 };

static struct session *opened(const struct engine *engine, const struct graph *g, const struct weights *w)
{
    struct session *s = NULL;
    struct cpus cpus;
    size_t bytes = 0;
    gable_error e = {0};
    const struct engine_options o = {0};
    cpus_read("", &cpus);
    assert_ok(engine->plan_bytes(g, &cpus, &o, &bytes, &e), &e);
    assert_true(bytes > 0);
    assert_ok(engine->open(g, w, &cpus, &o, &s, &e), &e);
    for (int i = 0; i < g->n_inputs; i++)
        weights_normal((uint64_t)i, (size_t)tensor_elements(g->inputs[i]), engine->input(s, i));
    return s;
}

static void both_engines_agree(void **state)
{
    (void)state;
    static const char *const models[] = {"squeezenet1_1", "mobilenet_v3_small", "shufflenet_v2_x0_5", "resnet18"};
    for (size_t m = 0; m < COUNT_OF(models); m++) {
        struct graph *g = NULL;
        struct weights *w = NULL;
        gable_error e = {0};
        const struct zoo_options size = {.batch = BATCH, .height = SIZE, .width = SIZE};
        assert_ok(zoo_build(models[m], &size, &g, &e), &e);
        assert_ok(weights_new(g, 1, &w, &e), &e);
        struct session *a = opened(&engine_cpu, g, w), *b = opened(&engine_general, g, w);
        engine_cpu.run(a);
        for (int pass = 0; pass < 2; pass++) engine_general.run(b);
        const float *x = engine_cpu.output(a, 0), *y = engine_general.output(b, 0);
        float most = 0, off = 0;
        for (count i = 0; i < tensor_elements(g->outputs[0]); i++) {
            if (isnan(y[i])) fail_msg("%s: output %d is NaN", models[m], (int)i);
            most = fmaxf(most, fabsf(x[i]));
            off = fmaxf(off, fabsf(x[i] - y[i]));
        }
        if (!(off <= 1e-3f * most)) fail_msg("%s: off by %g of %g", models[m], (double)off, (double)most);
        engine_cpu.close(a);
        engine_general.close(b);
        weights_free(w);
        graph_free(g);
    }
}

static void every_node_is_a_group_with_a_time(void **state)
{
    (void)state;
    struct graph *g = NULL;
    struct weights *w = NULL;
    gable_error e = {0};
    const struct zoo_options size = {.batch = 1, .height = SIZE, .width = SIZE};
    assert_ok(zoo_build("squeezenet1_1", &size, &g, &e), &e);
    assert_ok(weights_new(g, 1, &w, &e), &e);
    struct session *s = opened(&engine_general, g, w);
    assert_int_equal(s->n_groups, g->n_nodes);
    double *ns = calloc((size_t)s->n_groups, sizeof *ns);
    engine_general.run_timed(s, ns);
    count flops = 0;
    for (int i = 0; i < s->n_groups; i++) {
        assert_true(ns[i] >= 0);
        assert_string_equal(s->groups[i].name, g->nodes[i]->name);
        flops += s->groups[i].flops_counted;
        if (!strcmp(g->nodes[i]->op_type, "Conv")) {
            assert_true(ns[i] > 0);
            assert_string_equal(s->groups[i].kernel, "general Conv");
        }
    }
    struct analysis *a = NULL;
    assert_ok(analysis_new(g, NULL, &a, &e), &e);
    assert_int_equal(flops, a->total.flops);
    analysis_free(a);
    free(ns);
    engine_general.close(s);
    weights_free(w);
    graph_free(g);
}

/* Integers in and out pass as floats: y = x + x on s64, z = x > 0. */
static void integers_pass_as_floats(void **state)
{
    (void)state;
    struct graph *g = graph_new("g", "test", 1 << 20);
    gable_error e = {0};
    struct tensor *x = graph_input(g, "x", DTYPE_S64, 1, (const int64_t[]){100}), *in[] = {x, x};
    graph_output(g, graph_node(g, "Add", "", "twice", NULL, 2, in, 1)->out[0]);
    assert_ok(ops_infer(g, &e), &e);
    struct session *s = opened(&engine_general, g, NULL);
    float *given = engine_general.input(s, 0);
    for (int i = 0; i < 100; i++) given[i] = i % 2 ? 3.5f : -1;
    engine_general.run(s);
    for (int i = 0; i < 100; i++) assert_true(engine_general.output(s, 0)[i] == (i % 2 ? 2 : 0));
    engine_general.close(s);
    graph_free(g);
}

static void what_only_a_run_can_size_is_refused(void **state)
{
    (void)state;
    struct graph *g = graph_new("g", "test", 1 << 20);
    struct session *s = NULL;
    struct cpus cpus;
    gable_error e = {0};
    struct tensor *x = graph_input(g, "x", DTYPE_F32, 1, (const int64_t[]){4});
    struct node *n = graph_node(g, "NonZero", "", "where", NULL, 1, &x, 1);
    tensor_set_shape(g, n->out[0], DTYPE_S64, 2, (const int64_t[]){1, 4});
    graph_output(g, n->out[0]);
    assert_ok(ops_infer(g, &e), &e);
    cpus_read("", &cpus);
    assert_int_equal(engine_general.open(g, NULL, &cpus, &(struct engine_options){0}, &s, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "depends on data");
    graph_free(g);
}

/* Zeros are fine as indices, ones are not: the pass says so, and the next one is fine again. */
static void a_pass_that_its_data_fail_says_where(void **state)
{
    (void)state;
    struct graph *g = graph_new("g", "test", 1 << 20);
    gable_error e = {0};
    struct tensor *x = graph_input(g, "x", DTYPE_F32, 1, (const int64_t[]){1});
    struct tensor *at = graph_input(g, "at", DTYPE_S64, 1, (const int64_t[]){1}), *in[] = {x, at};
    graph_output(g, graph_node(g, "Gather", "", "pick", NULL, 2, in, 1)->out[0]);
    assert_ok(ops_infer(g, &e), &e);
    struct session *s = opened(&engine_general, g, NULL);
    for (int pass = 0; pass < 3; pass++) {
        engine_general.input(s, 1)[0] = pass == 1 ? 1 : -1;
        engine_general.run(s);
        assert_true(isnan(engine_general.output(s, 0)[0]) == (pass == 1));
        assert_int_equal(s->failure.status, pass ? GABLE_BAD_INPUT : GABLE_OK);
    }
    assert_contains(s->failure.where, "node pick (Gather)");
    engine_general.close(s);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_engines_agree),
        cmocka_unit_test(every_node_is_a_group_with_a_time),
        cmocka_unit_test(integers_pass_as_floats),
        cmocka_unit_test(what_only_a_run_can_size_is_refused),
        cmocka_unit_test(a_pass_that_its_data_fail_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
