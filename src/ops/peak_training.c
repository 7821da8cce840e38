/* Recomputation in training: a tensor that backward keeps is dropped after forward and made again, with what it needs,
   at the step that reads it first. */
#include "ops/peak.h"

enum { CHAIN_MAX = 4, WORK_MAX = 40000000 }; /* nodes run again for one tensor */

struct trial {
    const struct graph *g;
    const struct storage *s;
    const struct timeline *t;
    struct peak_sweep sweep;
    int *first_read;  /* per root: the backward step that reads it first; n_steps for none */
    int *life_of;     /* per root: its lifetime (activation or kept), -1 for none */
    int *stay_until;  /* per lifetime: where a recomputation needs it longer; 0 else */
    bool *is_dropped; /* per root */
    int *n_based;     /* per root: the dropped tensors that are made from it */
};

/* The nodes that run again to make a tensor at a step, the last of them first. */
struct chain {
    int n, step;
    const struct node *nodes[CHAIN_MAX];
    bool is_pointwise;
};

static bool make(struct trial *t, const struct gradients *gradients, struct arena *a)
{
    const struct graph *g = t->g;
    size_t n = (size_t)g->n_tensors + 1;
    t->sweep.n_steps = t->t->n_steps;
    t->sweep.delta = arena_array(a, (size_t)t->t->n_steps + 2, sizeof *t->sweep.delta);
    t->first_read = arena_array(a, n, sizeof *t->first_read);
    t->life_of = arena_array(a, n, sizeof *t->life_of);
    t->is_dropped = arena_array(a, n, sizeof *t->is_dropped);
    t->n_based = arena_array(a, n, sizeof *t->n_based);
    t->stay_until = arena_array(a, (size_t)t->t->n_lifetimes + 1, sizeof *t->stay_until);
    if (!t->sweep.delta || !t->first_read || !t->life_of || !t->is_dropped || !t->n_based || !t->stay_until)
        return false;
    for (int i = 0; i < g->n_tensors; i++) {
        t->first_read[i] = t->t->n_steps;
        t->life_of[i] = -1;
    }
    for (int i = 0; i < t->t->n_lifetimes; i++) {
        const struct lifetime *l = &t->t->lifetimes[i];
        if (l->kind == LIFETIME_KEPT || l->kind == LIFETIME_ACTIVATION) t->life_of[l->tensor->index] = i;
    }
    for (int i = 0; i < g->n_nodes; i++) { /* the last node's step comes first */
        const struct node *node = g->nodes[i];
        for (int input = 0; node_reads(node, input); input++)
            for (int place = 0; place < node->n_in + node->n_out && gradient_reaches(gradients, node, input); place++)
                if (gradient_reads(node, input, place)) {
                    const struct tensor *x = place < node->n_in ? node->in[place] : node->out[place - node->n_in];
                    t->first_read[t->s->root[x->index]->index] = t->t->n_steps - 1 - i;
                }
    }
    return true;
}

/* False where it takes too many nodes, or something that is gone. */
static bool follow(const struct trial *t, const struct tensor *x, struct chain *c)
{
    const struct node *n = x->producer;
    if (!n || c->n == CHAIN_MAX || storage_is_view(n, true)) return false;
    c->nodes[c->n++] = n;
    c->is_pointwise &= peak_is_pointwise(n);
    for (int k = 0; k < n->n_in; k++) {
        const struct tensor *r = t->s->root[n->in[k]->index];
        int life = t->life_of[r->index];
        if (life < 0) continue; /* a weight */
        if (t->is_dropped[r->index]) return false;
        if (t->t->lifetimes[life].to < c->step && r->role != ROLE_INPUT && !follow(t, r, c)) return false;
    }
    return true;
}

static bool chain_of(const struct trial *t, const struct lifetime *l, struct chain *c)
{
    *c = (struct chain){.step = t->first_read[l->tensor->index], .is_pointwise = true};
    if (t->n_based[l->tensor->index]) return false;
    return l->kind == LIFETIME_KEPT && l->tensor->producer && c->step < t->t->n_steps && follow(t, l->tensor, c);
}

static void drop(struct trial *t, const struct lifetime *l, const struct chain *c, bool is_dropped)
{
    t->is_dropped[l->tensor->index] = is_dropped;
    for (int i = 0; i < c->n; i++)
        for (int k = 0; k < c->nodes[i]->n_in; k++) {
            int root = t->s->root[c->nodes[i]->in[k]->index]->index, life = t->life_of[root];
            t->n_based[root] += is_dropped ? 1 : -1;
            if (life >= 0 && t->t->lifetimes[life].tensor->role == ROLE_INPUT)
                t->stay_until[life] = is_dropped ? c->step : 0;
        }
}

/* What is made again on the way lives for that step alone. */
static void add_temporaries(struct trial *t, const struct lifetime *l)
{
    struct chain c;
    bool is_dropped = t->is_dropped[l->tensor->index];
    t->is_dropped[l->tensor->index] = false;
    bool ok = chain_of(t, l, &c);
    t->is_dropped[l->tensor->index] = is_dropped;
    for (int i = 1; i < c.n && ok; i++) peak_sweep_add(&t->sweep, tensor_bytes(c.nodes[i]->out[0]), c.step, c.step);
}

static count evaluate(struct trial *t)
{
    peak_sweep_clear(&t->sweep);
    for (int i = 0; i < t->t->n_lifetimes; i++) {
        const struct lifetime *l = &t->t->lifetimes[i];
        int root = l->tensor->index, to = l->to > t->stay_until[i] ? l->to : t->stay_until[i];
        if (l->kind != LIFETIME_KEPT || !t->is_dropped[root]) {
            peak_sweep_add(&t->sweep, l->bytes, l->from, to);
            continue;
        }
        int last = t->s->last_use[root] < t->g->n_nodes ? t->s->last_use[root] : t->g->n_nodes;
        peak_sweep_add(&t->sweep, l->bytes, l->from, last < l->from ? l->from : last);
        peak_sweep_add(&t->sweep, l->bytes, t->first_read[root], to);
        add_temporaries(t, l);
    }
    return peak_sweep_most(&t->sweep);
}

static void add_chain(struct peak_change *to, const struct chain *c, int room)
{
    for (int i = 0; i < c->n && to->n_nodes < room; i++) {
        to->nodes[to->n_nodes++] = c->nodes[i];
        to->flops = count_add(to->flops, op_training_cost(c->nodes[i]).flops);
    }
}

static bool try_one(struct trial *t, struct arena *a, struct peak_changes *out)
{
    struct peak_change best = {.kind = PEAK_RECOMPUTE, .peak = t->t->peak, .n_dropped = 1};
    struct chain chain, chosen = {0};
    for (int i = 0; i < t->t->n_lifetimes; i++) {
        const struct lifetime *l = &t->t->lifetimes[i];
        if (!chain_of(t, l, &chain)) continue;
        drop(t, l, &chain, true);
        count peak = evaluate(t);
        drop(t, l, &chain, false);
        if (peak > best.peak || (peak == best.peak && (!best.tensor || chain.n >= chosen.n))) continue;
        best.peak = peak;
        best.tensor = l->tensor;
        chosen = chain;
    }
    best.nodes = arena_array(a, CHAIN_MAX, sizeof *best.nodes);
    if (!best.nodes) return false;
    add_chain(&best, &chosen, CHAIN_MAX);
    if (best.tensor) peak_keep(out, &best, t->t->peak);
    return true;
}

static bool try_all(struct trial *t, struct arena *a, struct peak_changes *out)
{
    struct peak_change c = {.kind = PEAK_RECOMPUTE};
    int room = t->t->n_lifetimes * CHAIN_MAX;
    c.nodes = arena_array(a, (size_t)room + 1, sizeof *c.nodes);
    if (!c.nodes) return false;
    for (int i = 0; i < t->t->n_lifetimes; i++) {
        const struct lifetime *l = &t->t->lifetimes[i];
        struct chain chain;
        if (!chain_of(t, l, &chain) || !chain.is_pointwise) continue;
        drop(t, l, &chain, true);
        add_chain(&c, &chain, room);
        if (!c.tensor) c.tensor = l->tensor;
        c.n_dropped++;
    }
    c.peak = evaluate(t);
    if (c.n_dropped > 1) peak_keep(out, &c, t->t->peak);
    return true;
}

bool peak_training(const struct graph *g, const struct storage *s, const struct gradients *gradients,
                   const struct timeline *t, struct arena *a, struct peak_changes *out)
{
    struct trial trial = {.g = g, .s = s, .t = t};
    *out = (struct peak_changes){0};
    out->is_skipped[PEAK_RECOMPUTE] =
        t->peak == COUNT_MAX || (int64_t)t->n_lifetimes * (t->n_lifetimes + t->n_steps) > WORK_MAX;
    if (out->is_skipped[PEAK_RECOMPUTE]) return true;
    return make(&trial, gradients, a) && try_one(&trial, a, out) && try_all(&trial, a, out);
}
