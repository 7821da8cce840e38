/* Sliding windows: the geometry that convolutions and poolings share. Shared with the engines that run windows. */
#ifndef OPS_WINDOW_H
#define OPS_WINDOW_H
#include "ops/rule.h"

struct window {
    int rank; /* spatial dimensions */
    int64_t kernel[SHAPE_RANK_MAX], stride[SHAPE_RANK_MAX], dilation[SHAPE_RANK_MAX];
    int64_t begin[SHAPE_RANK_MAX], end[SHAPE_RANK_MAX]; /* padding */
    bool ceil_mode;
};
/* Reads kernel_shape, strides, dilations, pads, auto_pad, ceil_mode for an input N x C x spatial. `weight_kernel` holds
   the kernel of a convolution's weight, NULL for poolings; a kernel_shape that contradicts it is refused. */
gable_status window_read(const struct node *n, const struct shape *x, const int64_t *weight_kernel, struct window *w,
                         gable_error *e);
/* Positions of the window on dimension i of `size` values. At least 1, else a sentence. */
gable_status window_positions(const struct window *w, int i, int64_t size, int64_t *out, gable_error *e);
#endif
