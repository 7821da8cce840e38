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
    gable_status s = rule_int(n, "training_mode", 0, 0, 0, &training, e);
    if (!s) s = per_channel(n, 1, e);
    return s ? s : rule_same(g, n, e);
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
    return s ? s : rule_same(g, n, e);
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
     .outputs = {1, 1},
     .shape = batch_norm_shape,
     .cost = cost_per_output,
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
     .outputs = {1, 1},
     .shape = layer_norm_shape,
     .cost = layer_norm_cost,
     .kind = KIND_NORM,
     .formula = MOMENTS,
     .train = MOMENTS_TRAIN},
    {0},
};
