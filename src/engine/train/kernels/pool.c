/* Poolings window by window, and channels that change places. */
#include "engine/train/kernels/train_simd.h"

void TRAIN(pool)(enum pool_kind kind, const float *x, int width, struct pool_window w, float by, float *y)
{
    V v = kind == POOL_MAX ? v_load(x + ((long)w.y0 * width + w.x0) * VL) : v_set(0.0f);
    for (int r = w.y0; r < w.y1; r++)
        for (int c = w.x0; c < w.x1; c++) {
            V a = v_load(x + ((long)r * width + c) * VL);
            v = kind == POOL_MAX ? v_max(v, a) : v_add(v, a);
        }
    v_store(y, kind == POOL_MAX ? v : v_mul(v, v_set(by)));
}

static void max_back(const float *x, int width, struct pool_window w, const float *y, const float *dy, float *dx)
{
    V left = v_load(dy), most = v_load(y);
    for (int r = w.y0; r < w.y1; r++)
        for (int c = w.x0; c < w.x1; c++) {
            long at = ((long)r * width + c) * VL;
            V is_less = v_sub(most, v_load(x + at)); /* 0 where x is the maximum */
            V mine = v_sub(left, v_where_positive(is_less, left));
            v_store(dx + at, v_add(v_load(dx + at), mine));
            left = v_where_positive(is_less, left);
        }
}
void TRAIN(pool_back)(enum pool_kind kind, const float *x, int width, struct pool_window w, float by, const float *y,
                      const float *dy, float *dx)
{
    if (kind == POOL_MAX) {
        max_back(x, width, w, y, dy, dx);
        return;
    }
    V g = v_mul(v_load(dy), v_set(by));
    for (int r = w.y0; r < w.y1; r++)
        for (int c = w.x0; c < w.x1; c++) {
            long at = ((long)r * width + c) * VL;
            v_store(dx + at, v_add(v_load(dx + at), g));
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
