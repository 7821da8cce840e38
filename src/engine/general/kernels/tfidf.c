/* TfIdfVectorizer: how often each n-gram of a list occurs in a row, and with what weight. */
#include "engine/general/tables.h"

#include <inttypes.h>
#include <string.h>

struct grams { /* the attributes, checked */
    const struct attribute *ints, *strings, *counts, *indexes, *weights;
    int64_t shortest, longest, skips, n_out;
    int mode; /* 0 TF, 1 IDF, 2 TFIDF */
};

static const struct attribute *listed(const struct call *c, const char *name, enum attribute_type type)
{
    const struct attribute *a = node_attribute(c->node, name);
    return a && a->type == type ? a : NULL;
}

static int64_t pool_size(const struct grams *g) { return g->ints ? g->ints->n : g->strings ? g->strings->n : 0; }

/* Where n-grams of each length begin, how many there are in all: ngram_counts against the pool. */
static gable_status check_pool(struct call *c, const struct grams *g)
{
    int64_t n_grams = 0, size = pool_size(g);
    for (int i = 0; i < g->counts->n; i++) {
        int64_t first = g->counts->ints[i], end = i + 1 < g->counts->n ? g->counts->ints[i + 1] : size;
        if (first < 0 || end < first || end > size || (end - first) % (i + 1))
            return call_refuse(c, "ngram_counts do not divide the pool of %" PRId64, size);
        n_grams += (end - first) / (i + 1);
    }
    if (n_grams != g->indexes->n || (g->weights && g->weights->n != n_grams))
        return call_refuse(c, "%" PRId64 " n-grams, but %d indexes", n_grams, g->indexes->n);
    return GABLE_OK;
}

static gable_status read_grams(struct call *c, struct grams *g)
{
    static const char *const modes[] = {"TF", "IDF", "TFIDF"};
    const struct attribute *mode = listed(c, "mode", ATTRIBUTE_STRING);
    g->ints = listed(c, "pool_int64s", ATTRIBUTE_INTS);
    g->strings = listed(c, "pool_strings", ATTRIBUTE_STRINGS);
    g->counts = listed(c, "ngram_counts", ATTRIBUTE_INTS);
    g->indexes = listed(c, "ngram_indexes", ATTRIBUTE_INTS);
    g->weights = listed(c, "weights", ATTRIBUTE_FLOATS);
    g->shortest = node_int(c->node, "min_gram_length", 1);
    g->longest = node_int(c->node, "max_gram_length", 1);
    g->skips = node_int(c->node, "max_skip_count", 0);
    if (!mode || !g->counts || !g->indexes || (!g->ints && !g->strings))
        return call_refuse(c, "lacks its mode, its pool, ngram_counts or ngram_indexes");
    for (g->mode = 0; g->mode < 3 && strcmp(modes[g->mode], mode->s) != 0;) g->mode++;
    if (g->mode == 3) return call_refuse(c, "mode must be TF, IDF or TFIDF");
    if (g->shortest < 1 || g->longest < g->shortest || g->longest > g->counts->n || g->skips < 0)
        return call_refuse(c, "n-grams of %" PRId64 " to %" PRId64 " are not in a pool of up to %d", g->shortest,
                           g->longest, g->counts->n);
    for (int i = 0; i < g->indexes->n; i++) {
        if (g->indexes->ints[i] < 0 || g->indexes->ints[i] >= INT64_C(1) << 31)
            return call_refuse(c, "ngram_indexes holds %" PRId64, g->indexes->ints[i]);
        if (g->indexes->ints[i] >= g->n_out) g->n_out = g->indexes->ints[i] + 1;
    }
    return check_pool(c, g);
}

static bool is_same(const struct grams *g, const struct value *x, int64_t at, int64_t in_pool)
{
    if (x->dtype != DTYPE_STRING) return g->ints && value_int(x, at) == g->ints->ints[in_pool];
    const char *s = ((char *const *)x->data)[at];
    return g->strings && !strcmp(s ? s : "", g->strings->strings[in_pool]);
}

/* Counts the n-gram that starts at `at`, its words `step` apart; *gram is the first one's number of its length. */
static void count_gram(const struct grams *g, const struct value *x, int64_t at, int64_t n, int64_t step, int64_t gram,
                       float *row)
{
    int64_t first = g->counts->ints[n - 1], end = n < g->counts->n ? g->counts->ints[n] : pool_size(g);
    for (; first < end; first += n, gram++) {
        int64_t k = 0;
        while (k < n && is_same(g, x, at + k * step, first + k)) k++;
        if (k == n) row[g->indexes->ints[gram]] += 1;
    }
}

/* Words of one row: a single word has no gap, so it is counted without skips only. */
static void count_row(const struct grams *g, const struct value *x, int64_t first, int64_t length, float *row)
{
    int64_t gram = 0;
    for (int64_t n = 1; n <= g->longest; n++) {
        int64_t end = n < g->counts->n ? g->counts->ints[n] : pool_size(g);
        for (int64_t step = 1; step <= g->skips + 1 && n >= g->shortest; step++) {
            if ((n == 1 && step > 1) || (n - 1) * step >= length) break;
            for (int64_t at = 0; at + (n - 1) * step < length; at++) count_gram(g, x, first + at, n, step, gram, row);
        }
        gram += (end - g->counts->ints[n - 1]) / n;
    }
}

static void weigh(const struct grams *g, float *row)
{
    for (int i = 0; i < g->indexes->n && g->mode > 0; i++) {
        float *to = &row[g->indexes->ints[i]], weight = g->weights ? (float)g->weights->floats[i] : 1;
        *to = g->mode == 1 ? (*to > 0 ? weight : 0) : *to * weight;
    }
}

static gable_status vectorize(struct call *c)
{
    const struct value *x = c->in[0];
    struct grams g = {0};
    gable_status s = read_grams(c, &g);
    if (s) return s;
    if (x->rank < 1 || x->rank > 2) return call_refuse(c, "its input has %d dimensions, not 1 or 2", x->rank);
    int64_t rows = x->rank == 2 ? x->dim[0] : 1, length = x->dim[x->rank - 1], longest_step;
    if (__builtin_mul_overflow(g.longest, g.skips + 1, &longest_step) || longest_step > INT64_C(1) << 31)
        return call_refuse(c, "n-grams of %" PRId64 " words with %" PRId64 " skips are too long", g.longest, g.skips);
    s = call_make(c, 0, DTYPE_F32, x->rank, x->rank == 2 ? (const int64_t[]){rows, g.n_out} : &g.n_out);
    if (s) return s;
    memset(c->out[0]->data, 0, (size_t)c->out[0]->n * sizeof(float));
    for (int64_t r = 0; r < rows; r++) {
        float *row = (float *)c->out[0]->data + r * g.n_out;
        count_row(&g, x, r * length, length, row);
        weigh(&g, row);
    }
    return GABLE_OK;
}

const struct kernel kernels_tfidf[] = {
    {.op = "TfIdfVectorizer", .domain = "", .run = vectorize},
    {0},
};
