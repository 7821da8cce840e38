/* Attention as the clean-up finds it in exported graphs: softmax(scale q k + summands) v, k with its rows as columns.
   A condition may take a number instead of a score, before or after the summands. */
#include "ops/families.h"
#include "ops/rule.h"

#include <inttypes.h>

enum { Q, K, V, MASKS, INPUTS = 6 }; /* two masks are added, the third one is a condition */

/* q[.. x L x D], k[.. x D x S], v[.. x S x V]; leading dimensions of k and v are q's or 1. */
static gable_status check_stack(const struct shape *q, const struct shape *t, gable_error *e)
{
    int missing = q->rank - t->rank;
    if (q->rank < 2 || t->rank < 2 || missing < 0)
        return error_set(e, GABLE_BAD_INPUT, "q has %d dimensions, another factor %d", q->rank, t->rank);
    for (int i = 0; i < t->rank - 2; i++)
        if (t->dim[i] != 1 && t->dim[i] != q->dim[missing + i])
            return error_set(e, GABLE_BAD_INPUT, "the stacks of matrices do not match in dimension %d", i);
    return GABLE_OK;
}

static gable_status check_factors(const struct shape *q, const struct shape *k, const struct shape *v, gable_error *e)
{
    gable_status s = check_stack(q, k, e);
    if (!s) s = check_stack(q, v, e);
    if (s) return s;
    int64_t q_inner = q->dim[q->rank - 1], k_inner = k->dim[k->rank - 2];
    int64_t keys = k->dim[k->rank - 1], rows = v->dim[v->rank - 2];
    if (q_inner == k_inner && keys == rows) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT,
                     "the inner dimensions %" PRId64 ", %" PRId64 " or %" PRId64 ", %" PRId64 " differ", q_inner,
                     k_inner, keys, rows);
}

/* A mask is broadcast to the scores, never the other way round. */
static gable_status check_mask(const struct shape *q, const struct shape *k, const struct shape *mask, gable_error *e)
{
    for (int i = 0; i < mask->rank; i++) {
        int at = q->rank - mask->rank + i;
        if (at < 0 || (mask->dim[i] != 1 && mask->dim[i] != (at == q->rank - 1 ? k->dim[k->rank - 1] : q->dim[at])))
            return error_set(e, GABLE_BAD_INPUT, "the mask does not fit the scores");
    }
    return GABLE_OK;
}

static gable_status attention_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *q = in_shape(n, Q), *k = in_shape(n, K), *v = in_shape(n, V);
    gable_status s = check_factors(q, k, v, e);
    for (int i = MASKS; i < INPUTS && !s; i++)
        if (rule_has(n, i)) s = check_mask(q, k, in_shape(n, i), e);
    if (s) return s;
    int64_t dim[SHAPE_RANK_MAX];
    for (int i = 0; i < q->rank; i++) dim[i] = i == q->rank - 1 ? v->dim[v->rank - 1] : q->dim[i];
    return rule_output(g, n, 0, n->in[0]->dtype, q->rank, dim, e);
}

/* Both products, a factor, summands and a choice per score, and Softmax's 5S - 2 per row: what MatMul, Mul, Add, Where,
   Softmax and MatMul cost apart. */
static struct cost attention_cost(const struct node *n)
{
    const struct shape *q = in_shape(n, Q), *k = in_shape(n, K), *v = in_shape(n, V);
    int rank = q->rank;
    count rows = 1, keys = k->dim[k->rank - 1], each = 5 + (node_float(n, "scale", 1) != 1);
    for (int i = 0; i < rank - 1; i++) rows = count_mul(rows, q->dim[i]);
    for (int i = MASKS; i < INPUTS; i++) each += rule_has(n, i);
    count scores = count_mul(rows, keys);
    count macs = count_mul(scores, count_add(q->dim[rank - 1], v->dim[v->rank - 1]));
    count others = count_mul(each, scores);
    if (keys > 0 && others != COUNT_MAX) others -= 2 * rows;
    return (struct cost){macs, count_add(count_mul(2, macs), others)};
}

const struct op attention_ops[] = {
    {.name = "Attention",
     .domain = DOMAIN_GABLE,
     .inputs = {MASKS, INPUTS},
     .outputs = {1, 1},
     .shape = attention_shape,
     .cost = attention_cost,
     .kind = KIND_LINEAR,
     .formula = "2 x scores x (D + V), + 5S - 2 per row of S scores, + 1 per score where they are scaled, + 1 for each "
                "mask",
     .train = {.formula = "none: only the clean-up makes it, training reads graphs as they are"}},
    {0},
};
