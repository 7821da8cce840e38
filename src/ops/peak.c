#include "ops/peak.h"

#include <string.h>

enum { MOVES_MAX = 64, WORK_MAX = 40000000 };

const char *peak_change_name(enum peak_change_kind k)
{
    static const char *const names[] = {"in place", "order", "recompute"};
    return names[k];
}

void peak_sweep_clear(struct peak_sweep *w) { memset(w->delta, 0, sizeof *w->delta * ((size_t)w->n_steps + 1)); }

void peak_sweep_add(struct peak_sweep *w, count bytes, int from, int to)
{
    if (to < from) return;
    w->delta[from] += bytes;
    w->delta[to + 1] -= bytes;
}

count peak_sweep_most(const struct peak_sweep *w)
{
    count alive = 0, most = 0;
    for (int i = 0; i < w->n_steps; i++) {
        alive += w->delta[i];
        if (alive > most) most = alive;
    }
    return most;
}

bool peak_is_pointwise(const struct node *n)
{
    return n->op->is_elementwise || !strcmp(n->op_type, "BatchNormalization");
}

void peak_keep(struct peak_changes *out, const struct peak_change *c, count peak_before)
{
    if (c->peak >= peak_before || out->n == PEAK_CHANGES_MAX) return;
    int at = out->n++;
    for (; at > 0; at--) {
        const struct peak_change *other = &out->change[at - 1];
        if (other->n_nodes < c->n_nodes || (other->n_nodes == c->n_nodes && other->peak <= c->peak)) break;
        out->change[at] = *other;
    }
    out->change[at] = *c;
}

/* The graph as lifetimes that can be changed and swept again. */
struct trial {
    const struct graph *g;
    const struct storage *s;
    const struct timeline *t;
    struct arena *arena;
    struct peak_sweep sweep;
    int *first, *use;    /* per root: the nodes that read it, from use[first[i]] to use[first[i + 1]] */
    int *position;       /* per node */
    int *overwritten_by; /* per root: the node that writes over it, -1 for none */
    int *root_of;        /* per node: the root that it may write over, -1 for none */
    int dropped, again;  /* the root that is dropped after the peak's step and the node before which it is made again */
};

static bool is_output(const struct trial *t, int root) { return t->s->last_use[root] == t->g->n_nodes; }

static bool find_uses(struct trial *t)
{
    const struct graph *g = t->g;
    size_t n_uses = 0;
    for (int i = 0; i < g->n_nodes; i++) n_uses += (size_t)g->nodes[i]->n_in;
    t->first = arena_array(t->arena, (size_t)g->n_tensors + 2, sizeof *t->first);
    t->use = arena_array(t->arena, n_uses + 1, sizeof *t->use);
    if (!t->first || !t->use) return false;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < g->n_nodes; i++)
            for (int k = 0; k < g->nodes[i]->n_in && !storage_is_view(g->nodes[i], false); k++) {
                int root = t->s->root[g->nodes[i]->in[k]->index]->index;
                if (pass)
                    t->use[t->first[root + 1]++] = i;
                else
                    t->first[root + 2]++;
            }
        for (int i = 0; !pass && i < g->n_tensors; i++) t->first[i + 2] += t->first[i + 1];
    }
    return true;
}

/* The input that node i could write over: of the same size, made by a node, read last there, no model output. */
static int overwritable(const struct trial *t, const struct node *n)
{
    if (!peak_is_pointwise(n) || storage_is_view(n, false)) return -1;
    for (int k = 0; k < n->n_in; k++) {
        const struct tensor *r = t->s->root[n->in[k]->index];
        bool is_ours = r->role == ROLE_ACTIVATION && !storage_is_free(r) && t->s->last_use[r->index] == n->index;
        if (is_ours && tensor_bytes(r) == tensor_bytes(n->out[0])) return r->index;
    }
    return -1;
}

static bool make(struct trial *t)
{
    const struct graph *g = t->g;
    size_t tensors = (size_t)g->n_tensors + 1, nodes = (size_t)g->n_nodes + 1;
    t->sweep.n_steps = g->n_nodes;
    t->sweep.delta = arena_array(t->arena, nodes + 1, sizeof *t->sweep.delta);
    t->position = arena_array(t->arena, nodes, sizeof *t->position);
    t->root_of = arena_array(t->arena, nodes, sizeof *t->root_of);
    t->overwritten_by = arena_array(t->arena, tensors, sizeof *t->overwritten_by);
    if (!t->sweep.delta || !t->position || !t->root_of || !t->overwritten_by || !find_uses(t)) return false;
    for (int i = 0; i < g->n_nodes; i++) {
        t->position[i] = i;
        t->root_of[i] = overwritable(t, g->nodes[i]);
    }
    for (int i = 0; i < g->n_tensors; i++) t->overwritten_by[i] = -1;
    t->dropped = -1;
    return true;
}

/* What a recomputation reads stays until then. */
static bool feeds_dropped(const struct trial *t, int root)
{
    if (t->dropped < 0) return false;
    const struct node *n = t->g->tensors[t->dropped]->producer;
    for (int k = 0; k < n->n_in; k++)
        if (t->s->root[n->in[k]->index]->index == root) return true;
    return false;
}

static count evaluate(struct trial *t)
{
    peak_sweep_clear(&t->sweep);
    for (int i = 0; i < t->t->n_lifetimes; i++) {
        const struct tensor *r = t->t->lifetimes[i].tensor;
        count bytes = t->t->lifetimes[i].bytes;
        int root = r->index, from = r->producer ? t->position[r->producer->index] : 0, to = from;
        for (int u = t->first[root]; u < t->first[root + 1]; u++)
            if (t->position[t->use[u]] > to) to = t->position[t->use[u]];
        if (is_output(t, root)) to = t->g->n_nodes - 1;
        if (t->overwritten_by[root] >= 0) to = t->position[t->overwritten_by[root]] - 1;
        if (feeds_dropped(t, root) && t->again > to) to = t->again;
        if (root == t->dropped) {
            int last = from;
            for (int u = t->first[root]; u < t->first[root + 1]; u++)
                if (t->use[u] < t->t->peak_step && t->use[u] > last) last = t->use[u];
            peak_sweep_add(&t->sweep, bytes, from, last);
            from = t->again;
        }
        peak_sweep_add(&t->sweep, bytes, from, to);
    }
    return peak_sweep_most(&t->sweep);
}

static const struct node **one_node(struct trial *t, const struct node *n)
{
    const struct node **list = arena_array(t->arena, 1, sizeof *list);
    if (list) *list = n;
    return list;
}

static bool keep_one(struct trial *t, struct peak_changes *out, struct peak_change c, const struct node *n)
{
    if (!n) return true;
    c.n_nodes = 1;
    c.nodes = one_node(t, n);
    if (c.nodes) peak_keep(out, &c, t->t->peak);
    return c.nodes != NULL;
}

/* The single node whose writing in place lowers the peak most. */
static bool try_one_in_place(struct trial *t, struct peak_changes *out)
{
    struct peak_change best = {.kind = PEAK_IN_PLACE, .peak = t->t->peak};
    const struct node *node = NULL;
    for (int i = 0; i < t->g->n_nodes; i++) {
        if (t->root_of[i] < 0) continue;
        t->overwritten_by[t->root_of[i]] = i;
        count peak = evaluate(t);
        t->overwritten_by[t->root_of[i]] = -1;
        if (peak >= best.peak) continue;
        best.peak = peak;
        node = t->g->nodes[i];
    }
    return keep_one(t, out, best, node);
}

/* All that can; then every one that is not needed for the same peak writes apart again. */
static bool try_all_in_place(struct trial *t, struct peak_changes *out)
{
    const struct graph *g = t->g;
    struct peak_change c = {.kind = PEAK_IN_PLACE};
    for (int i = 0; i < g->n_nodes; i++)
        if (t->root_of[i] >= 0) t->overwritten_by[t->root_of[i]] = i;
    c.peak = evaluate(t);
    c.nodes = arena_array(t->arena, (size_t)g->n_nodes + 1, sizeof *c.nodes);
    for (int i = 0; i < g->n_nodes && c.nodes && c.peak < t->t->peak; i++) {
        int root = t->root_of[i];
        if (root < 0 || t->overwritten_by[root] != i) continue;
        t->overwritten_by[root] = -1;
        if (evaluate(t) <= c.peak) continue;
        t->overwritten_by[root] = i;
        c.nodes[c.n_nodes++] = g->nodes[i];
    }
    for (int i = 0; i < g->n_tensors; i++) t->overwritten_by[i] = -1;
    if (c.n_nodes > 1) peak_keep(out, &c, t->t->peak);
    return c.nodes != NULL;
}

/* Node `from` at position `to`, the others in their order. */
static void move(struct trial *t, int from, int to)
{
    for (int i = 0; i < t->g->n_nodes; i++)
        t->position[i] = i + (i > from && i <= to ? -1 : i < from && i >= to ? 1 : 0);
    t->position[from] = to;
}

/* The positions that a node may have: behind what it reads, before what reads it. */
static void legal_range(const struct graph *g, const struct node *n, int *low, int *high)
{
    *low = 0;
    *high = g->n_nodes - 1;
    for (int k = 0; k < n->n_in; k++)
        if (n->in[k]->producer && n->in[k]->producer->index >= *low) *low = n->in[k]->producer->index + 1;
    for (int i = n->index + 1; i < g->n_nodes; i++)
        for (int k = 0; k < g->nodes[i]->n_in; k++)
            if (g->nodes[i]->in[k]->producer == n) {
                *high = i - 1;
                return;
            }
}

static void try_positions(struct trial *t, const struct node *n, struct peak_change *best, const struct node **moved)
{
    int low, high, at = n->index;
    legal_range(t->g, n, &low, &high);
    if (low < at - MOVES_MAX) low = at - MOVES_MAX;
    if (high > at + MOVES_MAX) high = at + MOVES_MAX;
    for (int to = low; to <= high; to++) {
        if (to == at) continue;
        move(t, at, to);
        count peak = evaluate(t);
        if (peak >= best->peak) continue;
        int next = to < at ? to : to + 1;
        best->peak = peak;
        best->before = next < t->g->n_nodes ? t->g->nodes[next] : NULL;
        *moved = n;
    }
}

/* Only nodes that make or read what is alive at the peak can lower it. */
static bool try_orders(struct trial *t, struct peak_changes *out)
{
    struct peak_change best = {.kind = PEAK_ORDER, .peak = t->t->peak};
    const struct node *moved = NULL;
    for (int i = 0; i < t->t->n_lifetimes; i++) {
        const struct lifetime *l = &t->t->lifetimes[i];
        if (l->from > t->t->peak_step || l->to < t->t->peak_step) continue;
        if (l->tensor->producer) try_positions(t, l->tensor->producer, &best, &moved);
        for (int u = t->first[l->tensor->index]; u < t->first[l->tensor->index + 1]; u++)
            try_positions(t, t->g->nodes[t->use[u]], &best, &moved);
    }
    for (int i = 0; i < t->g->n_nodes; i++) t->position[i] = i;
    return keep_one(t, out, best, moved);
}

/* The first node after the peak's step that reads it; -1 where it is read at that step, or not later. */
static int read_again(const struct trial *t, int root)
{
    int again = -1;
    for (int u = t->first[root]; u < t->first[root + 1]; u++) {
        if (t->use[u] == t->t->peak_step) return -1;
        if (t->use[u] > t->t->peak_step && (again < 0 || t->use[u] < again)) again = t->use[u];
    }
    return again;
}

static bool try_recomputation(struct trial *t, struct peak_changes *out)
{
    struct peak_change best = {.kind = PEAK_RECOMPUTE, .peak = t->t->peak, .n_dropped = 1};
    for (int i = 0; i < t->t->n_lifetimes; i++) {
        const struct lifetime *l = &t->t->lifetimes[i];
        const struct tensor *r = l->tensor;
        bool is_alive = l->from < t->t->peak_step && l->to > t->t->peak_step && r->producer;
        t->again = is_alive ? read_again(t, r->index) : -1;
        if (t->again < 0) continue;
        t->dropped = r->index;
        count peak = evaluate(t), flops = op_cost(r->producer).flops;
        t->dropped = -1;
        if (peak > best.peak || (peak == best.peak && (!best.tensor || flops >= best.flops))) continue;
        best.peak = peak;
        best.tensor = r;
        best.flops = flops;
    }
    return keep_one(t, out, best, best.tensor ? best.tensor->producer : NULL);
}

/* Sweeps over the timeline that moving nodes one by one would take. */
static int64_t moves(const struct trial *t)
{
    int64_t n = 0;
    for (int i = 0; i < t->t->n_lifetimes; i++) {
        const struct lifetime *l = &t->t->lifetimes[i];
        if (l->from <= t->t->peak_step && l->to >= t->t->peak_step)
            n += 1 + t->first[l->tensor->index + 1] - t->first[l->tensor->index];
    }
    return 2 * MOVES_MAX * n;
}

static void bound_work(const struct trial *t, struct peak_changes *out)
{
    const int64_t sweep = t->g->n_nodes + t->t->n_lifetimes;
    bool is_too_large = t->t->peak == COUNT_MAX;
    out->is_skipped[PEAK_IN_PLACE] = is_too_large || t->g->n_nodes * sweep > WORK_MAX;
    out->is_skipped[PEAK_ORDER] = is_too_large || moves(t) > 8LL * WORK_MAX / sweep;
    out->is_skipped[PEAK_RECOMPUTE] = is_too_large || moves(t) / MOVES_MAX > 8LL * WORK_MAX / sweep;
}

bool peak_inference(const struct graph *g, const struct storage *s, const struct timeline *t, struct arena *a,
                    struct peak_changes *out)
{
    struct trial trial = {.g = g, .s = s, .t = t, .arena = a};
    *out = (struct peak_changes){0};
    if (!make(&trial)) return false;
    bound_work(&trial, out);
    return (out->is_skipped[PEAK_IN_PLACE] || (try_one_in_place(&trial, out) && try_all_in_place(&trial, out))) &&
           (out->is_skipped[PEAK_ORDER] || try_orders(&trial, out)) &&
           (out->is_skipped[PEAK_RECOMPUTE] || try_recomputation(&trial, out));
}
