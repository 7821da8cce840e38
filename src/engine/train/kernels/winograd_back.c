/* Winograd F(4x4, 3x3) where filters change with every step: their transform, and the two that give their gradient,
   G^T [sum over tiles of (A dy A^T) (B^T x B)] G, the transposed of y = A^T [(G g G^T) (B^T x B)] A. */
#include "engine/train/kernels/train_simd.h"

/* G g, three to six. */
INLINE void filter_in(const V *g, int from, V *t, int to)
{
    V a = g[0], b = g[from], c = g[2 * from];
    V s = v_mul(v_add(a, c), v_set(-1.0f / 6)), d = v_mul(b, v_set(1.0f / 6));
    V e = v_fma(a, v_set(1.0f / 24), v_mul(c, v_set(1.0f / 6))), f = v_mul(b, v_set(1.0f / 12));
    t[0] = v_mul(a, v_set(0.25f));
    t[to] = v_sub(s, d);
    t[2 * to] = v_add(s, d);
    t[3 * to] = v_add(e, f);
    t[4 * to] = v_sub(e, f);
    t[5 * to] = c;
}
/* G^T m, six to three. */
INLINE void filter_out(const V *m, int from, V *t, int to)
{
    V s = v_add(m[from], m[2 * from]), d = v_sub(m[2 * from], m[from]);
    V u = v_add(m[3 * from], m[4 * from]), v = v_sub(m[3 * from], m[4 * from]), sixth = v_mul(s, v_set(-1.0f / 6));
    t[0] = v_fma(m[0], v_set(0.25f), v_fma(u, v_set(1.0f / 24), sixth));
    t[to] = v_fma(d, v_set(1.0f / 6), v_mul(v, v_set(1.0f / 12)));
    t[2 * to] = v_add(m[5 * from], v_fma(u, v_set(1.0f / 6), sixth));
}
/* A g, four to six. */
INLINE void spread(const V *g, int from, V *t, int to)
{
    V a = v_add(g[0], g[2 * from]), b = v_add(g[from], g[3 * from]);
    V c = v_fma(g[2 * from], v_set(4), g[0]), e = v_fma(g[3 * from], v_set(4), g[from]);
    t[0] = g[0];
    t[to] = v_add(a, b);
    t[2 * to] = v_sub(a, b);
    t[3 * to] = v_fma(e, v_set(2), c);
    t[4 * to] = v_fma(e, v_set(-2), c);
    t[5 * to] = g[3 * from];
}

void TRAIN(winograd_filter)(const struct winograd_filters *f, const float *w, float *u)
{
    float lane[9][VL] = {{0}};
    V g[9], rows[18], t[6];
    for (int l = 0; l < f->lanes; l++)
        for (int k = 0; k < 9; k++) lane[f->is_turned ? 8 - k : k][l] = w[l * f->lane_step + k];
    for (int k = 0; k < 9; k++) g[k] = v_load(lane[k]);
    UNROLL
    for (int x = 0; x < 3; x++) filter_in(g + x, 3, rows + x, 3);
    UNROLL
    for (int y = 0; y < 6; y++) {
        filter_in(rows + 3 * y, 1, t, 1);
        UNROLL
        for (int x = 0; x < 6; x++) v_store(u + (6 * y + x) * f->component, t[x]);
    }
}
void TRAIN(winograd_gradient)(const struct winograd_filters *f, const float *u, float *dw)
{
    float lane[9][VL];
    V m[36], rows[18], t[3];
    for (int i = 0; i < 36; i++) m[i] = v_load(u + i * f->component);
    UNROLL
    for (int x = 0; x < 6; x++) filter_out(m + x, 6, rows + x, 6);
    UNROLL
    for (int y = 0; y < 3; y++) {
        filter_out(rows + 6 * y, 1, t, 1);
        UNROLL
        for (int x = 0; x < 3; x++) v_store(lane[3 * y + x], t[x]);
    }
    for (int l = 0; l < f->lanes; l++)
        for (int k = 0; k < 9; k++) dw[l * f->lane_step + k] = lane[k][l];
}
void TRAIN(winograd_spread)(const struct winograd_tiles *t, long plane, long step, float *v)
{
    for (int i = 0; i < t->n; i++) {
        int image = (t->first + i) / t->per_image, tile = (t->first + i) % t->per_image;
        int y0 = tile / t->columns * 4, x0 = tile % t->columns * 4;
        const float *from = t->image[image] + plane + ((long)y0 * t->width + x0) * VL;
        V g[16], rows[24], r[6];
        UNROLL
        for (int y = 0; y < 4; y++) {
            UNROLL
            for (int x = 0; x < 4; x++)
                g[4 * y + x] = y0 + y < t->height && x0 + x < t->width ? v_load(from + ((long)y * t->width + x) * VL)
                                                                       : v_set(0.0f);
        }
        UNROLL
        for (int x = 0; x < 4; x++) spread(g + x, 4, rows + x, 4);
        UNROLL
        for (int y = 0; y < 6; y++) {
            spread(rows + 4 * y, 1, r, 1);
            UNROLL
            for (int x = 0; x < 6; x++) v_store(v + i * step + (6 * y + x) * t->component, r[x]);
        }
    }
}
