#if defined __aarch64__
#include "machine/arm/kernels.h"
#include "machine/chains.h"

#include <arm_neon.h>

#define LOAD(p) vld1q_s8((const int8_t *)(p))
#define STEP_DOT(acc, a, b) vdotq_s32(acc, a, b)
#define STEP_MATRIX(acc, a, b) vmmlaq_s32(acc, a, b)
CHAIN_KERNEL(neon_dot, 24, int32x4_t, int8x16_t, "w", vdupq_n_s32(0), LOAD, STEP_DOT, chains_sum_s32)
CHAIN_KERNEL(neon_i8mm, 24, int32x4_t, int8x16_t, "w", vdupq_n_s32(0), LOAD, STEP_MATRIX, chains_sum_s32)
#endif
