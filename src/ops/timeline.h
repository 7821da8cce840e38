/* When each tensor is alive, step by step, and how much is alive at once: for one pass of inference or one step of
   training (forward, then backward in the opposite order). */
#ifndef OPS_TIMELINE_H
#define OPS_TIMELINE_H
#include "ops/backward.h"
#include "ops/storage.h"

/* One piece of storage: an activation, a gradient of one, or what a node keeps beside tensors (masks, positions,
   statistics; then tensor is its output). */
enum lifetime_kind { LIFETIME_ACTIVATION, LIFETIME_KEPT, LIFETIME_GRADIENT, LIFETIME_ASIDE };
struct lifetime {
    const struct tensor *tensor;
    enum lifetime_kind kind; /* LIFETIME_KEPT: an activation that backward reads */
    count bytes;
    int from, to; /* steps, both included */
};
struct timeline {
    int n_steps; /* the nodes; in training node i is step i and its backward step n_steps - 1 - i */
    int n_lifetimes;
    struct lifetime *lifetimes;
    count *alive; /* per step */
    int peak_step;
    count peak;
    count kept; /* training: bytes of LIFETIME_KEPT and LIFETIME_ASIDE */
};
/* In the nodes' order, without in-place reuse. In `a`; false when memory is out. */
bool timeline_inference(const struct graph *g, const struct storage *s, struct arena *a, struct timeline *out);
/* `s` is the storage in training. A gradient lives from the first part that it gets to the node that reads it; one that
   is only passed on shares storage. Trained tensors' gradients are not among them: they live to the update. */
bool timeline_training(const struct graph *g, const struct storage *s, const struct gradients *gradients,
                       struct arena *a, struct timeline *out);
/* The node of a step, and whether it runs backward there. */
const struct node *timeline_node(const struct timeline *t, const struct graph *g, int step, bool *is_backward);
#endif
