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

/* N is a constant for the few planes that a shuffle mixes. */
INLINE void gather_from(const int N, const struct lane_move *m, long pixels, float *out)
{
    TAKE take[MOST_LANES];
    for (int k = 0; k < N; k++) take[k] = v_take_new(m[k].lane);
    for (long i = 0; i < pixels; i++) {
        V v = v_set(0.0f);
        for (int k = 0; k < N; k++) v = v_take(v, take[k], v_load(m[k].plane + i * VL));
        v_store(out + i * VL, v);
    }
}
void TRAIN(gather)(const struct lane_move *m, int n, long pixels, float *out)
{
    switch (n) {
    case 1: gather_from(1, m, pixels, out); break;
    case 2: gather_from(2, m, pixels, out); break;
    case 3: gather_from(3, m, pixels, out); break;
    case 4: gather_from(4, m, pixels, out); break;
    default: gather_from(n, m, pixels, out); break;
    }
}
void TRAIN(scatter)(const float *in, long pixels, const struct lane_move *m, int n)
{
    for (int k = 0; k < n; k++) {
        TAKE take = v_take_new(m[k].lane);
        for (long i = 0; i < pixels; i++) {
            float *to = m[k].plane + i * VL;
            v_store(to, v_add(v_load(to), v_take(v_set(0.0f), take, v_load(in + i * VL))));
        }
    }
}
