#include "engine/general/kernels/folds.h"

#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/smooth.h"

/* So many accumulators side by side: the compiler makes vectors of them, and rounding errors grow slower. */
enum { LANES = 32, AT_ONCE = 4 }; /* AT_ONCE: rows that a row of accumulators takes */

#define FOLD(op, name, T, A, first, step, join)                                                             \
    HOT_##name static void op##_row_##name(const void *from, int64_t n, union accumulator *a,               \
                                           const union accumulator *shift)                                  \
    {                                                                                                       \
        const T *x = from, s = shift ? (T)shift->IN_##name : 0;                                             \
        A lane[LANES];                                                                                      \
        int64_t i = 0;                                                                                      \
        (void)s;                                                                                            \
        for (int j = 0; j < LANES; j++) lane[j] = first;                                                    \
        for (; i + LANES <= n; i += LANES)                                                                  \
            SIDE_BY_SIDE (j, LANES) {                                                                       \
                const T v = x[i + j];                                                                       \
                const A w = lane[j];                                                                        \
                lane[j] = (A)(step);                                                                        \
            }                                                                                               \
        for (int j = 0; i < n; i++, j++) {                                                                  \
            const T v = x[i];                                                                               \
            const A w = lane[j];                                                                            \
            lane[j] = (A)(step);                                                                            \
        }                                                                                                   \
        A all = a->IN_##name;                                                                               \
        for (int j = 0; j < LANES; j++) {                                                                   \
            const A v = lane[j], w = all;                                                                   \
            all = (A)(join);                                                                                \
        }                                                                                                   \
        a->IN_##name = all;                                                                                 \
    }                                                                                                       \
    HOT_##name static void op##_columns_##name(const void *from, int64_t rows, int64_t row_step, int64_t n, \
                                               union accumulator *a, const union accumulator *shift)        \
    {                                                                                                       \
        A *to = (A *)(void *)a;                                                                             \
        const A *by = (const A *)(const void *)(shift ? shift : a);                                         \
        const T *x = from;                                                                                  \
        for (; rows >= AT_ONCE; rows -= AT_ONCE, x += AT_ONCE * row_step)                                   \
            EACH (i, n) {                                                                                   \
                const T s = (T)by[i];                                                                       \
                A w = to[i];                                                                                \
                (void)s;                                                                                    \
                for (int64_t j = 0; j < AT_ONCE; j++) {                                                     \
                    const T v = x[i + j * row_step];                                                        \
                    w = (A)(step);                                                                          \
                }                                                                                           \
                to[i] = w;                                                                                  \
            }                                                                                               \
        for (; rows > 0; rows--, x += row_step)                                                             \
            EACH (i, n) {                                                                                   \
                const T v = x[i], s = (T)by[i];                                                             \
                const A w = to[i];                                                                          \
                (void)s;                                                                                    \
                to[i] = (A)(step);                                                                          \
            }                                                                                               \
    }                                                                                                       \
    static void op##_join_##name(const union accumulator *from, int64_t n, union accumulator *a)            \
    {                                                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                                   \
            const A v = from[i].IN_##name, w = a[i].IN_##name;                                              \
            a[i].IN_##name = (A)(join);                                                                     \
        }                                                                                                   \
    }

#define HOT_F64 HOT
#define HOT_F32 HOT
#define IN_F64 real
#define IN_F32 real
/* clang-format off */
#define HOT_S64
#define HOT_S32
#define HOT_S16
#define HOT_S8
#define HOT_U64
#define HOT_U32
#define HOT_U16
#define HOT_U8
#define IN_S64 whole
#define IN_S32 whole
#define IN_S16 whole
#define IN_S8 whole
#define IN_U64 natural
#define IN_U32 natural
#define IN_U16 natural
#define IN_U8 natural
#define REAL_FOLDS(X, name, T) /* what it starts as, an element v (or an accumulator v) into w */ \
    X(sum, name, T, double, 0, w + (double)v, w + v) \
    X(squares, name, T, double, 0, w + (double)v * (double)v, w + v) \
    X(sizes, name, T, double, 0, w + fabs((double)v), w + v) \
    X(product, name, T, double, 1, w * (double)v, w * v) \
    X(max, name, T, double, -INFINITY, (((double)v > w) | (v != v)) ? (double)v : w, ((v > w) | (v != v)) ? v : w) \
    X(min, name, T, double, INFINITY, (((double)v < w) | (v != v)) ? (double)v : w, ((v < w) | (v != v)) ? v : w) \
    X(exps, name, T, double, 0, w + (double)EXP(v - s), w + v)
#define WHOLE_FOLDS(X, name, T, A, least, most) \
    X(sum, name, T, A, 0, (uint64_t)w + (uint64_t)v, (uint64_t)w + (uint64_t)v) \
    X(squares, name, T, A, 0, (uint64_t)w + (uint64_t)v * (uint64_t)v, (uint64_t)w + (uint64_t)v) \
    X(sizes, name, T, A, 0, (uint64_t)w + (v < 1 ? 0 - (uint64_t)v : (uint64_t)v), (uint64_t)w + (uint64_t)v) \
    X(product, name, T, A, 1, (uint64_t)w * (uint64_t)v, (uint64_t)w * (uint64_t)v) \
    X(max, name, T, A, least, v > w ? v : w, v > w ? v : w) \
    X(min, name, T, A, most, v < w ? v : w, v < w ? v : w)
#define WHOLE_TYPES(X, Y) \
    X(Y, S64, int64_t, int64_t, INT64_MIN, INT64_MAX) \
    X(Y, S32, int32_t, int64_t, INT32_MIN, INT32_MAX) \
    X(Y, S16, int16_t, int64_t, INT16_MIN, INT16_MAX) \
    X(Y, S8, int8_t, int64_t, INT8_MIN, INT8_MAX) \
    X(Y, U64, uint64_t, uint64_t, 0, UINT64_MAX) \
    X(Y, U32, uint32_t, uint64_t, 0, UINT32_MAX) \
    X(Y, U16, uint16_t, uint64_t, 0, UINT16_MAX) \
    X(Y, U8, uint8_t, uint64_t, 0, UINT8_MAX)
/* clang-format on */
REAL_FOLDS(FOLD, F64, double)
REAL_FOLDS(FOLD, F32, float)
#define MAKE_WHOLE(Y, name, T, A, least, most) WHOLE_FOLDS(Y, name, T, A, least, most)
WHOLE_TYPES(MAKE_WHOLE, FOLD)

#define AT(kind, op, name, first) \
    [FOLD_##kind][DTYPE_##name] = {op##_row_##name, op##_columns_##name, op##_join_##name, {.IN_##name = first}}
#define REAL_ROWS(name)                                                                                             \
    AT(SUM, sum, name, 0), AT(SQUARES, squares, name, 0), AT(SIZES, sizes, name, 0), AT(PRODUCT, product, name, 1), \
        AT(MAX, max, name, -INFINITY), AT(MIN, min, name, INFINITY), AT(EXPS, exps, name, 0),
#define WHOLE_ROWS(Y, name, T, A, least, most)                                                                      \
    AT(SUM, sum, name, 0), AT(SQUARES, squares, name, 0), AT(SIZES, sizes, name, 0), AT(PRODUCT, product, name, 1), \
        AT(MAX, max, name, least), AT(MIN, min, name, most),
const struct fold *fold_find(enum fold_kind kind, enum dtype d)
{
    static const struct fold folds[FOLD_N][DTYPE_N] = {REAL_ROWS(F64) REAL_ROWS(F32) WHOLE_TYPES(WHOLE_ROWS, )};
    if (d == DTYPE_BOOL && (kind == FOLD_MAX || kind == FOLD_MIN)) d = DTYPE_U8;
    const struct fold *f = &folds[kind][d];
    return f->row ? f : NULL;
}

static double finished(enum finish how, double v, double shift, int64_t elements)
{
    switch (how) {
    case FINISH_PLAIN: break;
    case FINISH_MEAN: return v / (double)elements;
    case FINISH_ROOT: return sqrt(v);
    case FINISH_LOG: return log(v);
    case FINISH_LOG_SHIFTED: return log(v) + shift;
    }
    return v;
}
#define FINISH_REAL(name, T)                                                                                          \
    static void finish_##name(enum finish how, const union accumulator *a, const union accumulator *shift, int64_t n, \
                              int64_t elements, void *to)                                                             \
    {                                                                                                                 \
        T *y = to;                                                                                                    \
        for (int64_t i = 0; i < n; i++) y[i] = (T)finished(how, a[i].real, shift ? shift[i].real : 0, elements);      \
    }
FINISH_REAL(F64, double)
FINISH_REAL(F32, float)
/* Whole results are cut towards 0; the logarithm of 0 is none, and becomes 0. */
#define FINISH_WHOLE(Y, name, T, A, least, most)                                                                      \
    static void finish_##name(enum finish how, const union accumulator *a, const union accumulator *shift, int64_t n, \
                              int64_t elements, void *to)                                                             \
    {                                                                                                                 \
        T *y = to;                                                                                                    \
        (void)shift;                                                                                                  \
        for (int64_t i = 0; i < n; i++) {                                                                             \
            A v = a[i].IN_##name;                                                                                     \
            if (how == FINISH_MEAN)                                                                                   \
                v = elements > 0 ? v / (A)elements : 0;                                                               \
            else if (how != FINISH_PLAIN)                                                                             \
                v = v < 1 ? 0 : (A)finished(how, (double)v, 0, elements);                                             \
            y[i] = (T)v;                                                                                              \
        }                                                                                                             \
    }
WHOLE_TYPES(FINISH_WHOLE, )

fold_finish *fold_finish_find(enum dtype d)
{
#define FINISH_AT(Y, name, T, A, least, most) [DTYPE_##name] = finish_##name,
    static fold_finish *const finishes[DTYPE_N] = {
        [DTYPE_F64] = finish_F64, [DTYPE_F32] = finish_F32, [DTYPE_BOOL] = finish_U8, WHOLE_TYPES(FINISH_AT, )};
    return finishes[d];
}
