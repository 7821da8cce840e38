/* Whole models against an independent reverse pass in double precision: the loss, and every parameter's gradient. */
#include "reverse.h"
#include "trained.h"

#include <math.h>

/* Nothing is dropped: the other pass cannot know what. */
static struct graph *without_chance(const char *id, int size)
{
    struct graph *g = NULL;
    gable_error e = {0};
    assert_ok(zoo_build(id, &(struct zoo_options){.batch = 3, .height = size, .width = size}, &g, &e), &e);
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *n = g->nodes[i];
        for (int k = 0; k < n->n_attributes; k++)
            if (n->op_type[0] == 'S' && n->op_type[1] == 't') n->attributes[k].f = 0; /* StochasticDepth's p */
        if (n->op_type[0] == 'D' && n->n_in > 1) {                                    /* Dropout's ratio */
            static const double nothing[] = {0};
            n->in[1]->reals = nothing;
        }
    }
    return g;
}
static double length_of_difference(const float *a, const double *b, size_t n, double *length)
{
    double sum = 0, whole = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)a[i] - (b ? b[i] : 0);
        sum += d * d;
        whole += b ? b[i] * b[i] : 0;
    }
    *length = sqrt(whole);
    return sqrt(sum);
}
/* Single against double precision through dozens of layers: an activation at a kink may fall on its other side, so a
   tensor may be off by a percent; all together are much nearer. */
static void compare(const char *id, int size, double allowed, struct trainer_options o)
{
    struct trained t = trained_graph(without_chance(id, size), o);
    struct reverse r;
    gable_error e = {0};
    double loss, all = 0, off = 0;
    assert_ok(trainer_gradients(t.trainer, &loss, &e), &e);
    reverse_run(t.graph, t.weights, trainer_input(t.trainer, 0), trainer_labels(t.trainer), &r);
    if (!(fabs(loss - r.loss) < 1e-4 * r.loss)) fail_msg("%s: loss %.7g, not %.7g", id, loss, r.loss);
    for (int i = 0; i < t.graph->n_tensors; i++) {
        const float *mine = trainer_values(t.trainer, VALUE_GRADIENT, i);
        if (!mine) continue;
        double length, difference = length_of_difference(mine, r.gradient[i],
                                                         (size_t)tensor_elements(t.graph->tensors[i]), &length);
        all += length * length;
        off += difference * difference;
    }
    if (!(sqrt(off) < allowed * sqrt(all))) fail_msg("%s: gradients off by %.2g", id, sqrt(off / all));
    for (int i = 0; i < t.graph->n_tensors; i++) {
        const float *mine = trainer_values(t.trainer, VALUE_GRADIENT, i);
        if (!mine) continue;
        double length, difference = length_of_difference(mine, r.gradient[i],
                                                         (size_t)tensor_elements(t.graph->tensors[i]), &length);
        if (!(difference < 10 * allowed * length + 1e-4 * sqrt(all)))
            fail_msg("%s: %s is off by %.2g of %.2g", id, t.graph->tensors[i]->name, difference, length);
    }
    reverse_release(&r);
    trained_close(&t);
}
static void models_agree_with_the_reverse_pass(void **state)
{
    static const struct {
        const char *id;
        int size;
        double
            allowed; /* of the length of all gradients; kinks of relu and relu6 under norms of 12 values weigh more */
    } rows[] = {{"mobilenet_v3_small", 64, 2e-3}, {"shufflenet_v2_x0_5", 64, 2e-3}, {"shufflenet_v2_x2_0", 64, 2e-3},
                {"squeezenet1_1", 64, 2e-3},      {"mobilenet_v2", 64, 0.05},       {"efficientnet_b0", 64, 2e-3},
                {"efficientnet_b1", 48, 2e-3},    {"efficientnet_b2", 48, 2e-3},    {"efficientnet_b4", 48, 2e-3}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        compare(rows[i].id, rows[i].size, rows[i].allowed, (struct trainer_options){0});
}
static void so_do_algorithms_chosen_by_time(void **state)
{
    (void)state;
    compare("resnet18", 48, 2e-3, (struct trainer_options){.tune = true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_agree_with_the_reverse_pass),
        cmocka_unit_test(so_do_algorithms_chosen_by_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
