/* The kernels of x86-64, one file per instruction set, each compiled with its own flags. */
#ifndef MACHINE_X86_KERNELS_H
#define MACHINE_X86_KERNELS_H
#include "machine/kernels.h"

typedef double chain_function(int64_t n, const void *a, const void *b);
chain_function sse_f32, sse_f64, scalar_f32, scalar_f64;
chain_function fma_scalar_f32, fma_scalar_f64, avx2_f32, avx2_f64;
chain_function avx512_f32, avx512_f64, avx512_bf16, avx512_vnni, avx_vnni;
chain_function amx_bf16, amx_int8;
extern const struct stream_kernel sse_streams[], avx2_streams[], avx512_streams[];
#endif
