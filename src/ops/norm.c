/* Normalisations. */
#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>

/* Inputs `first` and on hold one value per channel. */
static gable_status per_channel(const struct node *n, int first, gable_error *e)
{
    gable_status s = rule_rank(n, 0, 2, e);
    int64_t channels = s ? 0 : in_shape(n, 0)->dim[1];
    for (int i = first; i < n->n_in && !s; i++) {
        const struct shape *p = in_shape(n, i);
        if (p->rank != 1 || p->dim[0] != channels)
            s = error_set(e, GABLE_BAD_INPUT, "input %d must hold one value for each of %" PRId64 " channels", i,
                          channels);
    }
    return s;
}

static gable_status batch_norm_shape(struct graph *g, struct node *n, gable_error *e)
{
    int64_t training = 0;
    gable_status s = rule_int(n, "training_mode", 0, 0, 1, &training, e);
    if (!s) s = per_channel(n, 1, e);
    if (!s) s = rule_same(g, n, e);
    for (int i = 1; i < n->n_out && !s; i++) /* the running statistics, or in old opsets the batch's too */
        s = rule_output(g, n, i, n->in[3]->dtype, 1, in_shape(n, 3)->dim, e);
    return s;
}

static gable_status instance_norm_shape(struct graph *g, struct node *n, gable_error *e)
{
    gable_status s = rule_rank(n, 0, 3, e);
    if (!s) s = per_channel(n, 1, e);
    return s ? s : rule_same(g, n, e);
}

static gable_status group_norm_shape(struct graph *g, struct node *n, gable_error *e)
{
    int64_t groups = 0;
    gable_status s = rule_rank(n, 0, 2, e);
    if (!s) s = rule_int(n, "num_groups", 0, 1, DIM_MAX, &groups, e);
    if (s) return s;
    if (groups < 1 || in_shape(n, 0)->dim[1] % groups)
        return error_set(e, GABLE_BAD_INPUT, "%" PRId64 " channels cannot be cut into %" PRId64 " groups",
                         in_shape(n, 0)->dim[1], groups);
    return rule_same(g, n, e);
}

static gable_status layer_norm_shape(struct graph *g, struct node *n, gable_error *e)
{
    int axis = 0;
    gable_status s = rule_rank(n, 0, 1, e);
    if (!s) s = rule_axis(n, -1, in_shape(n, 0)->rank, &axis, e);
    if (!s) s = rule_same(g, n, e);
    int64_t dim[SHAPE_RANK_MAX];
    for (int i = 0; i < in_shape(n, 0)->rank && !s; i++) dim[i] = i < axis ? in_shape(n, 0)->dim[i] : 1;
    for (int i = 1; i < n->n_out && !s; i++) /* mean, 1/deviation */
        s = rule_output(g, n, i, DTYPE_F32, in_shape(n, 0)->rank, dim, e);
    return s;
}

/* `rows` sets of values, each normalised by its own mean and variance:
   mean 1, subtract 1, square 1, mean 1, times 1/deviation 1 per element; + epsilon, root, reciprocal per set;
   scale 1 and shift 1 per element */
static struct cost moments_cost(const struct node *n, count rows)
{
    count per_element = 5 + (rule_has(n, 1) ? 1 : 0) + (rule_has(n, 2) ? 1 : 0);
    return cost_flops(count_add(count_mul(per_element, tensor_elements(n->in[0])), count_mul(3, rows)));
}

static struct cost layer_norm_cost(const struct node *n)
{
    const struct shape *x = in_shape(n, 0);
    int64_t axis = node_int(n, "axis", -1);
    count rows = 1;
    for (int i = 0; i < (axis < 0 ? axis + x->rank : axis); i++) rows = count_mul(rows, x->dim[i]);
    return moments_cost(n, rows);
}

static struct cost instance_norm_cost(const struct node *n)
{
    return moments_cost(n, count_mul(in_shape(n, 0)->dim[0], in_shape(n, 0)->dim[1]));
}

static struct cost group_norm_cost(const struct node *n)
{
    return moments_cost(n, count_mul(in_shape(n, 0)->dim[0], node_int(n, "num_groups", 1)));
}

static gable_status lrn_shape(struct graph *g, struct node *n, gable_error *e)
{
    int64_t size = 0;
    gable_status s = rule_rank(n, 0, 2, e);
    if (!s && !node_attribute(n, "size")) s = error_set(e, GABLE_BAD_INPUT, "size is missing");
    if (!s) s = rule_int(n, "size", 1, 1, DIM_MAX, &size, e);
    return s ? s : rule_same(g, n, e);
}

/* square, size - 1 sums (the border counted as data), scale, bias, power, divide */
static struct cost lrn_cost(const struct node *n)
{
    return cost_flops(count_mul(count_add(node_int(n, "size", 1), 4), tensor_elements(n->in[0])));
}

/* dy / power: 1; dy y / base: 2; size - 1 sums; times x, times a constant, subtracted: 3 */
static struct cost lrn_gradient(const struct node *n, int input)
{
    (void)input;
    return cost_flops(count_mul(count_add(node_int(n, "size", 1), 5), tensor_elements(n->in[0])));
}

static gable_status lp_norm_shape(struct graph *g, struct node *n, gable_error *e)
{
    int axis = 0;
    int64_t p = 2;
    gable_status s = rule_axis(n, -1, in_shape(n, 0)->rank, &axis, e);
    if (!s) s = rule_int(n, "p", 2, 1, 2, &p, e);
    return s ? s : rule_same(g, n, e);
}

/* per row of n: n squares, n - 1 sums, a root, n divisions; p = 1: n absolute values, n - 1 sums, n divisions */
static struct cost lp_norm_cost(const struct node *n)
{
    const struct shape *x = in_shape(n, 0);
    int64_t axis = node_int(n, "axis", -1), length = x->dim[axis < 0 ? axis + x->rank : axis];
    count all = tensor_elements(n->in[0]), flops = count_mul(3, all);
    if (length == 0 || flops == COUNT_MAX) return cost_flops(flops);
    return cost_flops(node_int(n, "p", 2) == 1 ? flops - all / length : flops);
}

static count lp_norm_rows(const struct node *n)
{
    const struct shape *x = in_shape(n, 0);
    int64_t axis = node_int(n, "axis", -1), length = x->dim[axis < 0 ? axis + x->rank : axis];
    return length ? tensor_elements(n->in[0]) / length : 0;
}
/* (dy - y sum of dy y) / norm; p 1: (dy - sign y sum of dy y) / norm */
static struct cost lp_norm_gradient(const struct node *n, int input)
{
    (void)input;
    count flops = count_mul(node_int(n, "p", 2) == 1 ? 6 : 5, tensor_elements(n->in[0]));
    return cost_flops(flops == COUNT_MAX ? flops : flops - lp_norm_rows(n));
}
static count lp_norm_keeps(const struct node *n) { return gradient_value_bytes(n, lp_norm_rows(n)); }

static gable_status mean_variance_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct attribute *a = node_attribute(n, "axes");
    int rank = in_shape(n, 0)->rank;
    if (a && a->type != ATTRIBUTE_INTS) return error_set(e, GABLE_BAD_INPUT, "axes must be a list of integers");
    if (!a && rank < 4) return error_set(e, GABLE_BAD_INPUT, "without axes the input needs 4 dimensions");
    for (int i = 0; a && i < a->n; i++)
        if (a->ints[i] < -rank || a->ints[i] >= rank)
            return error_set(e, GABLE_BAD_INPUT, "axes holds %" PRId64 ", the input has %d dimensions", a->ints[i],
                             rank);
    return rule_same(g, n, e);
}

static bool is_named(const struct attribute *axes, int rank, int i)
{
    if (!axes) return i != 1 && i < 4;
    for (int k = 0; k < axes->n; k++)
        if (axes->ints[k] == i || axes->ints[k] + rank == i) return true;
    return false;
}

/* as the other normalisations, without scale and shift */
static struct cost mean_variance_cost(const struct node *n)
{
    const struct shape *x = in_shape(n, 0);
    count rows = 1;
    for (int i = 0; i < x->rank; i++)
        if (!is_named(node_attribute(n, "axes"), x->rank, i)) rows = count_mul(rows, x->dim[i]);
    return moments_cost(n, rows);
}

static count channels_of(const struct node *n) { return in_shape(n, 0)->dim[1]; }

/* Training takes the batch's statistics. Of the m values of a channel: mean m - 1 sums, 1 division; variance m
   subtractions, m squares, m - 1 sums, 1 division; 1/deviation 3 (epsilon, root, reciprocal); scale and shift of the
   channel 3 (g r; b - mean g r), applied 2m; running mean 3 (two products, a sum), running variance 4 (unbiased too):
   6m + 13. */
static struct cost batch_norm_training_cost(const struct node *n)
{
    return cost_flops(count_add(count_mul(6, tensor_elements(n->in[0])), count_mul(13, channels_of(n))));
}

/* y = g (x - mean) r + b over the m values of a channel, r = 1/deviation.
   db = sum dy: m - 1.   dg = r sum dy (x - mean): m subtractions, m products, m - 1 sums, 1 product: 3m.
   dx = g r (dy - db/m - (x - mean) r dg/m) = a dy - c x + d with a = g r (1), t = a/m (1), c = t r dg (2),
   d = c mean - t db (3): 4m + 7. The two sums are needed for dx even where g and b are not trained. */
static struct cost batch_norm_gradient(const struct node *n, int input)
{
    count x = tensor_elements(n->in[0]), channels = channels_of(n);
    count scale = count_mul(3, x), bias = gradient_sums(x, channels);
    if (input == 1) return cost_flops(scale);
    if (input == 2) return cost_flops(bias);
    if (input > 2) return cost_none(n);
    count flops = count_add(count_mul(4, x), count_mul(7, channels));
    if (!gradient_is_trained(n, 1)) flops = count_add(flops, scale);
    if (!gradient_is_trained(n, 2)) flops = count_add(flops, bias);
    return cost_flops(flops);
}

static struct cost batch_norm_cost(const struct node *n)
{
    return node_int(n, "training_mode", 0) ? batch_norm_training_cost(n) : cost_per_output(n);
}

static count batch_norm_keeps(const struct node *n) { return gradient_value_bytes(n, count_mul(2, channels_of(n))); }

/* v = (x - mean) r over sets of m values, y = g v + b. v again: 2 per element, counted with the scale where that is
   trained. dg = sum dy v: 2 per element - 1 per scale. db = sum dy. dx = r (u - sum u / m - v sum(u v) / m), u = g dy
   (1 with a scale): sums 1 and 2 per element less 1 each per set, 2 divisions per set, then 2 subtractions and 2
   products per element. */
static struct cost moments_gradient(const struct node *n, int input)
{
    count x = tensor_elements(n->in[0]), again = count_mul(2, x);
    if (input == 1) return cost_flops(count_add(again, count_add(x, gradient_sums(x, tensor_elements(n->in[1])))));
    if (input == 2) return cost_flops(gradient_sums(x, tensor_elements(n->in[2])));
    count flops = count_mul(7 + rule_has(n, 1), x);
    return cost_flops(gradient_is_trained(n, 1) ? flops : count_add(flops, again));
}

/* Mean and 1/deviation of each set: the sets are what moments_cost counts 3 FLOPs each for. */
static count moments_keep(const struct node *n)
{
    count per_element = 5 + rule_has(n, 1) + rule_has(n, 2), all = n->op->cost(n).flops;
    if (all == COUNT_MAX) return COUNT_MAX;
    return gradient_value_bytes(n, 2 * ((all - per_element * tensor_elements(n->in[0])) / 3));
}

#define MOMENTS_TRAIN                                                                                              \
    {                                                                                                              \
        .gradient = moments_gradient, .keep = KEEP_INPUT, .keep_bytes = moments_keep,                              \
        .formula = "data: 7 per element, + 1 with a scale, + 2 where none is trained; scale: 4 per element - its " \
                   "elements; shift: elements - its elements"                                                      \
    }

#define MOMENTS "5 per element, + 1 for a scale, + 1 for a shift, + 3 per set of values with a mean of its own"

const struct op norm_ops[] = {
    {.name = "BatchNormalization",
     .domain = DOMAIN_ONNX,
     .inputs = {5, 5},
     .outputs = {1, 5},
     .shape = batch_norm_shape,
     .cost = batch_norm_cost,
     .kind = KIND_NORM,
     .per_element = 2,
     .formula = "2 per element (inference: scale and shift, made once from the running statistics)",
     .train = {.gradient = batch_norm_gradient,
               .forward = batch_norm_training_cost,
               .passes = 2,
               .keep = KEEP_INPUT,
               .keep_bytes = batch_norm_keeps,
               .formula = "data: 4 per element, + 7 per channel; scale: 3 per element; shift: elements - channels; "
                          "forward with batch statistics: 6 per element, + 13 per channel"}},
    {.name = "InstanceNormalization",
     .domain = DOMAIN_ONNX,
     .inputs = {3, 3},
     .outputs = {1, 1},
     .shape = instance_norm_shape,
     .cost = instance_norm_cost,
     .kind = KIND_NORM,
     .formula = MOMENTS,
     .train = MOMENTS_TRAIN},
    {.name = "GroupNormalization",
     .domain = DOMAIN_ONNX,
     .inputs = {3, 3},
     .outputs = {1, 1},
     .shape = group_norm_shape,
     .cost = group_norm_cost,
     .kind = KIND_NORM,
     .formula = MOMENTS,
     .train = MOMENTS_TRAIN},
    {.name = "LayerNormalization",
     .domain = DOMAIN_ONNX,
     .inputs = {2, 3},
     .outputs = {1, 3},
     .shape = layer_norm_shape,
     .cost = layer_norm_cost,
     .kind = KIND_NORM,
     .formula = MOMENTS,
     .train = MOMENTS_TRAIN},
    {.name = "MeanVarianceNormalization",
     .domain = DOMAIN_ONNX,
     .inputs = {1, 1},
     .outputs = {1, 1},
     .shape = mean_variance_shape,
     .cost = mean_variance_cost,
     .kind = KIND_NORM,
     .formula = "5 per element, + 3 per set of values with a mean of its own",
     .train = MOMENTS_TRAIN},
    {.name = "LRN",
     .domain = DOMAIN_ONNX,
     .inputs = {1, 1},
     .outputs = {1, 1},
     .shape = lrn_shape,
     .cost = lrn_cost,
     .kind = KIND_NORM,
     .formula = "size + 4 per element: square, size - 1 sums, scale, bias, power, divide",
     .train = {.gradient = lrn_gradient,
               .keep = KEEP_BOTH,
               .formula = "size + 5 per element: divide, two products, size - 1 sums, two products, subtract"}},
    {.name = "LpNormalization",
     .domain = DOMAIN_ONNX,
     .inputs = {1, 1},
     .outputs = {1, 1},
     .shape = lp_norm_shape,
     .cost = lp_norm_cost,
     .kind = KIND_NORM,
     .formula = "3n per row of n: square, sum, root, divide; p 1: 3n - 1",
     .train = {.gradient = lp_norm_gradient,
               .keep = KEEP_OUTPUT,
               .keep_bytes = lp_norm_keeps,
               .formula =
                   "5n - 1 per row of n: product, sum, product, subtract, divide; p 1: 6n - 1: the sign is two"}},
    {0},
};
