/* Nodes that hand on what they get: Identity, Dropout at inference, a Transpose, Reshape or Pad that changes nothing,
   a product with 1. */
#include "passes/edit.h"

#include <string.h>

static bool keeps_order(const struct node *n)
{
    int rank = n->in[0]->shape.rank;
    if (!n->in[0]->has_shape) return false;
    if (!node_attribute(n, "perm")) return rank < 2;
    for (int i = 0; i < rank; i++)
        if (node_int_at(n, "perm", i, -1) != i) return false;
    return true;
}

static bool keeps_shape(const struct node *n)
{
    return n->in[0]->has_shape && n->out[0]->has_shape && shape_equal(&n->in[0]->shape, &n->out[0]->shape) &&
           !n->in[0]->is_at_most;
}

static bool keeps_type(const struct node *n) { return n->in[0]->dtype == n->out[0]->dtype; }

static bool always(const struct node *n)
{
    (void)n;
    return true;
}

/* Training mode is input 2, the share that it drops input 1. */
static bool drops_nothing(const struct node *n)
{
    double share;
    if (n->n_in > 1 && edit_scalar(n->in[1], &share) && share == 0) return true;
    return n->n_in < 3 || n->in[2]->role == ROLE_ABSENT || (n->in[2]->ints && !n->in[2]->ints[0]);
}

/* Pads are an attribute before opset 11, input 1 since; a pad and a crop of one length would keep the shape too. */
static bool pads_nothing(const struct node *n)
{
    const struct tensor *t = n->n_in > 1 ? n->in[1] : NULL;
    int64_t both = t ? (int64_t)shape_product(&t->shape, 0) : 2 * n->in[0]->shape.rank;
    if (!keeps_shape(n) || (t && !t->ints)) return false;
    for (int i = 0; i < both; i++)
        if (t ? t->ints[i] : node_int_at(n, "pads", i, 0)) return false;
    return true;
}

static bool by_one(const struct node *n)
{
    double by;
    return n->n_in == 2 && edit_scalar(n->in[1], &by) && by == 1 && keeps_shape(n) && keeps_type(n);
}

static const struct {
    const char *domain, *op;
    bool (*hands_on)(const struct node *n);
    const char *why;
} rows[] = {
    {DOMAIN_ONNX, "Identity", always, "its output is its input"},
    {DOMAIN_ONNX, "Dropout", drops_nothing, "nothing is dropped at inference"},
    {DOMAIN_GABLE, "StochasticDepth", always, "nothing is dropped at inference"},
    {DOMAIN_ONNX, "Transpose", keeps_order, "the order of the axes stays"},
    {DOMAIN_ONNX, "Reshape", keeps_shape, "the shape stays"},
    {DOMAIN_ONNX, "Flatten", keeps_shape, "the shape stays"},
    {DOMAIN_ONNX, "Pad", pads_nothing, "it pads by nothing"},
    {DOMAIN_ONNX, "Expand", keeps_shape, "the shape stays"},
    {DOMAIN_ONNX, "Cast", keeps_type, "the type stays"},
    {DOMAIN_ONNX, "Mul", by_one, "1 is no factor"},
    {DOMAIN_ONNX, "Div", by_one, "1 is no divisor"},
};

static bool other_outputs_are_idle(const struct edit *e, const struct node *n)
{
    for (int i = 1; i < n->n_out; i++)
        if (e->n_uses[n->out[i]->index]) return false;
    return true;
}

gable_status pass_nothing(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        size_t k = 0;
        while (k < COUNT_OF(rows) && (strcmp(rows[k].op, n->op_type) != 0 || strcmp(rows[k].domain, n->domain) != 0))
            k++;
        if (k == COUNT_OF(rows) || n->n_in < 1 || !rows[k].hands_on(n)) continue;
        if (n->out[0]->is_output || !other_outputs_are_idle(e, n)) continue; /* the output's name would be lost */
        e->instead[n->out[0]->index] = n->in[0];
        e->is_dead[i] = true;
        s = edit_note(e, &n, 1, "its input", rows[k].why, error);
    }
    return s;
}
