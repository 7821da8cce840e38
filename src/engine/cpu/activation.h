/* Activations as kernels take them, for inference and training. */
#ifndef ENGINE_CPU_ACTIVATION_H
#define ENGINE_CPU_ACTIVATION_H
#include "engine/cpu/kernels/kernels.h"
#include "graph/graph.h"

/* False where the node is no activation, or one of a form that no kernel has (a Swish with another alpha than 1). */
bool activation_of(const struct node *n, struct activation *out);
/* A product with, or sum of, one constant after the activation becomes part of it; false where no kernel has that. */
bool activation_scaled(struct activation *a, const struct node *n);
#endif
