/* Gathering and scattering by index: dy is added where values came from, or taken where they went. */
#include "gradient/back.h"

#include <string.h>

static term scattered(struct back *b, const char *op, const term *in, int axis, bool is_added)
{
    struct node *n = back_node(b, op, 3, in, 1);
    if (n && axis >= 0) node_set_int(b->g, n, "axis", axis);
    if (n && is_added) node_set_string(b->g, n, "reduction", "add");
    return back_infer(b, n);
}

static int axis_of(struct back *b, int rank)
{
    int axis = 0;
    if (!b->status) b->status = rule_axis(b->n, 0, rank, &axis, b->e);
    return axis;
}

/* Rows of a table: the axis first, then one row an index. */
static void back_gather(struct back *b)
{
    const struct shape *x = &back_x(b, 0)->shape, *at = &back_x(b, 1)->shape;
    int axis = axis_of(b, x->rank), to_front[SHAPE_RANK_MAX], home[SHAPE_RANK_MAX], n = 0;
    int64_t rows[SHAPE_RANK_MAX], table[SHAPE_RANK_MAX];
    const int64_t count_at = tensor_elements(back_x(b, 1)), column[] = {count_at, 1};
    for (int i = 0; i < at->rank; i++) to_front[n++] = axis + i;
    for (int i = 0; i < x->rank + at->rank - 1; i++)
        if (i < axis || i >= axis + at->rank) to_front[n++] = i;
    rows[0] = count_at;
    table[0] = x->dim[axis];
    for (int i = 0, k = 1; i < x->rank; i++)
        if (i != axis) rows[k] = table[k] = x->dim[i], k++;
    term updates = back_reshape(b, back_transpose(b, b->dy[0], to_front), x->rank, rows);
    const term in[] = {back_zeros(b, &(struct shape){x->rank, table}), back_reshape(b, back_x(b, 1), 2, column),
                       updates};
    for (int i = 0; i < x->rank; i++) home[i] = i < axis ? i + 1 : i == axis ? 0 : i;
    b->dx[0] = back_transpose(b, scattered(b, "ScatterND", in, -1, true), home);
}

static void back_gather_elements(struct back *b)
{
    const term in[] = {back_zeros(b, &back_x(b, 0)->shape), back_x(b, 1), b->dy[0]};
    b->dx[0] = scattered(b, "ScatterElements", in, axis_of(b, back_x(b, 0)->shape.rank), true);
}

/* With batch dimensions each index gets its place in them before it. */
static void back_gather_nd(struct back *b)
{
    if (node_int(b->n, "batch_dims", 0)) {
        back_refuse(b, "with batch_dims it is not followed");
        return;
    }
    const term in[] = {back_zeros(b, &back_x(b, 0)->shape), back_x(b, 1), b->dy[0]};
    b->dx[0] = scattered(b, "ScatterND", in, -1, true);
}

static void back_topk(struct back *b)
{
    int axis = 0;
    if (!b->status) b->status = rule_axis(b->n, -1, back_x(b, 0)->shape.rank, &axis, b->e);
    term places = b->n->n_out > 1 ? b->n->out[1] : node_add_output(b->g, b->n);
    if (places) tensor_set_shape(b->g, places, DTYPE_S64, b->n->out[0]->shape.rank, b->n->out[0]->shape.dim);
    const term in[] = {back_zeros(b, &back_x(b, 0)->shape), places, b->dy[0]};
    b->dx[0] = scattered(b, "ScatterElements", in, axis, true);
}

/* What is written over has no gradient; added to, all of it. Other joins are not followed. */
static bool is_addition(struct back *b)
{
    const struct attribute *a = node_attribute(b->n, "reduction");
    const char *how = a && a->s ? a->s : "none";
    if (strcmp(how, "none") != 0 && strcmp(how, "add") != 0) back_refuse(b, "reduction %.20s is not followed", how);
    return !strcmp(how, "add");
}

static void back_scatter_elements(struct back *b)
{
    int axis = axis_of(b, back_x(b, 0)->shape.rank);
    bool is_added = is_addition(b);
    if (b->wants[0]) {
        const term in[] = {b->dy[0], back_x(b, 1), back_zeros(b, &back_x(b, 2)->shape)};
        b->dx[0] = is_added ? b->dy[0] : scattered(b, "ScatterElements", in, axis, false);
    }
    if (!b->wants[2]) return;
    struct node *n = back_node(b, "GatherElements", 2, (const term[]){b->dy[0], back_x(b, 1)}, 1);
    if (n) node_set_int(b->g, n, "axis", axis);
    b->dx[2] = back_infer(b, n);
}

static void back_scatter_nd(struct back *b)
{
    bool is_added = is_addition(b);
    if (b->wants[0]) {
        const term in[] = {b->dy[0], back_x(b, 1), back_zeros(b, &back_x(b, 2)->shape)};
        b->dx[0] = is_added ? b->dy[0] : scattered(b, "ScatterND", in, -1, false);
    }
    if (b->wants[2]) b->dx[2] = back_make(b, "GatherND", 2, (const term[]){b->dy[0], back_x(b, 1)});
}

/* Rows of an axis, or single values, put back where the condition kept them. How many there are only data say. */
static void back_compress(struct back *b)
{
    const struct shape *x = &back_x(b, 0)->shape;
    const int64_t all = tensor_elements(back_x(b, 0));
    int axis = 0, to_front[SHAPE_RANK_MAX], home[SHAPE_RANK_MAX];
    int64_t table[SHAPE_RANK_MAX];
    term at = back_swapped(b, MAKE(b, "NonZero", back_x(b, 1))), rows = b->dy[0];
    struct shape to = {1, &all};
    if (node_attribute(b->n, "axis")) {
        axis = axis_of(b, x->rank);
        to = (struct shape){x->rank, table};
        for (int i = 0; i < x->rank; i++) {
            to_front[i] = i == 0 ? axis : i - (i <= axis);
            home[i] = i < axis ? i + 1 : i == axis ? 0 : i;
            table[i] = x->dim[to_front[i]];
        }
        rows = back_transpose(b, rows, to_front);
    }
    term dx = scattered(b, "ScatterND", (const term[]){back_zeros(b, &to), at, rows}, -1, false);
    b->dx[0] = to.rank == 1 ? back_shaped(b, dx, back_x(b, 0)) : back_transpose(b, dx, home);
}

/* Of the values off and on: dy where each stands. */
static void back_one_hot(struct back *b)
{
    const int64_t zero = 0, one = 1;
    const term values[] = {back_as(b, back_ints(b, 1, &zero), b->dtype), back_as(b, back_ints(b, 1, &one), b->dtype)};
    struct node *both = back_node(b, "Concat", 2, values, 1);
    if (both) node_set_int(b->g, both, "axis", 0);
    term is_on = back_infer(b, both), part[2];
    struct node *n = back_node(b, "OneHot", 3, (const term[]){back_x(b, 0), back_x(b, 1), is_on}, 1);
    if (n) node_set_int(b->g, n, "axis", node_int(b->n, "axis", -1));
    is_on = back_infer(b, n);
    int axes[SHAPE_RANK_MAX], rank = b->dy[0]->shape.rank;
    for (int i = 0; i < rank; i++) axes[i] = i;
    part[1] = back_reshape(b, back_reduce(b, "ReduceSum", MAKE(b, "Mul", b->dy[0], is_on), rank, axes, false), 1, &one);
    part[0] = back_reshape(b, back_reduce(b, "ReduceSum", b->dy[0], rank, axes, false), 1, &one);
    part[0] = MAKE(b, "Sub", part[0], part[1]);
    both = back_node(b, "Concat", 2, part, 1);
    if (both) node_set_int(b->g, both, "axis", 0);
    b->dx[2] = back_infer(b, both);
}

#define ROW(name, rule, how)                          \
    {                                                 \
        name, DOMAIN_ONNX, .back = rule, .words = how \
    }
const struct gradient_rule rules_index[] = {
    ROW("Gather", back_gather, "dy added at its index"),
    ROW("GatherElements", back_gather_elements, "dy added at its index"),
    ROW("GatherND", back_gather_nd, "dy added at its index"),
    ROW("OneHot", back_one_hot, "dy where the index is; dy elsewhere"),
    ROW("Compress", back_compress, "dy put back at the places kept"),
    ROW("TopK", back_topk, "dy put back at the positions kept"),
    ROW("ScatterElements", back_scatter_elements, "dy, 0 where it was written over; dy at the index"),
    ROW("Scatter", back_scatter_elements, "dy, 0 where it was written over; dy at the index"),
    ROW("ScatterND", back_scatter_nd, "dy, 0 where it was written over; dy at the index"),
    {0},
};
