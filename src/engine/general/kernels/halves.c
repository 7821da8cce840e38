#include "engine/general/kernels/halves.h"

#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/smooth.h"

static inline uint32_t bits(float f) { return (uint32_t)bits_of_float(f); }
static inline float real(uint32_t u) { return float_from_bits((int32_t)u); }

/* A half's exponent is moved from 15 to 127; infinities and NaNs once more; what is below 2^-14 counts steps of 2^-24.
 */
static inline float float_of_half(uint16_t h)
{
    const uint32_t moved = 112u << 23, tiny = 113u << 23, rest = (uint32_t)(h & 0x7fff) << 13;
    uint32_t u = rest + moved;
    u = rest >= 0x0f800000u ? u + moved : u;
    u = rest < 0x00800000u ? bits(real(rest + tiny) - real(tiny)) : u;
    return real(u | (uint32_t)(h & 0x8000) << 16);
}

/* From 65520 on infinity; below 2^-14 adding a half aligns the last bit with that of the sum. */
static inline uint16_t half_of_float(float f)
{
    const uint32_t u = bits(f), rest = u & 0x7fffffffu;
    uint32_t h = (rest + 0xfffu + (rest >> 13 & 1u) - (112u << 23)) >> 13;
    h = rest < 0x38800000u ? bits(real(rest) + 0.5f) - bits(0.5f) : h;
    h = rest >= 0x477ff000u ? 0x7c00u : h;
    h = rest > 0x7f800000u ? 0x7e00u | (rest >> 13 & 0x1ffu) : h;
    return (uint16_t)(h | (u >> 16 & 0x8000u));
}

static inline uint16_t bfloat_of_float(float f)
{
    const uint32_t u = bits(f), rounded = (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
    return (uint16_t)((u & 0x7fffffffu) > 0x7f800000u ? u >> 16 | 0x40u : rounded);
}

/* The loop is static: clang 14 names a cloned function of other files' reach so that they do not find it. */
#define ROW(name, from_type, to_type, expression)                         \
    static HOT void name##_row(const from_type *x, to_type *y, int64_t n) \
    {                                                                     \
        EACH (i, n) y[i] = expression;                                    \
    }                                                                     \
    void name(const void *from, void *to, int64_t n) { name##_row(from, to, n); }
ROW(halves_to_floats, uint16_t, float, float_of_half(x[i]))
ROW(halves_from_floats, float, uint16_t, half_of_float(x[i]))
ROW(bfloats_to_floats, uint16_t, float, real((uint32_t)x[i] << 16))
ROW(bfloats_from_floats, float, uint16_t, bfloat_of_float(x[i]))
