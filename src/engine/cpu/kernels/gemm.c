/* The matrix kernel: every tile that the registers hold, unrolled from one body. */
#include "engine/cpu/kernels/simd.h"

/* Rare activations: a second pass over the stored tile, so that not every tile carries their code. */
static __attribute__((noinline)) void activate_stored(const struct gemm *g, int pixels, int blocks, float *out)
{
    for (int n = 0; n < blocks; n++) KERNEL(activate)(out + n * g->block, (long)pixels * VL, g->act);
}

/* The end of a tile: activation KIND, a constant, and the stores. */
#if HAVE_HALF
#define STORE_HALF(kind)                                                                                  \
    if (HALF) {                                                                                           \
        UNROLL                                                                                            \
        for (int m = 0; m < M; m++)                                                                       \
            v_store(out + NB * g->block + m * VL, v_activate(h_wide(half[m]), kind, g->act.a, g->act.b)); \
    }
#else
#define STORE_HALF(kind)
#endif
#define STORE(kind)                                                                                    \
    {                                                                                                  \
        UNROLL                                                                                         \
        for (int n = 0; n < NB; n++) {                                                                 \
            UNROLL                                                                                     \
            for (int m = 0; m < M; m++)                                                                \
                v_store(out + n * g->block + m * VL, v_activate(acc[m][n], kind, g->act.a, g->act.b)); \
        }                                                                                              \
        STORE_HALF(kind)                                                                               \
    }

INLINE void gemm_body(const int M, const int BLOCKS, const long STEP, const int HALF, const struct gemm *g,
                      const float *x, const float *w, const float *bias, const float *res, float *out)
{
    const int NB = BLOCKS - HALF;
    V acc[GEMM_PIXELS][GEMM_BLOCKS];
    const int *off = g->off, *end = off + g->k;
    const float *ahead = g->ahead;
    const long ahead_step = g->ahead_step, step = STEP ? STEP : g->step;
#if HAVE_HALF
    H half[GEMM_PIXELS];
#endif
    UNROLL
    for (int n = 0; n < NB; n++) {
        V b = v_load(bias + n * VL);
        UNROLL
        for (int m = 0; m < M; m++) acc[m][n] = b;
    }
#if HAVE_HALF
    if (HALF) {
        UNROLL
        for (int m = 0; m < M; m++) half[m] = h_load(bias + NB * VL);
    }
#endif
    for (; off < end; off++, w += NB * VL + HALF * VL / 2) {
        const float *p = x + *off;
        V b[GEMM_BLOCKS];
        v_prefetch(ahead);
        ahead += ahead_step;
        UNROLL
        for (int n = 0; n < NB; n++) b[n] = v_load(w + n * VL);
        UNROLL
        for (int m = 0; m < M; m++) {
            V s = v_set(p[m * step]);
            UNROLL
            for (int n = 0; n < NB; n++) acc[m][n] = v_fma(s, b[n], acc[m][n]);
#if HAVE_HALF
            if (HALF) half[m] = h_fma(h_low(s), h_load(w + NB * VL), half[m]);
#endif
        }
    }
    if (res) {
        UNROLL
        for (int n = 0; n < NB; n++) {
            UNROLL
            for (int m = 0; m < M; m++) acc[m][n] = v_add(acc[m][n], v_load(res + n * g->res_block + m * VL));
        }
#if HAVE_HALF
        if (HALF) {
            UNROLL
            for (int m = 0; m < M; m++)
                half[m] = h_low(v_add(h_wide(half[m]), v_load(res + NB * g->res_block + m * VL)));
        }
#endif
    }
    switch (g->act.kind) {
    case ACT_NONE: STORE(ACT_NONE); break;
    case ACT_RELU: STORE(ACT_RELU); break;
    case ACT_CLIP: STORE(ACT_CLIP); break;
    case ACT_HARD_SWISH: STORE(ACT_HARD_SWISH); break;
    case ACT_SCALED_HARD_SWISH: STORE(ACT_SCALED_HARD_SWISH); break;
    case ACT_SWISH: STORE(ACT_SWISH); break;
    case ACT_GELU:
    case ACT_SIGMOID:
    case ACT_HARD_SIGMOID:
        STORE(ACT_NONE);
        activate_stored(g, M, BLOCKS, out);
        break;
    }
}

#define TILE(M, NB, STEP, HALF, NAME)                                                                      \
    static void NAME##_##NB##_##M(const struct gemm *g, const float *x, const float *w, const float *bias, \
                                  const float *res, float *out)                                            \
    {                                                                                                      \
        gemm_body(M, NB, STEP, HALF, g, x, w, bias, res, out);                                             \
    }
#define TILES_TO_2(F, NB, ...) F(1, NB, __VA_ARGS__) F(2, NB, __VA_ARGS__)
#define TILES_TO_4(F, NB, ...) TILES_TO_2(F, NB, __VA_ARGS__) F(3, NB, __VA_ARGS__) F(4, NB, __VA_ARGS__)
#define TILES_TO_6(F, NB, ...) TILES_TO_4(F, NB, __VA_ARGS__) F(5, NB, __VA_ARGS__) F(6, NB, __VA_ARGS__)
#define TILES_TO_8(F, NB, ...) TILES_TO_6(F, NB, __VA_ARGS__) F(7, NB, __VA_ARGS__) F(8, NB, __VA_ARGS__)
#define TILES_TO_9(F, NB, ...) TILES_TO_8(F, NB, __VA_ARGS__) F(9, NB, __VA_ARGS__)
#define TILES_TO_12(F, NB, ...) \
    TILES_TO_9(F, NB, __VA_ARGS__) F(10, NB, __VA_ARGS__) F(11, NB, __VA_ARGS__) F(12, NB, __VA_ARGS__)
#define TILES_TO_14(F, NB, ...) TILES_TO_12(F, NB, __VA_ARGS__) F(13, NB, __VA_ARGS__) F(14, NB, __VA_ARGS__)
/* As many as MOST_1 to MOST_4 of simd_*.h say. */
#if defined __AVX512F__
#define TILES(F, ...)              \
    TILES_TO_14(F, 1, __VA_ARGS__) \
    TILES_TO_14(F, 2, __VA_ARGS__) TILES_TO_9(F, 3, __VA_ARGS__) TILES_TO_6(F, 4, __VA_ARGS__)
#elif defined __aarch64__
#define TILES(F, ...)              \
    TILES_TO_14(F, 1, __VA_ARGS__) \
    TILES_TO_12(F, 2, __VA_ARGS__) TILES_TO_8(F, 3, __VA_ARGS__) TILES_TO_6(F, 4, __VA_ARGS__)
#else
#define TILES(F, ...)              \
    TILES_TO_12(F, 1, __VA_ARGS__) \
    TILES_TO_6(F, 2, __VA_ARGS__) TILES_TO_4(F, 3, __VA_ARGS__) TILES_TO_2(F, 4, __VA_ARGS__)
#endif
#define ENTRY(M, NB, NAME) [NB][M] = NAME##_##NB##_##M,

TILES(TILE, VL, 0, flat)
TILES(TILE, (2 * VL), 0, every_second)
TILES(TILE, 2, 0, planar_second)
TILES(TILE, 1, 0, across)
TILES(TILE, 0, 0, any)
const gemm_tiles KERNEL(gemm_flat) = {TILES(ENTRY, flat)};
const gemm_tiles KERNEL(gemm_every_second) = {TILES(ENTRY, every_second)};
const gemm_tiles KERNEL(gemm_planar_second) = {TILES(ENTRY, planar_second)};
const gemm_tiles KERNEL(gemm_across) = {TILES(ENTRY, across)};
const gemm_tiles KERNEL(gemm_any) = {TILES(ENTRY, any)};
#if HAVE_HALF
TILES(TILE, VL, 1, half)
const gemm_tiles KERNEL(gemm_half) = {TILES(ENTRY, half)};
#endif
