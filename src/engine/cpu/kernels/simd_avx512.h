/* 16 floats: AVX-512 F, and VL for the halves. */
#ifndef ENGINE_CPU_KERNELS_SIMD_AVX512_H
#define ENGINE_CPU_KERNELS_SIMD_AVX512_H
#include <immintrin.h>

#define KERNEL_ISA avx512
#define KERNEL_ISA_ID ISA_AVX512
#define VL 16
#define HAVE_HALF 1
enum { MOST_1 = 14, MOST_2 = 14, MOST_3 = 9, MOST_4 = 6, WIDE = 2 }; /* 32 registers */

typedef __m512 V;
INLINE V v_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void v_store(float *p, V a) { _mm512_storeu_ps(p, a); }
INLINE V v_set(float a) { return _mm512_set1_ps(a); }
INLINE V v_fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
INLINE V v_add(V a, V b) { return _mm512_add_ps(a, b); }
INLINE V v_sub(V a, V b) { return _mm512_sub_ps(a, b); }
INLINE V v_mul(V a, V b) { return _mm512_mul_ps(a, b); }
INLINE V v_div(V a, V b) { return _mm512_div_ps(a, b); }
INLINE V v_max(V a, V b) { return _mm512_max_ps(a, b); }
INLINE V v_min(V a, V b) { return _mm512_min_ps(a, b); }
INLINE float v_sum(V a) { return _mm512_reduce_add_ps(a); }
/* p * 2^n, where n stands in the lowest bits of z */
INLINE V v_times_power(V p, V z)
{
    __m512i shift = _mm512_slli_epi32(_mm512_castps_si512(z), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), shift));
}
INLINE void v_prefetch(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }

typedef __m256 H;
INLINE H h_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE H h_fma(H a, H b, H c) { return _mm256_fmadd_ps(a, b, c); }
INLINE H h_low(V a) { return _mm512_castps512_ps256(a); }
INLINE V h_wide(H a) { return _mm512_zextps256_ps512(a); }
#endif
