#include "gradient/back.h"

#include <stdio.h>
#include <string.h>

void back_refuse(struct back *b, const char *why, ...)
{
    char text[sizeof b->e->why];
    va_list list;
    if (b->status) return;
    va_start(list, why);
    vsnprintf(text, sizeof text, why, list);
    va_end(list);
    b->status = error_set(b->e, GABLE_BAD_INPUT, "%s", text);
}

struct node *back_node(struct back *b, const char *op, int n_in, const term *in, int n_out)
{
    for (int i = 0; i < n_in; i++)
        if (!in[i]) return NULL;
    if (b->status) return NULL;
    const char *name = arena_printf(b->g->arena, "%.120s.back%d", b->n->name, b->g->n_nodes);
    struct node *n = name ? graph_node(b->g, op, "", name, NULL, n_in, (struct tensor *const *)in, n_out) : NULL;
    if (!n) b->status = error_set(b->e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    return n;
}

term back_infer(struct back *b, struct node *n)
{
    if (!n || b->status) return NULL;
    b->status = ops_infer_node(b->g, n, b->e);
    return b->status ? NULL : n->out[0];
}

term back_make(struct back *b, const char *op, int n_in, const term *in)
{
    return back_infer(b, back_node(b, op, n_in, in, 1));
}

term back_real(struct back *b, double value)
{
    const char *name = arena_printf(b->g->arena, "constant%d", b->g->n_tensors);
    return name ? graph_constant_real(b->g, name, b->dtype, value) : NULL;
}

term back_ints(struct back *b, int n, const int64_t *values)
{
    const char *name = arena_printf(b->g->arena, "constant%d", b->g->n_tensors);
    return name ? graph_constant_ints(b->g, name, n, values) : NULL;
}

term back_expand(struct back *b, term x, const struct shape *to)
{
    if (!x || shape_equal(&x->shape, to)) return x;
    return MAKE(b, "Expand", x, back_ints(b, to->rank, to->dim));
}

term back_zeros(struct back *b, const struct shape *s) { return back_expand(b, back_real(b, 0), s); }
term back_scaled(struct back *b, term x, double by) { return by == 1 ? x : MAKE(b, "Mul", x, back_real(b, by)); }
term back_plus(struct back *b, term x, double more) { return MAKE(b, "Add", x, back_real(b, more)); }

/* ONNX's numbers of the types that gradients have to do with. */
static int64_t onnx_number(enum dtype d)
{
    for (int64_t i = 1; i < 32; i++)
        if (dtype_of_onnx(i) == d) return i;
    return 0;
}

term back_as(struct back *b, term x, enum dtype d)
{
    struct node *n = back_node(b, "Cast", 1, &x, 1);
    if (n) node_set_int(b->g, n, "to", onnx_number(d));
    return back_infer(b, n);
}

term back_reshape(struct back *b, term x, int rank, const int64_t *dim)
{
    const struct shape to = {rank, dim};
    if (!x || shape_equal(&x->shape, &to)) return x;
    struct node *n = back_node(b, "Reshape", 2, (const term[]){x, back_ints(b, rank, dim)}, 1);
    if (n) node_set_int(b->g, n, "allowzero", 1);
    return back_infer(b, n);
}

term back_shaped(struct back *b, term x, const struct tensor *like)
{
    return back_reshape(b, x, like->shape.rank, like->shape.dim);
}

term back_transpose(struct back *b, term x, const int *order)
{
    int64_t perm[SHAPE_RANK_MAX];
    bool is_same = true;
    for (int i = 0; x && i < x->shape.rank; i++) {
        perm[i] = order[i];
        is_same = is_same && order[i] == i;
    }
    if (!x || is_same) return x;
    struct node *n = back_node(b, "Transpose", 1, &x, 1);
    if (n) node_set_ints(b->g, n, "perm", x->shape.rank, perm);
    return back_infer(b, n);
}

term back_swapped(struct back *b, term x)
{
    int order[SHAPE_RANK_MAX], rank = x ? x->shape.rank : 0;
    for (int i = 0; i < rank; i++) order[i] = i;
    if (rank > 1) {
        order[rank - 2] = rank - 1;
        order[rank - 1] = rank - 2;
    }
    return back_transpose(b, x, order);
}

term back_reduce(struct back *b, const char *op, term x, int n_axes, const int *axes, bool keeps)
{
    int64_t list[SHAPE_RANK_MAX];
    if (n_axes == 0) return x;
    struct node *n = back_node(b, op, 1, &x, 1);
    for (int i = 0; i < n_axes; i++) list[i] = axes[i];
    if (n) node_set_ints(b->g, n, "axes", n_axes, list);
    if (n) node_set_int(b->g, n, "keepdims", keeps);
    return back_infer(b, n);
}

term back_slice(struct back *b, term x, int axis, int64_t from, int64_t to, int64_t step)
{
    const int64_t numbers[] = {from, to, axis, step};
    term in[5] = {x};
    for (int i = 0; i < 4; i++) in[1 + i] = back_ints(b, 1, &numbers[i]);
    return back_make(b, "Slice", 5, in);
}

term back_unbroadcast(struct back *b, term x, const struct shape *to)
{
    int axes[SHAPE_RANK_MAX], n = 0, more = x ? x->shape.rank - to->rank : 0;
    for (int i = 0; x && i < x->shape.rank; i++)
        if (i < more || (to->dim[i - more] == 1 && x->shape.dim[i] != 1)) axes[n++] = i;
    return x ? back_reshape(b, back_reduce(b, "ReduceSum", x, n, axes, true), to->rank, to->dim) : NULL;
}
