/* The nodes of a graph as groups of one: what a session of this engine says of its work. */
#ifndef ENGINE_GENERAL_NODE_GROUPS_H
#define ENGINE_GENERAL_NODE_GROUPS_H
#include "engine/engine.h"

struct node_groups {
    int n;
    struct group_info *info; /* with what they point to */
    int *nodes;
    char (*kernels)[40];
};
/* Work is 0 where shapes are not inferred. */
gable_status node_groups_make(const struct graph *g, struct node_groups *out, gable_error *e);
void node_groups_release(struct node_groups *x); /* what was never made is fine */
#endif
