/* Reductions over axes (an attribute in old opsets, input 1 in new ones). */
#include "ops/families.h"
#include "ops/gradient.h"

static gable_status reduce_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t keep = 1, keep_all = 0, dim[SHAPE_RANK_MAX];
    bool is_axis[SHAPE_RANK_MAX];
    int n_axes = -1, rank = 0;
    gable_status s = rule_int(n, "keepdims", 1, 0, 1, &keep, e);
    if (!s) s = rule_int(n, "noop_with_empty_axes", 0, 0, 1, &keep_all, e);
    if (!s) s = rule_axes(n, 1, x->rank, is_axis, &n_axes, e);
    if (s) return s;
    for (int i = 0; i < x->rank; i++) {
        bool is_reduced = n_axes > 0 ? is_axis[i] : !keep_all;
        if (!is_reduced)
            dim[rank++] = x->dim[i];
        else if (keep)
            dim[rank++] = 1;
    }
    return rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
}

/* inputs - outputs operations join the values of each output; per_element more for each output */
static struct cost reduce_cost(const struct node *n)
{
    count inputs = tensor_elements(n->in[0]), outputs = tensor_elements(n->out[0]);
    if (inputs == COUNT_MAX || outputs > inputs) return cost_flops(inputs);
    return cost_flops(count_add(inputs - outputs, count_mul(n->op->per_element, outputs)));
}

/* the same after one operation on every input (square, absolute value, exp) */
static struct cost reduce_mapped_cost(const struct node *n)
{
    return cost_flops(count_add(reduce_cost(n).flops, tensor_elements(n->in[0])));
}

#define ROW(op, costs, more, how, keeps, per_input, per_output, back)                                                 \
    {                                                                                                                 \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {1, 2}, .outputs = {1, 1}, .shape = reduce_shape, .cost = costs, \
        .kind = KIND_POOL, .per_element = more, .formula = how, .train = {                                            \
            .gradient = gradient_reduced,                                                                             \
            .keep = keeps,                                                                                            \
            .per_element = {per_input, per_output},                                                                   \
            .formula = back                                                                                           \
        }                                                                                                             \
    }

const struct op reduce_ops[] = {
    ROW("ReduceMean", reduce_cost, 1, "inputs: inputs - outputs additions, outputs divisions", KEEP_NOTHING, 0, 1,
        "outputs: divide"),
    ROW("ReduceSum", reduce_cost, 0, "inputs - outputs", KEEP_NOTHING, 0, 0, "0: repeated"),
    ROW("ReduceMax", reduce_cost, 0, "inputs - outputs", KEEP_BOTH, 1, 0, "1 per input: compare"),
    ROW("ReduceMin", reduce_cost, 0, "inputs - outputs", KEEP_BOTH, 1, 0, "1 per input: compare"),
    ROW("ReduceProd", reduce_cost, 0, "inputs - outputs", KEEP_BOTH, 1, 1,
        "inputs + outputs: dy y, divided by each input"),
    ROW("ReduceLogSum", reduce_cost, 1, "inputs", KEEP_OUTPUT, 0, 2, "2 per output: exp, divide"),
    ROW("ReduceL1", reduce_mapped_cost, 0, "2 x inputs - outputs", KEEP_INPUT, 2, 0, "2 per input: compare, negate"),
    ROW("ReduceSumSquare", reduce_mapped_cost, 0, "2 x inputs - outputs", KEEP_INPUT, 1, 1,
        "inputs + outputs: 2 dy, times each input"),
    ROW("ReduceL2", reduce_mapped_cost, 1, "2 x inputs", KEEP_BOTH, 1, 1, "inputs + outputs: dy / y, times each input"),
    ROW("ReduceLogSumExp", reduce_mapped_cost, 1, "2 x inputs", KEEP_BOTH, 3, 0,
        "3 per input: subtract, exp, multiply"),
    {0},
};
