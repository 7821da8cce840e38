/* Rows of numbers of one type into another, without branches, so that they become vectors: what models convert all the
   time. Halves round to the nearest, ties to even. */
#ifndef ENGINE_GENERAL_KERNELS_ROWS_H
#define ENGINE_GENERAL_KERNELS_ROWS_H
#include "graph/graph.h"

typedef void convert_row(const void *from, void *to, int64_t n);
convert_row *rows_between(enum dtype from, enum dtype to); /* NULL for pairs that go the long way */
#endif
