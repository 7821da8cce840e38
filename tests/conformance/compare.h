/* Are two values the same, as ONNX's own runner asks: type, shape, |a - b| <= atol + rtol |b|, NaN equal to NaN. */
#ifndef CONFORMANCE_COMPARE_H
#define CONFORMANCE_COMPARE_H
#include "engine/general/value.h"

/* NULL where they are; else what differs, in words without figures. */
const char *value_differs(const struct value *got, const struct value *want, bool only_shape);
/* The largest absolute difference of two tensors of numbers; NaN beside a number is infinite. */
double value_largest_difference(const struct value *got, const struct value *want);
#endif
