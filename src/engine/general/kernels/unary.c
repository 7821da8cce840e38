/* Operators of one value: activations, roots and logarithms, rounding, signs, tests. One expression each. */
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/smooth.h"

#include <tgmath.h>

/* a + b v held within 0 and 1 */
#define RAMP(v, a, b) ((a) + (b) * (v) < 0 ? 0 : (a) + (b) * (v) > 1 ? 1 : (a) + (b) * (v))
#define SIGMOID(v) (1 / (1 + EXP(-(v))))
static inline double double_softplus(double v) { return (v > 0 ? v : 0) + log1p(exp(-fabs(v))); }
#define SOFTPLUS(v) SMOOTH(double_softplus, smooth_softplus, v)
/* tanh(log(1 + e)); 1 to the last place from exp(20) on */
#define GATE(e) ((e) * ((e) + 2) / ((e) * ((e) + 2) + 2))
#define CUBIC(v) (v * (0.7978845608028654f * (1 + 0.044715f * v * v)))

/* clang-format off */
#define REALS(X) /* operator, its attributes a and b with what they are by default, its value at v */ \
    X(Acos, "", 0, "", 0, acos(v)) \
    X(Acosh, "", 0, "", 0, acosh(v)) \
    X(Asin, "", 0, "", 0, asin(v)) \
    X(Asinh, "", 0, "", 0, asinh(v)) \
    X(Atan, "", 0, "", 0, atan(v)) \
    X(Atanh, "", 0, "", 0, atanh(v)) \
    X(Ceil, "", 0, "", 0, ceil(v)) \
    X(Celu, "alpha", 1, "", 0, v < 0 ? a * EXPM1(v / a) : v) \
    X(Cos, "", 0, "", 0, cos(v)) \
    X(Cosh, "", 0, "", 0, cosh(v)) \
    X(Elu, "alpha", 1, "", 0, v < 0 ? a * EXPM1(v) : v) \
    X(Erf, "", 0, "", 0, ERF(v)) \
    X(Exp, "", 0, "", 0, EXP(v)) \
    X(Floor, "", 0, "", 0, floor(v)) \
    X(HardSigmoid, "alpha", 0.2, "beta", 0.5, RAMP(v, b, a)) \
    X(HardSwish, "", 0, "", 0, v * RAMP(v, 0.5f, 1.0f / 6)) \
    X(LeakyRelu, "alpha", 0.01, "", 0, v < 0 ? a * v : v) \
    X(Log, "", 0, "", 0, LOG(v)) \
    X(Mish, "", 0, "", 0, v * GATE(EXP(v > 20 ? 20 : v))) \
    X(Reciprocal, "", 0, "", 0, 1 / v) \
    X(Round, "", 0, "", 0, rint(v)) \
    X(Selu, "alpha", 1.67326319217681884765625, "gamma", 1.05070102214813232421875, b * (v < 0 ? a * EXPM1(v) : v)) \
    X(Shrink, "lambd", 0.5, "bias", 0, v < -a ? v + b : v > a ? v - b : 0) \
    X(Sigmoid, "", 0, "", 0, SIGMOID(v)) \
    X(Sin, "", 0, "", 0, sin(v)) \
    X(Sinh, "", 0, "", 0, sinh(v)) \
    X(Softplus, "", 0, "", 0, SOFTPLUS(v)) \
    X(Softsign, "", 0, "", 0, v / (1 + fabs(v))) \
    X(Sqrt, "", 0, "", 0, sqrt(v)) \
    X(Swish, "alpha", 1, "", 0, v * SIGMOID(a * v)) \
    X(Tan, "", 0, "", 0, tan(v)) \
    X(Tanh, "", 0, "", 0, TANH(v)) \
    X(ThresholdedRelu, "alpha", 1, "", 0, v > a ? v : 0)

#define SIGNED(X, D, T) \
    X(Abs, D, T, v < 0 ? 0 - (U)v : (U)v) \
    X(Neg, D, T, 0 - (U)v) \
    X(Relu, D, T, v < 0 ? 0 : v) \
    X(Sign, D, T, (v > 0) - (v < 0))
#define UNSIGNED(X, D, T) \
    X(Abs, D, T, v) \
    X(Sign, D, T, v > 0)
#define FLOATING(X, D, T) \
    X(Abs, D, T, fabs(v)) \
    X(Neg, D, T, -v) \
    X(Relu, D, T, v < 0 ? 0 : v) \
    X(Sign, D, T, v != v ? v : (T)((v > 0) - (v < 0)))
/* clang-format on */

#define REAL_LOOP(op, name, T, expression)                                              \
    HOT static void op##_##name(const void *from, void *to, int64_t n, const double *p) \
    {                                                                                   \
        const T *x = from, a = (T)p[0], b = (T)p[1];                                    \
        T *y = to;                                                                      \
        (void)a, (void)b;                                                               \
        EACH (i, n) {                                                                   \
            const T v = x[i];                                                           \
            y[i] = (T)(expression);                                                     \
        }                                                                               \
    }
#define REAL_ROW(op, a_name, a_default, b_name, b_default, expression)                                                \
    REAL_LOOP(op, F32, float, expression)                                                                             \
    REAL_LOOP(op, F64, double, expression)                                                                            \
    static bool element_##op(const struct call *c, struct element *e)                                                 \
    {                                                                                                                 \
        *e = (struct element){.unary = op##_F32,                                                                      \
                              .p = {node_float(c->node, a_name, a_default), node_float(c->node, b_name, b_default)}}; \
        return true;                                                                                                  \
    }                                                                                                                 \
    static gable_status run_##op(struct call *c)                                                                      \
    {                                                                                                                 \
        const double p[] = {node_float(c->node, a_name, a_default), node_float(c->node, b_name, b_default)};          \
        return run_real(c, op##_F32, op##_F64, p);                                                                    \
    }

/* Whole numbers, where ONNX allows them here at all (Shrink), pass through doubles. */
static gable_status run_real(struct call *c, unary_loop *on_float, unary_loop *on_double, const double *p)
{
    const struct value *x = c->in[0];
    if (x->dtype == DTYPE_F32) return loops_map(c, on_float, x, x->dtype, p);
    if (x->dtype == DTYPE_F64) return loops_map(c, on_double, x, x->dtype, p);
    if (x->dtype == DTYPE_STRING) return loops_refuse_dtype(c, x->dtype);
    struct value wide;
    gable_status s = call_temporary(c, DTYPE_F64, x->rank, x->dim, &wide);
    if (!s) s = call_like(c, 0, x);
    if (s) return s;
    value_convert(x, &wide);
    on_double(wide.data, wide.data, wide.n, p);
    value_convert(&wide, c->out[0]);
    return GABLE_OK;
}
REALS(REAL_ROW)

#define WHOLE_LOOP(op, name, T, expression)                                               \
    static void op##_##name(const void *from, void *to, int64_t n, const double *ignored) \
    {                                                                                     \
        typedef uint64_t U; /* sums and differences of whole numbers wrap */              \
        const T *x = from;                                                                \
        T *y = to;                                                                        \
        (void)ignored, (void)sizeof(U);                                                   \
        EACH (i, n) {                                                                     \
            const T v = x[i];                                                             \
            y[i] = (T)(expression);                                                       \
        }                                                                                 \
    }
#define FLOATING_LOOP(op, name, T, expression) HOT WHOLE_LOOP(op, name, T, expression)
FLOATING(FLOATING_LOOP, F32, float)
FLOATING(FLOATING_LOOP, F64, double)
SIGNED(WHOLE_LOOP, S64, int64_t)
SIGNED(WHOLE_LOOP, S32, int32_t)
SIGNED(WHOLE_LOOP, S16, int16_t)
SIGNED(WHOLE_LOOP, S8, int8_t)
UNSIGNED(WHOLE_LOOP, U64, uint64_t)
UNSIGNED(WHOLE_LOOP, U32, uint32_t)
UNSIGNED(WHOLE_LOOP, U16, uint16_t)
UNSIGNED(WHOLE_LOOP, U8, uint8_t)
WHOLE_LOOP(BitwiseNot, U64, uint64_t, ~v)
WHOLE_LOOP(BitwiseNot, U32, uint32_t, ~v)
WHOLE_LOOP(BitwiseNot, U16, uint16_t, ~v)
WHOLE_LOOP(BitwiseNot, U8, uint8_t, ~v)
WHOLE_LOOP(Not, BOOL, uint8_t, !v)

#define TABLE_ROW(op, ...)                                                                 \
    static unary_loop *const loops_##op[DTYPE_N] = {__VA_ARGS__};                          \
    static gable_status run_##op(struct call *c)                                           \
    {                                                                                      \
        return loops_map(c, loops_##op[c->in[0]->dtype], c->in[0], c->in[0]->dtype, NULL); \
    }                                                                                      \
    static bool element_##op(const struct call *c, struct element *e)                      \
    {                                                                                      \
        *e = (struct element){.unary = loops_##op[c->in[0]->dtype]};                       \
        return e->unary != NULL;                                                           \
    }
TABLE_ROW(Abs, NUMBERS(Abs))
TABLE_ROW(Neg, FLOATS(Neg), INTS(Neg))
TABLE_ROW(Relu, FLOATS(Relu), INTS(Relu))
TABLE_ROW(Sign, NUMBERS(Sign))
TABLE_ROW(BitwiseNot, BITS(BitwiseNot))
TABLE_ROW(Not, AT(Not, BOOL))

/* Gelu's approximation by tanh is the model's choice, not ours. */
REAL_LOOP(Gelu, F32, float, 0.5f * v * (1 + ERF(v * 0.70710678f)))
REAL_LOOP(Gelu, F64, double, 0.5 * v * (1 + erf(v * M_SQRT1_2)))
REAL_LOOP(GeluTanh, F32, float, 0.5f * v * (1 + TANH(CUBIC(v))))
REAL_LOOP(GeluTanh, F64, double, 0.5 * v * (1 + tanh(M_SQRT2 * M_2_SQRTPI * 0.5 * (v + 0.044715 * v * v * v))))
static bool by_tanh(const struct call *c)
{
    const struct attribute *how = node_attribute(c->node, "approximate");
    return how && how->s && !strcmp(how->s, "tanh");
}
static bool element_Gelu(const struct call *c, struct element *e)
{
    *e = (struct element){.unary = by_tanh(c) ? GeluTanh_F32 : Gelu_F32};
    return true;
}
static gable_status run_Gelu(struct call *c)
{
    static const double none[2];
    return by_tanh(c) ? run_real(c, GeluTanh_F32, GeluTanh_F64, none) : run_real(c, Gelu_F32, Gelu_F64, none);
}

#define TEST_LOOP(op, name, T, expression)                                              \
    HOT static void op##_##name(const void *from, void *to, int64_t n, const double *p) \
    {                                                                                   \
        const T *x = from, most = (T)p[0], least = (T)p[1];                             \
        uint8_t *y = to;                                                                \
        (void)most, (void)least;                                                        \
        EACH (i, n) {                                                                   \
            const T v = x[i];                                                           \
            y[i] = expression;                                                          \
        }                                                                               \
    }
TEST_LOOP(IsNaN, F32, float, v != v)
TEST_LOOP(IsNaN, F64, double, v != v)
/* an infinity that is not looked for is replaced by a NaN, which no value equals */
TEST_LOOP(IsInf, F32, float, (v == most) | (v == least))
TEST_LOOP(IsInf, F64, double, (v == most) | (v == least))
static gable_status run_test(struct call *c, unary_loop *on_float, unary_loop *on_double, const double *p)
{
    enum dtype d = c->in[0]->dtype;
    return loops_map(c, d == DTYPE_F32 ? on_float : d == DTYPE_F64 ? on_double : NULL, c->in[0], DTYPE_BOOL, p);
}
static gable_status run_IsNaN(struct call *c) { return run_test(c, IsNaN_F32, IsNaN_F64, (const double[]){0, 0}); }
static gable_status run_IsInf(struct call *c)
{
    const double p[] = {node_int(c->node, "detect_positive", 1) ? INFINITY : NAN,
                        node_int(c->node, "detect_negative", 1) ? -INFINITY : NAN};
    return run_test(c, IsInf_F32, IsInf_F64, p);
}

#define ROW(name) {.op = #name, .domain = "", .run = run_##name, .in_f32 = true},
#define ELEMENT_ROW(name, ...) \
    {.op = #name, .domain = "", .run = run_##name, .in_f32 = true, .element = element_##name},
const struct kernel kernels_unary[] = {REALS(ELEMENT_ROW) ELEMENT_ROW(Abs, ) ELEMENT_ROW(Neg, ) ELEMENT_ROW(Relu, )
                                           ELEMENT_ROW(Sign, ) ELEMENT_ROW(Gelu, ) ELEMENT_ROW(BitwiseNot, )
                                               ELEMENT_ROW(Not, ) ROW(IsNaN) ROW(IsInf){0}};
