/* Every file of kernels, once: its table is kernels_NAME. */
#ifndef ENGINE_GENERAL_TABLES_H
#define ENGINE_GENERAL_TABLES_H
#include "engine/general/kernel.h"

/* clang-format off */
#define KERNEL_TABLES(X) \
    X(align) \
    X(attention) \
    X(binary) \
    X(cast) \
    X(choose) \
    X(concat) \
    X(control) \
    X(convolve) \
    X(cumsum) \
    X(det) \
    X(dropout) \
    X(einsum) \
    X(extreme) \
    X(gather) \
    X(identity) \
    X(integers) \
    X(loss) \
    X(make) \
    X(matmul) \
    X(normalise) \
    X(normalise_axes) \
    X(pad) \
    X(pool) \
    X(pool_whole) \
    X(power) \
    X(quantize) \
    X(random) \
    X(recurrent) \
    X(reduce) \
    X(roi_pool) \
    X(resize) \
    X(sample) \
    X(scan) \
    X(scatter) \
    X(sequence) \
    X(slice) \
    X(softmax) \
    X(space) \
    X(spectrum) \
    X(suppress) \
    X(text) \
    X(tfidf) \
    X(topk) \
    X(transpose) \
    X(unary) \
    X(unpool) \
    X(variadic) \
    X(views) \
    X(where) \
    X(window)
/* clang-format on */
#define KERNEL_TABLE_DECLARED(name) extern const struct kernel kernels_##name[];
KERNEL_TABLES(KERNEL_TABLE_DECLARED)
#endif
