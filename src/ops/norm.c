/* Normalisations. */
#include "ops/families.h"
#include "ops/rule.h"

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
     .formula = "2 per element (inference: scale and shift, made once from the running statistics)"},
    {.name = "InstanceNormalization",
     .domain = DOMAIN_ONNX,
     .inputs = {3, 3},
     .outputs = {1, 1},
     .shape = instance_norm_shape,
     .cost = instance_norm_cost,
     .kind = KIND_NORM,
     .formula = MOMENTS},
    {.name = "GroupNormalization",
     .domain = DOMAIN_ONNX,
     .inputs = {3, 3},
     .outputs = {1, 1},
     .shape = group_norm_shape,
     .cost = group_norm_cost,
     .kind = KIND_NORM,
     .formula = MOMENTS},
    {.name = "LayerNormalization",
     .domain = DOMAIN_ONNX,
     .inputs = {2, 3},
     .outputs = {1, 1},
     .shape = layer_norm_shape,
     .cost = layer_norm_cost,
     .kind = KIND_NORM,
     .formula = MOMENTS},
    {0},
};
