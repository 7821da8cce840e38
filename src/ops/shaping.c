/* Operators about shapes: they read a shape, or make a tensor of a shape that is given as a value. */
#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>
#include <string.h>

static gable_status shape_shape(struct graph *g, struct node *n, gable_error *e)
{
    int64_t rank = in_shape(n, 0)->rank, start = node_int(n, "start", 0), end = node_int(n, "end", rank);
    start = start < 0 ? start + rank : start;
    end = end < 0 ? end + rank : end;
    start = start < 0 ? 0 : start > rank ? rank : start;
    end = end < start ? start : end > rank ? rank : end;
    return rule_output(g, n, 0, DTYPE_S64, 1, (const int64_t[]){end - start}, e);
}

static gable_status size_shape(struct graph *g, struct node *n, gable_error *e)
{
    return rule_output(g, n, 0, DTYPE_S64, 0, NULL, e);
}

static gable_status cast_shape(struct graph *g, struct node *n, gable_error *e)
{
    enum dtype d = dtype_of_onnx(node_int(n, "to", 0));
    if (d == DTYPE_UNDEFINED)
        return error_set(e, GABLE_BAD_INPUT, "to is %" PRId64 ", a data type that is not supported",
                         node_int(n, "to", 0));
    return rule_output(g, n, 0, d, in_shape(n, 0)->rank, in_shape(n, 0)->dim, e);
}

static gable_status cast_like_shape(struct graph *g, struct node *n, gable_error *e)
{
    return rule_output(g, n, 0, n->in[1]->dtype, in_shape(n, 0)->rank, in_shape(n, 0)->dim, e);
}

/* A shape that an input gives as its value. */
static gable_status given_shape(const struct node *n, int input, int64_t *dim, int *rank, gable_error *e)
{
    gable_status s = rule_listed(n, "", input, dim, rank, e);
    if (s)
        return error_set(e, GABLE_BAD_INPUT,
                         "the shape (input %d) must be known while the model is read, not computed from data", input);
    return GABLE_OK;
}

static gable_status constant_of_shape_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct attribute *value = node_attribute(n, "value");
    int64_t dim[SHAPE_RANK_MAX];
    int rank = 0;
    gable_status s = given_shape(n, 0, dim, &rank, e);
    return s ? s
             : rule_output(g, n, 0, value && value->type == ATTRIBUTE_TENSOR ? value->t->dtype : DTYPE_F32, rank, dim,
                           e);
}

static gable_status expand_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t want[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX];
    int n_want = 0;
    gable_status s = given_shape(n, 1, want, &n_want, e);
    if (s) return s;
    int rank = x->rank > n_want ? x->rank : n_want;
    for (int i = 0; i < rank; i++) {
        int64_t a = i < rank - x->rank ? 1 : x->dim[i - (rank - x->rank)],
                b = i < rank - n_want ? 1 : want[i - (rank - n_want)];
        if (a != b && a != 1 && b != 1)
            return error_set(e, GABLE_BAD_INPUT, "%" PRId64 " cannot be broadcast to %" PRId64 " (dimension %d)", a, b,
                             i);
        dim[i] = a == 1 ? b : a;
    }
    return rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
}

static gable_status tile_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t times[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX];
    int n_times = 0;
    gable_status s = given_shape(n, 1, times, &n_times, e);
    if (s) return s;
    if (n_times != x->rank)
        return error_set(e, GABLE_BAD_INPUT, "repeats has %d values, the input %d dimensions", n_times, x->rank);
    for (int i = 0; i < x->rank; i++) {
        if (times[i] < 0) return error_set(e, GABLE_BAD_INPUT, "repeats holds %" PRId64, times[i]);
        dim[i] = count_mul(x->dim[i], times[i]);
    }
    return rule_output(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

static bool scalar(const struct tensor *t, double *out)
{
    if (t->ints)
        *out = (double)t->ints[0];
    else if (t->reals)
        *out = t->reals[0];
    return (t->ints || t->reals) && tensor_elements(t) == 1;
}

static gable_status range_shape(struct graph *g, struct node *n, gable_error *e)
{
    double start, limit, step;
    if (!scalar(n->in[0], &start) || !scalar(n->in[1], &limit) || !scalar(n->in[2], &step))
        return error_set(e, GABLE_BAD_INPUT,
                         "its bounds must be known while the model is read, not computed from data");
    if (step == 0) return error_set(e, GABLE_BAD_INPUT, "the step is 0");
    double length = (limit - start) / step;
    int64_t whole = length > 0 && length < 1e15 ? (int64_t)length : 0;
    whole += length > 0 && (double)whole < length;
    if (length >= 1e15) return error_set(e, GABLE_BAD_INPUT, "the range has too many values");
    return rule_output(g, n, 0, n->in[0]->dtype, 1, &whole, e);
}

#define NO_GRADIENT .formula = "none: what it gives does not depend on values"
#define MOVED .gradient = gradient_moved, .formula = "0: data movement"
#define SUMMED .gradient = gradient_summed, .formula = "outputs - inputs: what was repeated is summed"

#define ROW(op, least, most, rule, view, ...)                                                                      \
    {                                                                                                              \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {least, most}, .outputs = {1, 1}, .shape = rule,              \
        .cost = cost_none, .kind = KIND_MOVE, .is_view = view, .formula = view ? "0: a view" : "0: data movement", \
        .train = {                                                                                                 \
            __VA_ARGS__                                                                                            \
        }                                                                                                          \
    }

const struct op shaping_ops[] = {
    ROW("Shape", 1, 1, shape_shape, true, NO_GRADIENT),
    ROW("Size", 1, 1, size_shape, true, NO_GRADIENT),
    ROW("Cast", 1, 1, cast_shape, false, MOVED),
    ROW("CastLike", 2, 2, cast_like_shape, false, MOVED),
    ROW("ConstantOfShape", 1, 1, constant_of_shape_shape, false, NO_GRADIENT),
    ROW("Expand", 2, 2, expand_shape, false, SUMMED),
    ROW("Tile", 2, 2, tile_shape, false, SUMMED),
    ROW("Range", 3, 3, range_shape, false, NO_GRADIENT),
    {0},
};
