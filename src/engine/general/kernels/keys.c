#include "engine/general/kernels/keys.h"

#include <string.h>

static const uint64_t top = UINT64_C(1) << 63;

/* Bits of reals grow with their size; those below zero turn round. */
static uint64_t key_of_real(double v)
{
    uint64_t bits;
    if (v != v) return UINT64_MAX;
    v += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &v, sizeof bits);
    return bits & top ? ~bits : bits | top;
}
static uint64_t key_of_whole(int64_t v) { return (uint64_t)v ^ top; }

#define READ(name, T, key_of)                                                                    \
    case DTYPE_##name:                                                                           \
        for (int64_t i = 0; i < n; i++) key[i] = key_of(((const T *)v->data)[first + i * step]); \
        break;
void keys_read(const struct value *v, int64_t first, int64_t n, int64_t step, uint64_t *key)
{
    switch (v->dtype) {
        READ(F64, double, key_of_real)
        READ(F32, float, (uint64_t)key_of_real)
        READ(S64, int64_t, key_of_whole)
        READ(S32, int32_t, key_of_whole)
    default:
        for (int64_t i = 0; i < n; i++) {
            int64_t at = first + i * step;
            bool is_half = v->dtype == DTYPE_F16 || v->dtype == DTYPE_BF16;
            bool is_natural = v->dtype == DTYPE_U64;
            key[i] = is_half      ? key_of_real(value_real(v, at))
                     : is_natural ? (uint64_t)value_int(v, at)
                                  : key_of_whole(value_int(v, at));
        }
    }
}
