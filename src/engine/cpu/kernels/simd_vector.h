/* 4 floats in the compiler's own vector type: NEON on aarch64, and the plain path (SSE2 on x86-64) elsewhere.
   Contracted to fused multiply-adds where the machine has them (-ffp-contract=fast). */
#ifndef ENGINE_CPU_KERNELS_SIMD_VECTOR_H
#define ENGINE_CPU_KERNELS_SIMD_VECTOR_H
#include <string.h>

#define VL 4
#define HAVE_HALF 0
#if defined __aarch64__
#define KERNEL_ISA neon
#define KERNEL_ISA_ID ISA_NEON
enum { MOST_1 = 14, MOST_2 = 12, MOST_3 = 8, MOST_4 = 6, WIDE = 4 }; /* 32 registers */
#else
#define KERNEL_ISA plain
#define KERNEL_ISA_ID ISA_PLAIN
enum { MOST_1 = 12, MOST_2 = 6, MOST_3 = 4, MOST_4 = 2, WIDE = 2 }; /* 16 registers */
#endif

typedef float V __attribute__((vector_size(16)));
typedef int v_bits __attribute__((vector_size(16)));
INLINE V v_load(const float *p)
{
    V a;
    memcpy(&a, p, sizeof a);
    return a;
}
INLINE void v_store(float *p, V a) { memcpy(p, &a, sizeof a); }
INLINE V v_set(float a) { return (V){a, a, a, a}; }
INLINE V v_fma(V a, V b, V c) { return a * b + c; }
INLINE V v_add(V a, V b) { return a + b; }
INLINE V v_sub(V a, V b) { return a - b; }
INLINE V v_mul(V a, V b) { return a * b; }
INLINE V v_div(V a, V b) { return a / b; }
INLINE V v_choose(v_bits mask, V a, V b) { return (V)(((v_bits)a & mask) | ((v_bits)b & ~mask)); }
INLINE V v_max(V a, V b) { return v_choose(a > b, a, b); }
INLINE V v_min(V a, V b) { return v_choose(a < b, a, b); }
INLINE float v_sum(V a) { return (a[0] + a[2]) + (a[1] + a[3]); }
/* p * 2^n, where n stands in the lowest bits of z; shifted as unsigned, for the high bits fall off */
INLINE V v_times_power(V p, V z)
{
    typedef unsigned v_unsigned __attribute__((vector_size(16)));
    return (V)((v_unsigned)p + ((v_unsigned)z << 23));
}
INLINE void v_prefetch(const float *p) { __builtin_prefetch(p, 0, 2); }
#endif
