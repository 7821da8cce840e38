/* A sparse tensor's values at their places. */
#ifndef TENSORS_SPARSE_H
#define TENSORS_SPARSE_H
#include "engine/general/value.h"

/* The dense tensor of this shape: zeros, and value i at the row-major place indices[i], or at the coordinates
   indices[i][0..rank). Refuses places outside, and indices that are no 64-bit integers of such a shape; not looked at
   where there are no values. */
gable_status sparse_spread(struct pool *p, const struct value *values, const struct value *indices,
                           const struct shape *shape, struct value *out, gable_error *e);
#endif
