/* Einsum: a product of any number of tensors, its dimensions named by letters. */
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/rule.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum { LETTERS = 128, DOTS_MAX = SHAPE_RANK_MAX };
struct einsum {
    int64_t size[LETTERS]; /* -1: not there */
    int times[LETTERS];
    int64_t dots[DOTS_MAX]; /* what ... stands for, broadcast */
    int n_dots;
    const char *output; /* after the arrow; NULL without one */
};

static gable_status join(int64_t *into, int64_t size, const char *what, gable_error *e)
{
    if (*into == -1 || *into == 1) {
        *into = size;
    } else if (size != *into && size != 1) {
        return error_set(e, GABLE_BAD_INPUT, "%s stands for %" PRId64 " and %" PRId64, what, *into, size);
    }
    return GABLE_OK;
}

/* What ... stands for in one operand, from the right: dimensions that no letter names. */
static gable_status read_dots(struct einsum *m, const struct shape *x, int at, int n, gable_error *e)
{
    gable_status s = GABLE_OK;
    if (n > m->n_dots) {
        memmove(m->dots + (n - m->n_dots), m->dots, (size_t)m->n_dots * sizeof *m->dots);
        for (int i = 0; i < n - m->n_dots; i++) m->dots[i] = 1;
        m->n_dots = n;
    }
    for (int i = 0; i < n && !s; i++) s = join(&m->dots[m->n_dots - n + i], x->dim[at + i], "...", e);
    return s;
}

/* One operand's letters, up to a comma, an arrow or the end. */
static gable_status read_operand(struct einsum *m, const char **at, const struct shape *x, gable_error *e)
{
    int letters = 0, k = 0;
    gable_status s = GABLE_OK;
    for (const char *c = *at; *c && *c != ',' && *c != '-'; c++) letters += !!isalpha((unsigned char)*c);
    for (; **at && **at != ',' && **at != '-' && !s; ++*at) {
        char name[2] = {**at, 0};
        if (**at == ' ') continue;
        if (!strncmp(*at, "...", 3) && x->rank >= letters) {
            s = read_dots(m, x, k, x->rank - letters, e);
            k += x->rank - letters;
            *at += 2;
        } else if (isalpha((unsigned char)**at) && k < x->rank) {
            m->times[(int)**at]++;
            s = join(&m->size[(int)**at], x->dim[k++], name, e);
        } else {
            return error_set(e, GABLE_BAD_INPUT, "the equation does not fit an operand of %d dimensions", x->rank);
        }
    }
    if (!s && k != x->rank)
        return error_set(e, GABLE_BAD_INPUT, "the equation does not fit an operand of %d dimensions", x->rank);
    return s;
}

static gable_status einsum_read(const struct node *n, struct einsum *m, gable_error *e)
{
    const struct attribute *a = node_attribute(n, "equation");
    gable_status s = GABLE_OK;
    m->n_dots = 0;
    m->output = NULL;
    for (int i = 0; i < LETTERS; i++) {
        m->size[i] = -1;
        m->times[i] = 0;
    }
    if (!a || a->type != ATTRIBUTE_STRING) return error_set(e, GABLE_BAD_INPUT, "equation is missing");
    const char *at = a->s;
    for (int i = 0; i < n->n_in && !s; i++) {
        if (i && *at++ != ',')
            return error_set(e, GABLE_BAD_INPUT, "the equation names fewer than %d operands", n->n_in);
        s = read_operand(m, &at, in_shape(n, i), e);
    }
    if (s) return s;
    if (!strncmp(at, "->", 2))
        m->output = at + 2;
    else if (*at)
        return error_set(e, GABLE_BAD_INPUT, "the equation names more than %d operands", n->n_in);
    return GABLE_OK;
}

/* Without an arrow: ..., then the letters that stand once, in their order. */
static int implied(const struct einsum *m, int64_t *dim)
{
    int rank = 0;
    for (int i = 0; i < m->n_dots; i++) dim[rank++] = m->dots[i];
    for (int c = 0; c < LETTERS; c++)
        if (m->times[c] == 1) dim[rank++] = m->size[c];
    return rank;
}

static gable_status named(const struct einsum *m, int64_t *dim, int *rank, gable_error *e)
{
    *rank = 0;
    for (const char *c = m->output; *c; c++) {
        if (*c == ' ') continue;
        if (!strncmp(c, "...", 3) && *rank + m->n_dots <= SHAPE_RANK_MAX) {
            for (int i = 0; i < m->n_dots; i++) dim[(*rank)++] = m->dots[i];
            c += 2;
        } else if (isalpha((unsigned char)*c) && m->size[(int)*c] >= 0 && *rank < SHAPE_RANK_MAX) {
            dim[(*rank)++] = m->size[(int)*c];
        } else {
            return error_set(e, GABLE_BAD_INPUT, "the output names '%c', which no operand does", *c);
        }
    }
    return GABLE_OK;
}

static gable_status einsum_shape(struct graph *g, struct node *n, gable_error *e)
{
    struct einsum m;
    int64_t dim[SHAPE_RANK_MAX + LETTERS];
    int rank = 0;
    gable_status s = einsum_read(n, &m, e);
    if (s) return s;
    if (m.output)
        s = named(&m, dim, &rank, e);
    else
        rank = implied(&m, dim);
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
}

/* All letters' sizes and what ... stands for; what an order of pairs would save is not taken off. */
static count terms_of(const struct node *n)
{
    struct einsum m;
    gable_error ignored = {0};
    count terms = 1;
    if (einsum_read(n, &m, &ignored)) return 0;
    for (int i = 0; i < m.n_dots; i++) terms = count_mul(terms, m.dots[i]);
    for (int c = 0; c < LETTERS; c++)
        if (m.size[c] >= 0) terms = count_mul(terms, m.size[c]);
    return terms;
}

/* Two operands: multiply-accumulates. One: sums. More: one product each more. */
static struct cost einsum_cost(const struct node *n)
{
    count terms = terms_of(n);
    if (n->n_in == 1) return cost_flops(gradient_sums(terms, tensor_elements(n->out[0])));
    return (struct cost){terms, count_mul(n->n_in, terms)};
}

static struct cost einsum_gradient(const struct node *n, int input)
{
    (void)input;
    count terms = terms_of(n);
    if (n->n_in == 1) return cost_none(n);
    return (struct cost){terms, count_mul(n->n_in, terms)};
}

const struct op einsum_ops[] = {
    {.name = "Einsum",
     .domain = DOMAIN_ONNX,
     .inputs = {1, -1},
     .outputs = {1, 1},
     .shape = einsum_shape,
     .cost = einsum_cost,
     .kind = KIND_LINEAR,
     .formula = "operands x the product of all sizes; one operand: terms - outputs",
     .train = {.gradient = einsum_gradient,
               .keep = KEEP_INPUTS,
               .formula = "each operand: as forward; 0 where there is one"}},
    {0},
};
