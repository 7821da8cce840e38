/* What a node moves on its own: tensors that it reads, each once, and writes; with bodies (If, Loop, Scan) what their
   nodes move, as often as they run. */
#ifndef OPS_TRAFFIC_H
#define OPS_TRAFFIC_H
#include "ops/storage.h"

struct moved {    /* bytes */
    count read;   /* activations and inputs */
    count weight; /* weights, buffers and constants; not the small ones of shapes and bounds */
    count write;
};
struct traffic_scope { /* one graph or body */
    struct arena *arena;
    struct storage storage;
    int *seen;       /* per tensor: the mark of what met it last */
    bool *is_weight; /* per tensor, captured weights too; NULL: the initializers */
};
/* True the first time that a mark meets a tensor. */
bool traffic_first(struct traffic_scope *s, const struct tensor *t, int mark);
/* Nothing for a view. Of two branches that data choose, the one that moves less: a lower bound. False when memory is
   out. */
bool traffic_of(struct traffic_scope *s, const struct node *n, int mark, struct moved *out);
/* What a node's bodies hold themselves and read at least once; of two branches the lesser. */
count traffic_held(const struct node *n);
#endif
