/* The kernels of every instruction set that this machine has, against loops written from the definitions. */
#include "check.h"
#include "engine/cpu/kernels/kernels.h"
#include "engine/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 20000 };
static float x[ROOM], w[ROOM], bias[256], res[ROOM], out[ROOM], expected[ROOM];

static void fill(void)
{
    weights_normal(1, ROOM, x);
    weights_normal(2, ROOM, w);
    weights_normal(3, 256, bias);
    weights_normal(4, ROOM, res);
    memset(out, 0, sizeof out);
    memset(expected, 0, sizeof expected);
}
static double activated(double v, struct activation a)
{
    double hard = v / 6 + 0.5;
    switch (a.kind) {
    case ACT_NONE: break;
    case ACT_RELU: return v > 0 ? v : 0;
    case ACT_CLIP: return fmin(fmax(v, (double)a.a), (double)a.b);
    case ACT_HARD_SWISH: return v * fmin(fmax(hard, 0), 1);
    case ACT_SCALED_HARD_SWISH: return (double)a.a * v * fmin(fmax(hard, 0), 1) + (double)a.b;
    case ACT_SWISH: return v / (1 + exp(-v));
    case ACT_GELU: return v * erfc(-v / sqrt(2)) / 2;
    case ACT_SIGMOID: return 1 / (1 + exp(-v));
    case ACT_HARD_SIGMOID: return fmin(fmax((double)a.a * v + (double)a.b, 0), 1);
    }
    return v;
}
static const struct activation activations[] = {
    {ACT_NONE, 0, 0},  {ACT_RELU, 0, 0},    {ACT_CLIP, -0.5f, 2},           {ACT_HARD_SWISH, 0, 0},
    {ACT_SWISH, 0, 0}, {ACT_SIGMOID, 0, 0}, {ACT_HARD_SIGMOID, 0.2f, 0.5f}, {ACT_SCALED_HARD_SWISH, -0.7f, 0.3f},
    {ACT_GELU, 0, 0}};
static void compare(const char *what, const struct kernels *k, int a, int b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(out[i] - expected[i]) <= 2e-5f * (1 + fabsf(expected[i]))))
            fail_msg("%s %s %d %d at %zu: %g instead of %g", isa_name(k->isa), what, a, b, i, (double)out[i],
                     (double)expected[i]);
}

/* Every tile of one variant: pixels x blocks, with a gather by offsets, a residual, each activation in turn. */
static void check_variant(const struct kernels *k, enum gemm_variant variant)
{
    enum { K = 7 };
    const int steps[GEMM_VARIANTS] = {[GEMM_FLAT] = k->vl,      [GEMM_HALF] = k->vl, [GEMM_EVERY_SECOND] = 2 * k->vl,
                                      [GEMM_PLANAR_SECOND] = 2, [GEMM_ACROSS] = 1,   [GEMM_ANY] = 3};
    int off[K], vl = k->vl, step = steps[variant];
    for (int i = 0; i < K; i++) off[i] = (i * 5) % K * 37;
    for (int blocks = 1; blocks <= GEMM_BLOCKS; blocks++)
        for (int pixels = 1; pixels <= k->most_pixels[blocks]; pixels++) {
            fill();
            int columns = blocks * vl - (variant == GEMM_HALF ? vl / 2 : 0), block = GEMM_PIXELS * vl;
            struct gemm g = {.off = off,
                             .k = K,
                             .step = step,
                             .block = block,
                             .res_block = block,
                             .ahead = w,
                             .act = activations[(pixels + blocks) % (int)COUNT_OF(activations)]};
            bool has_res = pixels % 2;
            (*k->gemm[variant])[blocks][pixels](&g, x, w, bias, has_res ? res : NULL, out);
            for (int c = 0; c < blocks * vl; c++)
                for (int m = 0; m < pixels; m++) {
                    int at = c / vl * block + m * vl + c % vl;
                    double sum = c < columns ? (double)bias[c] : 0;
                    for (int i = 0; i < K && c < columns; i++)
                        sum += (double)x[off[i] + m * step] * (double)w[i * columns + c];
                    if (has_res && c < columns) sum += (double)res[at];
                    expected[at] = c < columns ? (float)activated(sum, g.act) : out[at];
                }
            compare("gemm", k, blocks, pixels, (size_t)(GEMM_BLOCKS * block));
        }
}
static void gemm_tiles_follow_their_formula(const struct kernels *k)
{
    for (int v = 0; v < GEMM_VARIANTS; v++)
        if (k->gemm[v]) check_variant(k, (enum gemm_variant)v);
}

/* Row by row from a ring that keeps just the rows that one output row needs. */
static void run_ringed(const struct kernels *k, struct depthwise d)
{
    static float ring[ROOM];
    int window = (d.kernel[0] - 1) * d.dilation[0] + 1, height = d.height, row = d.width * k->vl;
    d.kept = window;
    memset(out, 0, sizeof out);
    for (int y = 0, have = 0; y < d.out_height; y++) {
        for (; have < height && have < y * d.stride[0] - d.pad_top + window; have++)
            memcpy(ring + have % window * row, x + have * row, (size_t)row * sizeof *ring);
        k->depthwise(&d, ring, w, bias, out, y, y + 1, NULL);
    }
}
static void check_depthwise(const struct kernels *k, int size, int kernel, int stride, int dilation, int width)
{
    int vl = k->vl, pad = kernel / 2, height = size;
    int oh = (height + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
    int ow = (width + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
    if (oh < 1 || ow < 1) return;
    fill();
    struct depthwise d = {.height = height,
                          .kept = height,
                          .width = width,
                          .out_height = oh,
                          .out_width = ow,
                          .pad_top = pad,
                          .pad_left = pad,
                          .kernel = {kernel, kernel},
                          .stride = {stride, stride},
                          .dilation = {dilation, dilation},
                          .act = activations[size % (int)COUNT_OF(activations)]};
    d.is_centred = kernel > 1 && stride <= 2 && dilation == 1;
    float sums[64] = {0};
    k->depthwise(&d, x, w, bias, out, 0, oh, sums);
    for (int lane = 0; lane < vl; lane++) {
        double all = 0;
        for (int y = 0; y < oh; y++)
            for (int c = 0; c < ow; c++) {
                double sum = (double)bias[lane];
                for (int i = 0; i < kernel * kernel; i++) {
                    int r = y * stride - pad + i / kernel * dilation, q = c * stride - pad + i % kernel * dilation;
                    if (r >= 0 && r < height && q >= 0 && q < width)
                        sum += (double)x[(r * width + q) * vl + lane] * (double)w[i * vl + lane];
                }
                expected[(y * ow + c) * vl + lane] = (float)activated(sum, d.act);
                all += activated(sum, d.act);
            }
        if (!(fabs((double)sums[lane] - all) < 1e-3 * (1 + fabs(all)))) fail_msg("sums of %d x %d", height, width);
    }
    compare("depthwise", k, kernel, size, (size_t)(oh * ow * vl));
    if (size > kernel * dilation) {
        run_ringed(k, d);
        compare("depthwise over a ring", k, kernel, size, (size_t)(oh * ow * vl));
    }
}
static void depthwise_follows_its_formula(const struct kernels *k)
{
    for (int size = 1; size <= 17; size++)
        for (int kernel = 1; kernel <= 7; kernel += 2)
            for (int stride = 1; stride <= 3; stride++)
                for (int dilation = 1; dilation <= 2; dilation++)
                    check_depthwise(k, size, kernel, stride, dilation, size + 16);
}

static void pools_follow_their_formula(const struct kernels *k)
{
    static const struct span columns[] = {{0, 2}, {1, 4}, {3, 5}, {6, 7}};
    static const float scale[] = {0.5f, 0.25f, 1, 2};
    int vl = k->vl, width = 7;
    for (int kind = POOL_MAX; kind <= POOL_AVERAGE; kind++) {
        fill();
        k->pool_row((enum pool_kind)kind, x, width, (struct span){1, 4}, columns, scale, 4, out);
        for (int i = 0; i < 4 * vl; i++) {
            struct span c = columns[i / vl];
            double most = -INFINITY, sum = 0;
            for (int y = 1; y < 4; y++)
                for (int q = c.first; q < c.last; q++) {
                    double v = (double)x[(y * width + q) * vl + i % vl];
                    most = fmax(most, v);
                    sum += v;
                }
            expected[i] = (float)(kind == POOL_MAX ? most : sum * (double)scale[i / vl]);
        }
        compare("pool", k, kind, 0, (size_t)(4 * vl));
    }
}

static void squeeze_excite_follows_its_formula(const struct kernels *k)
{
    enum { HIDDEN = 7 };
    int n = 3 * k->vl;
    float mean[256], hidden[64];
    fill();
    k->excite(n, HIDDEN, x, 2, 100, w, bias, activations[4], w + 5000, bias + 64, activations[5], mean, hidden, out);
    double h[HIDDEN];
    for (int j = 0; j < HIDDEN; j++) {
        double sum = (double)bias[j];
        for (int c = 0; c < n; c++) sum += ((double)x[c] + (double)x[100 + c]) * (double)w[j * n + c];
        h[j] = activated(sum, activations[4]);
    }
    for (int c = 0; c < n; c++) {
        double sum = (double)bias[64 + c];
        for (int j = 0; j < HIDDEN; j++) sum += h[j] * (double)w[5000 + j * n + c];
        expected[c] = (float)activated(sum, activations[5]);
    }
    compare("squeeze-excite", k, HIDDEN, n, (size_t)n);
}

static void sums_and_gates_follow_their_formula(const struct kernels *k)
{
    int vl = k->vl, columns = 3 * vl / 2;
    fill();
    k->add(x, res, 4 * vl, activations[1], out);
    for (int i = 0; i < 4 * vl; i++) expected[i] = fmaxf(x[i] + res[i], 0);
    compare("add", k, 0, 0, (size_t)(4 * vl));
    k->scale(x, w, 5, out);
    for (int i = 0; i < 5 * vl; i++) expected[i] = x[i] * w[i % vl];
    compare("scale", k, 0, 0, (size_t)(5 * vl));
    k->scale_rows(x, w, 5, columns, out);
    for (int i = 0; i < 5 * columns; i++) expected[i] = x[i] * w[i / columns];
    compare("scale_rows", k, 0, 0, (size_t)(5 * columns));
}

static void every_instruction_set(void (*check)(const struct kernels *k))
{
    int n = 0;
    for (int i = ISA_PLAIN; i < ISA_N; i++) {
        const struct kernels *k = kernels_for((enum isa)i);
        if (k) check(k);
        n += k != NULL;
    }
    assert_true(n > 0);
}
#define ON_EVERY_ISA(check)                \
    static void check##_test(void **state) \
    {                                      \
        (void)state;                       \
        every_instruction_set(check);      \
    }
ON_EVERY_ISA(gemm_tiles_follow_their_formula)
ON_EVERY_ISA(depthwise_follows_its_formula)
ON_EVERY_ISA(pools_follow_their_formula)
ON_EVERY_ISA(squeeze_excite_follows_its_formula)
ON_EVERY_ISA(sums_and_gates_follow_their_formula)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gemm_tiles_follow_their_formula_test),
        cmocka_unit_test(depthwise_follows_its_formula_test),
        cmocka_unit_test(pools_follow_their_formula_test),
        cmocka_unit_test(squeeze_excite_follows_its_formula_test),
        cmocka_unit_test(sums_and_gates_follow_their_formula_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
