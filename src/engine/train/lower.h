/* From nodes to parts. Shared by the lower_*.c files. */
#ifndef ENGINE_TRAIN_LOWER_H
#define ENGINE_TRAIN_LOWER_H
#include "engine/train/plan.h"

/* What stands for a tensor: a value, or channels of values that nobody has brought together yet. */
struct held {
    struct value *value;
    struct source *sources; /* per channel, where value is NULL */
    int channels, height, width;
    bool is_there;
};
struct lowering {
    struct train_plan *plan;
    struct held *held; /* per tensor */
    int *uses;         /* per tensor: nodes that read it, and 1 for a model output */
    bool *is_taken;    /* per node: part of an earlier part */
};
gable_status train_no_memory(const struct lowering *l, gable_error *e);
/* The next node, where it alone reads t; else NULL. */
const struct node *train_only_reader(const struct lowering *l, const struct tensor *t);
/* A value with the tensor's shape: N x C, N x C x L or N x C x H x W. NULL where memory is out. */
struct value *train_value(struct lowering *l, const struct tensor *t);
/* What stands for it; brought together in one value, in blocks. NULL where memory is out. */
struct value *train_blocks(struct lowering *l, const struct tensor *t);
bool train_is_there(const struct lowering *l, const struct tensor *t);
void train_share(struct lowering *l, const struct tensor *from, const struct tensor *to);
void train_hold(struct lowering *l, const struct tensor *t, struct value *v);
/* A part with its output for `out` (NULL: the caller sets one); takes the node. NULL where memory is out. */
struct part *train_part(struct lowering *l, const struct part_type *type, const struct node *n, int n_in,
                        struct value *const *in, struct value *out);
bool train_take(struct lowering *l, struct part *p, const struct node *n); /* one more node is done by it */
/* A trained tensor's or buffer's place among the parameters; refused when another part has it. */
gable_status train_parameter(struct lowering *l, const struct node *n, int input, int *tensor, gable_error *e);
bool train_is_told(enum act kind); /* the output tells the slope */

enum { NORM_ROWS = 8 }; /* floats that a normalisation remembers per channel */
typedef gable_status train_node(struct lowering *l, const struct node *n, gable_error *e);
train_node train_conv, train_gemm, train_norm, train_act, train_add, train_mul, train_pool, train_mean, train_dropout,
    train_reshape, train_concat, train_split, train_identity, train_depth;

extern const struct part_type part_convolution, part_depthwise, part_norm, part_activation, part_add, part_multiply,
    part_gate, part_pool, part_mean, part_linear, part_gather, part_dropout, part_depth, part_flatten;
#endif
