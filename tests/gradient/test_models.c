/* Whole models of the zoo: the gradient graph's products are those that are counted, and run in the general engine it
   gives the gradients of the blocked engine, which shares no code with it. */
#include "check.h"
#include "engine/train/train.h"
#include "gradient/step.h"
#include "ops/analysis.h"
#include "zoo/zoo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Nothing is dropped: two engines draw differently. */
static struct graph *without_chance(const char *id, int batch, int size)
{
    struct graph *g = NULL;
    gable_error e = {0};
    assert_ok(zoo_build(id, &(struct zoo_options){.batch = batch, .height = size, .width = size}, &g, &e), &e);
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *n = g->nodes[i];
        static const double nothing[] = {0};
        for (int k = 0; k < n->n_attributes; k++)
            if (!strcmp(n->op_type, "StochasticDepth")) n->attributes[k].f = 0;
        if (!strcmp(n->op_type, "Dropout") && n->n_in > 1) n->in[1]->reals = nothing;
    }
    return g;
}

static count macs_from(const struct step *s, int node)
{
    count macs = 0;
    for (int i = s->n_forward; i < s->graph->n_nodes; i++)
        if (s->source[i] == node) macs = count_add(macs, op_cost(s->graph->nodes[i]).macs);
    return macs;
}

static void products_are_those_that_are_counted(void **state)
{
    (void)state;
    for (int m = 0; m < zoo_size(); m++) {
        struct graph *g = without_chance(zoo_at(m)->id, 2, 0);
        struct analysis *a = NULL;
        struct step s;
        gable_error e = {0};
        int compared = 0;
        assert_ok(analysis_new(g, NULL, &a, &e), &e);
        assert_ok(step_new(g, &(struct step_options){0}, &s, &e), &e);
        for (int i = 0; i < g->n_nodes; i++) {
            count counted = backward_sum(a->nodes[i].backward).macs, emitted = macs_from(&s, i);
            if (a->nodes[i].cost.macs == 0) continue;
            if (counted != emitted)
                fail_msg("%s, node %s: %lld MACs are counted, the gradient graph has %lld", zoo_at(m)->id,
                         g->nodes[i]->name, (long long)counted, (long long)emitted);
            compared++;
        }
        assert_true(compared > 0);
        step_release(&s);
        analysis_free(a);
        graph_free(g);
    }
}

static void frozen_weights_are_no_part_of_the_step(void **state)
{
    struct graph *g = without_chance("resnet18", 1, 32);
    struct step s;
    gable_error e = {0};
    (void)state;
    assert_ok(step_new(g, &(struct step_options){.frozen = "layer*"}, &s, &e), &e);
    assert_true(s.n_trained > 0);
    for (int i = 0; i < s.n_trained; i++)
        assert_int_not_equal(strncmp(g->tensors[s.trained[i].tensor]->name, "layer", 5), 0);
    assert_int_equal(s.source[s.graph->n_nodes - 1], 0); /* the stem's weight is trained still */
    step_release(&s);
    assert_ok(step_new(g, &(struct step_options){.frozen = "[!f]*"}, &s, &e), &e); /* all but fc */
    assert_int_equal(s.n_trained, 2);
    for (int i = s.n_forward; i < s.graph->n_nodes; i++)
        assert_int_not_equal(strncmp(s.graph->nodes[i]->op_type, "Conv", 4), 0);
    step_release(&s);
    graph_free(g);
}

/* The gradients of all trained tensors, one after the other. */
static double *gradients_by(const struct trainer_engine *engine, const struct graph *g, const struct weights *w,
                            double *loss, size_t *n)
{
    static struct cpus cpus;
    struct trainer *t = NULL;
    gable_error e = {0};
    if (cpus.n_allowed == 0) cpus_read("", &cpus);
    assert_ok(engine->open(g, w, &cpus, &(struct trainer_options){0}, &t, &e), &e);
    weights_normal(5, (size_t)tensor_elements(g->inputs[0]), trainer_input(t, 0));
    for (int i = 0; i < t->batch; i++) trainer_labels(t)[i] = (37 * i + 1) % (int)g->outputs[0]->shape.dim[1];
    assert_ok(trainer_gradients(t, loss, &e), &e);
    *n = 0;
    for (int i = 0; i < g->n_tensors; i++)
        if (trainer_values(t, VALUE_GRADIENT, i)) *n += (size_t)tensor_elements(g->tensors[i]);
    double *all = calloc(*n + 1, sizeof *all), *at = all;
    assert_non_null(all);
    for (int i = 0; i < g->n_tensors; i++) {
        const float *x = trainer_values(t, VALUE_GRADIENT, i);
        for (count k = 0; x && k < tensor_elements(g->tensors[i]); k++) *at++ = (double)x[k];
    }
    trainer_close(t);
    return all;
}

static void both_engines_agree(void **state)
{
    static const struct {
        const char *id;
        double allowed; /* of the length of all gradients */
    } rows[] = {{"resnet18", 2e-3},      {"mobilenet_v3_small", 2e-3}, {"shufflenet_v2_x0_5", 2e-3},
                {"squeezenet1_1", 2e-3}, {"mobilenet_v2", 0.05},       {"efficientnet_b0", 2e-3}};
    (void)state;
    for (size_t r = 0; r < COUNT_OF(rows); r++) {
        struct graph *g = without_chance(rows[r].id, 3, 64);
        struct weights *w = NULL;
        gable_error e = {0};
        double loss[2], off = 0, all = 0;
        size_t n[2];
        assert_ok(weights_new(g, 1, &w, &e), &e);
        double *a = gradients_by(&trainer_blocked, g, w, &loss[0], &n[0]);
        double *b = gradients_by(&trainer_general, g, w, &loss[1], &n[1]);
        if (!(fabs(loss[0] - loss[1]) < 1e-4 * loss[0])) fail_msg("%s: loss %g and %g", rows[r].id, loss[0], loss[1]);
        assert_true(n[0] == n[1] && n[0] > 0);
        for (size_t i = 0; i < n[0]; i++) {
            off += (a[i] - b[i]) * (a[i] - b[i]);
            all += a[i] * a[i];
        }
        if (!(sqrt(off) < rows[r].allowed * sqrt(all))) fail_msg("%s: off by %.2g", rows[r].id, sqrt(off / all));
        free(a);
        free(b);
        weights_free(w);
        graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_that_are_counted),
        cmocka_unit_test(frozen_weights_are_no_part_of_the_step),
        cmocka_unit_test(both_engines_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
