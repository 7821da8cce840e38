/* Operators of any number of values, broadcast against each other: Max, Mean, Min, Sum. */
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/walk.h"

/* A NaN of either side is the result. */
#define ON_FLOATING(X, D, T)                      \
    X(Max, D, T, T, ((v > w) | (v != v)) ? v : w) \
    X(Min, D, T, T, ((v < w) | (v != v)) ? v : w) \
    X(Sum, D, T, T, v + w)                        \
    X(Expand, D, T, T, ((void)w, v))              \
    X(Over, D, T, T, v / w)
#define ON_WHOLE(X, D, T)            \
    X(Max, D, T, T, v > w ? v : w)   \
    X(Min, D, T, T, v < w ? v : w)   \
    X(Expand, D, T, T, ((void)w, v)) \
    X(Sum, D, T, T, WRAP(v, +, w))
ON_FLOATING(HOT_BINARY_LOOP, F32, float)
ON_FLOATING(HOT_BINARY_LOOP, F64, double)
ON_WHOLE(BINARY_LOOP, S64, int64_t)
ON_WHOLE(BINARY_LOOP, S32, int32_t)
ON_WHOLE(BINARY_LOOP, S16, int16_t)
ON_WHOLE(BINARY_LOOP, S8, int8_t)
ON_WHOLE(BINARY_LOOP, U64, uint64_t)
ON_WHOLE(BINARY_LOOP, U32, uint32_t)
ON_WHOLE(BINARY_LOOP, U16, uint16_t)
ON_WHOLE(BINARY_LOOP, U8, uint8_t)

/* y = in[0] stretched to y's shape: the second operand of the loop is not looked at. */
static gable_status start(struct call *c, struct value *y)
{
    static binary_loop *const expand[DTYPE_N] = {NUMBERS(Expand)};
    return loops_join(c, expand[y->dtype], c->in[0], y, y);
}

static gable_status fold(struct call *c, binary_loop *loop)
{
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
    if (c->n_in == 0) return call_refuse(c, "has no input");
    if (c->n_in == 1) {
        call_pass(c, 0, c->in[0]);
        return GABLE_OK;
    }
    gable_status s = walk_shape(c, c->n_in, c->in, &rank, dim);
    if (!s && !loop) s = loops_refuse_dtype(c, c->in[0]->dtype);
    if (!s) s = call_make(c, 0, c->in[0]->dtype, rank, dim);
    if (s) return s;
    if (c->n_in == 2) return loops_join(c, loop, c->in[0], c->in[1], c->out[0]);
    s = start(c, c->out[0]);
    for (int i = 1; i < c->n_in && !s; i++) s = loops_join(c, loop, c->out[0], c->in[i], c->out[0]);
    return s;
}

#define FOLDING(op)                                                       \
    static gable_status run_##op(struct call *c)                          \
    {                                                                     \
        static binary_loop *const loops[DTYPE_N] = {NUMBERS(op)};         \
        return fold(c, loops[c->n_in > 0 ? c->in[0]->dtype : DTYPE_F32]); \
    }
FOLDING(Max)
FOLDING(Min)
FOLDING(Sum)

static gable_status run_Mean(struct call *c)
{
    static binary_loop *const add[DTYPE_N] = {FLOATS(Sum)}, *const divide[DTYPE_N] = {FLOATS(Over)};
    enum dtype d = c->n_in > 0 ? c->in[0]->dtype : DTYPE_F32;
    gable_status s = fold(c, add[d]);
    if (s || c->n_in == 1) return s;
    float f = (float)c->n_in;
    double g = (double)c->n_in;
    struct value n = {.kind = VALUE_TENSOR, .dtype = d, .n = 1, .data = d == DTYPE_F32 ? (void *)&f : (void *)&g};
    return loops_join(c, divide[d], c->out[0], &n, c->out[0]);
}

#define ELEMENT(op)                                                             \
    static bool element_##op(const struct call *c, struct element *e)           \
    {                                                                           \
        *e = (struct element){.binary = op##_F32};                              \
        return c->n_in == 2 && c->opset >= 8; /* older ones do not broadcast */ \
    }
ELEMENT(Max)
ELEMENT(Min)
ELEMENT(Sum)

#define ROW(name) {.op = #name, .domain = "", .run = run_##name, .in_f32 = true, .element = element_##name},
const struct kernel kernels_variadic[] = {
    ROW(Max) ROW(Min) ROW(Sum){.op = "Mean", .domain = "", .run = run_Mean, .in_f32 = true}, {0}};
