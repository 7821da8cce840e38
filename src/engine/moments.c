#include "engine/moments.h"

#include <float.h>
#include <math.h>
#include <string.h>

double moments_variance(struct moments m)
{
    double variance = m.second - m.mean * m.mean, least = 1e-3 * m.second;
    if (variance < least) variance = least;
    return variance > 0 ? variance : 1;
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double clip(double x, double low, double high) { return x < low ? low : x > high ? high : x; }
static double constant(const struct node *n, int i, double fallback)
{
    return n->n_in > i && n->in[i]->reals ? n->in[i]->reals[0] : fallback;
}
/* The node's function of one number; false where it is none. */
static bool bend(const struct node *n, double x, double *y)
{
    const char *op = n->op_type;
    if (!strcmp(op, "Relu"))
        *y = x > 0 ? x : 0;
    else if (!strcmp(op, "Clip"))
        *y = clip(x, constant(n, 1, -DBL_MAX), constant(n, 2, DBL_MAX));
    else if (!strcmp(op, "Sigmoid"))
        *y = sigmoid(x);
    else if (!strcmp(op, "HardSigmoid"))
        *y = clip(node_float(n, "alpha", 0.2) * x + node_float(n, "beta", 0.5), 0, 1);
    else if (!strcmp(op, "HardSwish"))
        *y = x * clip(x / 6 + 0.5, 0, 1);
    else if (!strcmp(op, "Swish"))
        *y = x * sigmoid(node_float(n, "alpha", 1) * x);
    else if (!strcmp(op, "Gelu"))
        *y = x / 2 * (1 + erf(x / sqrt(2)));
    else
        return false;
    return true;
}

/* Over a normal distribution by the trapezoid rule on +-6 deviations; `largest_of`: of that many independent draws. */
static struct moments expect(const struct node *n, struct moments x, double largest_of)
{
    enum { STEPS = 480 };
    double deviation = sqrt(moments_variance(x)), mass = 0, first = 0, second = 0;
    for (int i = 0; i <= STEPS; i++) {
        double z = -6 + 12.0 * i / STEPS, v = x.mean + deviation * z, y = v;
        double weight = exp(-z * z / 2) * pow(0.5 * erfc(-z / sqrt(2)), largest_of - 1);
        bend(n, v, &y);
        mass += weight;
        first += weight * y;
        second += weight * y * y;
    }
    return (struct moments){first / mass, second / mass};
}

/* A mean over n values keeps the mean; a tenth of the variance lies between channels and images and stays. */
static struct moments averaged(struct moments x, double n)
{
    double variance = moments_variance(x), share = 1 / n > 0.1 ? 1 / n : 0.1;
    return (struct moments){x.mean, x.mean * x.mean + share * variance};
}
static double taps(const struct node *n)
{
    double all = (double)tensor_elements(n->in[0]) / (double)tensor_elements(n->out[0]);
    if (!node_attribute(n, "kernel_shape")) return all;
    return (double)node_int_at(n, "kernel_shape", 0, 1) * (double)node_int_at(n, "kernel_shape", 1, 1);
}
static struct moments joined(const struct node *n, const struct moments *moments)
{
    struct moments all = {0, 0};
    double elements = (double)tensor_elements(n->out[0]);
    for (int i = 0; i < n->n_in; i++) {
        double share = (double)tensor_elements(n->in[i]) / elements;
        all.mean += share * moments[n->in[i]->index].mean;
        all.second += share * moments[n->in[i]->index].second;
    }
    return all;
}

void moments_of_node(const struct node *n, struct moments *moments)
{
    if (n->n_in == 0) return;
    struct moments x = moments[n->in[0]->index], y = x;
    struct moments z = n->n_in > 1 ? moments[n->in[1]->index] : x;
    double ignored;
    if (bend(n, 0, &ignored))
        y = expect(n, x, 1);
    else if (!strcmp(n->op_type, "Add"))
        y = (struct moments){x.mean + z.mean, x.second + z.second + 2 * x.mean * z.mean};
    else if (!strcmp(n->op_type, "Mul"))
        y = (struct moments){x.mean * z.mean, x.second * z.second};
    else if (!strcmp(n->op_type, "Concat"))
        y = joined(n, moments);
    else if (!strcmp(n->op_type, "MaxPool"))
        y = expect(n, x, taps(n));
    else if (strstr(n->op_type, "AveragePool") || !strcmp(n->op_type, "ReduceMean"))
        y = averaged(x, taps(n));
    for (int i = 0; i < n->n_out; i++) moments[n->out[i]->index] = y;
}
