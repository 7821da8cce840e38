/* What passes over planes and vectors: pooling, sums, sums of two tensors, gates. */
#include "engine/cpu/kernels/simd.h"

#include <math.h>

INLINE V window_of(const enum pool_kind KIND, const float *plane, int width, struct span rows, struct span columns)
{
    V v = KIND == POOL_MAX ? v_load(plane + ((long)rows.first * width + columns.first) * VL) : v_set(0.0f);
    for (int r = rows.first; r < rows.last; r++)
        for (int c = columns.first; c < columns.last; c++) {
            V x = v_load(plane + ((long)r * width + c) * VL);
            v = KIND == POOL_MAX ? v_max(v, x) : v_add(v, x);
        }
    return v;
}
void KERNEL(pool_row)(enum pool_kind kind, const float *plane, int width, struct span rows, const struct span *columns,
                      const float *scale, int out_width, float *out)
{
    if (kind == POOL_MAX) {
        for (int x = 0; x < out_width; x++)
            v_store(out + (long)x * VL, window_of(POOL_MAX, plane, width, rows, columns[x]));
        return;
    }
    for (int x = 0; x < out_width; x++) {
        V sum = window_of(POOL_AVERAGE, plane, width, rows, columns[x]);
        v_store(out + (long)x * VL, v_mul(sum, v_set(scale[x])));
    }
}
void KERNEL(sum)(const float *plane, long pixels, float *sums)
{
    V s = v_set(0.0f);
    for (long i = 0; i < pixels; i++) s = v_add(s, v_load(plane + i * VL));
    v_store(sums, s);
}
void KERNEL(add)(const float *x, const float *y, long n, struct activation act, float *out)
{
    for (long i = 0; i < n; i += VL)
        v_store(out + i, v_activate(v_add(v_load(x + i), v_load(y + i)), act.kind, act.a, act.b));
}
void KERNEL(scale)(const float *x, const float *gate, long pixels, float *out)
{
    V g = v_load(gate);
    for (long i = 0; i < pixels; i++) v_store(out + i * VL, v_mul(v_load(x + i * VL), g));
}
void KERNEL(scale_rows)(const float *x, const float *by, int rows, int columns, float *out)
{
    for (int r = 0; r < rows; r++, x += columns, out += columns) {
        V s = v_set(by[r]);
        int i = 0;
        for (; i + VL <= columns; i += VL) v_store(out + i, v_mul(v_load(x + i), s));
        for (; i < columns; i++) out[i] = x[i] * by[r];
    }
}
void KERNEL(activate)(float *x, long n, struct activation act)
{
    for (long i = 0; i < n; i += VL) v_store(x + i, v_activate(v_load(x + i), act.kind, act.a, act.b));
}
/* 1 for each lane of the last block that is a channel, else 0. */
INLINE V valid_lanes(int last)
{
    float lanes[VL];
    for (int i = 0; i < VL; i++) lanes[i] = i < last ? 1.0f : 0.0f;
    return v_load(lanes);
}
void KERNEL(normalise)(const float *x, long block, int blocks, int last, long pixels, const float *gamma,
                       const float *beta, float epsilon, float *out)
{
    float channels = (float)((blocks - 1) * VL + last);
    const V valid = valid_lanes(last);
    const long end = (blocks - 1) * block;
    for (long i = 0; i < pixels; i++, x += VL, out += VL) {
        V s = v_mul(v_load(x + end), valid);
        for (long b = 0; b < end; b += block) s = v_add(s, v_load(x + b));
        V mean = v_set(v_sum(s) / channels), d = v_mul(v_sub(v_load(x + end), mean), valid);
        s = v_mul(d, d);
        for (long b = 0; b < end; b += block) {
            d = v_sub(v_load(x + b), mean);
            s = v_fma(d, d, s);
        }
        V by = v_set(1.0f / sqrtf(v_sum(s) / channels + epsilon));
        for (int b = 0; b < blocks; b++) {
            V z = v_mul(v_sub(v_load(x + b * block), mean), by);
            v_store(out + b * block, v_fma(z, v_load(gamma + b * VL), v_load(beta + b * VL)));
        }
    }
}
INLINE float largest_lane(V x)
{
    float lanes[VL], most;
    v_store(lanes, x);
    most = lanes[0];
    for (int i = 1; i < VL; i++) most = lanes[i] > most ? lanes[i] : most;
    return most;
}
void KERNEL(softmax)(const float *x, long block, int blocks, int last, long pixels, float *out)
{
    const V valid = valid_lanes(last), far = v_mul(v_sub(valid, v_set(1.0f)), v_set(1e30f)); /* 0, or below all */
    const long end = (blocks - 1) * block;
    for (long i = 0; i < pixels; i++, x += VL, out += VL) {
        V most = v_fma(v_load(x + end), valid, far), sum = v_set(0.0f);
        for (long b = 0; b < end; b += block) most = v_max(most, v_load(x + b));
        most = v_set(largest_lane(most));
        for (long b = 0; b <= end; b += block) {
            V z = v_exp_below(v_min(v_sub(v_load(x + b), most), v_set(0.0f)));
            if (b == end) z = v_mul(z, valid);
            v_store(out + b, z);
            sum = v_add(sum, z);
        }
        sum = v_set(1.0f / v_sum(sum));
        for (long b = 0; b <= end; b += block) v_store(out + b, v_mul(v_load(out + b), sum));
    }
}
void KERNEL(spread)(const float *x, long pixels, long step, float *out)
{
    for (long i = 0; i < pixels; i++) v_store(out + i * step, v_load(x + i * VL));
}

INLINE float dot(const float *x, const float *y, int n)
{
    V s = v_set(0.0f), s2 = v_set(0.0f);
    int c = 0;
    for (; c + 2 * VL <= n; c += 2 * VL) {
        s = v_fma(v_load(x + c), v_load(y + c), s);
        s2 = v_fma(v_load(x + c + VL), v_load(y + c + VL), s2);
    }
    if (c < n) s = v_fma(v_load(x + c), v_load(y + c), s);
    return v_sum(v_add(s, s2));
}
void KERNEL(excite)(int n, int n_hidden, const float *x, int n_parts, long stride, const float *w1, const float *b1,
                    struct activation act1, const float *w2, const float *b2, struct activation act2, float *mean,
                    float *hidden, float *out)
{
    for (int c = 0; c < n; c += VL) {
        V s = v_load(x + c);
        for (int i = 1; i < n_parts; i++) s = v_add(s, v_load(x + i * stride + c));
        v_store(mean + c, s);
        v_store(out + c, v_load(b2 + c));
    }
    for (int j = 0; j < n_hidden; j++) hidden[j] = dot(mean, w1 + (long)j * n, n) + b1[j];
    for (int j = 0; j < n_hidden; j += VL) /* the scratch has a whole vector behind the last */
        v_store(hidden + j, v_activate(v_load(hidden + j), act1.kind, act1.a, act1.b));
    for (int c = 0; c < n; c += VL) {
        V s = v_load(out + c);
        for (int j = 0; j < n_hidden; j++) s = v_fma(v_set(hidden[j]), v_load(w2 + (long)j * n + c), s);
        v_store(out + c, v_activate(s, act2.kind, act2.a, act2.b));
    }
}
