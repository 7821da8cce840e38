/* Gradients of one graph, or of one pass of a body. Private to ops/. */
#ifndef OPS_FLOW_H
#define OPS_FLOW_H
#include "ops/backward.h"

struct flow {
    const struct graph *g;
    const struct flow *outer; /* of a body: that of the node's graph; else NULL */
    struct arena *arena;
    const struct tensor **source; /* per tensor: itself, or what a capture stands for, outermost */
    bool *needed;                 /* per tensor: something trained lies behind */
    bool *has_part;               /* per tensor: part of its gradient is there */
    int *met;                     /* per tensor: the last If that sent it a part, its index + 1 */
    struct gradients *out;
};
/* All empty; false when memory is out. */
bool flow_new(struct flow *f, const struct graph *g, const struct flow *outer, struct arena *a, struct gradients *out);
void flow_find_needed(struct flow *f); /* forward, from what is marked so */
void flow_find_back(struct flow *f);   /* backward, from the outputs whose gradients are marked to flow */
bool flow_cost(struct flow *f);        /* of every node; false when memory is out */
static inline bool flow_is_trained(const struct flow *f, const struct tensor *t)
{
    return f->source[t->index]->role == ROLE_WEIGHT;
}

/* What a node's bodies cost, all passes; what is kept for them, of their own and of what they capture. */
bool bodies_backward(const struct flow *f, const struct node *n, struct backward *cost, count *kept);
#endif
