#include "ops/training.h"

static const struct {
    const char *name, *words;
    int flops, moves, state;
} optimizers[] = {
#define OPTIMIZER_ROW(id, text, flops_, moves_, state_, words_) \
    {.name = text, .words = words_, .flops = flops_, .moves = moves_, .state = state_},
    OPTIMIZERS(OPTIMIZER_ROW)};

const char *optimizer_name(enum optimizer o) { return optimizers[o].name; }

const char *optimizer_words(enum optimizer o) { return optimizers[o].words; }

const char *train_pass_name(enum train_pass p)
{
    static const char *const names[] = {"forward", "backward-data", "backward-weights", "update"};
    return names[p];
}

/* A tensor is counted once for each pass of a node. */
struct meter {
    struct training *t;
    int *seen; /* per tensor: the mark that met it last */
    int mark;
};

static count once(struct meter *m, const struct tensor *t)
{
    if (storage_is_free(t)) return 0;
    int *seen = &m->seen[m->t->storage.root[t->index]->index];
    if (*seen == m->mark) return 0;
    *seen = m->mark;
    return tensor_bytes(t);
}

static count forward_bytes(struct meter *m, const struct node *n)
{
    count bytes = 0;
    if (storage_is_view(n, true)) return 0;
    const struct tensor *t;
    m->mark++;
    for (int i = 0; (t = node_reads(n, i)); i++) {
        count read = once(m, t);
        bytes = count_add(bytes, i == 0 && n->op->train.passes > 1 ? count_mul(n->op->train.passes, read) : read);
    }
    for (int i = 0; i < n->n_out; i++)
        if (!storage_is_free(n->out[i])) bytes = count_add(bytes, tensor_bytes(n->out[i]));
    return bytes;
}

/* The kept tensors that the gradient of one input reads. */
static count kept_bytes(struct meter *m, const struct node *n, int input)
{
    count bytes = 0;
    for (int place = 0; place < n->n_in + n->n_out; place++)
        if (gradient_reads(n, input, place))
            bytes = count_add(bytes, once(m, place < n->n_in ? n->in[place] : n->out[place - n->n_in]));
    return bytes;
}

static count output_gradient_bytes(const struct gradients *g, const struct node *n)
{
    count bytes = 0;
    for (int i = 0; i < n->n_out; i++)
        if (g->flows[n->out[i]->index]) bytes = count_add(bytes, tensor_bytes(n->out[i]));
    return bytes;
}

/* Backward of one node, for its activations or for its weights: reads the output's gradient, what was kept, writes each
   gradient; a further part is added to what is there: read and written. */
static count backward_bytes(struct meter *m, const struct node *n, bool of_weights, bool *has_part)
{
    const struct gradients *g = &m->t->analysis->gradients;
    count bytes = 0;
    bool is_run = false;
    const struct tensor *t;
    m->mark++;
    for (int i = 0; (t = node_reads(n, i)); i++) {
        if (!gradient_reaches(g, n, i) || (t->role == ROLE_WEIGHT) != of_weights) continue;
        bool is_passed = gradient_is_passed(n, i), is_further = has_part[t->index];
        has_part[t->index] = true;
        if (is_passed && !is_further) continue;
        is_run = true;
        bytes = count_add(bytes, kept_bytes(m, n, i));
        bytes = count_add(bytes, count_mul(is_further ? 2 : 1, tensor_bytes(t)));
    }
    if (!is_run) return 0;
    bytes = count_add(bytes, g->aside[n->index]);
    return count_add(bytes, output_gradient_bytes(g, n));
}

static void add_work(struct training *t, int node, enum train_pass p, struct cost cost, count bytes)
{
    struct work *to[] = {&t->passes[p], &t->kinds[t->analysis->nodes[node].kind][p], &t->nodes[node].passes[p]};
    for (size_t i = 0; i < COUNT_OF(to); i++) {
        to[i]->cost = cost_add(to[i]->cost, cost);
        to[i]->bytes = count_add(to[i]->bytes, bytes);
    }
}

static bool measure_nodes(struct training *t)
{
    const struct graph *g = t->analysis->graph;
    size_t n = (size_t)g->n_tensors + 1;
    bool *has_part = arena_array(t->arena, n, sizeof *has_part);
    struct meter m = {.t = t, .seen = arena_array(t->arena, n, sizeof *m.seen)};
    t->nodes = arena_array(t->arena, (size_t)g->n_nodes + 1, sizeof *t->nodes);
    if (!has_part || !m.seen || !t->nodes) return false;
    for (int i = 0; i < g->n_outputs; i++) has_part[g->outputs[i]->index] = true;
    for (int i = 0; i < g->n_nodes; i++)
        add_work(t, i, PASS_FORWARD, op_training_cost(g->nodes[i]), forward_bytes(&m, g->nodes[i]));
    for (int i = g->n_nodes - 1; i >= 0; i--) {
        const struct node_cost *c = &t->analysis->nodes[i];
        add_work(t, i, PASS_DATA, c->backward.data, backward_bytes(&m, c->node, false, has_part));
        add_work(t, i, PASS_WEIGHT, c->backward.weight, backward_bytes(&m, c->node, true, has_part));
    }
    return true;
}

/* Trained tensors that a gradient reaches. */
static void measure_update(struct training *t, enum optimizer o)
{
    const struct graph *g = t->analysis->graph;
    struct work *update = &t->passes[PASS_UPDATE];
    for (int i = 0; i < g->n_tensors; i++) {
        const struct tensor *w = g->tensors[i];
        if (w->role != ROLE_WEIGHT || !t->analysis->gradients.flows[i]) continue;
        update->cost.flops = count_add(update->cost.flops, count_mul(optimizers[o].flops, tensor_elements(w)));
        update->bytes = count_add(update->bytes, count_mul(optimizers[o].moves, tensor_bytes(w)));
        t->memory.gradients = count_add(t->memory.gradients, tensor_bytes(w));
        t->memory.optimizer = count_add(t->memory.optimizer, count_mul(optimizers[o].state, tensor_bytes(w)));
    }
}

/* All that is saved is alive where backward begins, so the peak is at least that: `working` is the rest of it. */
static void measure_memory(struct training *t)
{
    struct training_memory *m = &t->memory;
    m->weights = t->analysis->memory.weights;
    m->saved = t->timeline.kept;
    m->working = t->timeline.peak > m->saved ? t->timeline.peak - m->saved : 0;
    m->total = count_add(count_add(m->weights, m->gradients), count_add(m->optimizer, t->timeline.peak));
}

gable_status training_new(const struct analysis *a, enum optimizer o, struct training **out, gable_error *e)
{
    struct arena *arena = arena_new((size_t)1 << 30);
    struct training *t = arena_alloc(arena, sizeof *t);
    if (t) *t = (struct training){.arena = arena, .analysis = a};
    if (!t || !storage_find(a->graph, true, arena, &t->storage) ||
        !timeline_training(a->graph, &t->storage, &a->gradients, arena, &t->timeline) || !measure_nodes(t)) {
        arena_free(arena);
        return error_set(e, GABLE_NO_MEMORY, "no memory for the training step of %d nodes", a->graph->n_nodes);
    }
    measure_update(t, o);
    measure_memory(t);
    *out = t;
    return GABLE_OK;
}

void training_free(struct training *t)
{
    if (t) arena_free(t->arena);
}
