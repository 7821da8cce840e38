/* 8 floats: AVX2 and FMA. */
#ifndef ENGINE_CPU_KERNELS_SIMD_AVX2_H
#define ENGINE_CPU_KERNELS_SIMD_AVX2_H
#include <immintrin.h>

#define KERNEL_ISA avx2
#define KERNEL_ISA_ID ISA_AVX2
#define VL 8
#define HAVE_HALF 1
enum { MOST_1 = 12, MOST_2 = 6, MOST_3 = 4, MOST_4 = 2, WIDE = 2 }; /* 16 registers */

typedef __m256 V;
INLINE V v_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void v_store(float *p, V a) { _mm256_storeu_ps(p, a); }
INLINE V v_set(float a) { return _mm256_set1_ps(a); }
INLINE V v_fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
INLINE V v_add(V a, V b) { return _mm256_add_ps(a, b); }
INLINE V v_sub(V a, V b) { return _mm256_sub_ps(a, b); }
INLINE V v_mul(V a, V b) { return _mm256_mul_ps(a, b); }
INLINE V v_div(V a, V b) { return _mm256_div_ps(a, b); }
INLINE V v_max(V a, V b) { return _mm256_max_ps(a, b); }
INLINE V v_min(V a, V b) { return _mm256_min_ps(a, b); }
INLINE float v_sum(V a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
/* p * 2^n, where n stands in the lowest bits of z */
INLINE V v_times_power(V p, V z)
{
    __m256i shift = _mm256_slli_epi32(_mm256_castps_si256(z), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), shift));
}
INLINE void v_prefetch(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }

typedef __m128 H;
INLINE H h_load(const float *p) { return _mm_loadu_ps(p); }
INLINE H h_fma(H a, H b, H c) { return _mm_fmadd_ps(a, b, c); }
INLINE H h_low(V a) { return _mm256_castps256_ps128(a); }
INLINE V h_wide(H a) { return _mm256_zextps128_ps256(a); }
#endif
