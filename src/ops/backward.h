/* What flows back: which tensors have a gradient, what it costs each node, what forward must keep for it. A gradient is
   needed where a trained tensor lies behind, and made where a model output lies ahead, both through operators that have
   gradients. So the first layer has no data gradient. Formulas: docs/METRICS.md. */
#ifndef OPS_BACKWARD_H
#define OPS_BACKWARD_H
#include "ops/ops.h"

struct backward {
    struct cost data;   /* of gradients of activations */
    struct cost weight; /* of gradients of trained tensors */
};
struct backward backward_add(struct backward a, struct backward b);
struct cost backward_sum(struct backward b);

struct gradients {
    bool *flows;  /* per tensor: its gradient is made */
    int *parts;   /* per tensor: how many inputs of nodes send it a part; the parts beyond one are added */
    count *aside; /* per node: bytes that it keeps beside the graph's tensors, positions or what bodies make */
    struct backward *nodes;      /* per node, with those additions: each node adds to what the nodes after it made */
    const struct node *dead_end; /* the first operator without a gradient behind which something is trained, or NULL */
};
/* In `a`; false when memory is out. The graph has been inferred. */
bool gradients_find(const struct graph *g, struct arena *a, struct gradients *out);
/* The node makes a gradient for that one of what it reads (node_reads). */
bool gradient_reaches(const struct gradients *g, const struct node *n, int input);
/* The gradient of the input is the output's, unchanged: nothing is computed or moved. */
bool gradient_is_passed(const struct node *n, int input);
/* The gradient of `input` reads this tensor of the node: inputs from 0, then outputs from n_in. */
bool gradient_reads(const struct node *n, int input, int place);
#endif
