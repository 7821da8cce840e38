/* What passes over values one by one: activations, sums, products, gates, and the update of parameters. */
#include "engine/train/kernels/train_simd.h"

#include <string.h>

void TRAIN(activate)(struct activation a, const float *x, long n, float *y)
{
#define ACTIVATE(kind) \
    for (long i = 0; i < n; i += VL) v_store(y + i, v_activate(v_load(x + i), kind, a.a, a.b))
    FOR_ACTIVATION(a.kind, ACTIVATE)
}
void TRAIN(activate_back)(struct activation a, bool by_output, const float *xy, const float *dy, long n, float *dx)
{
#define BY_INPUT(kind) \
    for (long i = 0; i < n; i += VL) v_store(dx + i, v_slope(v_load(xy + i), v_load(dy + i), kind, a.a, a.b))
#define BY_OUTPUT(kind) \
    for (long i = 0; i < n; i += VL) v_store(dx + i, v_slope_told(v_load(xy + i), v_load(dy + i), kind, a.a, a.b))
    if (by_output) {
        FOR_ACTIVATION(a.kind, BY_OUTPUT)
    } else {
        FOR_ACTIVATION(a.kind, BY_INPUT)
    }
}
void TRAIN(bias_back)(const float *y, long pixels, float *dy, float *sums)
{
    V s = v_set(0.0f);
    if (!y) {
        for (long i = 0; i < pixels; i++) s = v_add(s, v_load(dy + i * VL));
        v_store(sums, s);
        return;
    }
    for (long i = 0; i < pixels; i++) {
        V g = v_where_positive(v_load(y + i * VL), v_load(dy + i * VL));
        s = v_add(s, g);
        v_store(dy + i * VL, g);
    }
    v_store(sums, s);
}
void TRAIN(accumulate)(const float *x, long n, float *into)
{
    for (long i = 0; i < n; i += VL) v_store(into + i, v_add(v_load(into + i), v_load(x + i)));
}
void TRAIN(add)(const float *x, const float *y, long n, float *out)
{
    for (long i = 0; i < n; i += VL) v_store(out + i, v_add(v_load(x + i), v_load(y + i)));
}
void TRAIN(multiply)(const float *x, const float *y, long n, float *out)
{
    for (long i = 0; i < n; i += VL) v_store(out + i, v_mul(v_load(x + i), v_load(y + i)));
}
void TRAIN(multiply_add)(const float *x, const float *y, long n, float *into)
{
    for (long i = 0; i < n; i += VL) v_store(into + i, v_fma(v_load(x + i), v_load(y + i), v_load(into + i)));
}
void TRAIN(fill)(const float *value, float by, long pixels, bool is_added, float *out)
{
    V v = v_mul(v_load(value), v_set(by));
    for (long i = 0; i < pixels; i++) v_store(out + i * VL, is_added ? v_add(v, v_load(out + i * VL)) : v);
}
/* A mixing function of 32 bits with two keys, lane by lane. */
typedef uint32_t U __attribute__((vector_size(4 * VL)));
INLINE U drawn(uint32_t i, U key0, U key1)
{
    U z = i * 0x9e3779b9u + key0;
    z = (z ^ (z >> 16)) * 0x7feb352du;
    z = (z ^ (z >> 15) ^ key1) * 0x846ca68bu;
    return z ^ (z >> 16);
}
void TRAIN(drop)(const uint32_t *keys, uint32_t least, float by, const float *x, long pixels, bool is_added, float *y)
{
    U key0, key1, kept = (U)v_set(by);
    memcpy(&key0, keys, sizeof key0);
    memcpy(&key1, keys + VL, sizeof key1);
    for (long i = 0; i < pixels; i++) {
        V factor = (V)(kept & (U)(drawn((uint32_t)i, key0, key1) >= least));
        v_store(y + i * VL, v_fma(v_load(x + i * VL), factor, is_added ? v_load(y + i * VL) : v_set(0.0f)));
    }
}
void TRAIN(gate)(const float *x, const float *gate, long pixels, float *out)
{
    V g = v_load(gate);
    for (long i = 0; i < pixels; i++) v_store(out + i * VL, v_mul(v_load(x + i * VL), g));
}
void TRAIN(gate_add)(const float *x, const float *gate, long pixels, float *into)
{
    V g = v_load(gate);
    for (long i = 0; i < pixels; i++) v_store(into + i * VL, v_fma(v_load(x + i * VL), g, v_load(into + i * VL)));
}
void TRAIN(gate_sums)(const float *x, const float *dy, long pixels, float *sums)
{
    V s0 = v_set(0.0f), s1 = s0;
    long i = 0;
    for (; i + 2 <= pixels; i += 2) {
        s0 = v_fma(v_load(x + i * VL), v_load(dy + i * VL), s0);
        s1 = v_fma(v_load(x + (i + 1) * VL), v_load(dy + (i + 1) * VL), s1);
    }
    if (i < pixels) s0 = v_fma(v_load(x + i * VL), v_load(dy + i * VL), s0);
    v_store(sums, v_add(s0, s1));
}

INLINE void update_body(const enum optimizer KIND, const struct update_rule *r, long n, float *w, const float *gradient,
                        float *first, float *second)
{
    V decay = v_set(r->decay), beta1 = v_set(r->beta1), beta2 = v_set(r->beta2);
    for (long i = 0; i < n; i += VL) {
        V p = v_load(w + i), g = v_load(gradient + i);
        if (KIND != OPTIMIZER_ADAMW) g = v_fma(decay, p, g);
        if (KIND == OPTIMIZER_MOMENTUM) {
            g = v_fma(v_set(r->momentum), v_load(first + i), g);
            v_store(first + i, g);
        }
        if (KIND == OPTIMIZER_ADAM || KIND == OPTIMIZER_ADAMW) {
            V m = v_fma(beta1, v_sub(v_load(first + i), g), g);
            V v = v_mul(g, g);
            v = v_fma(beta2, v_sub(v_load(second + i), v), v);
            v_store(first + i, m);
            v_store(second + i, v);
            g = v_div(m, v_fma(v_root(v), v_set(r->root_scale), v_set(r->epsilon)));
            p = v_mul(p, v_set(r->shrink));
        }
        v_store(w + i, v_sub(p, v_mul(v_set(r->rate), g)));
    }
}
void TRAIN(update)(const struct update_rule *r, long n, float *w, const float *g, float *first, float *second)
{
    switch (r->kind) {
    case OPTIMIZER_SGD: update_body(OPTIMIZER_SGD, r, n, w, g, first, second); break;
    case OPTIMIZER_MOMENTUM: update_body(OPTIMIZER_MOMENTUM, r, n, w, g, first, second); break;
    case OPTIMIZER_ADAM: update_body(OPTIMIZER_ADAM, r, n, w, g, first, second); break;
    case OPTIMIZER_ADAMW: update_body(OPTIMIZER_ADAMW, r, n, w, g, first, second); break;
    case OPTIMIZER_N: break;
    }
}
