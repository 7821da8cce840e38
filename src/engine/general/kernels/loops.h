/* Element-wise loops as tables: one entry per dtype, NULL where ONNX allows none. */
#ifndef ENGINE_GENERAL_KERNELS_LOOPS_H
#define ENGINE_GENERAL_KERNELS_LOOPS_H
#include "engine/general/kernel.h"
#include "engine/general/kernels/hot.h"

/* y[i] = f(x[i]); p are the operator's attributes */
typedef void unary_loop(const void *x, void *y, int64_t n, const double *p);
/* y[i] = f(a[i], b[i]); one of the two may be one value for all */
enum operands { OPERANDS_EACH, OPERANDS_ONE_SECOND, OPERANDS_ONE_FIRST };
typedef void binary_loop(const void *a, const void *b, void *y, int64_t n, enum operands which);

/* What a step of a chain does to floats: one of the two, in place or not. */
struct element {
    unary_loop *unary;
    binary_loop *binary;
    double p[2];
};

/* Output 0 is `from` mapped; its dtype is `to`. Refuses a NULL loop by the dtype's name. */
gable_status loops_map(struct call *c, unary_loop *loop, const struct value *from, enum dtype to, const double *p);
/* y = f(a, b), both stretched to the shape of y, which may be a. */
gable_status loops_join(struct call *c, binary_loop *loop, const struct value *a, const struct value *b,
                        struct value *y);
gable_status loops_refuse_dtype(struct call *c, enum dtype d);

/* Makes a binary_loop op_name of an expression in v and w, of type T, and R of the result. */
#define EACH_OPERANDS(p, q, statement) \
    EACH (i, n) {                      \
        const T v = p, w = q;          \
        y[i] = (R)(statement);         \
    }
#define BINARY_LOOP(op, name, type, result, expression)                                                       \
    static void op##_##name(const void *first, const void *second, void *out, int64_t n, enum operands which) \
    {                                                                                                         \
        typedef type T;                                                                                       \
        typedef result R;                                                                                     \
        const T *a = first, *b = second;                                                                      \
        R *y = out;                                                                                           \
        if (which == OPERANDS_EACH) {                                                                         \
            EACH_OPERANDS(a[i], b[i], expression)                                                             \
        } else if (which == OPERANDS_ONE_SECOND) {                                                            \
            const T one = b[0];                                                                               \
            EACH_OPERANDS(a[i], one, expression)                                                              \
        } else {                                                                                              \
            const T one = a[0];                                                                               \
            EACH_OPERANDS(one, b[i], expression)                                                              \
        }                                                                                                     \
    }

#define HOT_BINARY_LOOP(op, name, type, result, expression) HOT BINARY_LOOP(op, name, type, result, expression)
/* Sums and products of whole numbers wrap: of 64 bits without sign, then cut to the type. */
#define WRAP(v, op, w) ((uint64_t)(v)op(uint64_t)(w))

/* Tables: entries by dtype. Bits are the same with a sign and without. */
#define AT(op, name) [DTYPE_##name] = op##_##name
#define FLOATS(op) AT(op, F32), AT(op, F64)
#define INTS(op) AT(op, S64), AT(op, S32), AT(op, S16), AT(op, S8)
#define UINTS(op) AT(op, U64), AT(op, U32), AT(op, U16), AT(op, U8)
#define NUMBERS(op) FLOATS(op), INTS(op), UINTS(op)
#define BITS(op) UINTS(op), [DTYPE_S64] = op##_U64, [DTYPE_S32] = op##_U32, [DTYPE_S16] = op##_U16, [DTYPE_S8] = op##_U8
#endif
