/* What would lower the most memory that is alive at once: each change is tried on the timeline itself, and its peak is
   what the timeline then gives. */
#ifndef OPS_PEAK_H
#define OPS_PEAK_H
#include "ops/timeline.h"

enum peak_change_kind {
    PEAK_IN_PLACE,  /* nodes write over an input that nobody reads later */
    PEAK_ORDER,     /* one node runs earlier or later */
    PEAK_RECOMPUTE, /* a tensor is dropped and made again where it is needed */
    PEAK_KINDS
};
const char *peak_change_name(enum peak_change_kind k); /* "in place", "order", "recompute" */
struct peak_change {
    enum peak_change_kind kind;
    int n_nodes;
    const struct node **nodes;   /* that are changed; of a recomputation those that run again */
    const struct node *before;   /* order: the node in front of which it then runs; NULL at the end */
    const struct tensor *tensor; /* recompute: the first that is dropped */
    int n_dropped;
    count flops; /* recompute: what is computed again */
    count peak;
};
enum { PEAK_CHANGES_MAX = 5 };
/* Only those that lower the peak; the fewest nodes first. In place comes as the best single node and as the smallest
   set that lowers the peak as far as all in-place writes together. */
struct peak_changes {
    int n;
    bool is_skipped[PEAK_KINDS]; /* not tried: the graph is too large for that search, or a count is */
    struct peak_change change[PEAK_CHANGES_MAX];
};
/* In `a`; false when memory is out. What is not tried in a graph this large is said in is_skipped. */
bool peak_inference(const struct graph *g, const struct storage *s, const struct timeline *t, struct arena *a,
                    struct peak_changes *out);
/* Recomputation of what backward keeps: one tensor, and all that element-wise nodes and batch normalisation make. */
bool peak_training(const struct graph *g, const struct storage *s, const struct gradients *gradients,
                   const struct timeline *t, struct arena *a, struct peak_changes *out);

/* A row of steps and the bytes that are alive at each, for both searches. */
struct peak_sweep {
    int n_steps;
    count *delta; /* n_steps + 1 */
};
void peak_sweep_clear(struct peak_sweep *w);
void peak_sweep_add(struct peak_sweep *w, count bytes, int from, int to);
count peak_sweep_most(const struct peak_sweep *w);
/* An element of its output needs that element of its input alone, at inference. */
bool peak_is_pointwise(const struct node *n);
void peak_keep(struct peak_changes *out, const struct peak_change *c, count peak_before);
#endif
