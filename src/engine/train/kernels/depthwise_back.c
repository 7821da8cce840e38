/* Gradients of a depthwise convolution of one block of channels. */
#include "engine/train/kernels/train_simd.h"

/* Positions of a kernel tap: outputs first..last - 1 for which output * stride + offset is inside 0..size. */
static struct span inside(int size, int outputs, int stride, int offset)
{
    int first = offset < 0 ? (-offset + stride - 1) / stride : 0, last = (size - 1 - offset) / stride + 1;
    if (size - 1 - offset < 0) last = 0;
    if (last > outputs) last = outputs;
    return (struct span){first, last > first ? last : first};
}

/* Each dx gathers the outputs that it fed: those with y * stride - pad + i * dilation = its row. */
INLINE V gathered(const struct depthwise_back *d, const float *dy, const float *w, int at, V acc)
{
    int stride = d->stride[1];
    for (int j = 0; j < d->kernel[1]; j++) {
        int from = at + d->pad_left - j * d->dilation[1];
        if (from < 0 || from % stride != 0 || from / stride >= d->out_width) continue;
        acc = v_fma(v_load(dy + (long)(from / stride) * VL), v_load(w + j * VL), acc);
    }
    return acc;
}
/* Columns lo..hi of dx where no tap leaves the row: T of one phase at once, so that weights stay in registers. */
enum { TILE = 6 };
INLINE void phase_tile(const int TAPS, const int T, const float *const *rows, const float *const *weights, int n_rows,
                       int w_step, int stride, float *dx)
{
    V acc[TILE];
    UNROLL
    for (int t = 0; t < T; t++) acc[t] = v_set(0.0f);
    for (int r = 0; r < n_rows; r++) {
        UNROLL
        for (int k = 0; k < TAPS; k++) {
            V w = v_load(weights[r] + (long)k * w_step * VL);
            UNROLL
            for (int t = 0; t < T; t++) acc[t] = v_fma(v_load(rows[r] + (long)(t - k) * VL), w, acc[t]);
        }
    }
    UNROLL
    for (int t = 0; t < T; t++) v_store(dx + (long)t * stride * VL, acc[t]);
}
static void phase_any(int taps, int t, const float *const *rows, const float *const *weights, int n_rows, int w_step,
                      int stride, float *dx)
{
#define PHASE(TAPS)                                                        \
    if (t == TILE)                                                         \
        phase_tile(TAPS, TILE, rows, weights, n_rows, w_step, stride, dx); \
    else                                                                   \
        phase_tile(TAPS, 1, rows, weights, n_rows, w_step, stride, dx)
    switch (taps) {
    case 1: PHASE(1); break;
    case 2: PHASE(2); break;
    case 3: PHASE(3); break;
    case 4: PHASE(4); break;
    default: PHASE(5); break;
    }
}
enum { MOST_KERNEL = 5 };
struct back_row { /* the rows of dy and of the kernel that one row of dx gathers */
    const float *rows[MOST_KERNEL], *weights[MOST_KERNEL];
    int n;
};
static void back_rows(const struct depthwise_back *d, const float *dy, const float *w, int y, struct back_row *out)
{
    out->n = 0;
    for (int i = 0; i < d->kernel[0]; i++) {
        int from = y + d->pad_top - i;
        if (from < 0 || from % d->stride[0] != 0 || from / d->stride[0] >= d->out_height) continue;
        out->rows[out->n] = dy + (long)(from / d->stride[0]) * d->out_width * VL;
        out->weights[out->n++] = w + (long)i * d->kernel[1] * VL;
    }
}
static V one_column(const struct depthwise_back *d, const struct back_row *r, int x)
{
    V acc = v_set(0.0f);
    for (int i = 0; i < r->n; i++) acc = gathered(d, r->rows[i], r->weights[i], x, acc);
    return acc;
}
/* One phase: the columns x with (x + pad) % stride = phase; its taps are phase, phase + stride, ... */
static void one_phase(const struct depthwise_back *d, const struct back_row *r, int phase, float *dx)
{
    int s = d->stride[1], k = d->kernel[1], taps = (k - phase + s - 1) / s;
    int x = (phase - d->pad_left % s + s) % s;
    while (x < d->width && (x + d->pad_left) / s < taps - 1) {
        v_store(dx + (long)x * VL, one_column(d, r, x));
        x += s;
    }
    while (x < d->width && (x + d->pad_left) / s < d->out_width) {
        const float *rows[MOST_KERNEL], *weights[MOST_KERNEL];
        int from = (x + d->pad_left) / s, last = x + (TILE - 1) * s;
        int t = last < d->width && from + TILE <= d->out_width ? TILE : 1;
        for (int i = 0; i < r->n; i++) {
            rows[i] = r->rows[i] + (long)from * VL;
            weights[i] = r->weights[i] + (long)phase * VL;
        }
        phase_any(taps, t, rows, weights, r->n, s, s, dx + (long)x * VL);
        x += t * s;
    }
    for (; x < d->width; x += s) v_store(dx + (long)x * VL, one_column(d, r, x));
}
static void any_plane(const struct depthwise_back *d, const float *dy, const float *w, float *dx)
{
    for (int y = 0; y < d->height; y++)
        for (int x = 0; x < d->width; x++) {
            V acc = v_set(0.0f);
            for (int i = 0; i < d->kernel[0]; i++) {
                int from = y + d->pad_top - i * d->dilation[0];
                if (from < 0 || from % d->stride[0] != 0 || from / d->stride[0] >= d->out_height) continue;
                acc = gathered(d, dy + (long)(from / d->stride[0]) * d->out_width * VL, w + (long)i * d->kernel[1] * VL,
                               x, acc);
            }
            v_store(dx + ((long)y * d->width + x) * VL, acc);
        }
}
void TRAIN(depthwise_data)(const struct depthwise_back *d, const float *dy, const float *w, float *dx)
{
    bool is_plain = d->dilation[0] == 1 && d->dilation[1] == 1 && d->kernel[0] <= MOST_KERNEL &&
                    d->kernel[1] <= MOST_KERNEL && d->kernel[1] >= d->stride[1];
    if (!is_plain) {
        any_plane(d, dy, w, dx);
        return;
    }
    for (int y = 0; y < d->height; y++) {
        struct back_row r;
        back_rows(d, dy, w, y, &r);
        for (int phase = 0; phase < d->stride[1]; phase++) one_phase(d, &r, phase, dx + (long)y * d->width * VL);
    }
}

/* K taps of one kernel row over rows of the plane, where every tap lies inside; accumulators stay in registers. N
   neighbouring outputs are fed apart so that additions do not wait for one another. */
struct tap_rows {
    const float *x, *dy;   /* of the first row; x moved to the tap in column 0 of the first output */
    long x_step, dy_step;  /* floats between rows */
    int rows, first, last; /* outputs of a row */
};
INLINE void row_taps(const int K, const int S, const int N, const struct tap_rows *t, float *dw)
{
    V acc[3][MOST_KERNEL];
    UNROLL
    for (int j = 0; j < K; j++) {
        acc[0][j] = v_load(dw + j * VL);
        UNROLL
        for (int n = 1; n < N; n++) acc[n][j] = v_set(0.0f);
    }
    for (int y = 0; y < t->rows; y++) {
        const float *x = t->x + y * t->x_step, *dy = t->dy + y * t->dy_step;
        int o = t->first;
        for (; o + N <= t->last; o += N) {
            UNROLL
            for (int n = 0; n < N; n++) {
                V g = v_load(dy + (long)(o + n) * VL);
                UNROLL
                for (int j = 0; j < K; j++) acc[n][j] = v_fma(g, v_load(x + ((long)(o + n) * S + j) * VL), acc[n][j]);
            }
        }
        for (; o < t->last; o++) {
            V g = v_load(dy + (long)o * VL);
            UNROLL
            for (int j = 0; j < K; j++) acc[0][j] = v_fma(g, v_load(x + ((long)o * S + j) * VL), acc[0][j]);
        }
    }
    UNROLL
    for (int j = 0; j < K; j++) {
        UNROLL
        for (int n = 1; n < N; n++) acc[0][j] = v_add(acc[0][j], acc[n][j]);
        v_store(dw + j * VL, acc[0][j]);
    }
}
static void weight_taps(const struct depthwise_back *d, const float *x, const float *dy, int from, int to, float *dw)
{
    for (int j = 0; j < d->kernel[1]; j++) {
        int offset = j * d->dilation[1] - d->pad_left;
        struct span in = inside(d->width, d->out_width, d->stride[1], offset);
        V acc = v_load(dw + j * VL);
        for (int o = in.first > from ? in.first : from; o < in.last && o < to; o++)
            acc = v_fma(v_load(dy + (long)o * VL), v_load(x + ((long)o * d->stride[1] + offset) * VL), acc);
        v_store(dw + j * VL, acc);
    }
}
static bool has_fast_taps(const struct depthwise_back *d)
{
    int k = d->kernel[1], s = d->stride[1];
    return d->dilation[1] == 1 && (k == 3 || k == 5) && (s == 1 || s == 2);
}
/* One kernel row: the outputs with every tap inside at once, the borders tap by tap. */
static void kernel_row(const struct depthwise_back *d, const float *x, const float *dy, int i, float *dw)
{
    int k = d->kernel[1], s = d->stride[1];
    struct span rows = inside(d->height, d->out_height, d->stride[0], i * d->dilation[0] - d->pad_top);
    struct span first = inside(d->width, d->out_width, s, -d->pad_left);
    struct span last = inside(d->width, d->out_width, s, (k - 1) * d->dilation[1] - d->pad_left);
    struct span all = {first.first > last.first ? first.first : last.first,
                       first.last < last.last ? first.last : last.last};
    if (!has_fast_taps(d) || all.last <= all.first) all = (struct span){0, 0};
    long x_step = (long)d->stride[0] * d->width * VL, dy_step = (long)d->out_width * VL;
    x += ((long)rows.first * d->stride[0] - d->pad_top + (long)i * d->dilation[0]) * d->width * VL;
    dy += rows.first * dy_step;
    struct tap_rows t = {x - (long)d->pad_left * VL, dy, x_step, dy_step, rows.last - rows.first, all.first, all.last};
    for (int y = 0; y < t.rows && (all.first > 0 || all.last < d->out_width); y++) {
        weight_taps(d, x + y * x_step, dy + y * dy_step, 0, all.first, dw);
        weight_taps(d, x + y * x_step, dy + y * dy_step, all.last, d->out_width, dw);
    }
    if (all.last == 0) return;
    if (k == 3 && s == 1) row_taps(3, 1, 3, &t, dw);
    if (k == 3 && s == 2) row_taps(3, 2, 3, &t, dw);
    if (k == 5 && s == 1) row_taps(5, 1, 2, &t, dw);
    if (k == 5 && s == 2) row_taps(5, 2, 2, &t, dw);
}
/* The plane with its padding, so that there are no borders. */
static struct depthwise_back pad_plane(const struct depthwise_back *d, const float *x, float *padded)
{
    struct depthwise_back p = *d;
    p.height = (d->out_height - 1) * d->stride[0] + (d->kernel[0] - 1) * d->dilation[0] + 1;
    p.width = (d->out_width - 1) * d->stride[1] + (d->kernel[1] - 1) * d->dilation[1] + 1;
    p.pad_top = p.pad_left = 0;
    for (int y = 0; y < p.height; y++)
        for (int c = 0; c < p.width; c++) {
            int r = y - d->pad_top, column = c - d->pad_left;
            bool is_inside = r >= 0 && r < d->height && column >= 0 && column < d->width;
            V v = is_inside ? v_load(x + ((long)r * d->width + column) * VL) : v_set(0.0f);
            v_store(padded + ((long)y * p.width + c) * VL, v);
        }
    return p;
}
void TRAIN(depthwise_weight)(const struct depthwise_back *d, const float *x, const float *dy, float *padded, float *dw)
{
    struct depthwise_back plane = *d;
    if (depthwise_padded(d, VL) > 0) {
        plane = pad_plane(d, x, padded);
        x = padded;
    }
    for (int i = 0; i < d->kernel[0]; i++) kernel_row(&plane, x, dy, i, dw + (long)i * d->kernel[1] * VL);
}
