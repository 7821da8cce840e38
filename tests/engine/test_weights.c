/* Seeded weights: the same every time, and activations that stay in range to the last layer of every model. */
#include "engine/cpu/session.h"
#include "open.h"

#include <math.h>
#include <string.h>

static void a_seed_gives_the_same_weights(void **state)
{
    (void)state;
    struct graph *g = NULL;
    struct weights *a = NULL, *b = NULL, *c = NULL;
    gable_error e = {0};
    size_t differing = 0;
    assert_ok(zoo_build("mobilenet_v3_small", &(struct zoo_options){0}, &g, &e), &e);
    assert_ok(weights_new(g, 5, &a, &e), &e);
    assert_ok(weights_new(g, 5, &b, &e), &e);
    assert_ok(weights_new(g, 6, &c, &e), &e);
    for (int i = 0; i < g->n_tensors; i++) {
        size_t bytes = (size_t)tensor_elements(g->tensors[i]) * sizeof(float);
        if (!a->value[i]) continue;
        assert_memory_equal(a->value[i], b->value[i], bytes);
        differing += memcmp(a->value[i], c->value[i], bytes) != 0;
    }
    assert_true(differing > 100);
    weights_free(a);
    weights_free(b);
    weights_free(c);
    graph_free(g);
}

static void normal_values_have_mean_0_and_variance_1(void **state)
{
    (void)state;
    enum { N = 100000 };
    static float x[N], y[N];
    double sum = 0, squares = 0;
    weights_normal(3, N, x);
    weights_normal(3, N / 2, y);
    assert_memory_equal(x, y, N / 2 * sizeof *x); /* value i is a function of seed and i alone */
    for (int i = 0; i < N; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    assert_true(fabs(sum / N) < 4 / sqrt(N)); /* 4 standard errors */
    assert_true(fabs(squares / N - 1) < 4 * sqrt(2.0 / N));
}

/* What all steps left in the arenas, and the outputs. */
static void check_range(const char *id, struct opened *o)
{
    const struct cpu_session *s = cpu_session(o->session);
    size_t n = (size_t)tensor_elements(o->graph->outputs[0]);
    const float *out = engine_cpu.output(o->session, 0);
    double squares = 0;
    for (long i = 0; i < s->plan->arena_floats; i++)
        if (!isfinite(s->arena[0][i]) || fabsf(s->arena[0][i]) > 1e4f)
            fail_msg("%s: %g in the arena", id, (double)s->arena[0][i]);
    for (long i = 0; i < s->plan->arena_floats; i++)
        if (fpclassify(s->arena[0][i]) == FP_SUBNORMAL) fail_msg("%s: a denormal in the arena", id);
    for (size_t i = 0; i < n; i++) squares += (double)out[i] * (double)out[i];
    double rms = sqrt(squares / (double)n);
    if (!(rms > 0.05 && rms < 50)) fail_msg("%s: outputs of %g in the root mean square", id, rms);
}
static void activations_stay_in_range_to_the_last_layer(void **state)
{
    (void)state;
    for (int i = 0; i < zoo_size(); i++) {
        const struct zoo_model *m = zoo_at(i);
        if (m->has_attention) continue;
        struct opened o = open_model(m->id, 1, 64, (struct engine_options){0});
        engine_cpu.run(o.session);
        check_range(m->id, &o);
        close_model(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_gives_the_same_weights),
        cmocka_unit_test(normal_values_have_mean_0_and_variance_1),
        cmocka_unit_test(activations_stay_in_range_to_the_last_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
