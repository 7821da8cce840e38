/* How far a value is from the one that it should be: type, shape, then |a - b| <= atol + rtol |b| for every element,
   NaN equal to NaN, infinities to themselves: as ONNX's own test runner asks. */
#ifndef TENSORS_COMPARE_H
#define TENSORS_COMPARE_H
#include "engine/general/value.h"

struct tolerance {
    double absolute, relative;
};
#define TOLERANCE_ONNX ((struct tolerance){1e-7, 1e-3})

struct difference {
    const char *what;          /* NULL where they agree: "another type", "another shape", "other values" */
    double absolute, relative; /* the largest of each; relative ones where the tolerance's absolute one is exceeded;
                                  infinite where a number stands beside NaN */
    int64_t absolute_at, relative_at, n_beyond; /* elements; of a sequence, of the tensor that is furthest off */
};
struct difference value_compare(const struct value *got, const struct value *want, struct tolerance t);
#endif
