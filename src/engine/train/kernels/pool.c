/* Poolings window by window, and channels that change places. */
#include "engine/train/kernels/train_simd.h"

INLINE V window_value(const enum pool_kind KIND, const float *x, int width, int rows, int columns)
{
    V v = KIND == POOL_MAX ? v_load(x) : v_set(0.0f);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            V a = v_load(x + ((long)r * width + c) * VL);
            v = KIND == POOL_MAX ? v_max(v, a) : v_add(v, a);
        }
    return v;
}
INLINE void pool_windows(const enum pool_kind KIND, const struct pool_plane *p, const float *x, float *y)
{
    for (long i = 0; i < p->pixels; i++) {
        const struct pool_window *w = &p->windows[i];
        const float *from = x + ((long)w->y0 * p->width + w->x0) * VL;
        int rows = w->y1 - w->y0, columns = w->x1 - w->x0;
        V v = rows == 3 && columns == 3   ? window_value(KIND, from, p->width, 3, 3)
              : rows == 2 && columns == 2 ? window_value(KIND, from, p->width, 2, 2)
                                          : window_value(KIND, from, p->width, rows, columns);
        v_store(y + i * VL, KIND == POOL_MAX ? v : v_mul(v, v_set(p->share[i])));
    }
}
void TRAIN(pool)(const struct pool_plane *p, const float *x, float *y)
{
    if (p->kind == POOL_MAX)
        pool_windows(POOL_MAX, p, x, y);
    else
        pool_windows(POOL_AVERAGE, p, x, y);
}

INLINE void max_back(const float *x, int width, int rows, int columns, V most, V left, float *dx)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            long at = ((long)r * width + c) * VL;
            V is_less = v_sub(most, v_load(x + at)); /* 0 where x is the maximum */
            V later = v_where_positive(is_less, left);
            v_store(dx + at, v_add(v_load(dx + at), v_sub(left, later)));
            left = later;
        }
}
void TRAIN(pool_back)(const struct pool_plane *p, const float *x, const float *y, const float *dy, float *dx)
{
    for (long i = 0; i < p->pixels; i++) {
        const struct pool_window *w = &p->windows[i];
        long first = ((long)w->y0 * p->width + w->x0) * VL;
        int rows = w->y1 - w->y0, columns = w->x1 - w->x0;
        V g = v_load(dy + i * VL);
        if (p->kind == POOL_MAX && rows == 3 && columns == 3) {
            max_back(x + first, p->width, 3, 3, v_load(y + i * VL), g, dx + first);
            continue;
        }
        if (p->kind == POOL_MAX) {
            max_back(x + first, p->width, rows, columns, v_load(y + i * VL), g, dx + first);
            continue;
        }
        g = v_mul(g, v_set(p->share[i]));
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++) {
                float *at = dx + first + ((long)r * p->width + c) * VL;
                v_store(at, v_add(v_load(at), g));
            }
    }
}

void TRAIN(gather)(const float *const *from, long pixels, float *out)
{
    for (int l = 0; l < VL; l++) {
        const float *x = from[l];
        if (!x)
            for (long i = 0; i < pixels; i++) out[i * VL + l] = 0;
        else
            for (long i = 0; i < pixels; i++) out[i * VL + l] = x[i * VL];
    }
}
void TRAIN(scatter)(const float *in, long pixels, float *const *into)
{
    for (int l = 0; l < VL; l++) {
        float *x = into[l];
        for (long i = 0; x && i < pixels; i++) x[i * VL] += in[i * VL + l];
    }
}
