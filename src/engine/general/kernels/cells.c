#include "engine/general/kernels/cells.h"

#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/smooth.h"

#include <strings.h>

/* clang-format off */
#define ACTIVATIONS(X) /* name, takes alpha and beta, their usual values, what becomes of v */ \
    X(Relu, false, false, 0, 0, v > 0 ? v : 0) \
    X(Tanh, false, false, 0, 0, TANH(v)) \
    X(Sigmoid, false, false, 0, 0, 1 / (1 + EXP(-v))) \
    X(Affine, true, true, 1, 0, a * v + b) \
    X(LeakyRelu, true, false, 0.01, 0, v >= 0 ? v : a * v) \
    X(ThresholdedRelu, true, false, 1, 0, v >= a ? v : 0) \
    X(ScaledTanh, true, true, 1, 1, a * TANH(b * v)) \
    X(HardSigmoid, true, true, 0.2, 0.5, a * v + b < 0 ? 0 : a * v + b > 1 ? 1 : a * v + b) \
    X(Elu, true, false, 1, 0, v >= 0 ? v : a * EXPM1(v)) \
    X(Softsign, false, false, 0, 0, v / (1 + (v < 0 ? -v : v))) \
    X(Softplus, false, false, 0, 0, (v > 0 ? v : 0) + LOG(1 + EXP(v < 0 ? v : -v)))
/* clang-format on */
#define ACTIVATION_ENUM(name, has_alpha, has_beta, alpha, beta, expression) ACTIVATION_##name,
enum { ACTIVATIONS(ACTIVATION_ENUM) };
#define ACTIVATION_ROW(name, has_alpha, has_beta, alpha, beta, expression) {#name, has_alpha, has_beta, alpha, beta},
static const struct {
    const char *name;
    bool has_alpha, has_beta;
    double alpha, beta;
} activations[] = {ACTIVATIONS(ACTIVATION_ROW)};

bool squash_find(const char *name, struct squash *out, bool *has_alpha, bool *has_beta)
{
    for (int i = 0; i < (int)COUNT_OF(activations); i++) {
        if (strcasecmp(name, activations[i].name) != 0) continue;
        *out = (struct squash){i, activations[i].alpha, activations[i].beta, INFINITY};
        *has_alpha = activations[i].has_alpha;
        *has_beta = activations[i].has_beta;
        return true;
    }
    return false;
}

#define ACTIVATION_CASE(name, has_alpha, has_beta, alpha, beta, expression) \
    case ACTIVATION_##name:                                                 \
        EACH (i, n) {                                                       \
            const T v = x[i];                                               \
            x[i] = (T)(expression);                                         \
        }                                                                   \
        break;
#define SQUASH(type, of_type)                                                    \
    HOT static void squash_##of_type(const struct squash *s, type *x, int64_t n) \
    {                                                                            \
        typedef type T;                                                          \
        const T a = (T)s->alpha, b = (T)s->beta, most = (T)s->clip;              \
        if (s->clip < (double)INFINITY)                                          \
            EACH (i, n) x[i] = x[i] > most ? most : x[i] < -most ? -most : x[i]; \
        switch (s->kind) {                                                       \
            ACTIVATIONS(ACTIVATION_CASE)                                         \
        default: break;                                                          \
        }                                                                        \
    }
SQUASH(float, F32)
SQUASH(double, F64)

#define CELLS(T, of_type)                                                                      \
    HOT static void lstm_##of_type(const struct cell *s, T *gates, T *c, T *h)                 \
    {                                                                                          \
        const int64_t n = s->hidden, to = s->stride;                                           \
        const T *p = s->peephole;                                                              \
        T *in = gates, *out = gates + to, *kept = gates + 2 * to, *fresh = gates + 3 * to;     \
        if (p)                                                                                 \
            EACH (i, n) in[i] += p[i] * c[i], kept[i] += p[2 * n + i] * c[i];                  \
        squash_##of_type(&s->f, in, n);                                                        \
        squash_##of_type(&s->f, kept, n);                                                      \
        squash_##of_type(&s->g, fresh, n);                                                     \
        if (s->is_coupled)                                                                     \
            EACH (i, n) kept[i] = 1 - in[i];                                                   \
        EACH (i, n) c[i] = kept[i] * c[i] + in[i] * fresh[i];                                  \
        if (p)                                                                                 \
            EACH (i, n) out[i] += p[n + i] * c[i];                                             \
        squash_##of_type(&s->f, out, n);                                                       \
        EACH (i, n) fresh[i] = c[i];                                                           \
        squash_##of_type(&s->h, fresh, n);                                                     \
        EACH (i, n) h[i] = out[i] * fresh[i];                                                  \
    }                                                                                          \
    HOT static void gru_open_##of_type(const struct cell *s, T *gates, const T *h, T *through) \
    {                                                                                          \
        squash_##of_type(&s->f, gates, s->hidden);                                             \
        squash_##of_type(&s->f, gates + s->stride, s->hidden);                                 \
        EACH (i, s->hidden) through[i] = gates[s->stride + i] * h[i];                          \
    }                                                                                          \
    HOT static void gru_close_##of_type(const struct cell *s, T *gates, const T *more, T *h)   \
    {                                                                                          \
        const int64_t n = s->hidden;                                                           \
        T *fresh = gates + 2 * s->stride;                                                      \
        if (more)                                                                              \
            EACH (i, n) fresh[i] += more[i];                                                   \
        squash_##of_type(&s->g, fresh, n);                                                     \
        EACH (i, n) h[i] = (1 - gates[i]) * fresh[i] + gates[i] * h[i];                        \
    }                                                                                          \
    static void rnn_##of_type(const struct cell *s, T *gates, T *h)                            \
    {                                                                                          \
        squash_##of_type(&s->f, gates, s->hidden);                                             \
        memcpy(h, gates, (size_t)s->hidden * sizeof *h);                                       \
    }
CELLS(float, F32)
CELLS(double, F64)

void cell_lstm(const struct cell *s, void *gates, void *c, void *h)
{
    if (s->dtype == DTYPE_F32)
        lstm_F32(s, gates, c, h);
    else
        lstm_F64(s, gates, c, h);
}

void cell_gru_open(const struct cell *s, void *gates, const void *h, void *through)
{
    if (s->dtype == DTYPE_F32)
        gru_open_F32(s, gates, h, through);
    else
        gru_open_F64(s, gates, h, through);
}

void cell_gru_open_late(const struct cell *s, void *gates, void *through) { cell_gru_open(s, gates, through, through); }

void cell_gru_close(const struct cell *s, void *gates, const void *more, void *h)
{
    if (s->dtype == DTYPE_F32)
        gru_close_F32(s, gates, more, h);
    else
        gru_close_F64(s, gates, more, h);
}

void cell_rnn(const struct cell *s, void *gates, void *h)
{
    if (s->dtype == DTYPE_F32)
        rnn_F32(s, gates, h);
    else
        rnn_F64(s, gates, h);
}
