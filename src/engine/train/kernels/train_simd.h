/* What training needs of vectors beyond engine/cpu's: slopes of activations. */
#ifndef ENGINE_TRAIN_KERNELS_TRAIN_SIMD_H
#define ENGINE_TRAIN_KERNELS_TRAIN_SIMD_H
#include "engine/cpu/kernels/simd.h"
#include "engine/train/kernels/train_kernels.h"

#if defined __AVX512F__
INLINE V v_where_positive(V c, V a) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(c, v_set(0.0f), _CMP_GT_OQ), a); }
INLINE V v_root(V a) { return _mm512_sqrt_ps(a); }
/* Past the caches, to what is a multiple of a vector. */
INLINE void v_stream(float *p, V a) { _mm512_stream_ps(p, a); }
INLINE void v_streamed(void) { _mm_sfence(); }
/* Lanes that change places: lane l is from's lane index[l], or stays where that is negative. */
typedef __m512i TAKE;
INLINE TAKE v_take_new(const int *index) { return _mm512_loadu_si512(index); }
INLINE V v_take(V into, TAKE t, V from)
{
    return _mm512_mask_permutexvar_ps(into, _mm512_cmpge_epi32_mask(t, _mm512_setzero_si512()), t, from);
}
#elif defined __AVX2__
INLINE V v_where_positive(V c, V a) { return _mm256_and_ps(_mm256_cmp_ps(c, v_set(0.0f), _CMP_GT_OQ), a); }
INLINE V v_root(V a) { return _mm256_sqrt_ps(a); }
INLINE void v_stream(float *p, V a) { _mm256_stream_ps(p, a); }
INLINE void v_streamed(void) { _mm_sfence(); }
typedef __m256i TAKE;
INLINE TAKE v_take_new(const int *index) { return _mm256_loadu_si256((const __m256i *)(const void *)index); }
INLINE V v_take(V into, TAKE t, V from)
{
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(from, t), into, _mm256_castsi256_ps(t));
}
#else
#include <math.h>
INLINE V v_where_positive(V c, V a) { return v_choose(c > v_set(0.0f), a, v_set(0.0f)); }
INLINE V v_root(V a) { return (V){sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])}; }
INLINE void v_stream(float *p, V a) { v_store(p, a); }
INLINE void v_streamed(void) {}
typedef struct {
    int lane[VL];
} TAKE;
INLINE TAKE v_take_new(const int *index)
{
    TAKE t;
    for (int l = 0; l < VL; l++) t.lane[l] = index[l];
    return t;
}
INLINE V v_take(V into, TAKE t, V from)
{
    for (int l = 0; l < VL; l++) into[l] = t.lane[l] < 0 ? into[l] : from[t.lane[l]];
    return into;
}
#endif

/* dy times the slope at x. */
INLINE V v_slope(V x, V dy, enum act kind, float a, float b)
{
    V one = v_set(1.0f), s;
    switch (kind) {
    case ACT_RELU: return v_where_positive(x, dy);
    case ACT_CLIP: return v_where_positive(v_sub(x, v_set(a)), v_where_positive(v_sub(v_set(b), x), dy));
    case ACT_SCALED_HARD_SWISH: dy = v_mul(dy, v_set(a)); /* fallthrough */
    case ACT_HARD_SWISH:
        s = v_fma(x, v_set(1.0f / 3), v_set(-0.5f));
        s = v_add(v_where_positive(v_sub(v_set(3.0f), x), s), one);
        return v_mul(dy, v_where_positive(v_add(x, v_set(3.0f)), s));
    case ACT_SWISH: s = v_logistic_times(one, x); return v_mul(dy, v_mul(s, v_fma(x, v_sub(one, s), one)));
    case ACT_GELU: /* Phi(x) + x phi(x) */
        s = v_normal_beyond(x);
        s = v_add(v_where_positive(x, v_fma(s, v_set(-2.0f), one)), s);
        return v_mul(dy, v_fma(v_mul(x, v_set(0.39894228f)), v_exp_below(v_mul(v_mul(x, x), v_set(-0.5f))), s));
    case ACT_SIGMOID: s = v_logistic_times(one, x); return v_mul(dy, v_mul(s, v_sub(one, s)));
    case ACT_HARD_SIGMOID:
        s = v_fma(x, v_set(a), v_set(b));
        return v_mul(v_set(a), v_where_positive(s, v_where_positive(v_sub(one, s), dy)));
    case ACT_NONE: break;
    }
    return dy;
}
/* The same where y = act(x) tells the slope; the kinds of train_act_is_told. */
INLINE V v_slope_told(V y, V dy, enum act kind, float a, float b)
{
    V one = v_set(1.0f);
    switch (kind) {
    case ACT_SIGMOID: return v_mul(dy, v_mul(y, v_sub(one, y)));
    case ACT_HARD_SIGMOID: return v_mul(v_set(a), v_where_positive(y, v_where_positive(v_sub(one, y), dy)));
    case ACT_RELU:
    case ACT_CLIP: return v_slope(y, dy, kind, a, b);
    case ACT_HARD_SWISH:
    case ACT_SCALED_HARD_SWISH:
    case ACT_SWISH:
    case ACT_GELU:
    case ACT_NONE: break;
    }
    return dy;
}
#define TRAIN(name) KERNEL_NAMED(train_##name, KERNEL_ISA)

void TRAIN(moments)(const float *x, long pixels, float *out);
void TRAIN(norm)(const struct norm_plane *n, const float *x, const float *rest, long pixels, float *y);
void TRAIN(norm_sums)(const struct norm_plane *n, const float *mean, const float *x, const float *y, const float *dy,
                      long pixels, float *before, float *sums);
void TRAIN(norm_back)(const struct norm_plane *n, const struct norm_slopes *s, const float *x, const float *dy,
                      long pixels, float *dx);
void TRAIN(activate)(struct activation a, const float *x, long n, float *y);
void TRAIN(activate_back)(struct activation a, bool by_output, const float *xy, const float *dy, long n, float *dx);
void TRAIN(bias_back)(const float *y, long pixels, float *dy, float *sums);
void TRAIN(accumulate)(const float *x, long n, float *into);
void TRAIN(add)(const float *x, const float *y, long n, float *out);
void TRAIN(multiply)(const float *x, const float *y, long n, float *out);
void TRAIN(multiply_add)(const float *x, const float *y, long n, float *into);
void TRAIN(fill)(const float *value, float by, long pixels, bool is_added, float *out);
void TRAIN(drop)(const uint32_t *keys, uint32_t least, float by, const float *x, long pixels, bool is_added, float *y);
void TRAIN(gate)(const float *x, const float *gate, long pixels, float *out);
void TRAIN(gate_sums)(const float *x, const float *dy, long pixels, float *sums);
void TRAIN(gate_add)(const float *x, const float *gate, long pixels, float *into);
void TRAIN(depthwise_data)(const struct depthwise_back *d, const float *dy, const float *w, float *dx);
void TRAIN(depthwise_weight)(const struct depthwise_back *d, const float *x, const float *dy, float *padded, float *dw);
void TRAIN(winograd_filter)(const struct winograd_filters *f, const float *w, float *u);
void TRAIN(winograd_gradient)(const struct winograd_filters *f, const float *u, float *dw);
void TRAIN(winograd_spread)(const struct winograd_tiles *t, long plane, long step, float *v);
void TRAIN(pool_max)(const struct pool_plane *p, const float *x, float *y, uint8_t *positions);
void TRAIN(pool_mean)(const struct pool_plane *p, const float *x, float *y);
void TRAIN(pool_max_back)(const struct pool_plane *p, const uint8_t *positions, const float *dy, bool is_added,
                          float *dx);
void TRAIN(pool_mean_back)(const struct pool_plane *p, const float *dy, float *dx);
void TRAIN(gather)(const struct lane_move *m, int n, long pixels, float *out);
void TRAIN(scatter)(const float *in, long pixels, const struct lane_move *m, int n);
void TRAIN(update)(const struct update_rule *r, long n, float *w, const float *g, float *first, float *second);
extern const struct train_kernels TRAIN(kernels);
#endif
