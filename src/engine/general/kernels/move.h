/* Moving elements of any type: rows of bytes, and loop nests that read here and there and write in order. */
#ifndef ENGINE_GENERAL_KERNELS_MOVE_H
#define ENGINE_GENERAL_KERNELS_MOVE_H
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/walk.h"

/* Copies `rows` rows of `bytes`, whose starts lie to_step and from_step bytes apart, on all threads. */
void move_rows(struct call *c, char *to, int64_t to_step, const char *from, int64_t from_step, int64_t bytes,
               int64_t rows);
/* out[i] = from[where operand 0 of the merged walk stands], elements of out's type. */
gable_status move_walk(struct call *c, const struct walk *w, const struct value *from, struct value *out);
/* x, not empty, with its axes in another order; out is made, of any shape with as many elements. */
gable_status move_transposed(struct call *c, const struct value *x, const int *order, struct value *out);
#endif
