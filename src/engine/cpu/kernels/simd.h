/* One vector type for every instruction set: V, VL floats; H, half of it (where HAVE_HALF). Channels come in blocks of
   VL. KERNEL(x) is the name of x in this compilation. */
#ifndef ENGINE_CPU_KERNELS_SIMD_H
#define ENGINE_CPU_KERNELS_SIMD_H
#include "engine/cpu/kernels/kernels.h"

#define INLINE static inline __attribute__((always_inline))
#if defined __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif
#define KERNEL_PASTE(name, isa) name##_##isa
#define KERNEL_NAMED(name, isa) KERNEL_PASTE(name, isa)
#define KERNEL(name) KERNEL_NAMED(name, KERNEL_ISA)

#if defined __AVX512F__
#include "engine/cpu/kernels/simd_avx512.h"
#elif defined __AVX2__
#include "engine/cpu/kernels/simd_avx2.h"
#else
#include "engine/cpu/kernels/simd_vector.h"
#endif

/* 1.5 * 2^23: adding it rounds to an integer that stands in the lowest bits. */
#define ROUND_BY_ADDING 12582912.0f

/* x / (1 + exp(-y)). exp(-y) = 2^n * 2^f: n by adding a large number (no conversion, no scaling instruction: both would
   compete with the multiply-adds), 2^f by a polynomial of degree 4 on [-0.5, 0.5], relative error 4e-6. A true
   division beats an estimate and a Newton step on Zen 4. */
INLINE V v_logistic_times(V x, V y)
{
    y = v_max(v_min(y, v_set(87.0f)), v_set(-87.0f));
    V z = v_fma(y, v_set(-1.44269504f), v_set(ROUND_BY_ADDING));
    V f = v_fma(y, v_set(-1.44269504f), v_sub(v_set(ROUND_BY_ADDING), z));
    V p = v_fma(v_set(9.570101e-3f), f, v_set(5.5917863e-2f));
    p = v_fma(p, f, v_set(2.4024744e-1f));
    p = v_fma(p, f, v_set(6.931218e-1f));
    p = v_fma(p, f, v_set(9.999993e-1f));
    return v_div(x, v_add(v_times_power(p, z), v_set(1.0f)));
}
/* exp(y) of a y that is not above 0, relative error 2e-7: 2^n * 2^f as above, 2^f by its series to the sixth power. */
INLINE V v_exp_below(V y)
{
    y = v_max(y, v_set(-87.0f));
    V z = v_fma(y, v_set(1.44269504f), v_set(ROUND_BY_ADDING));
    V f = v_fma(y, v_set(1.44269504f), v_sub(v_set(ROUND_BY_ADDING), z));
    V p = v_fma(v_set(1.54035304e-4f), f, v_set(1.33335581e-3f));
    p = v_fma(p, f, v_set(9.61812911e-3f));
    p = v_fma(p, f, v_set(5.55041087e-2f));
    p = v_fma(p, f, v_set(2.40226507e-1f));
    p = v_fma(p, f, v_set(6.93147181e-1f));
    p = v_fma(p, f, v_set(1.0f));
    return v_times_power(p, z);
}
INLINE V v_abs(V x) { return v_max(x, v_sub(v_set(0.0f), x)); }
/* The share of a normal distribution beyond |x|: erfc(|x| / sqrt 2) / 2, off by at most 8e-8 [Abramowitz, Stegun
   7.1.26]. */
INLINE V v_normal_beyond(V x)
{
    V t = v_div(v_set(1.0f), v_fma(v_abs(x), v_set(0.2316419f), v_set(1.0f)));
    V p = v_fma(v_set(0.5307027145f), t, v_set(-0.7265760135f));
    p = v_fma(p, t, v_set(0.7107068705f));
    p = v_fma(p, t, v_set(-0.142248368f));
    p = v_fma(p, t, v_set(0.1274147960f));
    return v_mul(v_mul(p, t), v_exp_below(v_mul(v_mul(x, x), v_set(-0.5f))));
}
INLINE V v_gelu(V x) { return v_sub(v_max(x, v_set(0.0f)), v_mul(v_abs(x), v_normal_beyond(x))); }
INLINE V v_clip(V x, float low, float high) { return v_min(v_max(x, v_set(low)), v_set(high)); }
INLINE V v_hard_swish(V x) { return v_mul(x, v_clip(v_fma(x, v_set(1.0f / 6), v_set(0.5f)), 0.0f, 1.0f)); }

/* `kind` is a constant wherever speed counts; the bounds are not. */
INLINE V v_activate(V x, enum act kind, float a, float b)
{
    switch (kind) {
    case ACT_RELU: return v_max(x, v_set(0.0f));
    case ACT_CLIP: return v_clip(x, a, b);
    case ACT_HARD_SWISH: return v_hard_swish(x);
    case ACT_SCALED_HARD_SWISH: return v_fma(v_hard_swish(x), v_set(a), v_set(b));
    case ACT_SWISH: return v_logistic_times(x, x);
    case ACT_GELU: return v_gelu(x);
    case ACT_SIGMOID: return v_logistic_times(v_set(1.0f), x);
    case ACT_HARD_SIGMOID: return v_clip(v_fma(x, v_set(a), v_set(b)), 0.0f, 1.0f);
    case ACT_NONE: break;
    }
    return x;
}
/* BODY with the constant KIND of a run-time activation, so that each has a loop of its own. */
#define FOR_ACTIVATION(kind, BODY)                                  \
    switch (kind) {                                                 \
    case ACT_NONE: BODY(ACT_NONE); break;                           \
    case ACT_RELU: BODY(ACT_RELU); break;                           \
    case ACT_CLIP: BODY(ACT_CLIP); break;                           \
    case ACT_HARD_SWISH: BODY(ACT_HARD_SWISH); break;               \
    case ACT_SCALED_HARD_SWISH: BODY(ACT_SCALED_HARD_SWISH); break; \
    case ACT_SWISH: BODY(ACT_SWISH); break;                         \
    case ACT_GELU: BODY(ACT_GELU); break;                           \
    case ACT_SIGMOID: BODY(ACT_SIGMOID); break;                     \
    case ACT_HARD_SIGMOID: BODY(ACT_HARD_SIGMOID); break;           \
    }

/* What the sources of one instruction set share; table.c gathers them. */
extern const gemm_tiles KERNEL(gemm_flat), KERNEL(gemm_half), KERNEL(gemm_every_second), KERNEL(gemm_planar_second),
    KERNEL(gemm_across), KERNEL(gemm_any);
void KERNEL(depthwise)(const struct depthwise *d, const float *plane, const float *w, const float *bias, float *out,
                       int y0, int y1, float *sums);
void KERNEL(winograd_in)(const struct winograd_tiles *t, long plane, float *v);
void KERNEL(winograd_out)(const struct winograd_tiles *t, const float *m, const float *bias, long res, long plane);
void KERNEL(pool_row)(enum pool_kind kind, const float *plane, int width, struct span rows, const struct span *columns,
                      const float *scale, int out_width, float *out);
void KERNEL(sum)(const float *plane, long pixels, float *sums);
void KERNEL(add)(const float *x, const float *y, long n, struct activation act, float *out);
void KERNEL(scale)(const float *x, const float *gate, long pixels, float *out);
void KERNEL(scale_rows)(const float *x, const float *by, int rows, int columns, float *out);
void KERNEL(excite)(int n, int n_hidden, const float *x, int n_parts, long stride, const float *w1, const float *b1,
                    struct activation act1, const float *w2, const float *b2, struct activation act2, float *mean,
                    float *hidden, float *out);
void KERNEL(activate)(float *x, long n, struct activation act);
void KERNEL(normalise)(const float *x, long block, int blocks, int last, long pixels, const float *gamma,
                       const float *beta, float epsilon, float *out);
void KERNEL(softmax)(const float *x, long block, int blocks, int last, long pixels, float *out);
void KERNEL(spread)(const float *x, long pixels, long step, float *out);
extern const struct kernels KERNEL(kernels);
#endif
