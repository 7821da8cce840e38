/* Batch normalisation of one plane, with the activation and the sum that follow it. */
#include "engine/train/kernels/train_simd.h"

void TRAIN(moments)(const float *x, long pixels, float *out)
{
    V pivot = v_load(x), s0 = v_set(0.0f), s1 = s0, q0 = s0, q1 = s0;
    long i = 0;
    for (; i + 2 <= pixels; i += 2) {
        V a = v_sub(v_load(x + i * VL), pivot), b = v_sub(v_load(x + (i + 1) * VL), pivot);
        s0 = v_add(s0, a);
        s1 = v_add(s1, b);
        q0 = v_fma(a, a, q0);
        q1 = v_fma(b, b, q1);
    }
    if (i < pixels) {
        V a = v_sub(v_load(x + i * VL), pivot);
        s0 = v_add(s0, a);
        q0 = v_fma(a, a, q0);
    }
    v_store(out + MOMENT_PIVOT * VL, pivot);
    v_store(out + MOMENT_SUM * VL, v_add(s0, s1));
    v_store(out + MOMENT_SQUARE * VL, v_add(q0, q1));
}

INLINE void norm_body(const enum act KIND, const bool HAS_REST, const bool STREAMS, const struct norm_plane *n,
                      const float *x, const float *rest, long pixels, float *y)
{
    V by = v_set(n->by), scale = v_mul(v_load(n->scale), by), shift = v_mul(v_load(n->shift), by);
    for (long i = 0; i < pixels; i++) {
        V z = v_fma(v_load(x + i * VL), scale, shift);
        if (HAS_REST) z = v_add(z, v_load(rest + i * VL));
        z = v_activate(z, KIND, n->act.a, n->act.b);
        if (STREAMS)
            v_stream(y + i * VL, z);
        else
            v_store(y + i * VL, z);
    }
    if (STREAMS) v_streamed();
}
void TRAIN(norm)(const struct norm_plane *n, const float *x, const float *rest, long pixels, float *y)
{
#define NORM_OF(kind, has_rest)                                 \
    if (n->is_streamed)                                         \
        norm_body(kind, has_rest, true, n, x, rest, pixels, y); \
    else                                                        \
        norm_body(kind, has_rest, false, n, x, rest, pixels, y)
#define NORM(kind) NORM_OF(kind, false)
#define NORM_AND_REST(kind) NORM_OF(kind, true)
    if (rest) {
        FOR_ACTIVATION(n->act.kind, NORM_AND_REST)
    } else {
        FOR_ACTIVATION(n->act.kind, NORM)
    }
}

/* The gradient that reaches the plane's output. */
INLINE V reaching(const bool HAS_GATE, const float *dy, V gate, V extra)
{
    return HAS_GATE ? v_fma(v_load(dy), gate, extra) : v_load(dy);
}

INLINE void sums_body(const enum act KIND, const bool HAS_GATE, const struct norm_plane *n, const float *mean,
                      const float *x, const float *dy, long pixels, float *before, float *sums)
{
    V by = v_set(n->by), scale = v_mul(v_load(n->scale), by), shift = v_mul(v_load(n->shift), by);
    V middle = v_load(mean), s = v_set(0.0f), q = s, zero = s;
    V gate = HAS_GATE ? v_load(n->gate) : zero, extra = HAS_GATE ? v_load(n->extra) : zero;
    for (long i = 0; i < pixels; i++) {
        V v = v_load(x + i * VL), g = reaching(HAS_GATE, dy + i * VL, gate, extra);
        g = v_slope(v_fma(v, scale, shift), g, KIND, n->act.a, n->act.b);
        if (before) v_store(before + i * VL, g);
        s = v_add(s, g);
        q = v_fma(g, v_sub(v, middle), q);
    }
    v_store(sums, v_mul(s, by));
    v_store(sums + VL, v_mul(q, by));
}
INLINE void told_body(const enum act KIND, const struct norm_plane *n, const float *mean, const float *x,
                      const float *y, const float *dy, long pixels, float *before, float *sums)
{
    V by = v_set(n->by), middle = v_load(mean), s = v_set(0.0f), q = s;
    for (long i = 0; i < pixels; i++) {
        V g = v_slope_told(v_load(y + i * VL), v_load(dy + i * VL), KIND, n->act.a, n->act.b);
        if (before) v_store(before + i * VL, g);
        s = v_add(s, g);
        q = v_fma(g, v_sub(v_load(x + i * VL), middle), q);
    }
    v_store(sums, v_mul(s, by));
    v_store(sums + VL, v_mul(q, by));
}
void TRAIN(norm_sums)(const struct norm_plane *n, const float *mean, const float *x, const float *y, const float *dy,
                      long pixels, float *before, float *sums)
{
#define TOLD(kind) told_body(kind, n, mean, x, y, dy, pixels, before, sums)
#define SUMS(kind)                                                   \
    if (n->gate)                                                     \
        sums_body(kind, true, n, mean, x, dy, pixels, before, sums); \
    else                                                             \
        sums_body(kind, false, n, mean, x, dy, pixels, before, sums)
    if (y) {
        FOR_ACTIVATION(n->act.kind, TOLD)
    } else {
        FOR_ACTIVATION(n->act.kind, SUMS)
    }
}

INLINE void back_body(const enum act KIND, const bool HAS_GATE, const struct norm_plane *n, const struct norm_slopes *s,
                      const float *x, const float *dy, long pixels, float *dx)
{
    V by = v_set(n->by), scale = v_mul(v_load(n->scale), by), shift = v_mul(v_load(n->shift), by);
    V a = v_mul(v_load(s->a), by), b = v_load(s->b), c = v_load(s->c), zero = v_set(0.0f);
    V gate = HAS_GATE ? v_load(n->gate) : zero, extra = HAS_GATE ? v_load(n->extra) : zero;
    for (long i = 0; i < pixels; i++) {
        V v = v_load(x + i * VL), g = reaching(HAS_GATE, dy + i * VL, gate, extra);
        g = v_slope(v_fma(v, scale, shift), g, KIND, n->act.a, n->act.b);
        v_store(dx + i * VL, v_fma(a, g, v_fma(b, v, c)));
    }
}
void TRAIN(norm_back)(const struct norm_plane *n, const struct norm_slopes *s, const float *x, const float *dy,
                      long pixels, float *dx)
{
#define BACK(kind)                                      \
    if (n->gate)                                        \
        back_body(kind, true, n, s, x, dy, pixels, dx); \
    else                                                \
        back_body(kind, false, n, s, x, dy, pixels, dx)
    FOR_ACTIVATION(n->act.kind, BACK)
}
