/* ONNX's tensors in files of their own (.pb): TensorProto, SequenceProto, OptionalProto. Bounded by the file's size;
   tensors with external data are refused. */
#ifndef TENSORS_PROTO_H
#define TENSORS_PROTO_H
#include "engine/general/value.h"
#include "tensors/external.h"

/* The file does not say which message it is: `form` does. An optional that is empty is absent. `name`, of `room` bytes,
   gets the message's name, cut; NULL is fine. */
gable_status proto_read(struct pool *p, const char *path, enum tensor_form form, struct value *out, char *name,
                        size_t room, gable_error *e);
/* The bytes of a TensorProto. Where its values lie in another file, x says so (else its location is "") and the value
   is made, not filled. */
gable_status proto_decode(struct pool *p, const void *bytes, size_t n, struct value *out, struct external *x,
                          gable_error *e);
/* A tensor, a sequence of tensors, or an absent optional. Whole or not at all. */
gable_status proto_write(const char *path, const char *name, enum tensor_form form, const struct value *v,
                         gable_error *e);
#endif
