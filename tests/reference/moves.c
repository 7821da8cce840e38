#include "operators.h"

#include <string.h>

enum { RANK_MAX = 8 };

/* What keeps its values in their order: Reshape, Flatten, Identity, and what inference leaves alone. */
const char *reference_same(const struct node *n, const struct operand *in, double *const *out)
{
    if (n->n_out > 1) return "only one output";
    memcpy(out[0], in[0].value, (size_t)shape_product(in[0].shape, 0) * sizeof **out);
    return NULL;
}

static int axis_of(const struct node *n, const struct shape *s)
{
    int64_t axis = node_int(n, "axis", 0);
    return (int)(axis < 0 ? axis + s->rank : axis);
}

static int64_t before(const struct shape *s, int axis)
{
    int64_t product = 1;
    for (int d = 0; d < axis; d++) product *= s->dim[d];
    return product;
}

const char *reference_concat(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *y = &n->out[0]->shape;
    int axis = axis_of(n, y);
    int64_t row = (int64_t)shape_product(y, axis), done = 0;
    for (int i = 0; i < n->n_in; i++) {
        int64_t piece = (int64_t)shape_product(in[i].shape, axis);
        for (int64_t r = 0; r < before(y, axis); r++)
            memcpy(out[0] + r * row + done, in[i].value + r * piece, (size_t)piece * sizeof **out);
        done += piece;
    }
    return NULL;
}

const char *reference_split(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *x = in[0].shape;
    int axis = axis_of(n, x);
    int64_t row = (int64_t)shape_product(x, axis), done = 0;
    for (int i = 0; i < n->n_out; i++) {
        int64_t piece = (int64_t)shape_product(&n->out[i]->shape, axis);
        for (int64_t r = 0; r < before(x, axis); r++)
            memcpy(out[i] + r * piece, in[0].value + r * row + done, (size_t)piece * sizeof **out);
        done += piece;
    }
    return NULL;
}

const char *reference_transpose(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *x = in[0].shape, *y = &n->out[0]->shape;
    int64_t stride[RANK_MAX];
    if (x->rank > RANK_MAX) return "only up to eight dimensions";
    for (int d = 0; d < x->rank; d++)
        stride[d] = (int64_t)shape_product(x, (int)node_int_at(n, "perm", d, x->rank - 1 - d) + 1);
    for (int64_t i = 0; i < (int64_t)shape_product(y, 0); i++) {
        int64_t at = 0, rest = i;
        for (int d = y->rank - 1; d >= 0; rest /= y->dim[d--]) at += rest % y->dim[d] * stride[d];
        out[0][i] = in[0].value[at];
    }
    return NULL;
}

/* The axes are the second input (opset 18) or an attribute; none means all. */
static void mark_axes(const struct node *n, int rank, bool *is_reduced)
{
    const struct attribute *a = node_attribute(n, "axes");
    const struct tensor *listed = n->n_in > 1 && n->in[1]->role != ROLE_ABSENT ? n->in[1] : NULL;
    int n_axes = listed ? (int)tensor_elements(listed) : a ? a->n : 0;
    for (int d = 0; d < rank; d++) is_reduced[d] = n_axes == 0;
    for (int i = 0; i < n_axes; i++) {
        int64_t axis = listed ? listed->ints[i] : a->ints[i];
        is_reduced[axis < 0 ? axis + rank : axis] = true;
    }
}

const char *reference_reduce_mean(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *x = in[0].shape;
    bool is_reduced[RANK_MAX];
    if (x->rank > RANK_MAX) return "only up to eight dimensions";
    if (n->n_in > 1 && n->in[1]->role != ROLE_ABSENT && !n->in[1]->ints) return "only axes that are known";
    mark_axes(n, x->rank, is_reduced);
    int64_t inputs = (int64_t)shape_product(x, 0), outputs = (int64_t)tensor_elements(n->out[0]);
    for (int64_t i = 0; i < outputs; i++) out[0][i] = 0;
    for (int64_t i = 0; i < inputs; i++) {
        int64_t to = 0, step = 1, rest = i;
        for (int d = x->rank - 1; d >= 0; rest /= x->dim[d--]) {
            if (is_reduced[d]) continue;
            to += rest % x->dim[d] * step;
            step *= x->dim[d];
        }
        out[0][to] += in[0].value[i] / ((double)inputs / (double)outputs);
    }
    return NULL;
}
