/* What a rule sees, and how it writes what goes back. Private to gradient/. */
#ifndef GRADIENT_BACK_H
#define GRADIENT_BACK_H
#include "gradient/gradient.h"
#include "ops/ops.h"
#include "ops/rule.h"

/* A tensor that is being written: NULL once something failed, and then accepted by every function. */
typedef struct tensor *term;
struct back {
    struct graph *g;
    struct node *n;    /* of forward */
    enum dtype dtype;  /* of the gradients */
    const term *dy;    /* per output: its gradient, or NULL */
    const bool *wants; /* per input, then per tensor that its bodies capture */
    term *dx;          /* likewise: what the rule sets */
    int n_far;
    term *far; /* what a definition reads beside the node's own inputs: it went into a sequence that is one */
    gable_status status;
    gable_error *e;
};
void back_refuse(struct back *b, const char *why, ...) PRINTF_LIKE(2, 3); /* the sentence; the node is added later */

/* A node that still wants attributes, then back_infer gives its first output. */
struct node *back_node(struct back *b, const char *op, int n_in, const term *in, int n_out);
term back_infer(struct back *b, struct node *n);
term back_make(struct back *b, const char *op, int n_in, const term *in);
#define MAKE(b, op, ...) back_make(b, op, (int)COUNT_OF(((const term[]){__VA_ARGS__})), (const term[]){__VA_ARGS__})

term back_real(struct back *b, double value); /* a constant of the node's own type */
term back_ints(struct back *b, int n, const int64_t *values);
term back_zeros(struct back *b, const struct shape *s);
term back_scaled(struct back *b, term x, double by);
term back_plus(struct back *b, term x, double more);
term back_as(struct back *b, term x, enum dtype d); /* Cast */
term back_reshape(struct back *b, term x, int rank, const int64_t *dim);
term back_shaped(struct back *b, term x, const struct tensor *like); /* the shape of that */
term back_expand(struct back *b, term x, const struct shape *to);
term back_transpose(struct back *b, term x, const int *order);
term back_swapped(struct back *b, term x); /* the last two dimensions */
term back_reduce(struct back *b, const char *op, term x, int n_axes, const int *axes, bool keeps);
term back_slice(struct back *b, term x, int axis, int64_t from, int64_t to, int64_t step);
/* Sums over what broadcasting repeated: from x's shape back to that one. */
term back_unbroadcast(struct back *b, term x, const struct shape *to);
static inline struct tensor *back_x(const struct back *b, int i) { return b->n->in[i]; }
static inline bool back_has(const struct back *b, int i) { return rule_has(b->n, i); }

/* One file each; every array ends with a row without op. */
extern const struct gradient_rule rules_arithmetic[], rules_unary[], rules_activation[], rules_reduce[],
    rules_product[], rules_shape[], rules_move[], rules_index[], rules_conv[], rules_pool[], rules_norm[],
    rules_einsum[], rules_resize[], rules_recurrent[], rules_loss[], rules_flat[], rules_control[], rules_sample[],
    rules_signal[], rules_regions[], rules_sequence[];
#endif
