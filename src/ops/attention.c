/* Attention as the clean-up finds it in exported graphs: softmax(scale q k + mask) v, k with its rows as columns. */
#include "ops/families.h"
#include "ops/rule.h"

#include <inttypes.h>

/* q[.. x L x D], k[.. x D x S], v[.. x S x V], leading dimensions equal. */
static gable_status check_factors(const struct shape *q, const struct shape *k, const struct shape *v, gable_error *e)
{
    int rank = q->rank;
    if (rank < 2 || k->rank != rank || v->rank != rank)
        return error_set(e, GABLE_BAD_INPUT, "the factors have %d, %d and %d dimensions, all must have as many", rank,
                         k->rank, v->rank);
    for (int i = 0; i < rank - 2; i++)
        if (q->dim[i] != k->dim[i] || q->dim[i] != v->dim[i])
            return error_set(e, GABLE_BAD_INPUT, "the stacks of matrices do not match in dimension %d", i);
    if (q->dim[rank - 1] != k->dim[rank - 2] || k->dim[rank - 1] != v->dim[rank - 2])
        return error_set(e, GABLE_BAD_INPUT,
                         "the inner dimensions %" PRId64 ", %" PRId64 " or %" PRId64 ", %" PRId64 " differ",
                         q->dim[rank - 1], k->dim[rank - 2], k->dim[rank - 1], v->dim[rank - 2]);
    return GABLE_OK;
}

/* The mask is broadcast to the scores, never the other way round. */
static gable_status check_mask(const struct shape *q, const struct shape *k, const struct shape *mask, gable_error *e)
{
    for (int i = 0; i < mask->rank; i++) {
        int at = q->rank - mask->rank + i;
        if (at < 0 || (mask->dim[i] != 1 && mask->dim[i] != (at == q->rank - 1 ? k : q)->dim[at]))
            return error_set(e, GABLE_BAD_INPUT, "the mask does not fit the scores");
    }
    return GABLE_OK;
}

static gable_status attention_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *q = in_shape(n, 0), *k = in_shape(n, 1), *v = in_shape(n, 2);
    gable_status s = check_factors(q, k, v, e);
    if (!s && rule_has(n, 3)) s = check_mask(q, k, in_shape(n, 3), e);
    if (s) return s;
    int64_t dim[SHAPE_RANK_MAX];
    for (int i = 0; i < q->rank; i++) dim[i] = i == q->rank - 1 ? v->dim[i] : q->dim[i];
    return rule_output(g, n, 0, n->in[0]->dtype, q->rank, dim, e);
}

/* Both products, a factor and a summand per score, and Softmax's 5S - 2 per row: what MatMul, Mul, Add, Softmax and
   MatMul cost apart. */
static struct cost attention_cost(const struct node *n)
{
    const struct shape *q = in_shape(n, 0), *k = in_shape(n, 1), *v = in_shape(n, 2);
    int rank = q->rank;
    count rows = 1, keys = k->dim[rank - 1];
    for (int i = 0; i < rank - 1; i++) rows = count_mul(rows, q->dim[i]);
    count scores = count_mul(rows, keys);
    count macs = count_mul(scores, count_add(q->dim[rank - 1], v->dim[rank - 1]));
    count each = 5 + (node_float(n, "scale", 1) != 1) + rule_has(n, 3), others = count_mul(each, scores);
    if (keys > 0 && others != COUNT_MAX) others -= 2 * rows;
    return (struct cost){macs, count_add(count_mul(2, macs), others)};
}

const struct op attention_ops[] = {
    {.name = "Attention",
     .domain = DOMAIN_GABLE,
     .inputs = {3, 4},
     .outputs = {1, 1},
     .shape = attention_shape,
     .cost = attention_cost,
     .kind = KIND_LINEAR,
     .formula =
         "2 x scores x (D + V), + 5S - 2 per row of S scores, + 1 per score where they are scaled, + 1 with a mask",
     .train = {.formula = "none: only the clean-up makes it, training reads graphs as they are"}},
    {0},
};
