/* exp, log, tanh, erf on floats without branches or tables, so that loops over them become vectors; within 3 units in
   the last place. On doubles they are the C library's. */
#ifndef ENGINE_GENERAL_KERNELS_SMOOTH_H
#define ENGINE_GENERAL_KERNELS_SMOOTH_H
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float float_from_bits(int32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}
static inline int32_t bits_of_float(float f)
{
    int32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* x = n ln 2 + r: exp(x) = 2^n (1 + q), q = exp(r) - 1 by Taylor to the eighth power (|r| < 0.35), 2^n as the product
   of two factors so that results below the normal range round once. */
struct split_exp {
    float q, half, rest; /* half * rest = 2^n */
};
static inline struct split_exp exp_split(float x)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, which its bits then hold */
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    float shifted = x * 1.44269504f + magic, n = shifted - magic;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    int32_t exponent = bits_of_float(shifted) - bits_of_float(magic), half = exponent >> 1;
    float q = 1.0f / 5040 + r * (1.0f / 40320);
    q = 1.0f / 720 + r * q;
    q = 1.0f / 120 + r * q;
    q = 1.0f / 24 + r * q;
    q = 1.0f / 6 + r * q;
    q = r + r * r * (0.5f + r * q);
    return (struct split_exp){q, float_from_bits((int32_t)((uint32_t)(half + 127) << 23)),
                              float_from_bits((int32_t)((uint32_t)(exponent - half + 127) << 23))};
}
static inline float smooth_exp(float x)
{
    struct split_exp e = exp_split(x);
    return (1.0f + e.q) * e.half * e.rest;
}
/* exp(x) - 1 without loss where x is small; x below 80 */
static inline float smooth_expm1(float x)
{
    struct split_exp e = exp_split(x);
    float power = e.half * e.rest;
    return (power - 1.0f) + power * e.q;
}
/* x = m 2^e with m around 1: log m = 2 artanh((m - 1) / (m + 1)), its series to the ninth power */
static inline float smooth_log(float x)
{
    float scaled = x < 1.17549435e-38f ? x * 8388608.0f : x, bias = x < 1.17549435e-38f ? 150.0f : 127.0f;
    int32_t bits = bits_of_float(scaled);
    int32_t exponent = (bits >> 23) & 255;
    float m = float_from_bits((bits & 0x7fffff) | 0x3f800000), e = (float)exponent - bias;
    int is_upper = m > 1.41421356f;
    m = is_upper ? 0.5f * m : m;
    e = is_upper ? e + 1.0f : e;
    float t = (m - 1.0f) / (m + 1.0f), s = t * t;
    float series = 1.0f / 3 + s * (1.0f / 5 + s * (1.0f / 7 + s * (1.0f / 9)));
    float y = e * 0.693359375f + (2.0f * t + (2.0f * t * s * series - e * 2.12194440e-4f));
    y = x == 0.0f ? -INFINITY : y;
    y = x < 0.0f ? NAN : y;
    return x <= 3.40282347e38f ? y : x; /* infinity and NaN are themselves */
}
/* log(1 + u) for u in [0, 1] */
static inline float smooth_log1p(float u)
{
    float w = 1.0f + u;
    return w == 1.0f ? u : smooth_log(w) * (u / (w - 1.0f));
}
static inline float smooth_tanh(float x)
{
    float a = fabsf(x), e = smooth_expm1(2.0f * (a > 10.0f ? 10.0f : a));
    float y = copysignf(e / (e + 2.0f), x);
    return x != x ? x : y;
}
static inline float smooth_sigmoid(float x) { return 1.0f / (1.0f + smooth_exp(-x)); }
static inline float smooth_softplus(float x) { return (x > 0.0f ? x : 0.0f) + smooth_log1p(smooth_exp(-fabsf(x))); }
/* Below 1 its series at 0; above 1 - exp(-x^2) g(x), g interpolated at Chebyshev's points in 1 / (x + 2) up to 4.2,
   where 1 is nearest: off by at most 1.2e-8 */
static inline float smooth_erf(float x)
{
    float a = fabsf(x) > 4.2f ? 4.2f : fabsf(x), s = a * a, u = 1.0f / (a + 2.0f);
    float p = -1.0f / 6894720 + s * (1.0f / 76204800);
    p = -1.0f / 75600 + s * (1.0f / 685440 + s * p);
    p = -1.0f / 1320 + s * (1.0f / 9360 + s * p);
    p = -1.0f / 42 + s * (1.0f / 216 + s * p);
    p = a * (1.0f + s * (-1.0f / 3 + s * (1.0f / 10 + s * p)));
    float g = -0.196547610f + u * (9.58366572f + u * -6.93343892f);
    g = 1.26269396e-3f + u * (0.530273393f + u * (1.50352619f + u * g));
    float y = copysignf(a < 1.0f ? 1.12837917f * p : 1.0f - smooth_exp(-s) * g, x);
    return x != x ? x : y;
}

#define SMOOTH(f, of_float, v) _Generic((v), float : of_float, double : f)(v)
#define EXP(v) SMOOTH(exp, smooth_exp, v)
#define EXPM1(v) SMOOTH(expm1, smooth_expm1, v)
#define LOG(v) SMOOTH(log, smooth_log, v)
#define TANH(v) SMOOTH(tanh, smooth_tanh, v)
#define ERF(v) SMOOTH(erf, smooth_erf, v)
#endif
