/* Arithmetic with two operands or more, broadcast against each other. */
#include "gradient/back.h"

/* The gradient of input i, summed over what was repeated. */
static void give(struct back *b, int i, term part)
{
    if (b->wants[i]) b->dx[i] = back_unbroadcast(b, part, &back_x(b, i)->shape);
}

static void back_add(struct back *b)
{
    for (int i = 0; i < b->n->n_in; i++) give(b, i, b->dy[0]);
}

static void back_mean(struct back *b)
{
    term each = back_scaled(b, b->dy[0], 1.0 / b->n->n_in);
    for (int i = 0; i < b->n->n_in; i++) give(b, i, each);
}

static void back_sub(struct back *b)
{
    give(b, 0, b->dy[0]);
    if (b->wants[1]) give(b, 1, MAKE(b, "Neg", b->dy[0]));
}

static void back_mul(struct back *b)
{
    for (int i = 0; i < 2; i++)
        if (b->wants[i]) give(b, i, MAKE(b, "Mul", b->dy[0], back_x(b, 1 - i)));
}

static void back_div(struct back *b)
{
    term by = MAKE(b, "Div", b->dy[0], back_x(b, 1));
    give(b, 0, by);
    if (b->wants[1]) give(b, 1, MAKE(b, "Neg", MAKE(b, "Mul", by, b->n->out[0])));
}

/* The exponent may be of another type. Where the base is not positive, no slope of the exponent is known: 0. */
static void back_pow(struct back *b)
{
    term x = back_x(b, 0), power = back_x(b, 1);
    if (power->dtype != b->dtype) power = back_as(b, power, b->dtype);
    if (b->wants[0]) {
        term slope = MAKE(b, "Mul", power, MAKE(b, "Pow", x, back_plus(b, power, -1)));
        give(b, 0, MAKE(b, "Mul", b->dy[0], slope));
    }
    if (!b->wants[1]) return;
    term is_positive = MAKE(b, "Greater", x, back_real(b, 0));
    term logarithm = MAKE(b, "Log", MAKE(b, "Where", is_positive, x, back_real(b, 1)));
    give(b, 1, MAKE(b, "Mul", b->dy[0], MAKE(b, "Mul", b->n->out[0], logarithm)));
}

/* a - b q: q is (a - y) / b, a whole number. */
static void back_mod(struct back *b)
{
    give(b, 0, b->dy[0]);
    if (!b->wants[1]) return;
    term q = MAKE(b, "Div", MAKE(b, "Sub", back_x(b, 0), b->n->out[0]), back_x(b, 1));
    give(b, 1, MAKE(b, "Neg", MAKE(b, "Mul", b->dy[0], MAKE(b, "Round", q))));
}

/* Equal extremes share. */
static void back_extreme(struct back *b)
{
    term is_it[SHAPE_RANK_MAX], how_many = NULL;
    if (b->n->n_in > SHAPE_RANK_MAX) {
        back_refuse(b, "more than %d inputs", SHAPE_RANK_MAX);
        return;
    }
    for (int i = 0; i < b->n->n_in; i++) {
        is_it[i] = back_as(b, MAKE(b, "Equal", back_x(b, i), b->n->out[0]), b->dtype);
        how_many = i ? MAKE(b, "Add", how_many, is_it[i]) : is_it[i];
    }
    term share = MAKE(b, "Div", b->dy[0], how_many);
    for (int i = 0; i < b->n->n_in; i++)
        if (b->wants[i]) give(b, i, MAKE(b, "Mul", is_it[i], share));
}

static void back_where(struct back *b)
{
    term is = back_x(b, 0), none = back_real(b, 0);
    if (b->wants[1]) give(b, 1, MAKE(b, "Where", is, b->dy[0], none));
    if (b->wants[2]) give(b, 2, MAKE(b, "Where", is, none, b->dy[0]));
}

static void back_cast(struct back *b) { b->dx[0] = back_as(b, b->dy[0], back_x(b, 0)->dtype); }

#define ROW(name, rule, how)                          \
    {                                                 \
        name, DOMAIN_ONNX, .back = rule, .words = how \
    }
const struct gradient_rule rules_arithmetic[] = {
    ROW("Add", back_add, "dy to both"),
    ROW("Sub", back_sub, "dy; -dy"),
    ROW("Mul", back_mul, "dy times the other"),
    ROW("Div", back_div, "dy / b; -dy y / b"),
    ROW("Pow", back_pow, "dy b a^(b - 1); dy y log a"),
    ROW("Mod", back_mod, "dy; -dy times the whole quotient"),
    ROW("Sum", back_add, "dy to each"),
    ROW("Mean", back_mean, "dy / n to each"),
    ROW("Max", back_extreme, "dy to the largest; equal ones share"),
    ROW("Min", back_extreme, "dy to the smallest; equal ones share"),
    ROW("Where", back_where, "dy where it was taken"),
    ROW("Cast", back_cast, "dy in the input's type"),
    ROW("CastLike", back_cast, "dy in the input's type"),
    {0},
};
