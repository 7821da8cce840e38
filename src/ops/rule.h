/* What shape rules share: attributes read with their range checked, outputs set with their dimensions checked. Every
   function returns a sentence about the node and leaves its name to ops_infer_node. For ops/ and for kernels that read
   the same attributes. */
#ifndef OPS_RULE_H
#define OPS_RULE_H
#include "base/limits.h"
#include "ops/ops.h"

/* Largest dimension of any tensor: products of a few of them still saturate instead of wrapping. */
#define DIM_MAX LIMIT_DIMENSION

/* An integer attribute within [least, most]; a wrong type is refused, absence gives the fallback. */
gable_status rule_int(const struct node *n, const char *name, int64_t fallback, int64_t least, int64_t most,
                      int64_t *out, gable_error *e);
/* An axis of a tensor of that rank: -rank..rank-1, made non-negative. */
gable_status rule_axis(const struct node *n, int64_t fallback, int rank, int *axis, gable_error *e);
/* A list attribute of exactly `length` integers within [least, most]; absence fills with the fallback. */
gable_status rule_ints(const struct node *n, const char *name, int length, int64_t fallback, int64_t least,
                       int64_t most, int64_t *out, gable_error *e);
/* The integers that ONNX passes as an attribute in old opsets and as a constant input in new ones (axes, split, pads).
 *n_out is -1 where both are absent; an input that is no constant is refused. `out` has SHAPE_RANK_MAX places. */
gable_status rule_listed(const struct node *n, const char *name, int input, int64_t *out, int *n_out, gable_error *e);
/* The same as a set of axes of a tensor of that rank; *n_axes is -1 where it is absent. A repeated axis is refused. */
gable_status rule_axes(const struct node *n, int input, int rank, bool *is_axis, int *n_axes, gable_error *e);
gable_status rule_output(struct graph *g, struct node *n, int i, enum dtype d, int rank, const int64_t *dim,
                         gable_error *e);
/* Output 0 has input 0's shape and dtype. */
gable_status rule_same(struct graph *g, struct node *n, gable_error *e);
/* Output i has t's type, shape and form. */
gable_status rule_like(struct graph *g, struct node *n, int i, const struct tensor *t, gable_error *e);
/* The shape that the file states for output i, where no rule can give one; without it a sentence that says why. */
gable_status rule_stated(const struct node *n, int i, const char *why, gable_error *e);
/* One whole number that an input gives as its value, within [least, most]. */
gable_status rule_whole(const struct node *n, int input, int64_t least, int64_t most, int64_t *out, gable_error *e);
/* The data type that an attribute names by ONNX's number. */
gable_status rule_dtype(const struct node *n, const char *name, enum dtype fallback, enum dtype *out, gable_error *e);
gable_status rule_rank(const struct node *n, int input, int least, gable_error *e);
/* NumPy's broadcasting of all inputs. */
gable_status rule_broadcast(const struct node *n, int *rank, int64_t *dim, gable_error *e);
bool rule_has(const struct node *n, int input);

static inline const struct shape *in_shape(const struct node *n, int i) { return &n->in[i]->shape; }
static inline const struct shape *out_shape(const struct node *n, int i) { return &n->out[i]->shape; }

struct cost cost_none(const struct node *n);
struct cost cost_per_output(const struct node *n); /* op->per_element x elements of output 0 */
struct cost cost_flops(count flops);
#endif
