/* Operators whose outputs are as large as data say: the rule gives the largest, and says that it is one. */
#include "ops/families.h"
#include "ops/gradient.h"

#include <inttypes.h>
#include <string.h>

static gable_status at_most(struct graph *g, struct node *n, int i, enum dtype d, int rank, const int64_t *dim,
                            gable_error *e)
{
    n->out[i]->is_at_most = true;
    return rule_output(g, n, i, d, rank, dim, e);
}

/* One column of positions for each value that is not 0. */
static gable_status non_zero_shape(struct graph *g, struct node *n, gable_error *e)
{
    const int64_t dim[] = {in_shape(n, 0)->rank, tensor_elements(n->in[0])};
    return at_most(g, n, 0, DTYPE_S64, 2, dim, e);
}

static gable_status compress_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX], kept = tensor_elements(n->in[1]), all = tensor_elements(n->in[0]);
    int axis = 0;
    if (!node_attribute(n, "axis")) {
        dim[0] = kept < all ? kept : all;
        return at_most(g, n, 0, n->in[0]->dtype, 1, dim, e);
    }
    gable_status s = rule_axis(n, 0, x->rank, &axis, e);
    if (s) return s;
    memcpy(dim, x->dim, (size_t)x->rank * sizeof *dim);
    if (kept < dim[axis]) dim[axis] = kept;
    return at_most(g, n, 0, n->in[0]->dtype, x->rank, dim, e);
}

/* All values different at most; the inverse has one place for each that there was. */
static gable_status unique_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX], along = tensor_elements(n->in[0]);
    int axis = -1;
    gable_status s = node_attribute(n, "axis") ? rule_axis(n, 0, x->rank, &axis, e) : GABLE_OK;
    if (s) return s;
    if (axis >= 0) along = x->dim[axis];
    for (int i = 0; axis >= 0 && i < x->rank; i++) dim[i] = x->dim[i];
    if (axis < 0) dim[0] = along;
    s = at_most(g, n, 0, n->in[0]->dtype, axis < 0 ? 1 : x->rank, dim, e);
    for (int i = 1; i < n->n_out && !s; i++)
        s = i == 2 ? rule_output(g, n, i, DTYPE_S64, 1, &along, e) : at_most(g, n, i, DTYPE_S64, 1, &along, e);
    return s;
}

/* boxes: N x B x 4, scores: N x C x B; at most so many boxes of each class as input 2 allows: rows of 3 positions. */
static gable_status suppress_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *boxes = in_shape(n, 0), *scores = in_shape(n, 1);
    if (boxes->rank != 3 || scores->rank != 3 || boxes->dim[2] != 4 || boxes->dim[0] != scores->dim[0] ||
        boxes->dim[1] != scores->dim[2])
        return error_set(e, GABLE_BAD_INPUT, "boxes must be N x B x 4 and scores N x C x B");
    int64_t each = boxes->dim[1], most = rule_has(n, 2) ? each : 0;
    if (rule_has(n, 2) && n->in[2]->ints && tensor_elements(n->in[2]) == 1) most = n->in[2]->ints[0];
    most = most < 0 ? 0 : most > each ? each : most;
    const int64_t dim[] = {count_mul(count_mul(scores->dim[0], scores->dim[1]), most), 3};
    return at_most(g, n, 0, DTYPE_S64, 2, dim, e);
}

static struct cost compare_scores(const struct node *n) { return cost_flops(tensor_elements(n->in[1])); }

static struct cost compare_values(const struct node *n) { return cost_flops(tensor_elements(n->in[0])); }

#define NO_GRADIENT .formula = "none: data decide what is left"
#define ROW(op, least, most, most_out, rule, costs, is, how, certainly, ...)                                 \
    {                                                                                                        \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {least, most}, .outputs = {1, most_out}, .shape = rule, \
        .cost = costs, .kind = is, .certainty = certainly, .formula = how, .train = {                        \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

const struct op decided_ops[] = {
    ROW("NonZero", 1, 1, 1, non_zero_shape, compare_values, KIND_MOVE, "1 comparison per input", COST_EXACT,
        NO_GRADIENT),
    ROW("Compress", 2, 2, 1, compress_shape, cost_none, KIND_MOVE, "0: data movement", COST_EXACT,
        .gradient = gradient_moved, .keep = KEEP_INDEX, .formula = "0: put back at the places kept"),
    ROW("Unique", 1, 1, 4, unique_shape, compare_values, KIND_OTHER, "1 comparison per input: a lower bound",
        COST_BOUND, NO_GRADIENT),
    ROW("NonMaxSuppression", 2, 5, 1, suppress_shape, compare_scores, KIND_OTHER,
        "1 comparison per score: a lower bound", COST_BOUND, NO_GRADIENT),
    {0},
};
