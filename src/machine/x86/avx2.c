#if defined __x86_64__
#include "machine/chains.h"
#include "machine/streams.h"
#include "machine/x86/kernels.h"

#include <immintrin.h>

#define STEP_F32(acc, a, b) _mm256_fmadd_ps(a, b, acc)
#define STEP_F64(acc, a, b) _mm256_fmadd_pd(a, b, acc)
#define LOAD_F32(p) _mm256_loadu_ps((const float *)(p))
#define LOAD_F64(p) _mm256_loadu_pd((const double *)(p))
CHAIN_KERNEL(avx2_f32, 12, __m256, __m256, "x", _mm256_setzero_ps(), LOAD_F32, STEP_F32, chains_sum_f32)
CHAIN_KERNEL(avx2_f64, 12, __m256d, __m256d, "x", _mm256_setzero_pd(), LOAD_F64, STEP_F64, chains_sum_f64)

#define STEP_SCALAR_F32(acc, a, b) __builtin_fmaf(a, b, acc)
#define STEP_SCALAR_F64(acc, a, b) __builtin_fma(a, b, acc)
#define SCALAR_F32(p) (*(const float *)(p))
#define SCALAR_F64(p) (*(const double *)(p))
CHAIN_KERNEL(fma_scalar_f32, 12, float, float, "x", 0, SCALAR_F32, STEP_SCALAR_F32, chains_sum_f32)
CHAIN_KERNEL(fma_scalar_f64, 12, double, double, "x", 0, SCALAR_F64, STEP_SCALAR_F64, chains_sum_f64)

#define ONE _mm256_set1_ps(1)
#define LOAD(p) _mm256_load_ps((const float *)(p))
#define STORE(p, v) _mm256_store_ps((float *)(p), v)
#define PUSH(p, v) _mm256_stream_ps((float *)(p), v)
#define TRIAD(b, c) _mm256_fmadd_ps(_mm256_set1_ps(3), c, b)
STREAM_KERNELS(avx2_streams, __m256, "x", LOAD, STORE, PUSH, _mm_sfence(), TRIAD);
#endif
