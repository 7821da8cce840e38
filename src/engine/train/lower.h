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
bool lower_is(const struct node *n, const char *op_type);
gable_status lower_no_memory(const struct lowering *l, gable_error *e);
/* The next node, where it alone reads t; else NULL. */
const struct node *lower_only_reader(const struct lowering *l, const struct tensor *t);
/* A value with the tensor's shape: N x C, N x C x L or N x C x H x W. NULL where memory is out. */
struct value *lower_value(struct lowering *l, const struct tensor *t);
/* What stands for it; brought together in one value, in blocks. NULL where memory is out. */
struct value *lower_blocks(struct lowering *l, const struct tensor *t);
bool lower_is_there(const struct lowering *l, const struct tensor *t);
void lower_share(struct lowering *l, const struct tensor *from, const struct tensor *to);
void lower_hold(struct lowering *l, const struct tensor *t, struct value *v);
/* A part with its output for `out` (NULL: the caller sets one); takes the node. NULL where memory is out. */
struct part *lower_part(struct lowering *l, const struct part_type *type, const struct node *n, int n_in,
                        struct value *const *in, struct value *out);
bool lower_take(struct lowering *l, struct part *p, const struct node *n); /* one more node is done by it */
/* A trained tensor's or buffer's place among the parameters; refused when another part has it. */
gable_status lower_parameter(struct lowering *l, const struct node *n, int input, int *tensor, gable_error *e);
bool lower_is_told(enum act kind); /* the output tells the slope */

enum { NORM_ROWS = 8 }; /* floats that a normalisation remembers per channel */
typedef gable_status lower_node(struct lowering *l, const struct node *n, gable_error *e);
lower_node lower_conv, lower_gemm, lower_norm, lower_act, lower_add, lower_mul, lower_pool, lower_mean, lower_dropout,
    lower_reshape, lower_concat, lower_split, lower_identity, lower_depth;

extern const struct part_type part_convolution, part_depthwise, part_norm, part_activation, part_add, part_multiply,
    part_gate, part_pool, part_mean, part_linear, part_gather, part_dropout, part_depth, part_flatten;
#endif
