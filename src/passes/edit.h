/* What the passes share: who uses what, and changes that are made in one sweep at a pass's end. Private to passes/. */
#ifndef PASSES_EDIT_H
#define PASSES_EDIT_H
#include "ops/ops.h"
#include "passes/passes.h"

struct edit {
    struct graph *g;
    struct rewrites *log;
    const char *pass; /* whose name new entries of the log have */
    struct arena *scratch;
    int n_tensors;           /* those that the pass found; what it adds has a greater index */
    int *n_uses;             /* per tensor: reads by nodes, bodies and the model's outputs */
    struct node **user;      /* per tensor: the last node that reads it */
    bool *is_dead;           /* per node: to be taken out */
    struct tensor **instead; /* per tensor: what is read in its place; NULL for itself */
};
/* Counts anew; false when memory is out. */
bool edit_begin(struct edit *e);
/* Takes out what is dead, reads what stands instead, numbers again. False when memory is out. */
bool edit_end(struct edit *e);
/* Reads by nodes, bodies and outputs when the pass began. */
int edit_uses(const struct edit *e, const struct tensor *t);
/* What is read in a tensor's place by now. */
struct tensor *edit_now(const struct edit *e, struct tensor *t);

/* The node that alone reads this tensor, which is no output of the model; else NULL. */
struct node *edit_only_user(const struct edit *e, const struct tensor *t);
/* The living node of ONNX's domain that makes t, if it is of that operator; else NULL. */
struct node *edit_made_by(const struct edit *e, const struct tensor *t, const char *op);
/* A constant of one element with that value, within 1e-3 of it (exporters round). */
bool edit_is_scalar(const struct tensor *t, double value);
bool edit_scalar(const struct tensor *t, double *value);

/* Nobody outside of the n nodes reads what they make, the last one's output excepted. */
bool edit_is_closed(const struct edit *e, struct node *const *nodes, int n);
/* A node computes `op` of these inputs from now on, without attributes. False when memory is out. */
bool edit_become(struct edit *e, struct node *n, const char *op, int n_in, struct tensor *const *in);
/* The last of n nodes becomes `op` of these inputs, without attributes; the others are dead. Says so in the log. */
gable_status edit_fuse(struct edit *e, struct node *const *nodes, int n, const char *op, int n_in,
                       struct tensor *const *in, const char *why, gable_error *error);
/* An entry of the log. */
gable_status edit_note(struct edit *e, struct node *const *nodes, int n, const char *into, const char *why,
                       gable_error *error);

/* One file each. */
gable_status pass_constants(struct edit *e, gable_error *error);
gable_status pass_nothing(struct edit *e, gable_error *error);
gable_status pass_pads(struct edit *e, gable_error *error);
gable_status pass_repeats(struct edit *e, gable_error *error);
gable_status pass_gelu(struct edit *e, gable_error *error);
gable_status pass_swish(struct edit *e, gable_error *error);
gable_status pass_attention(struct edit *e, gable_error *error);
gable_status pass_fold(struct edit *e, gable_error *error);
gable_status pass_layer_norm(struct edit *e, gable_error *error);
gable_status pass_dead(struct edit *e, gable_error *error);
#endif
