#include "engine/train/lower.h"

#include <string.h>

gable_status train_no_memory(const struct lowering *l, gable_error *e)
{
    return error_set(e, GABLE_NO_MEMORY, "no memory to plan %s", l->plan->graph->name);
}

const struct node *train_only_reader(const struct lowering *l, const struct tensor *t)
{
    const struct graph *g = l->plan->graph;
    if (l->uses[t->index] != 1 || t->is_output) return NULL;
    for (int i = t->producer ? t->producer->index + 1 : 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->nodes[i]->n_in; k++)
            if (g->nodes[i]->in[k] == t) return g->nodes[i];
    return NULL;
}

static int dimension(const struct tensor *t, int i)
{
    return t->has_shape && i < t->shape.rank ? (int)t->shape.dim[i] : 1;
}
static struct value *new_value(struct lowering *l, const struct tensor *t, int channels, int height, int width)
{
    struct train_plan *p = l->plan;
    struct value *v = arena_alloc(p->memory, sizeof *v);
    struct value **place = train_plan_grow(p, (void **)&p->values, &p->n_values, &p->room_values, sizeof *place);
    if (!v || !place) return NULL;
    *v = (struct value){.tensor = t,
                        .channels = channels,
                        .blocks = (channels + p->vl - 1) / p->vl,
                        .height = height,
                        .width = width,
                        .input = -1,
                        .forward = -1,
                        .again = -1,
                        .gradient = -1};
    return *place = v;
}
struct value *train_value(struct lowering *l, const struct tensor *t)
{
    int rank = t->shape.rank;
    return new_value(l, t, dimension(t, 1), rank > 3 ? dimension(t, 2) : 1, dimension(t, rank > 3 ? 3 : 2));
}

bool train_is_there(const struct lowering *l, const struct tensor *t) { return l->held[t->index].is_there; }
void train_hold(struct lowering *l, const struct tensor *t, struct value *v)
{
    l->held[t->index] =
        (struct held){.value = v, .channels = v->channels, .height = v->height, .width = v->width, .is_there = true};
}
void train_share(struct lowering *l, const struct tensor *from, const struct tensor *to)
{
    l->held[to->index] = l->held[from->index];
}

bool train_take(struct lowering *l, struct part *p, const struct node *n)
{
    int *place = train_plan_grow(l->plan, (void **)&p->nodes, &p->n_nodes, &p->room_nodes, sizeof *place);
    if (!place) return false;
    *place = n->index;
    l->is_taken[n->index] = true;
    return true;
}
struct part *train_part(struct lowering *l, const struct part_type *type, const struct node *n, int n_in,
                        struct value *const *in, struct value *out)
{
    struct train_plan *plan = l->plan;
    struct part *p = arena_alloc(plan->memory, sizeof *p);
    struct value **ins = arena_array(plan->memory, (size_t)n_in + 1, sizeof *ins);
    enum flow *flow = arena_array(plan->memory, (size_t)n_in + 1, sizeof *flow);
    struct part **place =
        train_plan_grow(plan, (void **)&plan->parts, &plan->n_parts, &plan->room_parts, sizeof *place);
    if (!p || !ins || !flow || !place || !out) return NULL;
    for (int i = 0; i < n_in; i++) {
        if (!in[i]) return NULL;
        ins[i] = in[i];
    }
    *p = (struct part){.type = type,
                       .index = plan->n_parts - 1,
                       .n_in = n_in,
                       .in = ins,
                       .flow = flow,
                       .out = out,
                       .temporary = -1,
                       .positions = -1,
                       .weight = -1,
                       .bias = -1,
                       .rest = -1};
    out->maker = p;
    *place = p;
    return !n || train_take(l, p, n) ? p : NULL;
}

/* Channels of one or several values, brought together. */
struct value *train_blocks(struct lowering *l, const struct tensor *t)
{
    struct held *h = &l->held[t->index];
    if (h->value && h->value->input < 0) return h->value;
    struct value *in[1] = {h->value}, *out = new_value(l, t, h->channels, h->height, h->width);
    struct value **from = in;
    int n = h->value ? 1 : 0;
    if (!out) return NULL;
    if (!h->value) {
        from = arena_array(l->plan->memory, (size_t)h->channels + 1, sizeof(struct value *));
        for (int c = 0; from && c < h->channels; c++) {
            bool is_new = true;
            for (int i = 0; i < n && is_new; i++) is_new = from[i] != h->sources[c].value;
            if (is_new) from[n++] = h->sources[c].value;
        }
    }
    struct part *p = from ? train_part(l, &part_gather, NULL, n, from, out) : NULL;
    if (!p) return NULL;
    p->sources = h->sources;
    if (t->producer && !train_take(l, p, t->producer)) return NULL;
    h->value = out;
    return out;
}

gable_status train_parameter(struct lowering *l, const struct node *n, int input, int *tensor, gable_error *e)
{
    struct train_plan *p = l->plan;
    const struct tensor *t = n->in[input];
    if (t->role != ROLE_WEIGHT && t->role != ROLE_BUFFER)
        return error_set(e, GABLE_BAD_INPUT, "%s's input %d is no weight: that is not trained here", n->op_type, input);
    if (p->parameter[t->index] != SIZE_MAX)
        return error_set(e, GABLE_BAD_INPUT, "weight %s is used twice: that is not trained here", t->name);
    p->parameter[t->index] = 0;
    *tensor = t->index;
    return GABLE_OK;
}

static const struct {
    const char *op_type;
    train_node *lower;
} rows[] = {
    {"Conv", train_conv},
    {"Gemm", train_gemm},
    {"MatMul", train_gemm},
    {"BatchNormalization", train_norm},
    {"Relu", train_act},
    {"Clip", train_act},
    {"HardSwish", train_act},
    {"Swish", train_act},
    {"Sigmoid", train_act},
    {"HardSigmoid", train_act},
    {"Add", train_add},
    {"Mul", train_mul},
    {"MaxPool", train_pool},
    {"AveragePool", train_pool},
    {"AdaptiveAveragePool", train_pool},
    {"GlobalAveragePool", train_mean},
    {"ReduceMean", train_mean},
    {"Dropout", train_dropout},
    {"StochasticDepth", train_depth},
    {"Flatten", train_reshape},
    {"Reshape", train_reshape},
    {"Squeeze", train_reshape},
    {"Unsqueeze", train_reshape},
    {"Concat", train_concat},
    {"Split", train_split},
    {"Identity", train_identity},
};
static gable_status train_one(struct lowering *l, const struct node *n, gable_error *e)
{
    if (n->n_out > 0 && n->out[0]->ints) return GABLE_OK; /* arithmetic of shapes, done already */
    for (int i = 0; i < n->n_in && i < 1; i++)
        if (!tensor_is_initializer(n->in[i]) && n->in[i]->role != ROLE_ABSENT && !train_is_there(l, n->in[i]))
            return error_set(e, GABLE_BAD_INPUT, "its input %s is not made by what can be trained here",
                             n->in[i]->name);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (node_is(n, rows[i].op_type)) return rows[i].lower(l, n, e);
    if (!n->op || !n->op->train.gradient) return error_set(e, GABLE_BAD_INPUT, "%s has no gradient", n->op_type);
    return error_set(e, GABLE_BAD_INPUT, "%s cannot be trained here yet", n->op_type);
}

static gable_status train_inputs(struct lowering *l, gable_error *e)
{
    const struct graph *g = l->plan->graph;
    for (int i = 0; i < g->n_inputs; i++) {
        const struct tensor *t = g->inputs[i];
        if (t->dtype != DTYPE_F32 || t->shape.rank < 2 || t->shape.rank > 4)
            return error_set(e, GABLE_BAD_INPUT, "input %s: training takes f32 of 2 to 4 dimensions, batch first",
                             t->name);
        struct value *v = train_value(l, t);
        if (!v) return train_no_memory(l, e);
        v->input = i;
        train_hold(l, t, v);
    }
    return GABLE_OK;
}
static void count_uses(struct lowering *l)
{
    const struct graph *g = l->plan->graph;
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->nodes[i]->n_in; k++) l->uses[g->nodes[i]->in[k]->index]++;
    for (int i = 0; i < g->n_outputs; i++) l->uses[g->outputs[i]->index]++;
}
static gable_status train_nodes(struct lowering *l, gable_error *e)
{
    const struct graph *g = l->plan->graph;
    for (int i = 0; i < g->n_nodes; i++) {
        if (l->is_taken[i]) continue;
        gable_status s = train_one(l, g->nodes[i], e);
        if (s) return error_within(e, "node %s (%s)", g->nodes[i]->name, g->nodes[i]->op_type);
    }
    if (!train_is_there(l, g->outputs[0]))
        return error_set(e, GABLE_BAD_INPUT, "its output is not made by what can be trained");
    l->plan->output = train_blocks(l, g->outputs[0]);
    if (!l->plan->output) return train_no_memory(l, e);
    return GABLE_OK;
}

/* Trained ones first and together, so that the update is one pass. */
static void place_parameters(struct train_plan *p)
{
    const struct graph *g = p->graph;
    size_t at = 0;
    for (int is_buffer = 0; is_buffer < 2; is_buffer++) {
        for (int i = 0; i < g->n_tensors; i++) {
            const struct tensor *t = g->tensors[i];
            if (p->parameter[i] == SIZE_MAX || (t->role == ROLE_BUFFER) != (is_buffer == 1)) continue;
            p->parameter[i] = at;
            at += ((size_t)tensor_elements(t) + 15) / 16 * 16;
        }
        if (!is_buffer) p->n_trained = at;
    }
    p->n_parameters = at;
}

gable_status train_lower(struct train_plan *p, gable_error *e)
{
    const struct graph *g = p->graph;
    size_t n = (size_t)g->n_tensors + 1;
    struct lowering l = {.plan = p,
                         .held = arena_array(p->memory, n, sizeof *l.held),
                         .uses = arena_array(p->memory, n, sizeof *l.uses),
                         .is_taken = arena_array(p->memory, (size_t)g->n_nodes + 1, sizeof *l.is_taken)};
    p->parameter = arena_array(p->memory, n, sizeof *p->parameter);
    if (!l.held || !l.uses || !l.is_taken || !p->parameter) return train_no_memory(&l, e);
    for (int i = 0; i < g->n_tensors; i++) p->parameter[i] = SIZE_MAX;
    if (p->options.frozen) return error_set(e, GABLE_BAD_INPUT, "every weight is trained here, none is frozen");
    if (g->n_outputs != 1)
        return error_set(e, GABLE_BAD_INPUT, "%s has %d outputs, training takes one", g->name, g->n_outputs);
    count_uses(&l);
    gable_status s = train_inputs(&l, e);
    if (!s) s = train_nodes(&l, e);
    if (!s) place_parameters(p);
    return s;
}
