#include "trained.h"

/* Read once: an open trainer pins its caller. */
static const struct cpus *all_cpus(void)
{
    static struct cpus cpus;
    if (cpus.n_allowed == 0) cpus_read("", &cpus);
    return &cpus;
}
struct trained trained_graph(struct graph *g, struct trainer_options options)
{
    struct trained t = {.graph = g};
    gable_error e = {0};
    assert_ok(weights_new(g, 1, &t.weights, &e), &e);
    assert_ok(trainer_open(g, t.weights, all_cpus(), &options, &t.trainer, &e), &e);
    weights_normal(5, (size_t)tensor_elements(g->inputs[0]), trainer_input(t.trainer, 0));
    weights_normal(6, (size_t)tensor_elements(g->outputs[0]), trainer_targets(t.trainer));
    int classes = g->outputs[0]->shape.rank > 1 ? (int)g->outputs[0]->shape.dim[1] : 1;
    for (int i = 0; i < t.trainer->batch; i++) trainer_labels(t.trainer)[i] = (37 * i + 1) % classes;
    return t;
}
struct trained trained_open(const char *id, int batch, int size, struct trainer_options options)
{
    struct graph *g = NULL;
    gable_error e = {0};
    assert_ok(zoo_build(id, &(struct zoo_options){.batch = batch, .height = size, .width = size}, &g, &e), &e);
    return trained_graph(g, options);
}
void trained_close(struct trained *t)
{
    trainer_close(t->trainer);
    weights_free(t->weights);
    graph_free(t->graph);
}
