#if defined __aarch64__
#include "machine/arm/kernels.h"
#include "machine/chains.h"
#include "machine/streams.h"

#include <arm_neon.h>

#define STEP_F32(acc, a, b) vfmaq_f32(acc, a, b)
#define STEP_F64(acc, a, b) vfmaq_f64(acc, a, b)
#define LOAD_F32(p) vld1q_f32((const float *)(p))
#define LOAD_F64(p) vld1q_f64((const double *)(p))
CHAIN_KERNEL(neon_f32, 24, float32x4_t, float32x4_t, "w", vdupq_n_f32(0), LOAD_F32, STEP_F32, chains_sum_f32)
CHAIN_KERNEL(neon_f64, 24, float64x2_t, float64x2_t, "w", vdupq_n_f64(0), LOAD_F64, STEP_F64, chains_sum_f64)

#define STEP_SCALAR_F32(acc, a, b) __builtin_fmaf(a, b, acc)
#define STEP_SCALAR_F64(acc, a, b) __builtin_fma(a, b, acc)
#define SCALAR_F32(p) (*(const float *)(p))
#define SCALAR_F64(p) (*(const double *)(p))
CHAIN_KERNEL(scalar_f32, 24, float, float, "w", 0, SCALAR_F32, STEP_SCALAR_F32, chains_sum_f32)
CHAIN_KERNEL(scalar_f64, 24, double, double, "w", 0, SCALAR_F64, STEP_SCALAR_F64, chains_sum_f64)

/* Stores "past the caches" are a hint on aarch64, given by the store pair STNP. */
static inline void push(char *p, float32x4_t v)
{
    float64x2_t d = vreinterpretq_f64_f32(v);
    __asm__ volatile("stnp %d1, %d2, [%0]" : : "r"(p), "w"(d), "w"(vdupq_laneq_f64(d, 1)) : "memory");
}
#define ONE vdupq_n_f32(1)
#define LOAD(p) vld1q_f32((const float *)(const void *)(p))
#define STORE(p, v) vst1q_f32((float *)(void *)(p), v)
#define TRIAD(b, c) vfmaq_f32(b, vdupq_n_f32(3), c)
STREAM_KERNELS(neon_streams, float32x4_t, "w", LOAD, STORE, push, , TRIAD);
#endif
