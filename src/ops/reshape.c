/* Views: another shape, or another name, for the same data. */
#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>
#include <string.h>

static gable_status same_shape(struct graph *g, struct node *n, gable_error *e) { return rule_same(g, n, e); }

static gable_status dropout_shape(struct graph *g, struct node *n, gable_error *e)
{
    gable_status s = rule_same(g, n, e);
    if (s || n->n_out < 2) return s;
    return rule_output(g, n, 1, DTYPE_BOOL, in_shape(n, 0)->rank, in_shape(n, 0)->dim, e); /* what was kept */
}

/* The one dimension of -1 is what the others leave over. */
static gable_status fill_unknown(int64_t *dim, int rank, int unknown, count elements, gable_error *e)
{
    count known = 1;
    for (int i = 0; i < rank; i++)
        if (i != unknown) known = dim[i] == 0 ? 0 : count_mul(known, dim[i]);
    if (unknown >= 0) {
        if (known == 0 || elements % known)
            return error_set(e, GABLE_BAD_INPUT, "%" PRId64 " values cannot be shaped into rows of %" PRId64, elements,
                             known);
        dim[unknown] = elements / known;
        return GABLE_OK;
    }
    if (known == elements) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "the new shape holds %" PRId64 " values, the input %" PRId64, known, elements);
}

static gable_status reshape_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX], zero_is_zero = 0;
    int rank = -1, unknown = -1;
    gable_status s = rule_listed(n, "shape", 1, dim, &rank, e);
    if (!s) s = rule_int(n, "allowzero", 0, 0, 1, &zero_is_zero, e);
    if (s) return s;
    if (rank < 0) return error_set(e, GABLE_BAD_INPUT, "the new shape is missing");
    for (int i = 0; i < rank; i++) {
        if (dim[i] < -1 || dim[i] > DIM_MAX)
            return error_set(e, GABLE_BAD_INPUT, "the new shape has a dimension of %" PRId64, dim[i]);
        if (dim[i] == -1) {
            if (unknown >= 0) return error_set(e, GABLE_BAD_INPUT, "the new shape has two dimensions of -1");
            unknown = i;
        }
        if (dim[i] == 0 && !zero_is_zero) {
            if (i >= x->rank)
                return error_set(e, GABLE_BAD_INPUT, "dimension %d is copied from an input without it", i);
            dim[i] = x->dim[i];
        }
    }
    s = fill_unknown(dim, rank, unknown, tensor_elements(n->in[0]), e);
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
}

/* axis may equal the rank: then everything is one column */
static gable_status flatten_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t axis = 1, dim[2] = {1, 1};
    gable_status s = rule_int(n, "axis", 1, -x->rank, x->rank, &axis, e);
    if (s) return s;
    if (axis < 0) axis += x->rank;
    if (axis > x->rank) return error_set(e, GABLE_BAD_INPUT, "axis 1 needs an input of at least 1 dimension");
    for (int i = 0; i < x->rank; i++) dim[i >= axis] = count_mul(dim[i >= axis], x->dim[i]);
    return rule_output(g, n, 0, n->in[0]->dtype, 2, dim, e);
}

static gable_status squeeze_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX];
    bool is_axis[SHAPE_RANK_MAX];
    int n_axes = -1, rank = 0;
    gable_status s = rule_axes(n, 1, x->rank, is_axis, &n_axes, e);
    for (int i = 0; i < x->rank && !s; i++) {
        bool is_dropped = n_axes >= 0 ? is_axis[i] : x->dim[i] == 1;
        if (is_dropped && x->dim[i] != 1)
            s = error_set(e, GABLE_BAD_INPUT, "axis %d has %" PRId64 " values, only 1 can be dropped", i, x->dim[i]);
        else if (!is_dropped)
            dim[rank++] = x->dim[i];
    }
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
}

static gable_status unsqueeze_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t axes[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX];
    bool is_axis[SHAPE_RANK_MAX];
    int n_axes = -1, rank = 0;
    gable_status s = rule_listed(n, "axes", 1, axes, &n_axes, e);
    if (s) return s;
    if (n_axes < 0) return error_set(e, GABLE_BAD_INPUT, "axes is missing");
    rank = x->rank + n_axes;
    if (rank > SHAPE_RANK_MAX)
        return error_set(e, GABLE_BAD_INPUT, "the output would have %d dimensions, at most %d are supported", rank,
                         SHAPE_RANK_MAX);
    s = rule_axes(n, 1, rank, is_axis, &n_axes, e);
    if (s) return s;
    for (int i = 0, k = 0; i < rank; i++) dim[i] = is_axis[i] ? 1 : x->dim[k++];
    return rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
}

/* Training multiplies by a mask that holds 0 or 1 / (1 - p): one product forward, one back. Drawing it is not counted.
 */
static struct cost dropout_training_cost(const struct node *n) { return cost_flops(tensor_elements(n->out[0])); }

static struct cost dropout_gradient(const struct node *n, int input)
{
    return input ? cost_none(n) : dropout_training_cost(n);
}

/* A byte for each element. */
static count dropout_mask(const struct node *n) { return tensor_elements(n->out[0]); }

/* A value for each image. */
static count depth_mask(const struct node *n)
{
    const struct shape *y = out_shape(n, 0);
    return gradient_value_bytes(n, y->rank ? y->dim[0] : 1);
}

#define VIEW .gradient = gradient_moved, .formula = "0: a view"
#define DROP                                                        \
    .gradient = dropout_gradient, .forward = dropout_training_cost, \
    .formula = "1 per element: multiply by the mask; forward the same"

#define ROW(op, where, least, most, rule, how, ...)                                                                \
    {                                                                                                              \
        .name = op, .domain = where, .inputs = {least, most}, .outputs = {1, 1}, .shape = rule, .cost = cost_none, \
        .kind = KIND_MOVE, .is_view = true, .formula = how, .train = {                                             \
            __VA_ARGS__                                                                                            \
        }                                                                                                          \
    }

const struct op reshape_ops[] = {
    ROW("Reshape", DOMAIN_ONNX, 1, 2, reshape_shape, "0: a view", VIEW),
    ROW("Flatten", DOMAIN_ONNX, 1, 1, flatten_shape, "0: a view", VIEW),
    ROW("Squeeze", DOMAIN_ONNX, 1, 2, squeeze_shape, "0: a view", VIEW),
    ROW("Unsqueeze", DOMAIN_ONNX, 1, 2, unsqueeze_shape, "0: a view", VIEW),
    ROW("Identity", DOMAIN_ONNX, 1, 1, same_shape, "0: a view", VIEW),
    {.name = "Dropout",
     .domain = DOMAIN_ONNX,
     .inputs = {1, 3},
     .outputs = {1, 2},
     .shape = dropout_shape,
     .cost = cost_none,
     .kind = KIND_MOVE,
     .is_view = true,
     .formula = "0: nothing is dropped at inference",
     .train = {DROP, .keep_bytes = dropout_mask}},
    ROW("StochasticDepth", DOMAIN_GABLE, 1, 1, same_shape, "0: nothing is dropped at inference", DROP,
        .keep_bytes = depth_mask),
    {0},
};
