/* Interpolation: every output is a weighted sum of the inputs around it. */
#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Resize(X, roi, scales, sizes), Resize-10 and Upsample-9(X, scales), Upsample-7(X; scales attribute). */
static const struct tensor *scales_input(const struct node *n)
{
    int i = n->n_in > 2 ? 2 : 1;
    return rule_has(n, i) && tensor_elements(n->in[i]) > 0 ? n->in[i] : NULL;
}

static gable_status scaled(const struct node *n, const double *scale, int n_scales, int64_t *dim, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    if (n_scales != x->rank)
        return error_set(e, GABLE_BAD_INPUT, "scales has %d values, the input %d dimensions", n_scales, x->rank);
    for (int i = 0; i < x->rank; i++) {
        double size = floor((double)x->dim[i] * scale[i]);
        if (!(size >= 0 && size <= (double)DIM_MAX)) return error_set(e, GABLE_BAD_INPUT, "scales holds %g", scale[i]);
        dim[i] = (int64_t)size;
    }
    return GABLE_OK;
}

static gable_status resize_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    const struct attribute *listed = node_attribute(n, "scales");
    const struct tensor *scales = scales_input(n);
    int64_t dim[SHAPE_RANK_MAX];
    int n_sizes = -1;
    gable_status s = GABLE_OK;
    if (listed && listed->type == ATTRIBUTE_FLOATS)
        s = scaled(n, listed->floats, listed->n, dim, e);
    else if (rule_has(n, 3) && tensor_elements(n->in[3]) > 0) {
        s = rule_listed(n, "", 3, dim, &n_sizes, e);
        if (s)
            return error_set(e, GABLE_BAD_INPUT, "sizes must be known while the model is read, not computed from data");
        if (n_sizes != x->rank)
            return error_set(e, GABLE_BAD_INPUT, "sizes has %d values, the input %d dimensions", n_sizes, x->rank);
    } else if (scales && scales->reals)
        s = scaled(n, scales->reals, (int)tensor_elements(scales), dim, e);
    else
        s = error_set(e, GABLE_BAD_INPUT, "neither scales nor sizes is known while the model is read");
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

/* nearest: a copy. linear: 2^d inputs, cubic: 4^d inputs per output over the d dimensions that change; each is
   multiplied by its weight and added. */
static count taps_of(const struct node *n)
{
    const struct attribute *mode = node_attribute(n, "mode");
    const char *how = mode && mode->type == ATTRIBUTE_STRING ? mode->s : "nearest";
    count taps = 1, each = !strcmp(how, "nearest") ? 1 : !strcmp(how, "cubic") ? 4 : 2;
    for (int i = 0; i < in_shape(n, 0)->rank; i++)
        if (in_shape(n, 0)->dim[i] != out_shape(n, 0)->dim[i]) taps = count_mul(taps, each);
    return taps;
}

static struct cost resize_cost(const struct node *n)
{
    count taps = taps_of(n), per_output = taps > 1 ? count_add(count_mul(2, taps), -1) : 0;
    return cost_flops(count_mul(per_output, tensor_elements(n->out[0])));
}

/* dy times each weight, added to each input; without weights one addition */
static struct cost resize_gradient(const struct node *n, int input)
{
    count taps = taps_of(n), per_output = taps > 1 ? count_mul(2, taps) : 1;
    return input ? cost_none(n) : cost_flops(count_mul(per_output, tensor_elements(n->out[0])));
}

#define ROW(op, most)                                                                                              \
    {                                                                                                              \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {1, most}, .outputs = {1, 1}, .shape = resize_shape,          \
        .cost = resize_cost, .kind = KIND_OTHER,                                                                   \
        .formula = "nearest: 0; linear: 2 x 2^d - 1 per output, cubic: 2 x 4^d - 1, d the dimensions that change", \
        .train = {                                                                                                 \
            .gradient = resize_gradient,                                                                           \
            .formula = "nearest: 1 addition per output; linear: 2 x 2^d per output, cubic: 2 x 4^d"                \
        }                                                                                                          \
    }

const struct op resize_ops[] = {
    ROW("Resize", 4),
    ROW("Upsample", 2),
    {0},
};
