/* Operators on text. */
#include "ops/families.h"
#include "ops/rule.h"

#include <inttypes.h>

/* Stop words may leave out any of them. */
static gable_status normalize_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    if (x->rank < 1 || x->rank > 2 || (x->rank == 2 && x->dim[0] != 1))
        return error_set(e, GABLE_BAD_INPUT, "the input must hold words in one dimension, or 1 x words");
    n->out[0]->is_at_most |= !!node_attribute(n, "stopwords");
    return rule_output(g, n, 0, DTYPE_STRING, x->rank, x->dim, e);
}

/* One count for each n-gram of the pool. */
static gable_status tfidf_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct attribute *index = node_attribute(n, "ngram_indexes");
    const struct shape *x = in_shape(n, 0);
    int64_t most = -1, dim[2];
    if (!index || index->type != ATTRIBUTE_INTS) return error_set(e, GABLE_BAD_INPUT, "ngram_indexes is missing");
    if (x->rank < 1 || x->rank > 2) return error_set(e, GABLE_BAD_INPUT, "the input must have 1 or 2 dimensions");
    for (int i = 0; i < index->n; i++)
        if (index->ints[i] > most) most = index->ints[i];
    if (most < 0 || most >= DIM_MAX)
        return error_set(e, GABLE_BAD_INPUT, "ngram_indexes has the largest value %" PRId64, most);
    dim[0] = x->dim[0];
    dim[x->rank - 1] = most + 1;
    return rule_output(g, n, 0, DTYPE_F32, x->rank, dim, e);
}

static struct cost per_word(const struct node *n) { return cost_flops(tensor_elements(n->in[0])); }

#define ROW(op, rule, costs, certainly, how)                                                                  \
    {                                                                                                         \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {1, 1}, .outputs = {1, 1}, .shape = rule, .cost = costs, \
        .kind = KIND_OTHER, .certainty = certainly, .formula = how, .train = {                                \
            .formula = "none: words"                                                                          \
        }                                                                                                     \
    }

const struct op word_ops[] = {
    ROW("StringNormalizer", normalize_shape, cost_none, COST_EXACT, "0: text, no arithmetic"),
    ROW("TfIdfVectorizer", tfidf_shape, per_word, COST_BOUND, "1 per word: a lower bound"),
    {0},
};
