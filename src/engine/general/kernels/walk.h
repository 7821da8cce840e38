/* Loop nests over an output whose elements come from other values: broadcasting, slices, transposes. Neighbouring
   dimensions through which every operand steps evenly are joined, so that the innermost loop is as long as it can be.
 */
#ifndef ENGINE_GENERAL_KERNELS_WALK_H
#define ENGINE_GENERAL_KERNELS_WALK_H
#include "engine/general/kernel.h"

enum { WALK_OPERANDS_MAX = 3 };
struct walk {
    int operands, rank;                                /* rank is at least 1 */
    int64_t dim[SHAPE_RANK_MAX];                       /* of the output; the last is the innermost */
    int64_t stride[WALK_OPERANDS_MAX][SHAPE_RANK_MAX]; /* elements of an operand that one step goes on */
    int64_t start[WALK_OPERANDS_MAX];
};
/* The shape that values take together: dimensions are equal or 1, missing ones in front count as 1. */
gable_status walk_shape(struct call *c, int n, const struct value *const *in, int *rank, int64_t *dim);
/* Operands in[0..n) stretched to that shape. */
void walk_broadcast(struct walk *w, int n, const struct value *const *in, int rank, const int64_t *dim);
void walk_merge(struct walk *w);
int64_t walk_elements(const struct walk *w);
static inline int64_t walk_step(const struct walk *w, int operand) { return w->stride[operand][w->rank - 1]; }

/* Calls run for pieces of innermost loops, on all threads: n output elements from `out` on, each operand from
   offset[operand] on, by its walk_step. */
typedef void walk_run(const void *arg, const int64_t *offset, int64_t out, int64_t n);
void walk_parallel(struct call *c, const struct walk *w, walk_run *run, const void *arg);
/* The same on this thread, for elements [first, end). */
void walk_serial(const struct walk *w, walk_run *run, const void *arg, int64_t first, int64_t end);
#endif
