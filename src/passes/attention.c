/* MatMul, a scale, a mask, Softmax, MatMul, as exporters write attention: one operator that never holds all scores. */
#include "passes/edit.h"

#include <string.h>

enum { NODES_MAX = 5 };
struct attention {
    struct node *nodes[NODES_MAX]; /* in order */
    int n;
    struct tensor *q, *k, *v, *mask;
    double scale;
};

static void add_front(struct attention *a, struct node *n)
{
    memmove(a->nodes + 1, a->nodes, (size_t)a->n * sizeof *a->nodes);
    a->nodes[0] = n;
    a->n++;
}

static bool same_shape(const struct tensor *a, const struct tensor *b)
{
    return a->has_shape && b->has_shape && shape_equal(&a->shape, &b->shape);
}

/* Scores times or over one constant: read past it. */
static struct tensor *past_scale(const struct edit *e, struct tensor *t, struct attention *a)
{
    struct node *product = edit_made_by(e, t, "Mul"), *quotient = edit_made_by(e, t, "Div");
    double by;
    for (int i = 0; product && i < 2; i++)
        if (edit_scalar(product->in[1 - i], &by) && same_shape(product->in[i], t)) {
            a->scale = by;
            add_front(a, product);
            return product->in[i];
        }
    if (!quotient || !edit_scalar(quotient->in[1], &by) || by == 0 || !same_shape(quotient->in[0], t)) return t;
    a->scale = 1 / by;
    add_front(a, quotient);
    return quotient->in[0];
}

static bool is_scores(const struct edit *e, struct tensor *t)
{
    struct attention ignored = {.n = 0};
    return edit_made_by(e, past_scale(e, t, &ignored), "MatMul") != NULL;
}

/* Scores plus something that is broadcast to them. */
static struct tensor *past_mask(const struct edit *e, struct tensor *t, struct attention *a)
{
    struct node *sum = edit_made_by(e, t, "Add");
    for (int i = 0; sum && i < 2; i++) {
        struct tensor *scores = sum->in[i];
        if (!is_scores(e, scores) || !same_shape(scores, t)) continue;
        a->mask = sum->in[1 - i];
        add_front(a, sum);
        return scores;
    }
    return t;
}

static bool is_along_rows(const struct edit *e, const struct node *softmax)
{
    int rank = softmax->in[0]->shape.rank;
    int64_t axis = node_int(softmax, "axis", e->g->opset < 13 ? 1 : -1);
    return softmax->in[0]->has_shape && rank >= 2 && (axis == -1 || axis == rank - 1);
}

/* One stack of matrices each, of as many dimensions and of a type that the operator takes. */
static bool fits(const struct attention *a)
{
    const struct tensor *all[] = {a->q, a->k, a->v};
    int rank = a->q->shape.rank;
    for (int i = 0; i < 3; i++) {
        const struct tensor *t = all[i];
        if (!t->has_shape || t->shape.rank != rank || rank < 2 || t->dtype != a->q->dtype) return false;
        for (int d = 0; d < rank - 2; d++)
            if (t->shape.dim[d] != a->q->shape.dim[d]) return false;
    }
    enum dtype d = a->q->dtype;
    return (d == DTYPE_F32 || d == DTYPE_F16 || d == DTYPE_BF16) && (!a->mask || a->mask->dtype == d);
}

static bool read_attention(const struct edit *e, struct node *softmax, struct attention *a)
{
    struct node *last = edit_only_user(e, softmax->out[0]), *first;
    if (!last || edit_made_by(e, last->out[0], "MatMul") != last || last->in[0] != softmax->out[0]) return false;
    *a = (struct attention){.nodes = {softmax, last}, .n = 2, .v = last->in[1], .scale = 1};
    struct tensor *t = past_scale(e, past_mask(e, softmax->in[0], a), a);
    first = edit_made_by(e, t, "MatMul");
    if (!first) return false;
    add_front(a, first);
    a->q = first->in[0];
    a->k = first->in[1];
    return fits(a) && edit_is_closed(e, a->nodes, a->n);
}

gable_status pass_attention(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        struct attention a;
        if (n->n_out < 1 || edit_made_by(e, n->out[0], "Softmax") != n) continue;
        if (!is_along_rows(e, n) || !read_attention(e, n, &a)) continue;
        struct tensor *in[] = {a.q, a.k, a.v, a.mask};
        struct node *last = a.nodes[a.n - 1];
        s = edit_fuse(e, a.nodes, a.n, "Attention", a.mask ? 4 : 3, in, "they are attention's definition", error);
        last->domain = DOMAIN_GABLE;
        if (a.scale != 1) node_set_float(e->g, last, "scale", a.scale);
    }
    return s;
}
