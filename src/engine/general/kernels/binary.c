/* Operators of two values, broadcast against each other: arithmetic, comparison, logic, bits. */
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/walk.h"

#include <string.h>
#include <tgmath.h>

/* Dividing whole numbers by 0 gives 0. */
static inline int64_t floor_mod(int64_t v, int64_t w)
{
    int64_t r = w == 0 || w == -1 ? 0 : v % w;
    return r != 0 && (r < 0) != (w < 0) ? r + w : r;
}

/* clang-format off */
#define ON_FLOATING(X, D, T) \
    X(Add, D, T, T, v + w) \
    X(Sub, D, T, T, v - w) \
    X(Mul, D, T, T, v * w) \
    X(Div, D, T, T, v / w) \
    X(PRelu, D, T, T, v < 0 ? v * w : v) \
    X(Rest, D, T, T, fmod(v, w)) \
    ON_ORDERED(X, D, T)
#define ON_SIGNED(X, D, T) \
    ON_WHOLE(X, D, T) \
    X(Div, D, T, T, w == 0 ? 0 : w == -1 ? WRAP(0, -, v) : (uint64_t)(v / w)) \
    X(Mod, D, T, T, floor_mod(v, w)) \
    X(Rest, D, T, T, w == 0 || w == -1 ? 0 : v % w)
#define ON_UNSIGNED(X, D, T) \
    ON_WHOLE(X, D, T) \
    X(Div, D, T, T, w == 0 ? 0 : v / w) \
    X(Mod, D, T, T, w == 0 ? 0 : v % w) \
    X(ShiftLeft, D, T, T, w >= 8 * sizeof(T) ? 0 : (uint64_t)v << w) \
    X(ShiftRight, D, T, T, w >= 8 * sizeof(T) ? 0 : v >> w) \
    X(BitwiseAnd, D, T, T, v & w) \
    X(BitwiseOr, D, T, T, v | w) \
    X(BitwiseXor, D, T, T, v ^ w)
#define ON_WHOLE(X, D, T) \
    X(Add, D, T, T, WRAP(v, +, w)) \
    X(Sub, D, T, T, WRAP(v, -, w)) \
    X(Mul, D, T, T, WRAP(v, *, w)) \
    X(PRelu, D, T, T, v < 1 ? WRAP(v, *, w) : (uint64_t)v) \
    ON_ORDERED(X, D, T)
#define ON_ORDERED(X, D, T) \
    X(Equal, D, T, uint8_t, v == w) \
    X(Less, D, T, uint8_t, v < w) \
    X(LessOrEqual, D, T, uint8_t, v <= w) \
    X(Greater, D, T, uint8_t, v > w) \
    X(GreaterOrEqual, D, T, uint8_t, v >= w)
/* clang-format on */

ON_FLOATING(HOT_BINARY_LOOP, F32, float)
ON_FLOATING(HOT_BINARY_LOOP, F64, double)
ON_SIGNED(BINARY_LOOP, S64, int64_t)
ON_SIGNED(BINARY_LOOP, S32, int32_t)
ON_SIGNED(BINARY_LOOP, S16, int16_t)
ON_SIGNED(BINARY_LOOP, S8, int8_t)
ON_UNSIGNED(BINARY_LOOP, U64, uint64_t)
ON_UNSIGNED(BINARY_LOOP, U32, uint32_t)
ON_UNSIGNED(BINARY_LOOP, U16, uint16_t)
ON_UNSIGNED(BINARY_LOOP, U8, uint8_t)
BINARY_LOOP(And, BOOL, uint8_t, uint8_t, v &&w)
BINARY_LOOP(Or, BOOL, uint8_t, uint8_t, v || w)
BINARY_LOOP(Xor, BOOL, uint8_t, uint8_t, !v != !w)
BINARY_LOOP(Equal, BOOL, uint8_t, uint8_t, !v == !w)

#define TABLE(op, ...) static binary_loop *const loops_##op[DTYPE_N] = {__VA_ARGS__};

/* Output 0 of two inputs' joint shape; is_test: of truth values. */
static gable_status join(struct call *c, binary_loop *loop, bool is_test)
{
    const struct value *a = c->in[0], *b = c->in[1];
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
    gable_status s = walk_shape(c, 2, c->in, &rank, dim);
    if (!s && !loop) s = loops_refuse_dtype(c, a->dtype);
    if (!s) s = call_make(c, 0, is_test ? DTYPE_BOOL : a->dtype, rank, dim);
    return s ? s : loops_join(c, loop, a, b, c->out[0]);
}
#define JOINING(op, is_test, ...) \
    TABLE(op, __VA_ARGS__)        \
    static gable_status run_##op(struct call *c) { return join(c, loops_##op[c->in[0]->dtype], is_test); }
JOINING(Add, false, NUMBERS(Add))
JOINING(Sub, false, NUMBERS(Sub))
JOINING(Mul, false, NUMBERS(Mul))
JOINING(Div, false, NUMBERS(Div))
TABLE(PRelu, NUMBERS(PRelu))
JOINING(And, false, AT(And, BOOL))
JOINING(Or, false, AT(Or, BOOL))
JOINING(Xor, false, AT(Xor, BOOL))
JOINING(BitwiseAnd, false, BITS(BitwiseAnd))
JOINING(BitwiseOr, false, BITS(BitwiseOr))
JOINING(BitwiseXor, false, BITS(BitwiseXor))
JOINING(Equal, true, NUMBERS(Equal), AT(Equal, BOOL))
JOINING(Less, true, NUMBERS(Less))
JOINING(LessOrEqual, true, NUMBERS(LessOrEqual))
JOINING(Greater, true, NUMBERS(Greater))
JOINING(GreaterOrEqual, true, NUMBERS(GreaterOrEqual))

#define ELEMENT(op)                                                   \
    static bool element_##op(const struct call *c, struct element *e) \
    {                                                                 \
        *e = (struct element){.binary = op##_F32};                    \
        return c->opset >= 7; /* older ones broadcast otherwise */    \
    }
ELEMENT(Add)
ELEMENT(Sub)
ELEMENT(Mul)
ELEMENT(Div)
ELEMENT(PRelu)

/* Before opset 7 a row of slopes belongs to the channels, the second axis. */
static gable_status run_PRelu(struct call *c)
{
    const struct value *x = c->in[0], *slope = c->in[1];
    struct value seen = *slope;
    const struct value *const in[] = {x, &seen};
    if (c->opset < 7 && slope->rank == 1 && x->rank > 2 && slope->n == x->dim[1]) {
        seen.rank = x->rank - 1;
        for (int i = 1; i < seen.rank; i++) seen.dim[i] = 1;
        c->in = in;
    }
    return join(c, loops_PRelu[x->dtype], false);
}

static gable_status run_Mod(struct call *c)
{
    static binary_loop *const by_divisor[DTYPE_N] = {INTS(Mod), UINTS(Mod)};
    static binary_loop *const by_dividend[DTYPE_N] = {FLOATS(Rest), INTS(Rest), UINTS(Mod)};
    enum dtype d = c->in[0]->dtype;
    if (node_int(c->node, "fmod", 0)) return join(c, by_dividend[d], false);
    if (d == DTYPE_F32 || d == DTYPE_F64) return call_refuse(c, "the remainder of real numbers needs fmod = 1");
    return join(c, by_divisor[d], false);
}

static gable_status run_BitShift(struct call *c)
{
    static binary_loop *const left[DTYPE_N] = {UINTS(ShiftLeft)}, *const right[DTYPE_N] = {UINTS(ShiftRight)};
    const struct attribute *way = node_attribute(c->node, "direction");
    if (!way || !way->s || (strcmp(way->s, "LEFT") != 0 && strcmp(way->s, "RIGHT") != 0))
        return call_refuse(c, "direction must be LEFT or RIGHT");
    return join(c, (way->s[0] == 'L' ? left : right)[c->in[0]->dtype], false);
}

#define ROW(name) {.op = #name, .domain = "", .run = run_##name, .in_f32 = true},
#define ELEMENT_ROW(name) {.op = #name, .domain = "", .run = run_##name, .in_f32 = true, .element = element_##name},
const struct kernel kernels_binary[] = {ELEMENT_ROW(Add) ELEMENT_ROW(Sub) ELEMENT_ROW(Mul) ELEMENT_ROW(Div)
                                            ELEMENT_ROW(PRelu) ROW(And) ROW(Or) ROW(Xor) ROW(BitwiseAnd) ROW(BitwiseOr)
                                                ROW(BitwiseXor) ROW(Equal) ROW(Less) ROW(LessOrEqual) ROW(Greater)
                                                    ROW(GreaterOrEqual) ROW(Mod) ROW(BitShift){0}};
