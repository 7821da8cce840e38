/* Pow: a base of any type to an exponent of any other; the result is of the base's type. */
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/walk.h"

#include <math.h>

/* Exponents that are multiplications or a root are computed so; half of what models raise to is 2. */
#define REAL_POWER(D, T, power, root)                                                                                \
    HOT BINARY_LOOP(Square, D, T, T, ((void)w, v * v)) HOT BINARY_LOOP(Cube, D, T, T, ((void)w, v * v * v)) HOT      \
    BINARY_LOOP(Root, D, T, T, ((void)w, root(v + 0))) BINARY_LOOP(Power, D, T, T, power(v, w)) static void Pow_##D( \
        const void *a, const void *b, void *y, int64_t n, enum operands which)                                       \
    {                                                                                                                \
        T w = *(const T *)b;                                                                                         \
        bool is_one = which == OPERANDS_ONE_SECOND;                                                                  \
        if (is_one && w == 2)                                                                                        \
            Square_##D(a, b, y, n, which);                                                                           \
        else if (is_one && w == 3)                                                                                   \
            Cube_##D(a, b, y, n, which);                                                                             \
        else if (is_one && w == (T)0.5)                                                                              \
            Root_##D(a, b, y, n, which);                                                                             \
        else                                                                                                         \
            Power_##D(a, b, y, n, which);                                                                            \
    }
REAL_POWER(F32, float, powf, sqrtf)
REAL_POWER(F64, double, pow, sqrt)

/* Below 0 what is left of the fraction: 1 and -1 keep their size, 0 has none. */
static int64_t whole_power(int64_t v, int64_t w)
{
    uint64_t result = 1, base = (uint64_t)v;
    if (w < 0) return v == 1 ? 1 : v == -1 ? (w % 2 ? -1 : 1) : 0;
    for (; w > 0; w >>= 1, base *= base)
        if (w & 1) result *= base;
    return (int64_t)result;
}
BINARY_LOOP(Pow, S64, int64_t, int64_t, whole_power(v, w))

static bool is_real(enum dtype d) { return d == DTYPE_F32 || d == DTYPE_F64; }

static gable_status as(struct call *c, const struct value *v, enum dtype d, struct value *out)
{
    *out = *v;
    if (v->dtype == d) return GABLE_OK;
    gable_status s = call_temporary(c, d, v->rank, v->dim, out);
    if (!s) value_convert(v, out);
    return s;
}

/* Reals are computed in the base's type, whole numbers in 64 bits, a whole number to a real in double. */
static gable_status run_Pow(struct call *c)
{
    static binary_loop *const loops[DTYPE_N] = {FLOATS(Pow), AT(Pow, S64)};
    const struct value *base = c->in[0], *exponent = c->in[1];
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
    struct value a, b, y;
    if (base->dtype == DTYPE_STRING || exponent->dtype == DTYPE_STRING) return loops_refuse_dtype(c, DTYPE_STRING);
    enum dtype d = is_real(base->dtype) ? base->dtype : is_real(exponent->dtype) ? DTYPE_F64 : DTYPE_S64;
    gable_status s = walk_shape(c, 2, c->in, &rank, dim);
    if (!s) s = call_make(c, 0, base->dtype, rank, dim);
    if (!s) s = as(c, base, d, &a);
    if (!s) s = as(c, exponent, d, &b);
    if (s || base->dtype == d) return s ? s : loops_join(c, loops[d], &a, &b, c->out[0]);
    s = call_temporary(c, d, rank, dim, &y);
    if (!s) s = loops_join(c, loops[d], &a, &b, &y);
    if (!s) value_convert(&y, c->out[0]);
    return s;
}

static bool element_pow(const struct call *c, struct element *e)
{
    *e = (struct element){.binary = Pow_F32};
    return c->opset >= 7;
}

const struct kernel kernels_power[] = {
    {.op = "Pow", .domain = "", .run = run_Pow, .in_f32 = true, .element = element_pow}, {0}};
