/* Activations: dy times the slope. */
#include "gradient/back.h"

static void give(struct back *b, term slope) { b->dx[0] = MAKE(b, "Mul", b->dy[0], slope); }

static void back_relu(struct back *b)
{
    term is_on = MAKE(b, "Greater", b->n->out[0], back_real(b, 0));
    b->dx[0] = MAKE(b, "Where", is_on, b->dy[0], back_real(b, 0));
}

/* y (1 - y) */
static void back_sigmoid(struct back *b)
{
    term y = b->n->out[0];
    give(b, MAKE(b, "Mul", y, MAKE(b, "Sub", back_real(b, 1), y)));
}

/* 1 - y y */
static void back_tanh(struct back *b)
{
    term y = b->n->out[0];
    give(b, MAKE(b, "Sub", back_real(b, 1), MAKE(b, "Mul", y, y)));
}

const struct gradient_rule rules_activation[] = {
    {"Relu", DOMAIN_ONNX, .back = back_relu, .words = "dy where y > 0"},
    {"Sigmoid", DOMAIN_ONNX, .back = back_sigmoid, .words = "dy y (1 - y)"},
    {"Tanh", DOMAIN_ONNX, .back = back_tanh, .words = "dy (1 - y y)"},
    {0},
};
