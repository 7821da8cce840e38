/* Where the values of a sparse tensor belong, as ONNX says it. */
#ifndef GRAPH_SPARSE_H
#define GRAPH_SPARSE_H
#include "graph/graph.h"

/* The row-major place of value i in a dense tensor; -1 where it is outside. Indices are a list of such places (rank 1),
   or a table of coordinates (rank 2), one row a value. */
int64_t sparse_place(const struct shape *dense, int indices_rank, const int64_t *indices, int64_t i);
/* Are these the dimensions of indices for so many values? */
bool sparse_fits(const struct shape *dense, const struct shape *indices, int64_t n_values);
#endif
