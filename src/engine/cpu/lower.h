/* From nodes to steps. */
#ifndef ENGINE_CPU_LOWER_H
#define ENGINE_CPU_LOWER_H
#include "engine/cpu/activation.h"
#include "engine/cpu/plan.h"

/* Every group in order. The error names the node that the engine cannot run, its operator and why. */
gable_status lower_graph(struct plan *p, gable_error *e);
/* Rows of the planes that a step reads. */
int step_rows(const struct step *s);
/* The depthwise convolution that a step is or ends with; NULL for none. */
struct depthwise_step *step_as_depthwise(struct step *s);

/* The rest is shared by the lower_*.c files. */
struct chain { /* convolution or product, normalisation, constants, activation, sum, activation: what one step does */
    const struct node *root, *norm;
    const struct tensor *in;    /* the root's operand that is no initializer */
    struct constants constants; /* the root's own first, where it is a Mul, Add or Div of one; then what follows */
    int channel_axis;           /* of `out`; -1: no dimension counts all channels */
    bool is_front;              /* a product of tokens whose channels have moved to dimension 1 */
    struct activation act, act_after_sum;
    const struct tensor *res; /* NULL: no sum */
    const struct tensor *out;
    int n; /* nodes */
};
struct chain chain_find(struct plan *p, const struct node *const *nodes, int n);
enum arrangement { ARRANGED_BLOCKS, ARRANGED_DISTINCT, ARRANGED_PLAIN };

/* NULL where it is not made yet; views are made when they are asked for. */
struct layout *layout_of(struct plan *p, const struct tensor *t);
/* A layout as needed; copies by a step of its own where it is not. NULL: no memory. */
struct layout *arranged(struct plan *p, struct layout *l, enum arrangement how);
gable_status lower_no_memory(const struct plan *p, gable_error *e);
void set_layout(struct plan *p, const struct tensor *t, struct layout *l);

gable_status lower_convolution(struct plan *p, const struct chain *c, gable_error *e);
gable_status lower_linear(struct plan *p, const struct chain *c, gable_error *e);
gable_status lower_transposed(struct plan *p, const struct chain *c, gable_error *e);
/* A normalisation, a constant by channel or an activation alone: a depthwise convolution of one pixel. */
gable_status lower_per_channel(struct plan *p, const struct chain *c, gable_error *e);
gable_status lower_add(struct plan *p, const struct chain *c, gable_error *e);
gable_status lower_sum(struct plan *p, struct layout *a, struct layout *b, struct activation act,
                       const struct tensor *out, gable_error *e);
gable_status lower_pool(struct plan *p, const struct node *n, gable_error *e);
gable_status lower_resize(struct plan *p, const struct node *n, gable_error *e);
gable_status lower_softmax(struct plan *p, const struct node *n, gable_error *e);
gable_status lower_mean(struct plan *p, const struct node *n, gable_error *e);
bool is_mean(const struct node *n); /* over whole planes */
/* Squeeze-excite, from nodes[0] on; 0 where the nodes are none. */
int lower_excite(struct plan *p, const struct node *const *nodes, int n, gable_status *status, gable_error *e);
/* Can the operator read a tensor whose dimensions are not an image's? */
bool lower_takes_axes(const struct node *n);
/* t lies in l, its dimensions step so. */
gable_status lower_settle(struct plan *p, const struct tensor *t, struct layout *l, const struct axes *a,
                          gable_error *e);
gable_status lower_tokens(struct plan *p, int input, gable_error *e);          /* a model input, channels last */
gable_status lower_norm(struct plan *p, const struct node *n, gable_error *e); /* LayerNormalization */
/* An initializer added to tokens, one value each: it gets a layout, as if it were computed. */
gable_status lower_fixed_tokens(struct plan *p, const struct tensor *t, gable_error *e);
bool lower_joins_tokens(const struct plan *p, const struct node *n); /* Concat of sequences */
gable_status lower_join(struct plan *p, const struct node *n, gable_error *e);
gable_status lower_token(struct plan *p, const struct node *n, gable_error *e); /* Gather of one */
gable_status lower_attention(struct plan *p, const struct node *n, gable_error *e);
bool lower_axes_of(const struct plan *p, const struct tensor *t, struct axes *out); /* false for rows of features */
bool lower_moved(struct plan *p, const struct node *n, gable_status *s,
                 gable_error *e); /* by other steps of its axes */
gable_status lower_view(struct plan *p, const struct node *n, gable_error *e);
bool is_view(const struct node *n);
gable_status lower_scale(struct plan *p, const struct node *n, gable_error *e);
gable_status lower_output(struct plan *p, int i, gable_error *e);

extern const struct step_type step_product, step_winograd, step_depthwise, step_ring, step_excite, step_pool, step_mean,
    step_add, step_scale, step_copy, step_collect, step_store, step_transposed, step_enlarge, step_softmax, step_norm,
    step_softmax_tokens, step_attention, step_store_tokens, step_load_tokens, step_place_tokens;
#endif
