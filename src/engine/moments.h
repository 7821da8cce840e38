/* Mean and second moment of a tensor by rule, from those of a node's inputs: what seeded weights are scaled by. */
#ifndef ENGINE_MOMENTS_H
#define ENGINE_MOMENTS_H
#include "graph/graph.h"

struct moments {
    double mean, second; /* E[x], E[x^2], over elements, images and weights */
};
/* E[x^2] - E[x]^2, never below a tenth of a percent of E[x^2]. */
double moments_variance(struct moments m);
/* Of every node that has no weights: moments[] (per tensor index) of its outputs from those of its inputs. Values count
   as independent and, where a function bends them, as normal. */
void moments_of_node(const struct node *n, struct moments *moments);
#endif
