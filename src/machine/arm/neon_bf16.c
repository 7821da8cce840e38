#if defined __aarch64__
#include "machine/arm/kernels.h"
#include "machine/chains.h"

#include <arm_neon.h>

/* BFMMLA: a 2x4 by 4x2 product, 16 multiply-accumulates; twice BFDOT's where the core has the units. */
#define LOAD(p) vld1q_bf16((const bfloat16_t *)(p))
#define STEP(acc, a, b) vbfmmlaq_f32(acc, a, b)
CHAIN_KERNEL(neon_bf16, 24, float32x4_t, bfloat16x8_t, "w", vdupq_n_f32(0), LOAD, STEP, chains_sum_f32)
#endif
