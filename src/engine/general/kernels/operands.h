/* What operators that move data ask of their operands: lists of numbers, axes, indices, each checked. */
#ifndef ENGINE_GENERAL_KERNELS_OPERANDS_H
#define ENGINE_GENERAL_KERNELS_OPERANDS_H
#include "engine/general/kernel.h"

/* The numbers of an attribute, or else of input i; *n is -1 where neither is there. Refuses more than `most`. */
gable_status operand_ints(struct call *c, const char *attribute, int i, int most, int64_t *out, int *n);
/* The axes listed so, as flags over [0, rank); *n as above. Refuses one twice, or outside. */
gable_status operand_axes(struct call *c, const char *attribute, int i, int rank, bool *is_axis, int *n);
/* The attribute "axis" within [0, rank). */
gable_status operand_axis(struct call *c, int64_t fallback, int rank, int *axis);
/* One whole number of input i; refuses another count. */
gable_status operand_int(struct call *c, int i, int64_t *out);
/* Input i's elements as indices into `size` places, negative ones from the end; refuses one outside. */
gable_status operand_indices(struct call *c, int i, int64_t size, const int64_t **out);
/* ONNX's number of a type (TensorProto.DataType), as in Cast's "to"; DTYPE_UNDEFINED where there is none. */
enum dtype operand_dtype(int64_t number);
/* Makes the strings that were copied into a value of strings its own; nothing on other types. */
gable_status operand_own(struct call *c, struct value *v);
gable_status operand_no_memory(struct call *c);
/* The first `least` inputs are there, and every input that is there is a tensor of numbers. */
gable_status operand_tensors(struct call *c, int least);
/* The text of an attribute, or the fallback. */
const char *operand_text(const struct call *c, const char *attribute, const char *fallback);
#endif
