/* Winograd F(4x4, 3x3) [Lavin, Gray 2015]: the transforms of 6x6 input tiles and 4x4 output tiles; the 36 products
   between them are matrix products. */
#include "engine/cpu/kernels/simd.h"

/* B^T d, one column or row of six. */
INLINE void transform_in(const V *d, int from, V *t, int to)
{
    V d0 = d[0], d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from], d5 = d[5 * from];
    V a = v_fma(d2, v_set(-4), d4), b = v_fma(d1, v_set(-4), d3), c = v_sub(d4, d2), e = v_sub(d3, d1);
    t[0] = v_fma(d0, v_set(4), v_fma(d2, v_set(-5), d4));
    t[to] = v_add(a, b);
    t[2 * to] = v_sub(a, b);
    t[3 * to] = v_fma(e, v_set(2), c);
    t[4 * to] = v_fma(e, v_set(-2), c);
    t[5 * to] = v_fma(d1, v_set(4), v_fma(d3, v_set(-5), d5));
}
/* A^T m, six to four. */
INLINE void transform_out(const V *m, V *y, int to)
{
    V s = v_add(m[1], m[2]), d = v_sub(m[1], m[2]), u = v_add(m[3], m[4]), v = v_sub(m[3], m[4]);
    y[0] = v_add(m[0], v_add(s, u));
    y[to] = v_fma(v, v_set(2), d);
    y[2 * to] = v_fma(u, v_set(4), s);
    y[3 * to] = v_add(v_fma(v, v_set(8), d), m[5]);
}

static void tile_in(const struct winograd_tiles *t, const float *plane, int y0, int x0, float *v)
{
    V d[36], q[36];
    bool is_inside = y0 >= 0 && x0 >= 0 && y0 + 6 <= t->height && x0 + 6 <= t->width;
    for (int y = 0; y < 6; y++) {
        V r[6];
        bool has_row = y0 + y >= 0 && y0 + y < t->height;
        const float *row = plane + ((long)(y0 + y) * t->width + x0) * VL;
        UNROLL
        for (int x = 0; x < 6; x++)
            r[x] = is_inside || (has_row && x0 + x >= 0 && x0 + x < t->width) ? v_load(row + x * VL) : v_set(0);
        transform_in(r, 1, d + 6 * y, 1);
    }
    for (int x = 0; x < 6; x++) {
        transform_in(d + x, 6, q + x, 6);
        for (int y = 0; y < 6; y++) v_store(v + (y * 6 + x) * t->component, q[6 * y + x]);
    }
}
void KERNEL(winograd_in)(const struct winograd_tiles *t, long plane, float *v)
{
    for (int i = 0; i < t->n; i++) {
        int image = (t->first + i) / t->per_image, tile = (t->first + i) % t->per_image;
        tile_in(t, t->image[image] + plane, tile / t->columns * 4 - 1, tile % t->columns * 4 - 1, v + (long)i * VL);
    }
}

INLINE void tile_out(const enum act KIND, const struct winograd_tiles *t, const float *m, V bias, const float *res,
                     float *out, int rows, int columns)
{
    V q[4][6], y[4];
    for (int x = 0; x < 6; x++) {
        V r[6];
        UNROLL
        for (int i = 0; i < 6; i++) r[i] = v_load(m + (i * 6 + x) * t->component);
        transform_out(r, &q[0][x], 6);
    }
    for (int i = 0; i < rows; i++) {
        transform_out(q[i], y, 1);
        for (int x = 0; x < columns; x++) {
            long at = ((long)i * t->width + x) * VL;
            V a = v_add(y[x], bias);
            if (res) a = v_add(a, v_load(res + at));
            v_store(out + at, v_activate(a, KIND, t->act.a, t->act.b));
        }
    }
}
void KERNEL(winograd_out)(const struct winograd_tiles *t, const float *m, const float *bias, long res, long plane)
{
    V b = v_load(bias);
    for (int i = 0; i < t->n; i++) {
        int image = (t->first + i) / t->per_image, tile = (t->first + i) % t->per_image;
        int y = tile / t->columns * 4, x = tile % t->columns * 4;
        int rows = t->height - y < 4 ? t->height - y : 4, columns = t->width - x < 4 ? t->width - x : 4;
        long at = ((long)y * t->width + x) * VL;
        float *base = t->image[image];
        const float *add = res < 0 ? NULL : base + res + at;
#define TILE_OUT(kind) tile_out(kind, t, m + (long)i * VL, b, add, base + plane + at, rows, columns)
        FOR_ACTIVATION(t->act.kind, TILE_OUT)
    }
}
