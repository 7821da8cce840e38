#include "ops/analysis.h"

#include "ops/control.h"
#include "ops/traffic.h"

/* What the passes over one graph share. */
struct pass {
    const struct graph *g;
    struct analysis *a;
    struct traffic_scope scope;
    const int *group_of;   /* per node, -1 for none */
    int *by_group, *first; /* nodes sorted by group; the first of each, n_groups + 1 of them */
    bool *is_crossing;     /* per tensor: read by another group than its producer's, or a model output */
};

static count own_traffic(const struct node_cost *c)
{
    return count_add(count_add(c->read_bytes, c->weight_bytes), c->write_bytes);
}

static count output_bytes(const struct node *n)
{
    count bytes = 0;
    for (int i = 0; i < n->n_out && !n->op->is_view; i++)
        if (!storage_is_free(n->out[i])) bytes = count_add(bytes, tensor_bytes(n->out[i]));
    return bytes;
}

static bool node_traffic(struct pass *p, struct node_cost *c)
{
    struct moved m = {0};
    if (!traffic_of(&p->scope, c->node, c->node->index + 1, &m)) return false;
    c->read_bytes = m.read;
    c->weight_bytes = m.weight;
    c->write_bytes = m.write;
    return true;
}

static bool cost_nodes(struct pass *p)
{
    struct analysis *a = p->a;
    for (int i = 0; i < p->g->n_nodes; i++) {
        struct node_cost *c = &a->nodes[i];
        c->node = p->g->nodes[i];
        c->kind = op_kind_of(c->node);
        c->cost = op_cost(c->node);
        c->backward = a->gradients.nodes[i];
        c->group = p->group_of[i];
        if (!node_traffic(p, c)) return false;
        struct kind_total *k = &a->kinds[c->kind];
        k->nodes++;
        k->cost = cost_add(k->cost, c->cost);
        k->backward = backward_add(k->backward, c->backward);
        k->bytes = count_add(k->bytes, own_traffic(c));
        a->total = cost_add(a->total, c->cost);
        a->backward = backward_add(a->backward, c->backward);
        a->bytes.unfused = count_add(a->bytes.unfused, own_traffic(c));
        a->memory.activations = count_add(a->memory.activations, output_bytes(c->node));
    }
    return true;
}

/* Tables of positions are the program's, wherever a file keeps them. */
static bool is_stored(const struct tensor *t)
{
    bool is_real = t->dtype == DTYPE_F32 || t->dtype == DTYPE_F16 || t->dtype == DTYPE_BF16 || t->dtype == DTYPE_F64;
    return t->role == ROLE_WEIGHT || t->role == ROLE_BUFFER ||
           (t->role == ROLE_CONSTANT && is_real && !storage_is_free(t));
}

static void hold(struct analysis *a, const struct tensor *t)
{
    if (t->role == ROLE_WEIGHT) a->params = count_add(a->params, tensor_elements(t));
    if (t->role == ROLE_BUFFER) a->buffers = count_add(a->buffers, tensor_elements(t));
    if (is_stored(t)) a->memory.weights = count_add(a->memory.weights, tensor_bytes(t));
}

/* What a node's bodies hold themselves; gives the trained elements. */
static count hold_bodies(struct analysis *a, const struct node *n)
{
    count params = 0;
    for (int k = 0; k < n->n_attributes; k++) {
        const struct graph *body = n->attributes[k].type == ATTRIBUTE_GRAPH ? n->attributes[k].graph : NULL;
        for (int i = 0; body && i < body->n_tensors; i++) {
            hold(a, body->tensors[i]);
            if (body->tensors[i]->role == ROLE_WEIGHT) params = count_add(params, tensor_elements(body->tensors[i]));
        }
        for (int i = 0; body && i < body->n_nodes; i++) params = count_add(params, hold_bodies(a, body->nodes[i]));
    }
    return params;
}

/* Each trained tensor belongs to the first node that works with it, not to a view; sums over all that the graph holds.
 */
static void count_params(struct pass *p)
{
    struct analysis *a = p->a;
    enum { OWNED = -1 };
    for (int i = 0; i < p->g->n_nodes; i++) {
        struct node_cost *c = &a->nodes[i];
        const struct tensor *t;
        for (int k = 0; !c->node->op->is_view && (t = node_reads(c->node, k)); k++) {
            t = p->scope.storage.root[t->index];
            if (t->role == ROLE_WEIGHT && traffic_first(&p->scope, t, OWNED))
                c->params = count_add(c->params, tensor_elements(t));
        }
        c->params = count_add(c->params, hold_bodies(a, c->node));
        a->kinds[c->kind].params = count_add(a->kinds[c->kind].params, c->params);
    }
    for (int i = 0; i < p->g->n_tensors; i++) hold(a, p->g->tensors[i]);
}

static bool make_order(struct pass *p)
{
    int n = p->g->n_nodes, groups = p->a->n_groups;
    p->by_group = arena_array(p->a->arena, (size_t)n + 1, sizeof *p->by_group);
    p->first = arena_array(p->a->arena, (size_t)groups + 2, sizeof *p->first);
    if (!p->by_group || !p->first) return false;
    for (int i = 0; i < n; i++)
        if (p->group_of[i] >= 0) p->first[p->group_of[i] + 2]++;
    for (int k = 0; k < groups; k++) p->first[k + 2] += p->first[k + 1];
    for (int i = 0; i < n; i++)
        if (p->group_of[i] >= 0) p->by_group[p->first[p->group_of[i] + 1]++] = i;
    return true;
}

static void find_crossings(struct pass *p)
{
    for (int i = 0; i < p->g->n_nodes; i++) {
        const struct node *n = p->g->nodes[i];
        const struct tensor *in;
        for (int k = 0; !n->op->is_view && (in = node_reads(n, k)); k++) {
            const struct tensor *t = p->scope.storage.root[in->index];
            int from = t->producer ? p->group_of[t->producer->index] : -1;
            if (from < 0 || from != p->group_of[i]) p->is_crossing[t->index] = true;
        }
    }
    for (int i = 0; i < p->g->n_outputs; i++)
        p->is_crossing[p->scope.storage.root[p->g->outputs[i]->index]->index] = true;
}

/* What a node's inputs and outputs add to its group's traffic: every tensor once per group, and only what crosses; of a
   node with bodies all that they move: nothing is fused in them. */
static count crossing_bytes(struct pass *p, const struct node_cost *c, int mark)
{
    struct body_run bodies[BODIES_MAX];
    const struct node *n = c->node;
    if (control_runs(n, bodies)) return own_traffic(c);
    count bytes = 0;
    int group = p->group_of[n->index];
    const struct tensor *in;
    for (int i = 0; (in = node_reads(n, i)); i++) {
        const struct tensor *t = p->scope.storage.root[in->index];
        bool is_own = t->producer && p->group_of[t->producer->index] == group;
        if (!is_own && !storage_is_free(t) && traffic_first(&p->scope, t, mark))
            bytes = count_add(bytes, tensor_bytes(in));
    }
    for (int i = 0; i < n->n_out; i++)
        if (p->is_crossing[n->out[i]->index] && !storage_is_free(n->out[i]))
            bytes = count_add(bytes, tensor_bytes(n->out[i]));
    return bytes;
}

static void cost_groups(struct pass *p)
{
    struct analysis *a = p->a;
    find_crossings(p);
    for (int k = 0; k < a->n_groups; k++) {
        for (int i = p->first[k]; i < p->first[k + 1]; i++) {
            const struct node_cost *c = &a->nodes[p->by_group[i]];
            int mark = p->g->n_nodes + 1 + k; /* no node's mark */
            a->group_cost[k] = cost_add(a->group_cost[k], c->cost);
            a->group_bytes[k] = count_add(a->group_bytes[k], crossing_bytes(p, c, mark));
        }
        a->bytes.fused = count_add(a->bytes.fused, a->group_bytes[k]);
    }
}

/* Model inputs, model outputs and every initializer that is used, once; those of bodies too. */
static count ideal_bytes(const struct graph *g, const struct storage *s)
{
    count bytes = 0;
    for (int i = 0; i < g->n_tensors; i++) {
        const struct tensor *t = g->tensors[i];
        bool is_read = (tensor_is_initializer(t) || t->role == ROLE_INPUT) && s->last_use[i] >= 0;
        if ((is_read && !storage_is_free(t)) || t->is_output) bytes = count_add(bytes, tensor_bytes(t));
    }
    for (int i = 0; i < g->n_nodes; i++) bytes = count_add(bytes, traffic_held(g->nodes[i]));
    return bytes;
}

/* Without a grouping every node that moves data is a group of its own. */
static const int *lone_groups(const struct graph *g, struct arena *arena, int *n_groups)
{
    int *group_of = arena_array(arena, (size_t)g->n_nodes + 1, sizeof *group_of);
    for (int i = 0; group_of && i < g->n_nodes; i++) group_of[i] = g->nodes[i]->op->is_view ? -1 : (*n_groups)++;
    return group_of;
}

static bool prepare(struct pass *p, const struct grouping *grouping)
{
    struct analysis *a = p->a;
    a->n_groups = grouping ? grouping->n_groups : 0;
    p->group_of = grouping ? grouping->group_of : lone_groups(p->g, a->arena, &a->n_groups);
    p->scope.seen = arena_array(a->arena, (size_t)p->g->n_tensors + 1, sizeof *p->scope.seen);
    p->is_crossing = arena_array(a->arena, (size_t)p->g->n_tensors + 1, sizeof *p->is_crossing);
    a->nodes = arena_array(a->arena, (size_t)p->g->n_nodes + 1, sizeof *a->nodes);
    a->group_bytes = arena_array(a->arena, (size_t)a->n_groups + 1, sizeof *a->group_bytes);
    a->group_cost = arena_array(a->arena, (size_t)a->n_groups + 1, sizeof *a->group_cost);
    return p->group_of && p->scope.seen && p->is_crossing && a->nodes && a->group_bytes && a->group_cost &&
           storage_find(p->g, false, a->arena, &p->scope.storage) && gradients_find(p->g, a->arena, &a->gradients) &&
           make_order(p);
}

static gable_status check_inferred(const struct graph *g, gable_error *e)
{
    for (int i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i]->op || (!tensor_is_known(g->nodes[i]->out[0]) && g->nodes[i]->out[0]->role != ROLE_ABSENT))
            return error_set(e, GABLE_BAD_INPUT, "node %.80s has no known shapes", g->nodes[i]->name);
    return GABLE_OK;
}

gable_status analysis_new(const struct graph *g, const struct grouping *grouping, struct analysis **out, gable_error *e)
{
    gable_status s = check_inferred(g, e);
    if (s) return s;
    struct arena *arena = arena_new((size_t)1 << 30);
    struct analysis *a = arena_alloc(arena, sizeof *a);
    if (a) *a = (struct analysis){.arena = arena, .graph = g};
    struct pass p = {.g = g, .a = a, .scope = {.arena = arena}};
    if (!a || !prepare(&p, grouping) || !timeline_inference(g, &p.scope.storage, arena, &a->timeline)) {
        arena_free(arena);
        return error_set(e, GABLE_NO_MEMORY, "no memory to analyse %d nodes", g->n_nodes);
    }
    a->memory.peak_live = a->timeline.peak;
    a->memory.peak_node = a->timeline.peak_step;
    a->batch = g->n_inputs && g->inputs[0]->shape.rank ? (int)g->inputs[0]->shape.dim[0] : 1;
    coverage_find(g, &a->coverage);
    if (!cost_nodes(&p)) {
        arena_free(arena);
        return error_set(e, GABLE_NO_MEMORY, "no memory to analyse %d nodes", g->n_nodes);
    }
    count_params(&p);
    cost_groups(&p);
    a->bytes.ideal = ideal_bytes(g, &p.scope.storage);
    *out = a;
    return GABLE_OK;
}

void analysis_free(struct analysis *a)
{
    if (a) arena_free(a->arena);
}
