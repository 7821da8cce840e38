/* Sliding windows over the values of a run: convolutions and poolings of one to three spatial dimensions, seen as
   three: what is missing in front has size 1. */
#ifndef ENGINE_GENERAL_KERNELS_GEOMETRY_H
#define ENGINE_GENERAL_KERNELS_GEOMETRY_H
#include "engine/general/kernel.h"

enum { SPACE = 3 };
struct geometry {
    int64_t in[SPACE], out[SPACE], kernel[SPACE], stride[SPACE], dilation[SPACE];
    int64_t begin[SPACE], end[SPACE]; /* padding */
};
/* Reads the node's window for x (N x C x spatial); `weight` holds a convolution's kernel, NULL for poolings. */
gable_status geometry_read(struct call *c, const struct value *x, const int64_t *weight, struct geometry *g);
/* The same for a transposed convolution: `out` is what x is spread over, output_shape and output_padding heeded. */
gable_status geometry_read_transposed(struct call *c, const struct value *x, const int64_t *weight, struct geometry *g);
static inline int64_t geometry_pixels(const int64_t size[SPACE]) { return size[0] * size[1] * size[2]; }
/* Output i: N x `channels` x the outputs of `size`, of x's rank. */
gable_status geometry_output(struct call *c, int i, const struct value *x, enum dtype d, int64_t channels,
                             const int64_t size[SPACE]);
/* Of the outputs along axis k those whose input under tap t exists: [first, end). */
void geometry_span(const struct geometry *g, int k, int64_t tap, int64_t *first, int64_t *end);
#endif
