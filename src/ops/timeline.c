#include "ops/timeline.h"

#include <string.h>

/* Sets alive, peak_step and peak from the lifetimes. */
static void timeline_sweep(struct timeline *t)
{
    count alive = 0;
    memset(t->alive, 0, sizeof *t->alive * ((size_t)t->n_steps + 1));
    t->peak = 0;
    t->peak_step = 0;
    /* differences first: what begins at a step less what ended before it */
    for (int i = 0; i < t->n_lifetimes; i++) {
        const struct lifetime *s = &t->lifetimes[i];
        t->alive[s->from] = count_add(t->alive[s->from], s->bytes);
        if (s->bytes != COUNT_MAX && t->alive[s->to + 1] != COUNT_MAX) t->alive[s->to + 1] -= s->bytes;
    }
    for (int i = 0; i < t->n_steps; i++) {
        alive = t->alive[i] == COUNT_MAX || alive == COUNT_MAX ? COUNT_MAX : count_add(alive, t->alive[i]);
        t->alive[i] = alive;
        if (alive <= t->peak) continue;
        t->peak = alive;
        t->peak_step = i;
    }
}

const struct node *timeline_node(const struct timeline *t, const struct graph *g, int step, bool *is_backward)
{
    *is_backward = step >= g->n_nodes;
    return g->nodes[*is_backward ? t->n_steps - 1 - step : step];
}

static bool make(struct timeline *t, struct arena *a, int n_steps, int n_lifetimes)
{
    *t = (struct timeline){.n_steps = n_steps};
    t->lifetimes = arena_array(a, (size_t)n_lifetimes + 1, sizeof *t->lifetimes);
    t->alive = arena_array(a, (size_t)n_steps + 2, sizeof *t->alive);
    return t->lifetimes && t->alive;
}

static bool lives(const struct storage *s, const struct tensor *t)
{
    return s->root[t->index] == t && !storage_is_free(t) && (t->role == ROLE_ACTIVATION || t->role == ROLE_INPUT);
}

static void add(struct timeline *t, const struct tensor *tensor, enum lifetime_kind kind, count bytes, int from, int to)
{
    if (bytes == 0) return;
    t->lifetimes[t->n_lifetimes++] =
        (struct lifetime){.tensor = tensor, .kind = kind, .bytes = bytes, .from = from, .to = to < from ? from : to};
}

/* A model output stays to the end of forward; `end` is the step after it. */
static int last_step(const struct storage *s, const struct tensor *t, int end)
{
    int last = s->last_use[t->index];
    return last > end ? end : last;
}

bool timeline_inference(const struct graph *g, const struct storage *s, struct arena *a, struct timeline *out)
{
    if (!make(out, a, g->n_nodes, g->n_tensors)) return false;
    for (int i = 0; i < g->n_tensors; i++) {
        const struct tensor *t = g->tensors[i];
        if (lives(s, t))
            add(out, t, LIFETIME_ACTIVATION, tensor_bytes(t), t->producer ? t->producer->index : 0,
                last_step(s, t, g->n_nodes - 1));
    }
    timeline_sweep(out);
    return true;
}

/* What training needs beside the graph, per tensor. */
struct reach {
    const struct graph *g;
    const struct gradients *gradients;
    int *keep_until;                   /* per root: the backward step that reads it last, -1 for none */
    const struct tensor **gradient_of; /* per tensor: the tensor whose gradient's storage it shares */
    int *from, *to;                    /* per such tensor: steps of its gradient; from -1: none */
};

static int backward_step(const struct reach *r, const struct node *n) { return 2 * r->g->n_nodes - 1 - n->index; }

/* Nodes from the last to the first, as backward runs them: the first part of a gradient makes it. */
static void reach_node(struct reach *r, const struct storage *s, const struct node *n)
{
    int step = backward_step(r, n);
    const struct tensor *t;
    for (int i = 0; (t = node_reads(n, i)); i++) {
        if (!gradient_reaches(r->gradients, n, i)) continue;
        for (int place = 0; place < n->n_in + n->n_out; place++)
            if (gradient_reads(n, i, place))
                r->keep_until[s->root[(place < n->n_in ? n->in[place] : n->out[place - n->n_in])->index]->index] = step;
        if (t->role == ROLE_WEIGHT) continue;
        if (r->gradients->parts[t->index] == 1 && gradient_is_passed(n, i))
            r->gradient_of[t->index] = r->gradient_of[n->out[0]->index];
        int root = r->gradient_of[t->index]->index;
        if (r->from[root] < 0) r->from[root] = step;
        if (t->producer && backward_step(r, t->producer) > r->to[root]) r->to[root] = backward_step(r, t->producer);
    }
}

static bool reach_find(struct reach *r, const struct storage *s, struct arena *a)
{
    size_t n = (size_t)r->g->n_tensors + 1;
    r->keep_until = arena_array(a, n, sizeof *r->keep_until);
    r->gradient_of = arena_array(a, n, sizeof *r->gradient_of);
    r->from = arena_array(a, n, sizeof *r->from);
    r->to = arena_array(a, n, sizeof *r->to);
    if (!r->keep_until || !r->gradient_of || !r->from || !r->to) return false;
    for (int i = 0; i < r->g->n_tensors; i++) {
        r->keep_until[i] = r->from[i] = r->to[i] = -1;
        r->gradient_of[i] = r->g->tensors[i];
    }
    for (int i = 0; i < r->g->n_outputs; i++) { /* the loss makes the outputs' gradients */
        const struct tensor *t = r->g->outputs[i];
        if (!r->gradients->flows[t->index]) continue;
        r->from[t->index] = r->g->n_nodes;
        r->to[t->index] = t->producer ? backward_step(r, t->producer) : r->g->n_nodes;
    }
    for (int i = r->g->n_nodes - 1; i >= 0; i--) reach_node(r, s, r->g->nodes[i]);
    return true;
}

static void add_aside(struct timeline *t, const struct reach *r, const struct node *n)
{
    add(t, n->out[0], LIFETIME_ASIDE, r->gradients->aside[n->index], n->index, backward_step(r, n));
}

bool timeline_training(const struct graph *g, const struct storage *s, const struct gradients *gradients,
                       struct arena *a, struct timeline *out)
{
    struct reach r = {.g = g, .gradients = gradients};
    if (!make(out, a, 2 * g->n_nodes, 2 * g->n_tensors + g->n_nodes) || !reach_find(&r, s, a)) return false;
    for (int i = 0; i < g->n_tensors; i++) {
        const struct tensor *t = g->tensors[i];
        if (r.from[i] >= 0) add(out, t, LIFETIME_GRADIENT, tensor_bytes(t), r.from[i], r.to[i]);
        if (!lives(s, t)) continue;
        int last = last_step(s, t, g->n_nodes), from = t->producer ? t->producer->index : 0;
        bool is_kept = r.keep_until[i] >= 0;
        add(out, t, is_kept ? LIFETIME_KEPT : LIFETIME_ACTIVATION, tensor_bytes(t), from,
            r.keep_until[i] > last ? r.keep_until[i] : last);
    }
    for (int i = 0; i < g->n_nodes; i++) add_aside(out, &r, g->nodes[i]);
    for (int i = 0; i < out->n_lifetimes; i++)
        if (out->lifetimes[i].kind == LIFETIME_KEPT || out->lifetimes[i].kind == LIFETIME_ASIDE)
            out->kept = count_add(out->kept, out->lifetimes[i].bytes);
    timeline_sweep(out);
    return true;
}
