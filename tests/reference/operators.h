/* The reference's operators. Private to tests/reference/. */
#ifndef TESTS_REFERENCE_OPERATORS_H
#define TESTS_REFERENCE_OPERATORS_H
#include "graph/graph.h"

/* A tensor's values: activations are double, a model's own weights are float. */
struct operand {
    const struct shape *shape; /* NULL where the input is left out */
    const double *value;
    const float *weight; /* where value is NULL */
};
static inline double operand_at(const struct operand *o, int64_t i)
{
    return o->value ? o->value[i] : (double)o->weight[i];
}

/* Fills out[i], row-major, of the shapes that n's outputs have. NULL, or the form of the operator that is not here. */
typedef const char *reference_operator(const struct node *n, const struct operand *in, double *const *out);

reference_operator reference_conv, reference_gemm;
reference_operator reference_max_pool, reference_average_pool, reference_global_average_pool,
    reference_adaptive_average_pool;
reference_operator reference_batch_norm, reference_relu, reference_clip, reference_swish, reference_sigmoid,
    reference_hard_swish, reference_hard_sigmoid, reference_add, reference_mul;
reference_operator reference_same, reference_concat, reference_split, reference_transpose, reference_reduce_mean;
#endif
