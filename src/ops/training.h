/* One training step: forward with batch statistics and masks, backward, update; FLOPs, bytes, memory. */
#ifndef OPS_TRAINING_H
#define OPS_TRAINING_H
#include "ops/analysis.h"

/* name, FLOPs per parameter, values read or written per parameter, values of state per parameter, in words */
#define OPTIMIZERS(X)                                                                                           \
    X(SGD, "sgd", 2, 3, 0, "w -= rate g")                                                                       \
    X(MOMENTUM, "momentum", 4, 5, 1, "v = mu v + g; w -= rate v")                                               \
    X(ADAM, "adam", 13, 7, 2, "m = b1 m + (1-b1) g; v = b2 v + (1-b2) g g; w -= rate' m / (root(v) / c + eps)") \
    X(ADAMW, "adamw", 15, 7, 2, "w -= rate decay w; then as adam")
#define OPTIMIZER_ENUM(name, text, flops, moves, state, words) OPTIMIZER_##name,
enum optimizer { OPTIMIZERS(OPTIMIZER_ENUM) OPTIMIZER_N };
const char *optimizer_name(enum optimizer o);
const char *optimizer_words(enum optimizer o);

enum train_pass { PASS_FORWARD, PASS_DATA, PASS_WEIGHT, PASS_UPDATE, PASS_N };
const char *train_pass_name(enum train_pass p); /* "forward", "backward-data", ... */

struct work {
    struct cost cost;
    count bytes; /* node by node: every tensor that a pass of a node reads or writes, once */
};
struct node_work {
    struct work passes[PASS_N]; /* the update belongs to no node */
};
struct training_memory {
    count weights;   /* parameters and buffers */
    count gradients; /* of parameters */
    count optimizer; /* its state */
    count saved;     /* what backward reads of forward: activations, each once, with masks, positions, statistics */
    count working;   /* activations and their gradients alive at the peak beside these */
    count total;     /* the most at once */
};
struct training {
    struct arena *arena;
    const struct analysis *analysis; /* borrowed */
    struct storage storage;
    struct timeline timeline;
    struct work passes[PASS_N];
    struct work kinds[KIND_N][PASS_N]; /* the update belongs to no kind */
    struct node_work *nodes;           /* as in the graph */
    struct training_memory memory;
};
/* Caller frees; the analysis must outlive it. */
gable_status training_new(const struct analysis *a, enum optimizer o, struct training **out, gable_error *e);
void training_free(struct training *t);
#endif
