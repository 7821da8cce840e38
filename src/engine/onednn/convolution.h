/* Convolutions of oneDNN, forward and backward, on activations in blocks of channels [image][block][y][x][channel].
   Weights are packed as each primitive wants them. Scratch comes from the caller. */
#ifndef ENGINE_ONEDNN_CONVOLUTION_H
#define ENGINE_ONEDNN_CONVOLUTION_H
#include "engine/onednn/onednn.h"

#include <stdbool.h>

/* Channels first..first + n - 1 of a tensor of `of` channels; first is a multiple of the block. */
struct channels {
    int n, of, first;
};
struct convolution_shape {
    int images, groups, height, width, out_height, out_width;
    struct channels in, out;
    int kernel[2], stride[2], dilation[2], pad_begin[2], pad_end[2]; /* [rows, columns]; dilation 1: none */
    int block;                                                       /* 4, 8 or 16 channels */
    bool is_planar;                                                  /* the input is row-major, not in blocks */
    bool has_bias, has_relu;                                         /* forward */
};
bool convolution_shape_equal(const struct convolution_shape *a, const struct convolution_shape *b);
enum convolution_pass { CONVOLUTION_FORWARD, CONVOLUTION_DATA, CONVOLUTION_WEIGHT };
enum convolution_algorithm { CONVOLUTION_DIRECT, CONVOLUTION_WINOGRAD, CONVOLUTION_ALGORITHMS };

struct convolution;
/* *out is NULL, without an error, where oneDNN has no such algorithm. `d` must outlive it. */
gable_status convolution_new(struct onednn *d, const struct convolution_shape *s, enum convolution_pass pass,
                             enum convolution_algorithm algorithm, struct convolution **out, gable_error *e);
void convolution_free(struct convolution *c);                  /* NULL is fine */
const char *convolution_name(const struct convolution *c);     /* "jit:avx512_common" */
size_t convolution_packed_floats(const struct convolution *c); /* weights or their gradient, packed */
size_t convolution_scratch_bytes(const struct convolution *c);
/* FORWARD: from = x, to = y. DATA: from = dy, to = dx. WEIGHT: from = x, to = dy, and `packed` gets the gradient.
   x, y and their gradients are the whole tensors that hold the channels. */
void convolution_run(struct convolution *c, const float *from, float *packed, const float *bias, float *to,
                     void *scratch);
/* Row-major weights as packed, or a packed gradient as row-major. */
void convolution_pack(struct convolution *c, const float *plain, float *packed, void *scratch);
void convolution_unpack(struct convolution *c, const float *packed, float *plain, void *scratch);
#endif
