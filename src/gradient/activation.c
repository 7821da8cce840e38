/* Activations with a kink, or defined by simpler functions. */
#include "gradient/back.h"

#include <math.h>
#include <string.h>

static term is_above(struct back *b, term x, double bound) { return MAKE(b, "Greater", x, back_real(b, bound)); }

/* dy where it is, else what the other side gives. */
static void choose(struct back *b, term is, term other) { b->dx[0] = MAKE(b, "Where", is, b->dy[0], other); }

static void back_relu(struct back *b) { choose(b, is_above(b, b->n->out[0], 0), back_real(b, 0)); }

static void back_leaky(struct back *b)
{
    choose(b, is_above(b, back_x(b, 0), 0), back_scaled(b, b->dy[0], node_float(b->n, "alpha", 0.01)));
}

/* Below 0 the slope is y + alpha. */
static void back_elu(struct back *b)
{
    term slope = back_plus(b, b->n->out[0], node_float(b->n, "alpha", 1));
    choose(b, is_above(b, back_x(b, 0), 0), MAKE(b, "Mul", b->dy[0], slope));
}

static void back_selu(struct back *b)
{
    double alpha = node_float(b->n, "alpha", 1.67326319217681884765625);
    double gamma = node_float(b->n, "gamma", 1.05070102214813232421875);
    term below = back_plus(b, b->n->out[0], alpha * gamma);
    term slope = MAKE(b, "Where", is_above(b, back_x(b, 0), 0), back_real(b, gamma), below);
    b->dx[0] = MAKE(b, "Mul", b->dy[0], slope);
}

static void back_celu(struct back *b)
{
    term slope = MAKE(b, "Exp", back_scaled(b, back_x(b, 0), 1 / node_float(b->n, "alpha", 1)));
    choose(b, is_above(b, back_x(b, 0), 0), MAKE(b, "Mul", b->dy[0], slope));
}

static void back_thresholded(struct back *b)
{
    choose(b, is_above(b, back_x(b, 0), node_float(b->n, "alpha", 1)), back_real(b, 0));
}

static void back_shrink(struct back *b)
{
    choose(b, is_above(b, MAKE(b, "Abs", back_x(b, 0)), node_float(b->n, "lambd", 0.5)), back_real(b, 0));
}

static void back_hard_sigmoid(struct back *b)
{
    term y = b->n->out[0], is_inside = MAKE(b, "And", is_above(b, y, 0), MAKE(b, "Less", y, back_real(b, 1)));
    term slope = back_scaled(b, b->dy[0], node_float(b->n, "alpha", 0.2));
    b->dx[0] = MAKE(b, "Where", is_inside, slope, back_real(b, 0));
}

/* Bounds are inputs, in old opsets attributes; a value on a bound passes. */
static void back_clip(struct back *b)
{
    static const char *const names[] = {"min", "max"}, *const relations[] = {"GreaterOrEqual", "LessOrEqual"};
    term dx = b->dy[0];
    for (int i = 0; i < 2; i++) {
        const struct attribute *a = node_attribute(b->n, names[i]);
        term bound = back_has(b, 1 + i) ? back_x(b, 1 + i) : a ? back_real(b, a->f) : NULL;
        if (bound) dx = MAKE(b, "Where", MAKE(b, relations[i], back_x(b, 0), bound), dx, back_real(b, 0));
    }
    b->dx[0] = dx;
    if ((b->n->n_in > 1 && b->wants[1]) || (b->n->n_in > 2 && b->wants[2])) back_refuse(b, "bounds are not trained");
}

static void back_prelu(struct back *b)
{
    term x = back_x(b, 0), is_on = is_above(b, x, 0);
    if (b->wants[0]) choose(b, is_on, MAKE(b, "Mul", b->dy[0], back_x(b, 1)));
    if (!b->wants[1]) return;
    term below = MAKE(b, "Where", is_on, back_real(b, 0), MAKE(b, "Mul", b->dy[0], x));
    b->dx[1] = back_unbroadcast(b, below, &back_x(b, 1)->shape);
}

static void define_hard_swish(struct back *b, term *out)
{
    struct node *gate = back_node(b, "HardSigmoid", 1, (const term[]){back_x(b, 0)}, 1);
    if (gate) node_set_float(b->g, gate, "alpha", 1.0 / 6);
    out[0] = MAKE(b, "Mul", back_x(b, 0), back_infer(b, gate));
}

static void define_swish(struct back *b, term *out)
{
    term x = back_x(b, 0);
    out[0] = MAKE(b, "Mul", x, MAKE(b, "Sigmoid", back_scaled(b, x, node_float(b->n, "alpha", 1))));
}

static void define_mish(struct back *b, term *out)
{
    term x = back_x(b, 0);
    out[0] = MAKE(b, "Mul", x, MAKE(b, "Tanh", MAKE(b, "Softplus", x)));
}

/* x / 2 (1 + erf(x / root 2)), or with tanh of a cubic. */
static void define_gelu(struct back *b, term *out)
{
    const struct attribute *how = node_attribute(b->n, "approximate");
    term x = back_x(b, 0), half = back_scaled(b, x, 0.5), bell;
    if (how && how->s && !strcmp(how->s, "tanh")) {
        term cube = MAKE(b, "Mul", x, MAKE(b, "Mul", x, x)), sum = MAKE(b, "Add", x, back_scaled(b, cube, 0.044715));
        bell = MAKE(b, "Tanh", back_scaled(b, sum, sqrt(2 / acos(-1))));
    } else {
        bell = MAKE(b, "Erf", back_scaled(b, x, sqrt(0.5)));
    }
    out[0] = MAKE(b, "Mul", half, back_plus(b, bell, 1));
}

#define ROW(name, rule, how)                          \
    {                                                 \
        name, DOMAIN_ONNX, .back = rule, .words = how \
    }
#define DEFINED(name, rule, how)                        \
    {                                                   \
        name, DOMAIN_ONNX, .define = rule, .words = how \
    }
const struct gradient_rule rules_activation[] = {
    ROW("Relu", back_relu, "dy where y > 0"),
    ROW("LeakyRelu", back_leaky, "dy where x > 0, else alpha dy"),
    ROW("Elu", back_elu, "dy where x > 0, else dy (y + alpha)"),
    ROW("Selu", back_selu, "gamma dy where x > 0, else dy (y + alpha gamma)"),
    ROW("Celu", back_celu, "dy where x > 0, else dy exp(x / alpha)"),
    ROW("ThresholdedRelu", back_thresholded, "dy where x > alpha"),
    ROW("Shrink", back_shrink, "dy where |x| > lambd"),
    ROW("HardSigmoid", back_hard_sigmoid, "alpha dy where 0 < y < 1"),
    ROW("Clip", back_clip, "dy within the bounds"),
    ROW("PRelu", back_prelu, "dy where x > 0, else slope dy; x dy below 0"),
    DEFINED("HardSwish", define_hard_swish, "that of x HardSigmoid(x)"),
    DEFINED("Swish", define_swish, "that of x sigmoid(alpha x)"),
    DEFINED("Mish", define_mish, "that of x tanh(softplus x)"),
    DEFINED("Gelu", define_gelu, "that of x / 2 (1 + erf(x / root 2)), or its tanh form"),
    {0},
};
