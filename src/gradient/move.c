/* Data movement: what was taken goes back to where it came from, what was repeated is summed. */
#include "gradient/back.h"

#include <string.h>

/* Which dimension an axis attribute means. */
static int axis_of(struct back *b, int64_t fallback, int rank)
{
    int axis = 0;
    if (!b->status) b->status = rule_axis(b->n, fallback, rank, &axis, b->e);
    return axis;
}

static void back_transpose_node(struct back *b)
{
    int rank = back_x(b, 0)->shape.rank, order[SHAPE_RANK_MAX];
    for (int i = 0; i < rank; i++) order[node_int_at(b->n, "perm", i, rank - 1 - i)] = i;
    b->dx[0] = back_transpose(b, b->dy[0], order);
}

static void back_concat(struct back *b)
{
    int axis = axis_of(b, 1, b->n->out[0]->shape.rank);
    int64_t at = 0;
    for (int i = 0; i < b->n->n_in; i++) {
        int64_t size = back_x(b, i)->shape.dim[axis];
        if (b->wants[i]) b->dx[i] = back_slice(b, b->dy[0], axis, at, at + size, 1);
        at += size;
    }
}

static term joined(struct back *b, int axis, int n, const term *parts)
{
    struct node *node = back_node(b, "Concat", n, parts, 1);
    if (node) node_set_int(b->g, node, "axis", axis);
    return back_infer(b, node);
}

/* A part that nobody reads has no gradient: zeros. */
static void back_split(struct back *b)
{
    int n = b->n->n_out;
    term *parts = arena_array(b->g->arena, (size_t)n + 1, sizeof(term));
    for (int i = 0; parts && i < n; i++) parts[i] = b->dy[i] ? b->dy[i] : back_zeros(b, &b->n->out[i]->shape);
    if (parts) b->dx[0] = joined(b, axis_of(b, 0, back_x(b, 0)->shape.rank), n, parts);
}

/* Zeros of that size along an axis, to which x is added at the given places. */
static term add_at(struct back *b, term x, int axis, int64_t size, const int64_t *places)
{
    int64_t dim[SHAPE_RANK_MAX], row[SHAPE_RANK_MAX];
    if (!x) return NULL;
    for (int i = 0; i < x->shape.rank; i++) {
        dim[i] = i == axis ? size : x->shape.dim[i];
        row[i] = i == axis ? x->shape.dim[i] : 1;
    }
    term index = back_reshape(b, back_ints(b, (int)x->shape.dim[axis], places), x->shape.rank, row);
    const term in[] = {back_zeros(b, &(struct shape){x->shape.rank, dim}), back_expand(b, index, &x->shape), x};
    struct node *n = back_node(b, "ScatterElements", 3, in, 1);
    if (n) node_set_int(b->g, n, "axis", axis);
    if (n) node_set_string(b->g, n, "reduction", "add");
    return back_infer(b, n);
}

/* Zeros before and after along an axis; negative ones take away. */
static term padded(struct back *b, term x, int axis, int64_t before, int64_t after)
{
    int64_t pads[2 * SHAPE_RANK_MAX] = {0};
    if (!x || (before == 0 && after == 0)) return x;
    pads[axis] = before;
    pads[x->shape.rank + axis] = after;
    return MAKE(b, "Pad", x, back_ints(b, 2 * x->shape.rank, pads));
}

static term put_back(struct back *b, term x, int axis, int64_t size, int64_t from, int64_t step)
{
    if (!x) return NULL;
    int64_t n = x->shape.dim[axis], *places;
    if (step == 1) return padded(b, x, axis, from, size - from - n);
    places = arena_array(b->g->arena, (size_t)n + 1, sizeof *places);
    for (int64_t i = 0; places && i < n; i++) places[i] = from + i * step;
    return places ? add_at(b, x, axis, size, places) : NULL;
}

static void back_slice_node(struct back *b)
{
    static const char *const names[] = {"starts", "ends", "axes", "steps"};
    int64_t list[4][SHAPE_RANK_MAX];
    int n[4];
    const struct shape *x = &back_x(b, 0)->shape;
    for (int i = 0; i < 4 && !b->status; i++) b->status = rule_listed(b->n, names[i], 1 + i, list[i], &n[i], b->e);
    term dx = b->dy[0];
    for (int i = 0; !b->status && i < n[0]; i++) {
        int64_t axis = n[2] < 0 ? i : list[2][i], step = n[3] < 0 ? 1 : list[3][i], from = list[0][i];
        if (axis < 0) axis += x->rank;
        int64_t size = x->dim[axis], last = step < 0 ? size - 1 : size;
        if (from < 0) from += size;
        from = from < 0 ? 0 : from > last ? last : from;
        dx = put_back(b, dx, (int)axis, size, from, step);
    }
    b->dx[0] = dx;
}

static int64_t modulo(int64_t a, int64_t n) { return (a % n + n) % n; }

/* Of position i of a padded axis, the one that its value came from. */
static int64_t source_of(const char *mode, int64_t i, int64_t before, int64_t n)
{
    int64_t at = i - before;
    if (!strcmp(mode, "edge")) return at < 0 ? 0 : at >= n ? n - 1 : at;
    if (!strcmp(mode, "wrap")) return modulo(at, n);
    at = n > 1 ? modulo(at, 2 * (n - 1)) : 0;
    return at < n ? at : 2 * (n - 1) - at;
}

static void back_pad(struct back *b)
{
    int64_t pads[SHAPE_RANK_MAX], axes[SHAPE_RANK_MAX];
    int n_pads = -1, n_axes = -1;
    const struct attribute *how = node_attribute(b->n, "mode");
    const char *mode = how && how->s ? how->s : "constant";
    term dx = b->dy[0];
    if (!b->status) b->status = rule_listed(b->n, "pads", 1, pads, &n_pads, b->e);
    if (!b->status) b->status = rule_listed(b->n, "axes", 3, axes, &n_axes, b->e);
    for (int i = n_pads / 2 - 1; i >= 0 && dx && !b->status; i--) {
        int axis = (int)(n_axes < 0 ? i : axes[i] < 0 ? axes[i] + dx->shape.rank : axes[i]);
        int64_t before = pads[i], size = back_x(b, 0)->shape.dim[axis], n = dx->shape.dim[axis], *places;
        if (!strcmp(mode, "constant")) {
            dx = padded(b, dx, axis, -before, -pads[n_pads / 2 + i]);
            continue;
        }
        places = arena_array(b->g->arena, (size_t)n + 1, sizeof *places);
        for (int64_t k = 0; places && k < n; k++) places[k] = source_of(mode, k, before, size);
        dx = places ? add_at(b, dx, axis, size, places) : NULL;
    }
    b->dx[0] = dx;
    if (b->n->n_in > 2 && b->wants[2]) back_refuse(b, "the value of a border is not trained");
}

static void back_expanded(struct back *b) { b->dx[0] = back_unbroadcast(b, b->dy[0], &back_x(b, 0)->shape); }

/* Each axis as repeats x values. */
static void back_tile(struct back *b)
{
    const struct shape *x = &back_x(b, 0)->shape, *y = &b->n->out[0]->shape;
    int64_t dim[2 * SHAPE_RANK_MAX];
    int axes[SHAPE_RANK_MAX], n = 0;
    if (2 * x->rank > SHAPE_RANK_MAX) {
        back_refuse(b, "%d dimensions", x->rank);
        return;
    }
    for (int i = 0; i < x->rank; i++) {
        dim[2 * i] = x->dim[i] ? y->dim[i] / x->dim[i] : 1;
        dim[2 * i + 1] = x->dim[i];
        axes[n++] = 2 * i;
    }
    b->dx[0] = back_reduce(b, "ReduceSum", back_reshape(b, b->dy[0], 2 * x->rank, dim), n, axes, false);
}

/* The same operator on the gradient, attributes and further inputs alike. */
static struct node *again(struct back *b, const char *op)
{
    const term in[] = {b->dy[0], b->n->n_in > 1 ? back_x(b, 1) : NULL};
    struct node *n = back_node(b, op, b->n->n_in > 1 ? 2 : 1, in, 1);
    for (int i = 0; n && i < b->n->n_attributes; i++) {
        const struct attribute *a = &b->n->attributes[i];
        if (a->type == ATTRIBUTE_INT) node_set_int(b->g, n, a->name, a->i);
        if (a->type == ATTRIBUTE_STRING) node_set_string(b->g, n, a->name, a->s);
    }
    return n;
}

static void back_again(struct back *b) { b->dx[0] = back_infer(b, again(b, b->n->op_type)); }

static void back_cumsum(struct back *b)
{
    struct node *n = again(b, "CumSum");
    bool is_reverse = node_int(b->n, "reverse", 0);
    for (int i = 0; n && i < n->n_attributes; i++)
        if (!strcmp(n->attributes[i].name, "reverse")) n->attributes[i].i = !is_reverse;
    if (n && !node_attribute(n, "reverse")) node_set_int(b->g, n, "reverse", !is_reverse);
    b->dx[0] = back_infer(b, n);
}

/* Blocks of channels as blocks of pixels, or back: N x parts x H x W in another order. */
static void back_to_space(struct back *b)
{
    const struct attribute *how = node_attribute(b->n, "mode");
    bool is_crd = how && how->s && !strcmp(how->s, "CRD");
    const struct shape *x = &back_x(b, 0)->shape, *y = &b->n->out[0]->shape;
    int64_t s = node_int(b->n, "blocksize", 1), whole[] = {y->dim[0], y->dim[1], x->dim[2], s, x->dim[3], s};
    static const int dcr[] = {0, 3, 5, 1, 2, 4}, crd[] = {0, 1, 3, 5, 2, 4};
    term parts = back_transpose(b, back_reshape(b, b->dy[0], 6, whole), is_crd ? crd : dcr);
    b->dx[0] = back_shaped(b, parts, back_x(b, 0));
}

static void back_to_depth(struct back *b)
{
    struct node *n = again(b, "DepthToSpace");
    b->dx[0] = back_infer(b, n);
}

#define ROW(name, rule, how)                          \
    {                                                 \
        name, DOMAIN_ONNX, .back = rule, .words = how \
    }
const struct gradient_rule rules_move[] = {
    ROW("Transpose", back_transpose_node, "dy, its dimensions back in order"),
    ROW("Concat", back_concat, "its part of dy"),
    ROW("Split", back_split, "dy of all parts, joined"),
    ROW("Slice", back_slice_node, "dy among zeros"),
    ROW("Pad", back_pad, "dy without the border; what it repeated is added"),
    ROW("Expand", back_expanded, "dy summed over what was repeated"),
    ROW("Tile", back_tile, "dy summed over the repeats"),
    ROW("Trilu", back_again, "the same triangle of dy"),
    ROW("ReverseSequence", back_again, "dy reversed again"),
    ROW("CumSum", back_cumsum, "sums of dy from the other end"),
    ROW("DepthToSpace", back_to_space, "dy in blocks of channels"),
    ROW("SpaceToDepth", back_to_depth, "dy in blocks of pixels"),
    {0},
};
