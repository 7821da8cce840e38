#include "engine/general/kernels/rows.h"

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

/* clang-format off */
#define ROWS(X) /* from, its C type, to, its C type, the value at v */ \
    X(F16, uint16_t, F32, float, float_of_half(v)) \
    X(F32, float, F16, uint16_t, half_of_float(v)) \
    X(BF16, uint16_t, F32, float, real((uint32_t)v << 16)) \
    X(F32, float, BF16, uint16_t, bfloat_of_float(v)) \
    X(U8, uint8_t, F32, float, v) \
    X(S8, int8_t, F32, float, v) \
    X(BOOL, uint8_t, F32, float, v) \
    X(S32, int32_t, F32, float, v) \
    X(S64, int64_t, F32, float, v) \
    X(F64, double, F32, float, v) \
    X(F32, float, F64, double, v) \
    X(F32, float, BOOL, uint8_t, v != 0) \
    X(S64, int64_t, BOOL, uint8_t, v != 0) \
    X(BOOL, uint8_t, S64, int64_t, v) \
    X(S32, int32_t, S64, int64_t, v) \
    X(S64, int64_t, S32, int32_t, v)
/* clang-format on */
#define ROW(from_name, from_type, to_name, to_type, expression)                     \
    HOT static void from_name##_to_##to_name(const void *from, void *to, int64_t n) \
    {                                                                               \
        const from_type *x = from;                                                  \
        to_type *y = to;                                                            \
        EACH (i, n) {                                                               \
            const from_type v = x[i];                                               \
            y[i] = (to_type)(expression);                                           \
        }                                                                           \
    }
ROWS(ROW)

convert_row *rows_between(enum dtype from, enum dtype to)
{
#define AT(from_name, from_type, to_name, to_type, expression) \
    [DTYPE_##from_name][DTYPE_##to_name] = from_name##_to_##to_name,
    static convert_row *const rows[DTYPE_N][DTYPE_N] = {ROWS(AT)};
    return rows[from][to];
}
