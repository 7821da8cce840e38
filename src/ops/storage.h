/* Which tensors are the same memory: views resolved to the tensor that holds the data, and who reads it. */
#ifndef OPS_STORAGE_H
#define OPS_STORAGE_H
#include "ops/ops.h"

/* Shapes, bounds and what is computed from them: held by value in the graph, part of the program and not of its data.
   Absent inputs too. */
bool storage_is_free(const struct tensor *t);

struct storage {
    const struct tensor **root; /* per tensor: the tensor whose bytes it shows; itself where it is no view */
    int *last_use;              /* per root: the last node that reads it through any view; n_nodes for a model output;
                                   its producer where nobody does */
};
/* In `a`; false when memory is out. In training Dropout makes a tensor of its own. */
bool storage_find(const struct graph *g, bool is_training, struct arena *a, struct storage *out);
/* A node that runs nothing: a view, in that mode. */
bool storage_is_view(const struct node *n, bool is_training);
#endif
