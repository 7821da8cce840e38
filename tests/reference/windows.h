/* Windows sliding over images, as ONNX defines them for two spatial dimensions. Private to tests/reference/. */
#ifndef TESTS_REFERENCE_WINDOWS_H
#define TESTS_REFERENCE_WINDOWS_H
#include "graph/graph.h"

/* Index 0 is the rows' direction, 1 the columns'. */
struct window {
    int64_t kernel[2], stride[2], dilation[2], begin[2];
};
/* The geometry that n's attributes give; NULL, or the form that is not here. */
const char *window_of(const struct node *n, const struct shape *x, struct window *w);
/* The input position that tap k of output position o reads, or -1 in the padding. */
int64_t window_position(const struct window *w, const struct shape *x, int direction, int64_t o, int64_t k);
#endif
