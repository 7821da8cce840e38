/* The kernels of one instruction set as a table. */
#include "engine/cpu/kernels/simd.h"

const struct kernels KERNEL(kernels) = {
    .isa = KERNEL_ISA_ID,
    .vl = VL,
    .wide = WIDE,
    .most_pixels = {0, MOST_1, MOST_2, MOST_3, MOST_4},
    .gemm =
        {
            [GEMM_FLAT] = &KERNEL(gemm_flat),
#if HAVE_HALF
            [GEMM_HALF] = &KERNEL(gemm_half),
#endif
            [GEMM_EVERY_SECOND] = &KERNEL(gemm_every_second),
            [GEMM_PLANAR_SECOND] = &KERNEL(gemm_planar_second),
            [GEMM_ACROSS] = &KERNEL(gemm_across),
            [GEMM_ANY] = &KERNEL(gemm_any),
        },
    .depthwise = KERNEL(depthwise),
    .winograd_in = KERNEL(winograd_in),
    .winograd_out = KERNEL(winograd_out),
    .pool_row = KERNEL(pool_row),
    .sum = KERNEL(sum),
    .add = KERNEL(add),
    .scale = KERNEL(scale),
    .scale_rows = KERNEL(scale_rows),
    .excite = KERNEL(excite),
    .activate = KERNEL(activate),
    .normalise = KERNEL(normalise),
    .softmax = KERNEL(softmax),
    .spread = KERNEL(spread),
};
