#if defined __x86_64__
#include "machine/x86/kernels.h"

#define AVX2_FMA (ISA_BIT(AVX2) | ISA_BIT(FMA))
#define AMX(type) (ISA_BIT(AMX_TILE) | ISA_BIT(AMX_##type))

/* Instructions are multiply-adds: 12, 16 or 24 chains, 4 tiles. MACs: chains x lanes x products of a lane. */
const struct flop_kernel flop_kernels[] = {
    {"scalar", "sse2", DTYPE_F64, ISA_BIT(SSE2), ISSUE_MULTIPLY_AND_ADD, 12, 12 * 1, NULL, scalar_f64},
    {"scalar", "sse2", DTYPE_F32, ISA_BIT(SSE2), ISSUE_MULTIPLY_AND_ADD, 12, 12 * 1, NULL, scalar_f32},
    {"scalar", "fma", DTYPE_F64, AVX2_FMA, ISSUE_FMA_SCALAR, 12, 12 * 1, NULL, fma_scalar_f64},
    {"scalar", "fma", DTYPE_F32, AVX2_FMA, ISSUE_FMA_SCALAR, 12, 12 * 1, NULL, fma_scalar_f32},
    {"vector", "sse2", DTYPE_F64, ISA_BIT(SSE2), ISSUE_MULTIPLY_AND_ADD, 12, 12 * 2, NULL, sse_f64},
    {"vector", "sse2", DTYPE_F32, ISA_BIT(SSE2), ISSUE_MULTIPLY_AND_ADD, 12, 12 * 4, NULL, sse_f32},
    {"vector", "avx2", DTYPE_F64, AVX2_FMA, ISSUE_FMA256, 12, 12 * 4, NULL, avx2_f64},
    {"vector", "avx2", DTYPE_F32, AVX2_FMA, ISSUE_FMA256, 12, 12 * 8, NULL, avx2_f32},
    {"vector", "avx_vnni", DTYPE_S8, ISA_BIT(AVX_VNNI), ISSUE_DOT256, 12, 12 * 8 * 4, NULL, avx_vnni},
    {"vector", "avx512", DTYPE_F64, ISA_BIT(AVX512F), ISSUE_FMA512, 16, 16 * 8, NULL, avx512_f64},
    {"vector", "avx512", DTYPE_F32, ISA_BIT(AVX512F), ISSUE_FMA512, 16, 16 * 16, NULL, avx512_f32},
    {"vector", "avx512_bf16", DTYPE_BF16, ISA_BIT(AVX512_BF16), ISSUE_BF16_512, 24, 24 * 16 * 2, NULL, avx512_bf16},
    {"vector", "avx512_vnni", DTYPE_S8, ISA_BIT(AVX512_VNNI), ISSUE_DOT512, 16, 16 * 16 * 4, NULL, avx512_vnni},
    {"matrix", "amx", DTYPE_BF16, AMX(BF16), ISSUE_TILE, 4, 4 * 16 * 16 * 32, NULL, amx_bf16},
    {"matrix", "amx", DTYPE_S8, AMX(INT8), ISSUE_TILE, 4, 4 * 16 * 16 * 64, NULL, amx_int8},
};
const int n_flop_kernels = (int)(sizeof flop_kernels / sizeof *flop_kernels);

const struct stream_set stream_sets[] = {
    {"avx512", ISA_BIT(AVX512F), avx512_streams},
    {"avx2", AVX2_FMA, avx2_streams},
    {"sse2", ISA_BIT(SSE2), sse_streams},
};
const int n_stream_sets = (int)(sizeof stream_sets / sizeof *stream_sets);
#endif
