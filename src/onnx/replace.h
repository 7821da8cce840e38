/* A file whose initializers have other values: what was trained comes back to where it was read from. */
#ifndef ONNX_REPLACE_H
#define ONNX_REPLACE_H
#include "graph/graph.h"

/* `values`: per tensor of the graph that was read from `from` its f32 values, row-major; NULL: as they are. Every byte
   that is none of these values is the old one: order, names, attributes, bodies, fields that this program does not
   know. `from` and `to` may be one file. Refused: a file that is not as it was when it was read; values that it lists
   sparsely or twice; external data that `to` would not find, since it lies in another folder; more than 2 GiB. */
gable_status onnx_replace(const char *from, const char *to, const struct graph *g, float *const *values,
                          gable_error *e);
#endif
