/* ONNX files made by the tests, as protobuf-c writes them. Everything is in one arena. */
#ifndef ONNX_WRITE_H
#define ONNX_WRITE_H
#include "base/arena.h"

#include <onnx/onnx.pb-c.h>

Onnx__ModelProto *write_model(struct arena *a); /* opset 17, an empty graph */
/* Lists of names are one text: "x y". */
Onnx__NodeProto *write_node(struct arena *a, const char *domain, const char *op, const char *in, const char *out);
void write_add_node(struct arena *a, Onnx__GraphProto *g, Onnx__NodeProto *n);
void write_add_input(struct arena *a, Onnx__GraphProto *g, const char *name, int onnx_type, int rank,
                     const int64_t *dim);
void write_add_output(struct arena *a, Onnx__GraphProto *g, const char *name);
Onnx__AttributeProto *write_attribute(struct arena *a, Onnx__NodeProto *n, const char *name);
Onnx__TensorProto *write_add_initializer(struct arena *a, Onnx__GraphProto *g, const char *name, int onnx_type,
                                         int rank, const int64_t *dim);
Onnx__TensorProto *write_tensor(struct arena *a, const char *name, int onnx_type, int rank, const int64_t *dim);
/* The tensor of this shape that has the values where the indices say. */
Onnx__SparseTensorProto *write_sparse(struct arena *a, Onnx__TensorProto *values, Onnx__TensorProto *indices, int rank,
                                      const int64_t *dim);
void write_add_sparse(struct arena *a, Onnx__GraphProto *g, Onnx__SparseTensorProto *t);
/* A key and a value of external_data, which makes the tensor an external one. */
void write_external(struct arena *a, Onnx__TensorProto *t, const char *key, const char *value);
Onnx__FunctionProto *write_add_function(struct arena *a, Onnx__ModelProto *m, const char *domain, const char *name,
                                        const char *in, const char *out);
void write_function_node(struct arena *a, Onnx__FunctionProto *f, Onnx__NodeProto *n);
void write_file(const Onnx__ModelProto *m, const char *path);
#endif
