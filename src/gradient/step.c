#include "gradient/step.h"

#include "ops/rule.h"

#include <fnmatch.h>
#include <string.h>

enum { STEP_BYTES_SHIFT = 30, OPSET_LEAST = 7 };

static gable_status no_memory(gable_error *e)
{
    return error_set(e, GABLE_NO_MEMORY, "the graph of a training step does not fit its memory limit");
}

static bool is_trained(const struct tensor *t, const struct step_options *o)
{
    bool is_real = t->dtype == DTYPE_F32 || t->dtype == DTYPE_F64;
    return t->role == ROLE_WEIGHT && is_real && !(o->frozen && !fnmatch(o->frozen, t->name, 0));
}

static void set_attribute(struct graph *g, struct node *n, const char *name, int64_t value)
{
    for (int i = 0; i < n->n_attributes; i++)
        if (!strcmp(n->attributes[i].name, name)) n->attributes[i].i = value;
    if (!node_attribute(n, name)) node_set_int(g, n, name, value);
}

static void feed(struct step *s, struct step_state *list, int *n, struct tensor *t)
{
    list[(*n)++] = (struct step_state){.tensor = t->index, .input = s->graph->n_inputs, .output = -1};
    graph_feed(s->graph, t);
}

/* Batch statistics; the running ones come in and go out. */
static gable_status train_norm(struct step *s, struct node *n, gable_error *e)
{
    struct graph *g = s->graph;
    set_attribute(g, n, "training_mode", 1);
    if (n->n_out > 3) n->n_out = 3; /* of old opsets: the batch's own */
    while (n->n_out < 3 && !g->failed) node_add_output(g, n);
    if (g->failed) return no_memory(e);
    gable_status status = ops_infer_node(g, n, e);
    for (int i = 1; i < 3 && !status; i++) {
        struct tensor *t = n->in[2 + i];
        if (t->role != ROLE_BUFFER && t->role != ROLE_CONSTANT && t->role != ROLE_WEIGHT) {
            error_set(e, GABLE_BAD_INPUT, "its running statistics are computed, or another node's too");
            return error_within(e, "node %.80s (%.40s)", n->name, n->op_type);
        }
        feed(s, s->running, &s->n_running, t);
        s->running[s->n_running - 1].output = g->n_outputs;
        graph_output(g, n->out[i]);
    }
    return status;
}

/* Values are dropped: the third input says so. */
static gable_status train_dropout(struct step *s, struct node *n, gable_error *e)
{
    struct graph *g = s->graph;
    struct tensor **in = arena_array(g->arena, 3, sizeof(struct tensor *));
    if (!in) return no_memory(e);
    in[0] = n->in[0];
    in[1] = rule_has(n, 1) ? n->in[1] : graph_constant_real(g, "dropout.ratio", DTYPE_F32, node_float(n, "ratio", 0.5));
    in[2] = graph_constant_ints(g, "dropout.training", 1, (const int64_t[]){1});
    n->in = in;
    n->n_in = 3;
    return g->failed ? no_memory(e) : GABLE_OK;
}

static gable_status train_form(struct step *s, const struct step_options *o, gable_error *e)
{
    gable_status status = GABLE_OK;
    for (int i = 0; i < s->n_forward && !status; i++) {
        struct node *n = s->graph->nodes[i];
        if (*n->domain) continue;
        bool is_frozen = o->frozen && n->n_in > 1 && !fnmatch(o->frozen, n->in[1]->name, 0);
        if (!strcmp(n->op_type, "BatchNormalization") && n->n_in == 5 && !is_frozen) status = train_norm(s, n, e);
        if (!strcmp(n->op_type, "Dropout")) status = train_dropout(s, n, e);
    }
    return status;
}

static struct tensor *made(struct step *s, const char *op, const char *name, int n_in, struct tensor *const *in,
                           gable_status *status, gable_error *e)
{
    struct node *n = *status ? NULL : graph_node(s->graph, op, "", name, NULL, n_in, in, 1);
    if (!*status) *status = ops_infer_node(s->graph, n, e);
    return *status ? NULL : n->out[0];
}

static gable_status add_loss(struct step *s, const struct step_options *o, struct tensor **loss, gable_error *e)
{
    struct graph *g = s->graph;
    struct tensor *y = g->outputs[0], *target;
    gable_status status = GABLE_OK;
    if (y->dtype != DTYPE_F32 && y->dtype != DTYPE_F64)
        return error_set(e, GABLE_BAD_INPUT, "the output %.80s is %s: losses are of f32", y->name,
                         dtype_name(y->dtype));
    if (y->is_at_most) return error_set(e, GABLE_BAD_INPUT, "the size of output %.80s depends on data", y->name);
    s->target = g->n_inputs;
    if (o->is_squared) {
        target = graph_input(g, "targets", y->dtype, y->shape.rank, y->shape.dim);
        struct tensor *apart = made(s, "Sub", "loss.difference", 2, (struct tensor *[]){y, target}, &status, e);
        struct tensor *square = made(s, "Mul", "loss.square", 2, (struct tensor *[]){apart, apart}, &status, e);
        struct tensor *mean = made(s, "ReduceMean", "loss", 1, &square, &status, e);
        *loss = mean;
    } else {
        if (y->shape.rank != 2)
            return error_set(e, GABLE_BAD_INPUT,
                             "the output %.80s has %d dimensions, cross-entropy takes images x classes: --loss mse "
                             "takes any",
                             y->name, y->shape.rank);
        target = graph_input(g, "labels", DTYPE_S64, 1, y->shape.dim);
        *loss = made(s, "SoftmaxCrossEntropyLoss", "loss", 2, (struct tensor *[]){y, target}, &status, e);
    }
    s->loss = g->n_outputs;
    if (*loss) graph_output(g, *loss);
    return status;
}

/* What has a gradient becomes an input, and its gradient an output; a tensor that the loss ignores stays as it is. */
static gable_status feed_trained(struct step *s, const struct gradient *back, int n_tensors, gable_error *e)
{
    for (int i = 0; i < n_tensors && !s->graph->failed; i++) {
        struct tensor *t = s->graph->tensors[i];
        if (!back->of[i] || t->role != ROLE_WEIGHT) continue;
        feed(s, s->trained, &s->n_trained, t);
        s->trained[s->n_trained - 1].output = s->graph->n_outputs;
        graph_output(s->graph, back->of[i]);
    }
    if (s->graph->failed) return no_memory(e);
    return s->n_trained ? GABLE_OK
                        : error_set(e, GABLE_BAD_INPUT, "no float weight of the model reaches its first output");
}

static gable_status build(struct step *s, const struct step_options *o, gable_error *e)
{
    struct graph *g = s->graph;
    int n_tensors = g->n_tensors;
    struct gradient back = {0};
    struct tensor *loss = NULL;
    s->n_forward = g->n_nodes;
    s->trained = arena_array(g->arena, (size_t)n_tensors + 1, sizeof *s->trained);
    s->running = arena_array(g->arena, 2 * (size_t)n_tensors + 1, sizeof *s->running);
    if (!s->trained || !s->running) return no_memory(e);
    gable_status status = train_form(s, o, e);
    if (!status) status = add_loss(s, o, &loss, e);
    bool *is_wanted = status ? NULL : arena_array(g->arena, (size_t)g->n_tensors + 1, sizeof *is_wanted);
    if (status || !is_wanted) return status ? status : no_memory(e);
    for (int i = 0; i < n_tensors; i++) is_wanted[i] = is_trained(g->tensors[i], o);
    status = gradient_append(g, loss, is_wanted, &back, e);
    s->source = back.source;
    return status ? status : feed_trained(s, &back, n_tensors, e);
}

gable_status step_new(const struct graph *model, const struct step_options *o, struct step *out, gable_error *e)
{
    if (model->opset && model->opset < OPSET_LEAST)
        return error_set(e, GABLE_BAD_INPUT, "operators of opset %d broadcast otherwise: convert the model to opset 13",
                         model->opset);
    if (model->n_outputs < 1) return error_set(e, GABLE_BAD_INPUT, "the model has no output");
    *out = (struct step){.graph = graph_copy(model, (size_t)1 << STEP_BYTES_SHIFT)};
    gable_status status = out->graph ? build(out, o, e) : no_memory(e);
    if (status) step_release(out);
    return status;
}

void step_release(struct step *s)
{
    graph_free(s->graph);
    *s = (struct step){0};
}
