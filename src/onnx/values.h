/* Values of small constants, from any of the places where a TensorProto may keep them. */
#ifndef ONNX_VALUES_H
#define ONNX_VALUES_H
#include "base/limits.h"
#include "graph/graph.h"

#include <onnx/onnx.pb-c.h>

enum { VALUE_ELEMENTS_MAX = LIMIT_VALUES };
enum dtype value_dtype(int32_t onnx_type); /* DTYPE_UNDEFINED for complex numbers and what is unknown */
bool value_is_int(enum dtype d);           /* of those whose values are kept */
bool value_is_real(enum dtype d);
/* Fills t->ints or t->reals where the tensor is small and of a plain type; larger ones stay without. The slim copy's
   raw_data says where in `file` the bytes lie. Refuses a size that contradicts shape and type. */
gable_status value_read(struct graph *g, const Onnx__TensorProto *p, const uint8_t *file, size_t len, struct tensor *t,
                        gable_error *e);
#endif
