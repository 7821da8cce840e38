/* Vectors whose length the machine decides: no arrays of them, no sizeof, so the loop is written with chains alone. */
#if defined __aarch64__
#include "machine/arm/kernels.h"
#include "machine/chains.h"

#include <arm_sve.h>

enum { SVE_CHAINS = 24 };

int sve_f32_macs(void) { return SVE_CHAINS * (int)svcntw(); }
int sve_f64_macs(void) { return SVE_CHAINS * (int)svcntd(); }
int sve_s8_macs(void) { return SVE_CHAINS * (int)svcntw() * 4; }

#define SVE_OPEN(i, vector, zero) vector acc##i = zero;
#define SVE_STEP(i, step)                \
    acc##i = step(acc##i, a, b);         \
    __asm__ volatile("" : "+w"(acc##i)); \
    __asm__ volatile("" : "+w"(a));
#define SVE_SUM(i, add) sum += add(acc##i);
/* The operands repeat the 64 bytes that they are given: LD1RQ loads 16 of them into every quarter. */
#define SVE_KERNEL(function, vector, operand, zero, load, step, add)     \
    double function(int64_t n, const void *a_bytes, const void *b_bytes) \
    {                                                                    \
        operand a = load(a_bytes), b = load(b_bytes);                    \
        double sum = 0;                                                  \
        CHAINS_24(SVE_OPEN, vector, zero)                                \
        for (int64_t r = 0; r < n; r++) {                                \
            CHAINS_24(SVE_STEP, step)                                    \
        }                                                                \
        CHAINS_24(SVE_SUM, add)                                          \
        return sum;                                                      \
    }

#define LOAD_F32(p) svld1rq_f32(svptrue_b32(), (const float *)(p))
#define LOAD_F64(p) svld1rq_f64(svptrue_b64(), (const double *)(p))
#define STEP_F32(acc, a, b) svmla_f32_x(svptrue_b32(), acc, a, b)
#define STEP_F64(acc, a, b) svmla_f64_x(svptrue_b64(), acc, a, b)
#define ADD_F32(acc) (double)svaddv_f32(svptrue_b32(), acc)
#define ADD_F64(acc) svaddv_f64(svptrue_b64(), acc)
SVE_KERNEL(sve_f32, svfloat32_t, svfloat32_t, svdup_f32(0), LOAD_F32, STEP_F32, ADD_F32)
SVE_KERNEL(sve_f64, svfloat64_t, svfloat64_t, svdup_f64(0), LOAD_F64, STEP_F64, ADD_F64)

#define LOAD_S8(p) svld1rq_s8(svptrue_b8(), (const int8_t *)(p))
#define STEP_S8(acc, a, b) svdot_s32(acc, a, b)
#define ADD_S32(acc) (double)svaddv_s32(svptrue_b32(), acc)
SVE_KERNEL(sve_s8, svint32_t, svint8_t, svdup_s32(0), LOAD_S8, STEP_S8, ADD_S32)
#endif
