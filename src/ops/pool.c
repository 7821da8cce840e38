/* Poolings. x: N x C x spatial. */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/window.h"

#include <inttypes.h>

static gable_status pool_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX];
    struct window w;
    gable_status s = window_read(n, x, NULL, &w, e);
    for (int i = 0; i < 2 && !s; i++) dim[i] = x->dim[i];
    for (int i = 0; i < w.rank && !s; i++) {
        s = window_positions(&w, i, x->dim[2 + i], &dim[2 + i], e);
        if (!s && (w.begin[i] >= w.kernel[i] || w.end[i] >= w.kernel[i]))
            s = error_set(e, GABLE_BAD_INPUT, "a window of %" PRId64 " would lie in the padding alone", w.kernel[i]);
    }
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

/* Operations per output: kernel + per_element (maximum: -1, one comparison less than values; mean: 0, as many
   additions and divisions as values). Padding is counted as data, as in convolutions. */
static struct cost pool_cost(const struct node *n)
{
    count taps = 1;
    for (int i = 0; i < in_shape(n, 0)->rank - 2; i++) taps = count_mul(taps, node_int_at(n, "kernel_shape", i, 1));
    return cost_flops(count_mul(count_add(taps, n->op->per_element), tensor_elements(n->out[0])));
}

/* |x|^p, sums, a root: kernel powers, kernel - 1 additions, one root per output. */
static struct cost norm_pool_cost(const struct node *n) { return cost_flops(count_mul(2, pool_cost(n).flops)); }

/* Beside the largest values, where they stand. */
static gable_status max_pool_shape(struct graph *g, struct node *n, gable_error *e)
{
    gable_status s = pool_shape(g, n, e);
    if (s || n->n_out < 2) return s;
    return rule_output(g, n, 1, DTYPE_S64, out_shape(n, 0)->rank, out_shape(n, 0)->dim, e);
}

static gable_status global_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX];
    gable_status s = rule_rank(n, 0, 3, e);
    for (int i = 0; i < x->rank; i++) {
        dim[i] = i < 2 ? x->dim[i] : 1;
        if (!s && i >= 2 && x->dim[i] == 0) s = error_set(e, GABLE_BAD_INPUT, "nothing is left to pool");
    }
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

/* mean: inputs - outputs additions and outputs divisions; maximum: inputs - outputs comparisons */
static struct cost global_cost(const struct node *n)
{
    count inputs = tensor_elements(n->in[0]), outputs = tensor_elements(n->out[0]);
    return cost_flops(inputs == COUNT_MAX ? COUNT_MAX : inputs + n->op->per_element * outputs);
}

static struct cost global_norm_cost(const struct node *n)
{
    return cost_flops(count_mul(2, tensor_elements(n->in[0])));
}

/* torch's AdaptiveAvgPool: output_size; bin o of O over H pixels is [floor(o H / O), ceil((o + 1) H / O)). */
static gable_status adaptive_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX];
    gable_status s = rule_rank(n, 0, 3, e);
    if (!s && !node_attribute(n, "output_size")) s = error_set(e, GABLE_BAD_INPUT, "output_size is missing");
    if (!s) s = rule_ints(n, "output_size", x->rank - 2, 1, 1, 1 << 16, dim + 2, e);
    for (int i = 0; i < x->rank && !s; i++) {
        if (i < 2)
            dim[i] = x->dim[i];
        else if (x->dim[i] < 1 || x->dim[i] > (int64_t)1 << 40)
            s = error_set(e, GABLE_BAD_INPUT, "%" PRId64 " pixels cannot be pooled", x->dim[i]);
    }
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

static count bins_total(int64_t size, int64_t bins)
{
    count total = 0;
    for (int64_t o = 0; o < bins; o++) total += ((o + 1) * size + bins - 1) / bins - o * size / bins;
    return total;
}

/* As many additions and divisions as values in the bins, which overlap where the sizes do not divide. */
static struct cost adaptive_cost(const struct node *n)
{
    const struct shape *x = in_shape(n, 0), *y = out_shape(n, 0);
    count flops = count_mul(x->dim[0], x->dim[1]);
    for (int i = 2; i < x->rank; i++) flops = count_mul(flops, bins_total(x->dim[i], y->dim[i]));
    return cost_flops(flops);
}

/* The place of each output's largest value in its window: one byte while that can hold it. */
static count pool_positions(const struct node *n)
{
    count taps = 1;
    for (int i = 0; i < in_shape(n, 0)->rank - 2; i++) taps = count_mul(taps, node_int_at(n, "kernel_shape", i, 1));
    return count_mul(taps <= 256 ? 1 : 4, tensor_elements(n->out[0]));
}

static count global_positions(const struct node *n) { return count_mul(4, tensor_elements(n->out[0])); }

/* dy / kernel, added to each value of the window; padding counted as data, as forward */
static struct cost average_gradient(const struct node *n, int input)
{
    (void)input;
    return cost_flops(count_add(pool_cost(n).flops, tensor_elements(n->out[0])));
}

/* Of n values that give m: dy / y times each; p 1: dy of its sign; else powers of both. */
static struct cost norm_flops(const struct node *n, count values, count outputs)
{
    int64_t p = node_int(n, "p", 2);
    if (p == 1) return cost_flops(count_mul(2, values));
    return cost_flops(count_mul(p == 2 ? 1 : 2, count_add(values, outputs)));
}

/* Each value of each window is added to what others sent there. */
static struct cost norm_pool_gradient(const struct node *n, int input)
{
    (void)input;
    count outputs = tensor_elements(n->out[0]), values = outputs;
    for (int i = 0; i < in_shape(n, 0)->rank - 2; i++) values = count_mul(values, node_int_at(n, "kernel_shape", i, 1));
    return cost_flops(count_add(norm_flops(n, values, outputs).flops, values));
}

static struct cost global_norm_gradient(const struct node *n, int input)
{
    (void)input;
    return norm_flops(n, tensor_elements(n->in[0]), tensor_elements(n->out[0]));
}

/* dy / size of the bin, once per output; where bins overlap, sums */
static struct cost adaptive_gradient(const struct node *n, int input)
{
    (void)input;
    count values = adaptive_cost(n).flops;
    return cost_flops(count_add(tensor_elements(n->out[0]), gradient_sums(values, tensor_elements(n->in[0]))));
}

#define ROW(op, where, rule, costs, off, how, ...)                                                      \
    {                                                                                                   \
        .name = op, .domain = where, .inputs = {1, 1}, .outputs = {1, 1}, .shape = rule, .cost = costs, \
        .kind = KIND_POOL, .per_element = off, .formula = how, .train = {                               \
            __VA_ARGS__                                                                                 \
        }                                                                                               \
    }

const struct op pool_ops[] = {
    {.name = "MaxPool",
     .domain = DOMAIN_ONNX,
     .inputs = {1, 1},
     .outputs = {1, 2},
     .shape = max_pool_shape,
     .cost = pool_cost,
     .kind = KIND_POOL,
     .per_element = -1,
     .formula = "kernel - 1 per output: compare",
     .train = {.gradient = gradient_reduced,
               .keep_bytes = pool_positions,
               .per_element = {0, 1},
               .formula = "1 per output: added at the position kept"}},
    ROW("AveragePool", DOMAIN_ONNX, pool_shape, pool_cost, 0, "kernel per output: kernel - 1 additions, divide",
        .gradient = average_gradient, .formula = "kernel + 1 per output: divide, kernel additions"),
    ROW("GlobalMaxPool", DOMAIN_ONNX, global_shape, global_cost, -1, "inputs - outputs: compare",
        .gradient = gradient_moved, .keep_bytes = global_positions, .formula = "0: put at the position kept"),
    ROW("GlobalAveragePool", DOMAIN_ONNX, global_shape, global_cost, 0,
        "inputs: inputs - outputs additions, outputs divisions", .gradient = gradient_reduced, .per_element = {0, 1},
        .formula = "outputs: divide"),
    ROW("LpPool", DOMAIN_ONNX, pool_shape, norm_pool_cost, 0, "2 x kernel per output: powers, additions, root",
        .gradient = norm_pool_gradient, .keep = KEEP_BOTH,
        .formula = "2 x kernel + 1 per output: dy / y, times each value, added; p 1: 3 x kernel: compare, negate, add; "
                   "above 2: a power each more"),
    ROW("GlobalLpPool", DOMAIN_ONNX, global_shape, global_norm_cost, 0, "2 x inputs: powers, additions, roots",
        .gradient = global_norm_gradient, .keep = KEEP_BOTH,
        .formula = "inputs + outputs: dy / y, times each value; p 1: 2 x inputs; above 2: a power each more"),
    ROW("AdaptiveAveragePool", DOMAIN_GABLE, adaptive_shape, adaptive_cost, 0,
        "values in the bins (with overlaps): additions, and one division per output", .gradient = adaptive_gradient,
        .formula = "1 division per output, + 1 addition where bins overlap"),
    {0},
};
