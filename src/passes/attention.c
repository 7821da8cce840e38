/* Product, scale, masks, Softmax, product, as exporters write attention: one operator that never holds all scores. */
#include "passes/attention.h"

#include <string.h>

static bool is_along_rows(const struct edit *e, const struct node *softmax)
{
    int rank = softmax->in[0]->shape.rank;
    int64_t axis = node_int(softmax, "axis", e->g->opset < 13 ? 1 : -1);
    return softmax->in[0]->has_shape && rank >= 2 && (axis == -1 || axis == rank - 1);
}

static bool is_real(enum dtype d) { return d == DTYPE_F32 || d == DTYPE_F16 || d == DTYPE_BF16; }

/* A stack of matrices of q's type, one for each of q's, or one for several of them. */
static bool is_stack_beside(const struct tensor *t, const struct tensor *q)
{
    int missing = q->shape.rank - t->shape.rank;
    if (!t->has_shape || t->shape.rank < 2 || missing < 0 || t->dtype != q->dtype) return false;
    for (int i = 0; i < t->shape.rank - 2; i++)
        if (t->shape.dim[i] != 1 && t->shape.dim[i] != q->shape.dim[missing + i]) return false;
    return true;
}

static bool fits(const struct attention *a)
{
    if (!a->q->has_shape || !is_real(a->q->dtype) || !is_stack_beside(a->k, a->q) || !is_stack_beside(a->v, a->q))
        return false;
    for (int i = 0; i < a->n_summands; i++)
        if (!is_real(a->summand[i].t->dtype) || !a->summand[i].t->has_shape) return false;
    return !a->condition.t || a->condition.t->has_shape;
}

/* Where(IsNaN(weights), 0, weights): rows that see no key give zeros. */
static struct tensor *past_guard(const struct edit *e, struct tensor *t, struct attention *a)
{
    struct node *choice = edit_uses(e, t) == 2 ? e->user[t->index] : NULL, *asks;
    if (choice && edit_made_by(e, choice->out[0], "IsNaN")) choice = edit_only_user(e, choice->out[0]);
    if (!choice || edit_made_by(e, choice->out[0], "Where") != choice || choice->in[2] != t) return t;
    asks = edit_made_by(e, choice->in[0], "IsNaN");
    if (!asks || asks->in[0] != t || !edit_is_scalar(choice->in[1], 0)) return t;
    a->nodes[a->n++] = asks;
    a->nodes[a->n++] = choice;
    a->zeroes_rows = true;
    return choice->out[0];
}

/* What follows Softmax, up to the product with v. */
static bool read_weights(const struct edit *e, struct node *softmax, struct attention *a)
{
    *a = (struct attention){.nodes = {softmax}, .n = 1, .softmax = softmax, .scale = 1};
    struct tensor *t = past_guard(e, softmax->out[0], a);
    struct node *n = edit_only_user(e, t);
    while (n && a->n < ATTENTION_NODES / 2 &&
           (edit_made_by(e, n->out[0], "Cast") || edit_made_by(e, n->out[0], "Reshape"))) {
        if (n->in[0] != t || !is_real(n->out[0]->dtype)) return false;
        a->nodes[a->n++] = n;
        t = n->out[0];
        n = edit_only_user(e, t);
    }
    if (!n || edit_made_by(e, n->out[0], "MatMul") != n || n->in[0] != t || n->in[1] == t) return false;
    a->nodes[a->n++] = n;
    a->v = n->in[1];
    return true;
}

static bool read_attention(const struct edit *e, struct node *softmax, struct attention *a)
{
    if (!read_weights(e, softmax, a) || !attention_read_scores(e, softmax->in[0], a)) return false;
    const struct tensor *weights = a->nodes[a->n - 1]->in[0];
    return shape_equal(&weights->shape, a->scores) && fits(a) && attention_can_fit(a) &&
           edit_is_closed(e, a->nodes, a->n);
}

/* q, k, v, the summands as they are added, the condition; without the absent ones at the end. */
static int operands(struct edit *e, const struct attention *a, struct tensor **in)
{
    int n = 3;
    in[0] = a->q;
    in[1] = a->k;
    in[2] = a->v;
    for (int i = a->n_summands - 1; i >= 0; i--) in[n++] = a->summand[i].t;
    while (a->condition.t && n < 3 + ATTENTION_SUMMANDS) in[n++] = graph_absent(e->g);
    if (a->condition.t) in[n++] = a->condition.t;
    return n;
}

static gable_status fuse(struct edit *e, struct attention *a, gable_error *error)
{
    struct tensor *in[4 + ATTENTION_SUMMANDS];
    struct node *last = a->nodes[a->n - 1];
    gable_status s =
        edit_fuse(e, a->nodes, a->n, "Attention", operands(e, a, in), in, "they are attention's definition", error);
    if (!s) s = attention_fit(e, a, error);
    if (s) return s;
    operands(e, a, last->in);
    last->domain = DOMAIN_GABLE;
    if (a->scale != 1) node_set_float(e->g, last, "scale", a->scale);
    if (a->zeroes_rows) node_set_int(e->g, last, "zeroes_rows", 1);
    if (!a->condition.t) return GABLE_OK;
    node_set_float(e->g, last, "otherwise", a->otherwise);
    node_set_int(e->g, last, "is_kept", a->is_kept);
    node_set_int(e->g, last, "added_before", a->n_summands - a->added_later);
    return GABLE_OK;
}

gable_status pass_attention(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        struct attention a;
        if (n->n_out < 1 || edit_made_by(e, n->out[0], "Softmax") != n) continue;
        if (is_along_rows(e, n) && read_attention(e, n, &a)) s = fuse(e, &a, error);
    }
    return s;
}
