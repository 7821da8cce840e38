/* Depthwise convolution of one block of channels, row by row. */
#include "engine/cpu/kernels/simd.h"

enum { MOST_OUTPUTS = 14, MOST_ROWS = 7 };

/* T neighbouring outputs of one row. rows[i] is the input row for kernel row i, already moved to the segment's first
   column, or NULL outside the image; columns lo..hi of the segment's input exist. */
struct segment {
    const float *rows[MOST_ROWS];
    const float *w;
    V bias;
    struct activation act;
    int lo, hi;
};
typedef V segment_tile(const struct segment *s, float *out, V sum);

/* Each input pixel is loaded once per kernel row and feeds up to K accumulators. */
INLINE V segment_body(const int T, const int K, const int S, const struct segment *s, float *out, V sum)
{
    V acc[MOST_OUTPUTS];
    UNROLL
    for (int t = 0; t < T; t++) acc[t] = s->bias;
    for (int row = 0; row < K; row++) {
        const float *x = s->rows[row];
        V w[MOST_ROWS];
        if (!x) continue;
        UNROLL
        for (int i = 0; i < K; i++) w[i] = v_load(s->w + (row * K + i) * VL);
        UNROLL
        for (int i = 0; i < (T - 1) * S + K; i++) {
            if ((i < K / 2 && i < s->lo) || (i >= (T - 1) * S + K / 2 && i >= s->hi)) continue; /* borders only */
            V v = v_load(x + i * VL);
            UNROLL
            for (int j = 0; j < K; j++)
                if (i >= j && (i - j) % S == 0 && (i - j) / S < T) acc[(i - j) / S] = v_fma(v, w[j], acc[(i - j) / S]);
        }
    }
#define FINISH(kind)                                        \
    UNROLL                                                  \
    for (int t = 0; t < T; t++) {                           \
        V v = v_activate(acc[t], kind, s->act.a, s->act.b); \
        sum = v_add(sum, v);                                \
        v_store(out + t * VL, v);                           \
    }
    FOR_ACTIVATION(s->act.kind, FINISH)
    return sum;
}
#define SEGMENT(T, K, S)                                                         \
    static V segment_##K##_##S##_##T(const struct segment *s, float *out, V sum) \
    {                                                                            \
        return segment_body(T, K, S, s, out, sum);                               \
    }
/* clang-format off */
#define SEGMENTS(F, ...) \
    F(1, __VA_ARGS__) F(2, __VA_ARGS__) F(3, __VA_ARGS__) F(4, __VA_ARGS__) F(5, __VA_ARGS__) \
    F(6, __VA_ARGS__) F(7, __VA_ARGS__) F(8, __VA_ARGS__) F(9, __VA_ARGS__) F(10, __VA_ARGS__) \
    F(11, __VA_ARGS__) F(12, __VA_ARGS__) F(13, __VA_ARGS__) F(14, __VA_ARGS__)
/* clang-format on */
#define SEGMENT_ENTRY(T, K, S) [T] = segment_##K##_##S##_##T,
SEGMENTS(SEGMENT, 3, 1)
SEGMENTS(SEGMENT, 3, 2)
SEGMENTS(SEGMENT, 5, 1)
SEGMENTS(SEGMENT, 5, 2)
SEGMENTS(SEGMENT, 7, 1)
SEGMENTS(SEGMENT, 7, 2)
static segment_tile *const tiles[3][2][MOST_OUTPUTS + 1] = {
    /* [3x3, 5x5, 7x7][stride 2][outputs] */
    {{SEGMENTS(SEGMENT_ENTRY, 3, 1)}, {SEGMENTS(SEGMENT_ENTRY, 3, 2)}},
    {{SEGMENTS(SEGMENT_ENTRY, 5, 1)}, {SEGMENTS(SEGMENT_ENTRY, 5, 2)}},
    {{SEGMENTS(SEGMENT_ENTRY, 7, 1)}, {SEGMENTS(SEGMENT_ENTRY, 7, 2)}},
};

/* NULL outside the image. */
static const float *row_of(const struct depthwise *d, const float *plane, int r)
{
    return r < 0 || r >= d->height ? NULL : plane + (long)(r % d->kept) * d->width * VL;
}

static V centred_rows(const struct depthwise *d, const float *plane, const float *w, const float *bias, float *out,
                      int y0, int y1, V sum)
{
    struct segment s = {.w = w, .bias = v_load(bias), .act = d->act};
    int k = d->kernel[0], stride = d->stride[1], n = (d->out_width + MOST_OUTPUTS - 1) / MOST_OUTPUTS;
    segment_tile *const *of_length = tiles[(k - 3) / 2][stride == 2];
    for (int y = y0; y < y1; y++) {
        const float *rows[MOST_ROWS];
        for (int i = 0; i < k; i++) rows[i] = row_of(d, plane, y * d->stride[0] - d->pad_top + i);
        for (int t = 0; t < n; t++) {
            int x0 = d->out_width * t / n, x1 = d->out_width * (t + 1) / n, first = x0 * stride - d->pad_left;
            s.lo = -first;
            s.hi = d->width - first;
            for (int i = 0; i < k; i++) s.rows[i] = rows[i] ? rows[i] + (long)first * VL : NULL;
            sum = of_length[x1 - x0](&s, out + ((long)y * d->out_width + x0) * VL, sum);
        }
    }
    return sum;
}

static V one_output(const struct depthwise *d, const float *plane, const float *w, V bias, int y, int x)
{
    V acc = bias;
    for (int i = 0; i < d->kernel[0]; i++) {
        const float *row = row_of(d, plane, y * d->stride[0] - d->pad_top + i * d->dilation[0]);
        if (!row) continue;
        for (int j = 0; j < d->kernel[1]; j++) {
            int c = x * d->stride[1] - d->pad_left + j * d->dilation[1];
            if (c < 0 || c >= d->width) continue;
            acc = v_fma(v_load(row + (long)c * VL), v_load(w + (i * d->kernel[1] + j) * VL), acc);
        }
    }
    return acc;
}

/* Any kernel, stride, dilation and padding. */
static V any_rows(const struct depthwise *d, const float *plane, const float *w, const float *bias, float *out, int y0,
                  int y1, V sum)
{
    V b = v_load(bias);
    for (int y = y0; y < y1; y++)
        for (int x = 0; x < d->out_width; x++) {
            V v = v_activate(one_output(d, plane, w, b, y, x), d->act.kind, d->act.a, d->act.b);
            sum = v_add(sum, v);
            v_store(out + ((long)y * d->out_width + x) * VL, v);
        }
    return sum;
}

void KERNEL(depthwise)(const struct depthwise *d, const float *plane, const float *w, const float *bias, float *out,
                       int y0, int y1, float *sums)
{
    V sum = sums ? v_load(sums) : v_set(0.0f);
    sum = d->is_centred ? centred_rows(d, plane, w, bias, out, y0, y1, sum)
                        : any_rows(d, plane, w, bias, out, y0, y1, sum);
    if (sums) v_store(sums, sum);
}
