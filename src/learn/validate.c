/* A network that is trained, run as it is at inference, node by node, with its
 * trained values in place of the first. */
#include "engine/general/general.h"
#include "engine/general/seeded.h"
#include "learn/learn.h"

#include <stdlib.h>
#include <string.h>

enum { GRAPH_BYTES_MAX = 1 << 30 };

struct trained_values {
    struct general_values base;
    struct trainer *trainer;
    struct seeded_values drawn;
    const struct general_values *others; /* of what is not trained */
};
static gable_status load(const struct general_values *self, struct pool *p, const struct graph *g,
                         const struct tensor *t, struct value *out, gable_error *e)
{
    const struct trained_values *v = CONTAINER_OF(self, struct trained_values, base);
    const float *trained = g->parent ? NULL : trainer_values(v->trainer, VALUE_WEIGHT, t->index);
    if (!trained) return v->others->load(v->others, p, g, t, out, e);
    gable_status s = value_new(p, DTYPE_F32, t->shape.rank, t->shape.dim, out, e);
    if (!s && out->n) memcpy(out->data, trained, (size_t)out->n * sizeof(float));
    return s;
}

struct inference {
    struct graph *graph;
    struct general *session;
    struct value floats, input; /* a batch as it is loaded, and in the type that the model takes */
};
/* The model, in which nothing that training changes is known beforehand. */
static struct graph *forgetful(const struct graph *model)
{
    struct graph *g = graph_copy(model, GRAPH_BYTES_MAX);
    for (int i = 0; g && i < g->n_tensors; i++)
        if (g->tensors[i]->role != ROLE_CONSTANT) g->tensors[i]->reals = NULL;
    return g;
}
static gable_status open_inference(struct inference *i, struct trainer *t, const struct trained_values *values,
                                   const struct validation *v, gable_error *e)
{
    const struct tensor *x = t->graph->inputs[0];
    i->graph = forgetful(t->graph);
    if (!i->graph) return error_set(e, GABLE_NO_MEMORY, "no memory to validate %s", t->graph->name);
    gable_status s = general_open(i->graph, &values->base, v->cpus, &(struct general_options){.threads = v->threads},
                                  &i->session, e);
    struct pool *p = s ? NULL : general_pool(i->session);
    if (!s) s = value_new(p, DTYPE_F32, x->shape.rank, x->shape.dim, &i->floats, e);
    if (!s) s = value_new(p, x->dtype, x->shape.rank, x->shape.dim, &i->input, e);
    return s ? s : general_set_input(i->session, 0, &i->input, e);
}
static void close_inference(struct inference *i)
{
    value_release(&i->floats);
    value_release(&i->input);
    general_close(i->session);
    graph_free(i->graph);
}
/* The examples from `first` on that a batch holds; those behind the last are
 * zeros. */
static gable_status run_batch(struct inference *in, const struct dataset *d, int first, int n, gable_error *e)
{
    size_t each = dataset_each(d);
    float *to = in->floats.data;
    gable_status s = GABLE_OK;
    memset(to, 0, (size_t)in->floats.n * sizeof *to);
    for (int i = 0; !s && i < n; i++) s = dataset_load(d, first + i, -1, to + (size_t)i * each, e);
    if (!s) value_convert(&in->floats, &in->input);
    return s ? s : general_run(in->session, e);
}
gable_status learn_validate(struct trainer *t, const struct validation *v, double *accuracy, float *outputs,
                            gable_error *e)
{
    struct trained_values values = {.base = {.draws = true, .load = load}, .trainer = t};
    struct inference in = {0};
    int right = 0, classes = (int)t->graph->outputs[0]->shape.dim[1];
    values.drawn = seeded_values(v->weights);
    values.others = v->weights->given ? v->weights->given : &values.drawn.base;
    gable_status s = open_inference(&in, t, &values, v, e);
    for (int at = 0; !s && at < v->data->n; at += t->batch) {
        int rest = v->data->n - at, n = rest < t->batch ? rest : t->batch;
        s = run_batch(&in, v->data, at, n, e);
        if (s) break;
        const float *y = general_output(in.session, 0)->data;
        right += learn_right(y, v->data->labels + at, n, classes);
        size_t row = (size_t)classes * sizeof *y;
        if (outputs) memcpy(outputs + (size_t)at * (size_t)classes, y, (size_t)n * row);
    }
    close_inference(&in);
    *accuracy = (double)right / v->data->n;
    return s;
}
