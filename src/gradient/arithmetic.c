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

const struct gradient_rule rules_arithmetic[] = {
    {"Add", DOMAIN_ONNX, .back = back_add, .words = "dy to both"},
    {"Sub", DOMAIN_ONNX, .back = back_sub, .words = "dy; -dy"},
    {"Mul", DOMAIN_ONNX, .back = back_mul, .words = "dy times the other"},
    {"Div", DOMAIN_ONNX, .back = back_div, .words = "dy / b; -dy y / b"},
    {"Sum", DOMAIN_ONNX, .back = back_add, .words = "dy to each"},
    {0},
};
