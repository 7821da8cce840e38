/* Small networks, one operator at a time between a convolution and the loss. */
#ifndef TESTS_TRAIN_SMALL_H
#define TESTS_TRAIN_SMALL_H
#include "graph/graph.h"

typedef struct tensor *layer;
layer small_conv(struct graph *g, layer x, int out, int kernel, int stride, int pad, int groups, bool has_bias);
layer small_norm(struct graph *g, layer x);
layer small_linear(struct graph *g, layer x, int out);
layer small_node(struct graph *g, const char *op_type, layer x); /* one input, no attributes */
layer small_both(struct graph *g, const char *op_type, layer x, layer y);

/* The networks in order; NULL after the last. Batch 3, 5 channels of 9 x 8. */
struct small {
    const char *name;
    layer (*build)(struct graph *g, layer x);
};
const struct small *small_at(int i);
struct graph *small_graph(const struct small *s);
#endif
