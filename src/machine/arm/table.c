#if defined __aarch64__
#include "machine/arm/kernels.h"

/* 24 chains each; MACs: chains x lanes x products of a lane, for SVE by the machine's vector length. */
const struct flop_kernel flop_kernels[] = {
    {"scalar", "fma", DTYPE_F64, 0, ISSUE_FMA_SCALAR, 24, 24 * 1, NULL, scalar_f64},
    {"scalar", "fma", DTYPE_F32, 0, ISSUE_FMA_SCALAR, 24, 24 * 1, NULL, scalar_f32},
    {"vector", "neon", DTYPE_F64, 0, ISSUE_FMA128, 24, 24 * 2, NULL, neon_f64},
    {"vector", "neon", DTYPE_F32, 0, ISSUE_FMA128, 24, 24 * 4, NULL, neon_f32},
    {"vector", "neon dotprod", DTYPE_S8, ISA_BIT(DOTPROD), ISSUE_UNKNOWN, 24, 24 * 16, NULL, neon_dot},
    {"matrix", "neon i8mm", DTYPE_S8, ISA_BIT(I8MM), ISSUE_UNKNOWN, 24, 24 * 32, NULL, neon_i8mm},
    {"matrix", "neon bf16", DTYPE_BF16, ISA_BIT(BF16), ISSUE_UNKNOWN, 24, 24 * 16, NULL, neon_bf16},
    {"vector", "sve", DTYPE_F64, ISA_BIT(SVE), ISSUE_SVE, 24, 0, sve_f64_macs, sve_f64},
    {"vector", "sve", DTYPE_F32, ISA_BIT(SVE), ISSUE_SVE, 24, 0, sve_f32_macs, sve_f32},
    {"vector", "sve", DTYPE_S8, ISA_BIT(SVE), ISSUE_UNKNOWN, 24, 0, sve_s8_macs, sve_s8},
};
const int n_flop_kernels = (int)(sizeof flop_kernels / sizeof *flop_kernels);

const struct stream_set stream_sets[] = {{"neon", 0, neon_streams}};
const int n_stream_sets = 1;
#endif
