/* Functions of one value. Each row's slope is a few operators of x, or of y. */
#include "gradient/back.h"

#include <math.h>

#define X back_x(b, 0)
#define Y b->n->out[0]
#define DY b->dy[0]
#define REAL(value) back_real(b, value)
#define ONE(op, t) MAKE(b, op, t)
#define TWO(op, t, u) MAKE(b, op, t, u)
#define SQUARE(t) TWO("Mul", t, t)

/* clang-format off */
#define UNARY(ROW) /* ONNX name, the gradient of x, in words */ \
    ROW(Neg, ONE("Neg", DY), "-dy") \
    ROW(Abs, TWO("Mul", DY, ONE("Sign", X)), "dy sign x") \
    ROW(Exp, TWO("Mul", DY, Y), "dy y") \
    ROW(Log, TWO("Div", DY, X), "dy / x") \
    ROW(Sqrt, TWO("Div", back_scaled(b, DY, 0.5), Y), "dy / 2y") \
    ROW(Reciprocal, ONE("Neg", TWO("Mul", DY, SQUARE(Y))), "-dy y y") \
    ROW(Erf, TWO("Mul", DY, back_scaled(b, ONE("Exp", ONE("Neg", SQUARE(X))), 2 / sqrt(acos(-1)))), \
        "dy 2 / root(pi) exp(-x x)") \
    ROW(Sin, TWO("Mul", DY, ONE("Cos", X)), "dy cos x") \
    ROW(Cos, ONE("Neg", TWO("Mul", DY, ONE("Sin", X))), "-dy sin x") \
    ROW(Tan, TWO("Mul", DY, back_plus(b, SQUARE(Y), 1)), "dy (1 + y y)") \
    ROW(Asin, TWO("Div", DY, ONE("Sqrt", TWO("Sub", REAL(1), SQUARE(X)))), "dy / root(1 - x x)") \
    ROW(Acos, ONE("Neg", TWO("Div", DY, ONE("Sqrt", TWO("Sub", REAL(1), SQUARE(X))))), "-dy / root(1 - x x)") \
    ROW(Atan, TWO("Div", DY, back_plus(b, SQUARE(X), 1)), "dy / (1 + x x)") \
    ROW(Sinh, TWO("Mul", DY, ONE("Cosh", X)), "dy cosh x") \
    ROW(Cosh, TWO("Mul", DY, ONE("Sinh", X)), "dy sinh x") \
    ROW(Asinh, TWO("Div", DY, ONE("Sqrt", back_plus(b, SQUARE(X), 1))), "dy / root(x x + 1)") \
    ROW(Acosh, TWO("Div", DY, ONE("Sqrt", back_plus(b, SQUARE(X), -1))), "dy / root(x x - 1)") \
    ROW(Atanh, TWO("Div", DY, TWO("Sub", REAL(1), SQUARE(X))), "dy / (1 - x x)") \
    ROW(Sigmoid, TWO("Mul", DY, TWO("Mul", Y, TWO("Sub", REAL(1), Y))), "dy y (1 - y)") \
    ROW(Tanh, TWO("Mul", DY, TWO("Sub", REAL(1), SQUARE(Y))), "dy (1 - y y)") \
    ROW(Softplus, TWO("Mul", DY, ONE("Sigmoid", X)), "dy sigmoid x") \
    ROW(Softsign, TWO("Div", DY, SQUARE(back_plus(b, ONE("Abs", X), 1))), "dy / (1 + |x|)^2")
/* clang-format on */

#define FUNCTION(op, gradient, how) \
    static void back_##op(struct back *b) { b->dx[0] = gradient; }
UNARY(FUNCTION)

#define TABLE_ROW(op, gradient, how) {#op, DOMAIN_ONNX, .back = back_##op, .words = how},
const struct gradient_rule rules_unary[] = {UNARY(TABLE_ROW){0}};
