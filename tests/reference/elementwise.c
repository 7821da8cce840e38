#include "operators.h"

#include <math.h>
#include <string.h>

const char *reference_batch_norm(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *x = in[0].shape;
    int64_t size = (int64_t)shape_product(x, 2);
    double epsilon = node_float(n, "epsilon", 1e-5);
    for (int64_t plane = 0; plane < x->dim[0] * x->dim[1]; plane++) {
        int64_t c = plane % x->dim[1];
        double mean = operand_at(&in[3], c), deviation = sqrt(operand_at(&in[4], c) + epsilon);
        for (int64_t i = plane * size; i < (plane + 1) * size; i++)
            out[0][i] = (in[0].value[i] - mean) / deviation * operand_at(&in[1], c) + operand_at(&in[2], c);
    }
    return NULL;
}

#define FOR_EACH(i) for (int64_t i = 0, n_ = (int64_t)shape_product(in[0].shape, 0); i < n_; i++)

const char *reference_relu(const struct node *n, const struct operand *in, double *const *out)
{
    (void)n;
    FOR_EACH(i) out[0][i] = fmax(in[0].value[i], 0);
    return NULL;
}

const char *reference_clip(const struct node *n, const struct operand *in, double *const *out)
{
    double low = -INFINITY, high = INFINITY;
    if (n->n_in > 1 && in[1].shape) low = operand_at(&in[1], 0);
    if (n->n_in > 2 && in[2].shape) high = operand_at(&in[2], 0);
    FOR_EACH(i) out[0][i] = fmin(fmax(in[0].value[i], low), high);
    return NULL;
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

const char *reference_sigmoid(const struct node *n, const struct operand *in, double *const *out)
{
    (void)n;
    FOR_EACH(i) out[0][i] = sigmoid(in[0].value[i]);
    return NULL;
}

const char *reference_swish(const struct node *n, const struct operand *in, double *const *out)
{
    double alpha = node_float(n, "alpha", 1);
    FOR_EACH(i) out[0][i] = in[0].value[i] * sigmoid(alpha * in[0].value[i]);
    return NULL;
}

static double hard_sigmoid(double x, double alpha, double beta) { return fmax(0, fmin(1, alpha * x + beta)); }

const char *reference_hard_sigmoid(const struct node *n, const struct operand *in, double *const *out)
{
    double alpha = node_float(n, "alpha", 0.2), beta = node_float(n, "beta", 0.5);
    FOR_EACH(i) out[0][i] = hard_sigmoid(in[0].value[i], alpha, beta);
    return NULL;
}

const char *reference_hard_swish(const struct node *n, const struct operand *in, double *const *out)
{
    (void)n;
    FOR_EACH(i) out[0][i] = in[0].value[i] * hard_sigmoid(in[0].value[i], 1.0 / 6, 0.5);
    return NULL;
}

/* The element that an operand gives to output element i: dimensions are aligned at the last; those of 1 are repeated.
 */
static double broadcast(const struct operand *o, const struct shape *y, int64_t i)
{
    int64_t at = 0, step = 1;
    for (int d = y->rank - 1, k = o->shape->rank - 1; d >= 0; d--, k--) {
        int64_t coordinate = i % y->dim[d];
        i /= y->dim[d];
        if (k < 0) continue;
        if (o->shape->dim[k] != 1) at += coordinate * step;
        step *= o->shape->dim[k];
    }
    return operand_at(o, at);
}

const char *reference_add(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *y = &n->out[0]->shape;
    for (int64_t i = 0; i < (int64_t)shape_product(y, 0); i++)
        out[0][i] = broadcast(&in[0], y, i) + broadcast(&in[1], y, i);
    return NULL;
}

const char *reference_mul(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *y = &n->out[0]->shape;
    for (int64_t i = 0; i < (int64_t)shape_product(y, 0); i++)
        out[0][i] = broadcast(&in[0], y, i) * broadcast(&in[1], y, i);
    return NULL;
}
