/* What a second graph adds to, removes from and reshapes in a first: nodes aligned by operator and shapes. */
#ifndef OPS_DIFFERENCE_H
#define OPS_DIFFERENCE_H
#include "ops/analysis.h"

enum change_kind { CHANGE_SAME, CHANGE_RESHAPED, CHANGE_ADDED, CHANGE_REMOVED, CHANGE_KINDS };
const char *change_name(enum change_kind k); /* "same", "reshaped", "added", "removed" */
struct change {
    enum change_kind kind;
    const struct node_cost *a, *b; /* NULL for what is added, what is removed */
};
struct difference {
    int n, n_of[CHANGE_KINDS];
    struct change *change; /* in the order of execution; owned */
};
enum { DIFFERENCE_CELLS_MAX = 1 << 24 };
/* The alignment of most weight: 4 for a pair of one operator with the same attributes, input and output shapes, 1 for a
   pair of one operator with others; order is kept. Refuses graphs whose differing parts have more than 2^24 pairs. */
gable_status difference_find(const struct analysis *a, const struct analysis *b, struct difference *out,
                             gable_error *e);
void difference_release(struct difference *d);
/* A node's own traffic: what it reads, its weights, what it writes. */
count node_cost_bytes(const struct node_cost *c);
#endif
