#include "ops/gradient.h"

struct cost gradient_moved(const struct node *n, int input)
{
    (void)input;
    return cost_none(n);
}

count gradient_sums(count from, count into) { return from == COUNT_MAX || into > from ? from : from - into; }

struct cost gradient_elementwise(const struct node *n, int input)
{
    int column = input < GRADIENT_COLUMNS ? input : GRADIENT_COLUMNS - 1;
    count outputs = tensor_elements(n->out[0]);
    count flops = count_mul(n->op->train.per_element[column], outputs);
    return cost_flops(count_add(flops, gradient_sums(outputs, tensor_elements(n->in[input]))));
}

struct cost gradient_reduced(const struct node *n, int input)
{
    if (input) return cost_none(n);
    return cost_flops(count_add(count_mul(n->op->train.per_element[0], tensor_elements(n->in[0])),
                                count_mul(n->op->train.per_element[1], tensor_elements(n->out[0]))));
}

struct cost gradient_summed(const struct node *n, int input)
{
    if (input) return cost_none(n);
    return cost_flops(gradient_sums(tensor_elements(n->out[0]), tensor_elements(n->in[0])));
}

bool gradient_is_trained(const struct node *n, int input)
{
    return rule_has(n, input) && n->in[input]->role == ROLE_WEIGHT;
}

count gradient_value_bytes(const struct node *n, count values)
{
    return count_mul(values, (dtype_bits(n->out[0]->dtype) + 7) / 8);
}
