/* Operators that make values by chance or by position. */
#include "ops/families.h"
#include "ops/rule.h"

#include <string.h>

static gable_status drawn_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct attribute *shape = node_attribute(n, "shape");
    enum dtype d;
    gable_status s = rule_dtype(n, "dtype", DTYPE_F32, &d, e);
    if (!s && (!shape || shape->type != ATTRIBUTE_INTS)) s = error_set(e, GABLE_BAD_INPUT, "shape is missing");
    return s ? s : rule_output(g, n, 0, d, shape->n, shape->ints, e);
}

static gable_status alike_shape(struct graph *g, struct node *n, gable_error *e)
{
    enum dtype d;
    gable_status s = rule_dtype(n, "dtype", n->in[0]->dtype, &d, e);
    return s ? s : rule_output(g, n, 0, d, in_shape(n, 0)->rank, in_shape(n, 0)->dim, e);
}

static gable_status multinomial_shape(struct graph *g, struct node *n, gable_error *e)
{
    enum dtype d;
    int64_t samples = 1;
    gable_status s = rule_dtype(n, "dtype", DTYPE_S32, &d, e);
    if (!s) s = rule_int(n, "sample_size", 1, 1, DIM_MAX, &samples, e);
    if (!s && in_shape(n, 0)->rank != 2) s = error_set(e, GABLE_BAD_INPUT, "the input must be N x classes");
    if (s) return s;
    return rule_output(g, n, 0, d, 2, (const int64_t[]){in_shape(n, 0)->dim[0], samples}, e);
}

static gable_status eye_shape(struct graph *g, struct node *n, gable_error *e)
{
    if (in_shape(n, 0)->rank != 2) return error_set(e, GABLE_BAD_INPUT, "the input must have 2 dimensions");
    return alike_shape(g, n, e);
}

/* Those that the reader leaves: text, and values of other shapes that the file states. */
static gable_status constant_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct attribute *words = node_attribute(n, "value_strings"), *t = node_attribute(n, "value");
    if (node_attribute(n, "value_string")) return rule_output(g, n, 0, DTYPE_STRING, 0, NULL, e);
    if (words) return rule_output(g, n, 0, DTYPE_STRING, 1, (const int64_t[]){words->n}, e);
    if (t && t->type == ATTRIBUTE_TENSOR)
        return rule_output(g, n, 0, t->t->dtype, t->t->shape.rank, t->t->shape.dim, e);
    return rule_stated(n, 0, "its value is of a kind that is not known", e);
}

#define ROW(op, inputs_, rule, costs, each, is, certainly, how)                                            \
    {                                                                                                      \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {inputs_, inputs_}, .outputs = {1, 1}, .shape = rule, \
        .cost = costs, .kind = is, .per_element = each, .certainty = certainly, .formula = how, .train = { \
            .formula = "none: drawn or placed, not computed"                                               \
        }                                                                                                  \
    }

const struct op draw_ops[] = {
    ROW("RandomNormal", 0, drawn_shape, cost_per_output, 1, KIND_OTHER, COST_BOUND, "1 per output: a lower bound"),
    ROW("RandomUniform", 0, drawn_shape, cost_per_output, 1, KIND_OTHER, COST_BOUND, "1 per output: a lower bound"),
    ROW("RandomNormalLike", 1, alike_shape, cost_per_output, 1, KIND_OTHER, COST_BOUND, "1 per output: a lower bound"),
    ROW("RandomUniformLike", 1, alike_shape, cost_per_output, 1, KIND_OTHER, COST_BOUND, "1 per output: a lower bound"),
    ROW("Bernoulli", 1, alike_shape, cost_per_output, 2, KIND_OTHER, COST_BOUND,
        "2 per output: draw, compare; a lower bound"),
    ROW("Multinomial", 1, multinomial_shape, cost_per_output, 1, KIND_OTHER, COST_BOUND, "1 per output: a lower bound"),
    {.name = "Constant",
     .domain = DOMAIN_ONNX,
     .inputs = {0, 0},
     .outputs = {1, 1},
     .shape = constant_shape,
     .cost = cost_none,
     .kind = KIND_MOVE,
     .is_view = true,
     .keeps_stated = true,
     .formula = "0: part of the program",
     .train = {.formula = "none: drawn or placed, not computed"}},
    ROW("EyeLike", 1, eye_shape, cost_none, 0, KIND_MOVE, COST_EXACT, "0: data movement"),
    {0},
};
