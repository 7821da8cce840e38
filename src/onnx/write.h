/* Writing a graph as an ONNX file. */
#ifndef ONNX_WRITE_H
#define ONNX_WRITE_H
#include "graph/graph.h"

enum { ONNX_WRITE_OPSET = 17, ONNX_WRITE_IR = 8 }; /* ONNX 1.12: what every runtime in use reads */

struct onnx_write_options { /* zero means the default */
    /* Per tensor index the row-major f32 values of an initializer. NULL: the file has the architecture alone: every
       weight is a sparse initializer of its shape that holds nothing, hence zeros, in a few bytes. */
    float *const *values;
    bool frees_batch; /* the first dimension of every input and output is "batch": the caller knows that any will do */
    int *at; /* NULL, or per node of the graph the place in the file's list of the last node that stands for it */
};
/* Operators that opset 17 lacks are written as what they are made of: Swish as Sigmoid and Mul, an adaptive pooling as
   the fixed one that it is for this input, what does nothing at inference as Identity. Written whole or not at all;
   beyond protobuf's 2 GiB refused. */
gable_status onnx_write(const struct graph *g, const struct onnx_write_options *o, const char *path, gable_error *e);
#endif
