/* Numbers of one type into another, as ONNX's Cast has them: reals to integers truncate, integers wrap, anything but
   zero is true. Half and bfloat round to the nearest, ties to even. */
#include "engine/general/kernels/rows.h"
#include "engine/general/value.h"

#include <string.h>

enum { PIECE = 256 };

static uint32_t bits_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}
static float float_of(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, rest = h & 0x7fffu;
    if (rest >= 0x7c00u) return float_of(sign | 0x7f800000u | (rest & 0x3ffu) << 13);
    if (rest >= 0x400u) return float_of(sign | ((rest << 13) + (112u << 23)));
    return float_of(sign | bits_of((float)rest * 0x1p-24f));
}

uint16_t half_from_float(float f)
{
    uint32_t u = bits_of(f), sign = u >> 16 & 0x8000u, rest = u & 0x7fffffffu;
    if (rest > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (rest >> 13 & 0x1ffu));
    if (rest >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and more */
    if (rest < 0x38800000u) /* below 2^-14: adding a half aligns its last bit with that of the sum */
        return (uint16_t)(sign | (bits_of(float_of(rest) + 0.5f) - bits_of(0.5f)));
    rest += 0xfffu + (rest >> 13 & 1u);
    return (uint16_t)(sign | (rest - (112u << 23)) >> 13);
}

float bfloat_to_float(uint16_t h) { return float_of((uint32_t)h << 16); }

uint16_t bfloat_from_float(float f)
{
    uint32_t u = bits_of(f);
    if ((u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(u >> 16 | 0x40u);
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

/* Rounded to odd, so that rounding once more to a shorter type gives what one rounding would have given. */
static float odd_float(double d)
{
    float f = (float)d;
    if (d != d || (double)f == d || (bits_of(f) & 0x7fffffffu) == 0x7f800000u) return f;
    bool is_beyond = (d > 0) == ((double)f > d);
    uint32_t u = bits_of(f);
    return float_of((u - is_beyond) | 1u);
}

/* What processors do with a real that no integer is near: the smallest integer. */
static const double two_to_63 = 9223372036854775808.0, two_to_64 = 18446744073709551616.0;
static int64_t int_of(double d) { return d >= -two_to_63 && d < two_to_63 ? (int64_t)d : INT64_MIN; }
static uint64_t uint_of(double d)
{
    return d >= two_to_63 && d < two_to_64 ? (uint64_t)(d - two_to_63) + (UINT64_C(1) << 63) : (uint64_t)int_of(d);
}

static bool is_real(enum dtype d) { return d == DTYPE_F64 || d == DTYPE_F32 || d == DTYPE_F16 || d == DTYPE_BF16; }

/* Pieces pass through the widest type of their kind: double for reals, 64 bits for integers (signed or not, the bits
   are the same). */
static void read_reals(const struct value *v, int64_t first, int64_t n, double *out)
{
    const uint16_t *half = (const uint16_t *)v->data + first;
    switch (v->dtype) {
    case DTYPE_F64: memcpy(out, (const double *)v->data + first, (size_t)n * sizeof *out); break;
    case DTYPE_F32:
        for (int64_t i = 0; i < n; i++) out[i] = (double)((const float *)v->data)[first + i];
        break;
    case DTYPE_F16:
        for (int64_t i = 0; i < n; i++) out[i] = (double)half_to_float(half[i]);
        break;
    default:
        for (int64_t i = 0; i < n; i++) out[i] = (double)bfloat_to_float(half[i]);
    }
}

#define READ(name, type)                                                                      \
    case DTYPE_##name:                                                                        \
        for (int64_t i = 0; i < n; i++) out[i] = (int64_t)((const type *)v->data)[first + i]; \
        break;
static void read_ints(const struct value *v, int64_t first, int64_t n, int64_t *out)
{
    switch (v->dtype) {
        READ(S64, int64_t)
        READ(S32, int32_t)
        READ(S16, int16_t)
        READ(S8, int8_t)
        READ(S4, int8_t)
        READ(U64, uint64_t)
        READ(U32, uint32_t)
        READ(U16, uint16_t)
        READ(U8, uint8_t)
        READ(BOOL, uint8_t)
    default: memset(out, 0, (size_t)n * sizeof *out);
    }
}

static void write_reals(struct value *v, int64_t first, int64_t n, const double *in)
{
    uint16_t *half = (uint16_t *)v->data + first;
    switch (v->dtype) {
    case DTYPE_F64: memcpy((double *)v->data + first, in, (size_t)n * sizeof *in); break;
    case DTYPE_F32:
        for (int64_t i = 0; i < n; i++) ((float *)v->data)[first + i] = (float)in[i];
        break;
    case DTYPE_F16:
        for (int64_t i = 0; i < n; i++) half[i] = half_from_float(odd_float(in[i]));
        break;
    default:
        for (int64_t i = 0; i < n; i++) half[i] = bfloat_from_float(odd_float(in[i]));
    }
}

#define WRITE(name, type)                                                           \
    case DTYPE_##name:                                                              \
        for (int64_t i = 0; i < n; i++) ((type *)v->data)[first + i] = (type)in[i]; \
        break;
static void write_ints(struct value *v, int64_t first, int64_t n, const int64_t *in)
{
    switch (v->dtype) {
        WRITE(S64, int64_t)
        WRITE(S32, int32_t)
        WRITE(S16, int16_t)
        WRITE(S8, int8_t)
        WRITE(U64, uint64_t)
        WRITE(U32, uint32_t)
        WRITE(U16, uint16_t)
        WRITE(U8, uint8_t)
    case DTYPE_S4:
        for (int64_t i = 0; i < n; i++) ((int8_t *)v->data)[first + i] = (int8_t)((((in[i] & 15) ^ 8) - 8));
        break;
    case DTYPE_BOOL:
        for (int64_t i = 0; i < n; i++) ((uint8_t *)v->data)[first + i] = in[i] != 0;
        break;
    default: break;
    }
}

static void ints_of_reals(enum dtype to, int64_t n, const double *in, int64_t *out)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = to == DTYPE_BOOL ? in[i] != 0 : to == DTYPE_U64 ? (int64_t)uint_of(in[i]) : int_of(in[i]);
}

static void convert_piece(const struct value *from, struct value *to, int64_t first, int64_t n)
{
    double reals[PIECE];
    int64_t ints[PIECE];
    if (is_real(from->dtype)) {
        read_reals(from, first, n, reals);
        if (is_real(to->dtype)) {
            write_reals(to, first, n, reals);
            return;
        }
        ints_of_reals(to->dtype, n, reals, ints);
    } else {
        read_ints(from, first, n, ints);
    }
    if (!is_real(to->dtype)) {
        write_ints(to, first, n, ints);
        return;
    }
    for (int64_t i = 0; i < n; i++) reals[i] = from->dtype == DTYPE_U64 ? (double)(uint64_t)ints[i] : (double)ints[i];
    write_reals(to, first, n, reals);
}

void value_convert_range(const struct value *from, struct value *to, int64_t first, int64_t end)
{
    if (from->dtype == to->dtype) {
        size_t size = value_element_bytes(to->dtype);
        memcpy((char *)to->data + (size_t)first * size, (const char *)from->data + (size_t)first * size,
               (size_t)(end - first) * size);
        return;
    }
    convert_row *row = rows_between(from->dtype, to->dtype);
    if (row) {
        row((const char *)from->data + (size_t)first * value_element_bytes(from->dtype),
            (char *)to->data + (size_t)first * value_element_bytes(to->dtype), end - first);
        return;
    }
    for (int64_t at = first; at < end; at += PIECE) convert_piece(from, to, at, end - at < PIECE ? end - at : PIECE);
}

void value_convert(const struct value *from, struct value *to) { value_convert_range(from, to, 0, to->n); }

double value_real(const struct value *v, int64_t i)
{
    double real = 0;
    int64_t whole = 0;
    if (is_real(v->dtype)) {
        read_reals(v, i, 1, &real);
        return real;
    }
    read_ints(v, i, 1, &whole);
    return v->dtype == DTYPE_U64 ? (double)(uint64_t)whole : (double)whole;
}

int64_t value_int(const struct value *v, int64_t i)
{
    int64_t whole = 0;
    double real;
    if (!is_real(v->dtype)) {
        read_ints(v, i, 1, &whole);
        return whole;
    }
    read_reals(v, i, 1, &real);
    return int_of(real);
}
