/* Losses of classifiers. x: N x C x places, target: N x places. */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/rule.h"

#include <inttypes.h>
#include <string.h>

static bool is_reduced(const struct node *n)
{
    const struct attribute *a = node_attribute(n, "reduction");
    return !a || a->type != ATTRIBUTE_STRING || strcmp(a->s, "none") != 0;
}

static gable_status loss_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0), *target = in_shape(n, 1);
    if (x->rank < 2 || target->rank != x->rank - 1)
        return error_set(e, GABLE_BAD_INPUT, "the scores have %d dimensions, the targets %d: one less is needed",
                         x->rank, target->rank);
    for (int i = 0; i < target->rank; i++)
        if (target->dim[i] != x->dim[i ? i + 1 : 0])
            return error_set(e, GABLE_BAD_INPUT, "scores and targets differ in dimension %d of the targets", i);
    gable_status s = is_reduced(n) ? rule_output(g, n, 0, n->in[0]->dtype, 0, NULL, e)
                                   : rule_output(g, n, 0, n->in[0]->dtype, target->rank, target->dim, e);
    return s || n->n_out < 2 ? s : rule_output(g, n, 1, n->in[0]->dtype, x->rank, x->dim, e);
}

/* Per target: negate, a product with weights, a sum or a division with a reduction. */
static struct cost nll_cost(const struct node *n)
{
    return cost_flops(count_mul(1 + rule_has(n, 2) + is_reduced(n), tensor_elements(n->in[1])));
}

/* LogSoftmax over C before it: 5C - 1 per target. */
static struct cost entropy_cost(const struct node *n)
{
    count targets = tensor_elements(n->in[1]), values = count_mul(5, tensor_elements(n->in[0]));
    if (values == COUNT_MAX) return cost_flops(COUNT_MAX);
    return cost_flops(count_add(values - targets, nll_cost(n).flops));
}

/* One value of each row: negate, scale. */
static struct cost nll_gradient(const struct node *n, int input)
{
    return input ? cost_none(n) : cost_flops(count_mul(2, tensor_elements(n->in[1])));
}

/* Softmax again from its logarithm, less 1 at the target, scaled. */
static struct cost entropy_gradient(const struct node *n, int input)
{
    if (input) return cost_none(n);
    return cost_flops(count_add(count_mul(2, tensor_elements(n->in[0])), tensor_elements(n->in[1])));
}

#define ROW(op, most_out, costs, how, back, words)                                                          \
    {                                                                                                       \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {2, 3}, .outputs = {1, most_out}, .shape = loss_shape, \
        .cost = costs, .kind = KIND_OTHER, .formula = how, .train = {                                       \
            .gradient = back,                                                                               \
            .keep = KEEP_INPUTS,                                                                            \
            .formula = words                                                                                \
        }                                                                                                   \
    }

const struct op loss_ops[] = {
    ROW("NegativeLogLikelihoodLoss", 1, nll_cost, "1 per target, + 1 with weights, + 1 with a reduction", nll_gradient,
        "2 per target: negate, scale"),
    ROW("SoftmaxCrossEntropyLoss", 2, entropy_cost, "5C - 1 per target, + 1, + 1 with weights, + 1 with a reduction",
        entropy_gradient, "2 per score: exp, scale; 1 per target: subtract"),
    {0},
};
