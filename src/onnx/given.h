/* Shapes that a user gives to inputs: matched with the file's once, before anything is read. */
#ifndef ONNX_GIVEN_H
#define ONNX_GIVEN_H
#include "onnx/onnx.h"

#include <onnx/onnx.pb-c.h>

struct given {
    const struct onnx_options *options;
    const Onnx__GraphProto *graph;
    const Onnx__ValueInfoProto *input[ONNX_SHAPES_MAX]; /* that options->shapes[i] is about */
};
/* Refuses a shape for no input, of another rank, against a dimension that the file fixes, two values for one name, a
   name that no dimension has, and a size where no input is an image or it is fixed. */
gable_status given_match(struct given *out, const Onnx__GraphProto *p, const struct onnx_options *options,
                         gable_error *e);
/* The shape that was given to an input: its rank, or -1 where there is none. A first dimension that is the first
   shape's, and free, is the batch: it follows the options' batch. */
int given_shape(const struct given *g, const Onnx__ValueInfoProto *input, int64_t *dim);
/* Dimensions that are unknown and that the size knows. */
void given_size(const struct given *g, const Onnx__ValueInfoProto *input, int rank, int64_t *dim);
/* What a named dimension is by any option, or -1. */
int64_t given_dimension(const struct given *g, const char *name);
#endif
