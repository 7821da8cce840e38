/* Poolings window by window, and channels that change places. */
#include "engine/train/kernels/train_simd.h"

#include <string.h>

/* A block of positions, as wide as numbers and as bytes. */
typedef uint32_t U __attribute__((vector_size(4 * VL)));
typedef uint8_t BYTES __attribute__((vector_size(VL)));
INLINE U wide(const uint8_t *positions)
{
    BYTES b;
    memcpy(&b, positions, sizeof b);
    return __builtin_convertvector(b, U);
}

INLINE V window_max(const float *x, int width, int rows, int columns, U *position)
{
    V most = v_load(x);
    U at = {0};
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            V a = v_load(x + ((long)r * width + c) * VL);
            U is_more = (U)(a > most), here = (U){0} + (uint32_t)(16 * r + c);
            at = (is_more & here) | (~is_more & at);
            most = v_max(most, a);
        }
    *position = at;
    return most;
}
void TRAIN(pool_max)(const struct pool_plane *p, const float *x, float *y, uint8_t *positions)
{
    for (long i = 0; i < (long)p->out_width * p->out_height; i++) {
        const struct pool_window *w = &p->windows[i];
        const float *from = x + ((long)w->y0 * p->width + w->x0) * VL;
        int rows = w->y1 - w->y0, columns = w->x1 - w->x0;
        U at;
        v_store(y + i * VL, rows == 3 && columns == 3   ? window_max(from, p->width, 3, 3, &at)
                            : rows == 2 && columns == 2 ? window_max(from, p->width, 2, 2, &at)
                                                        : window_max(from, p->width, rows, columns, &at));
        BYTES b = __builtin_convertvector(at, BYTES);
        memcpy(positions + i * VL, &b, sizeof b);
    }
}
void TRAIN(pool_mean)(const struct pool_plane *p, const float *x, float *y)
{
    for (long i = 0; i < (long)p->out_width * p->out_height; i++) {
        const struct pool_window *w = &p->windows[i];
        V sum = v_set(0.0f);
        for (int r = w->y0; r < w->y1; r++)
            for (int c = w->x0; c < w->x1; c++) sum = v_add(sum, v_load(x + ((long)r * p->width + c) * VL));
        v_store(y + i * VL, v_mul(sum, v_set(p->share[i])));
    }
}

/* Each dx gathers from the windows over it: rows and columns of windows first..last - 1 move on with its place. */
void TRAIN(pool_max_back)(const struct pool_plane *p, const uint8_t *positions, const float *dy, bool is_added,
                          float *dx)
{
    const struct pool_window *w = p->windows;
    struct span rows = {0, 0};
    for (int y = 0; y < p->height; y++) {
        struct span columns = {0, 0};
        while (rows.first < p->out_height && w[(long)rows.first * p->out_width].y1 <= y) rows.first++;
        while (rows.last < p->out_height && w[(long)rows.last * p->out_width].y0 <= y) rows.last++;
        for (int x = 0; x < p->width; x++, dx += VL) {
            V sum = is_added ? v_load(dx) : v_set(0.0f);
            while (columns.first < p->out_width && w[columns.first].x1 <= x) columns.first++;
            while (columns.last < p->out_width && w[columns.last].x0 <= x) columns.last++;
            for (int r = rows.first; r < rows.last; r++)
                for (int c = columns.first; c < columns.last; c++) {
                    long i = (long)r * p->out_width + c;
                    U is_mine = (U)(wide(positions + i * VL) == (uint32_t)(16 * (y - w[i].y0) + x - w[i].x0));
                    sum = v_add(sum, (V)(is_mine & (U)v_load(dy + i * VL)));
                }
            v_store(dx, sum);
        }
    }
}
void TRAIN(pool_mean_back)(const struct pool_plane *p, const float *dy, float *dx)
{
    for (long i = 0; i < (long)p->out_width * p->out_height; i++) {
        const struct pool_window *w = &p->windows[i];
        V g = v_mul(v_load(dy + i * VL), v_set(p->share[i]));
        for (int r = w->y0; r < w->y1; r++)
            for (int c = w->x0; c < w->x1; c++) {
                float *at = dx + ((long)r * p->width + c) * VL;
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
