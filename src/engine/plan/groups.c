#include "engine/plan/groups.h"

#include <string.h>

struct uses {
    int *n;    /* per tensor: nodes that read it */
    int *user; /* per tensor: one of them */
};

struct search {
    const struct graph *g;
    struct uses uses;
    int *group_of;
    bool *is_image; /* per tensor: its last two dimensions are those of planes */
};

static bool count_uses(const struct graph *g, struct uses *u)
{
    u->n = arena_array(g->arena, (size_t)g->n_tensors + 1, sizeof *u->n);
    u->user = arena_array(g->arena, (size_t)g->n_tensors + 1, sizeof *u->user);
    if (!u->n || !u->user) return false;
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->nodes[i]->n_in; k++) {
            int t = g->nodes[i]->in[k]->index;
            if (u->n[t] == 0 || u->user[t] != i) u->n[t]++;
            u->user[t] = i;
        }
    return true;
}

static bool is_op(const struct node *n, const char *name) { return !strcmp(n->op_type, name); }

static const struct node *only_user(const struct search *s, const struct tensor *t)
{
    return t->is_output || s->uses.n[t->index] != 1 ? NULL : s->g->nodes[s->uses.user[t->index]];
}

/* The one node that reads t, looking through views that keep the shape (dropout at inference); *t becomes what that
   node reads. NULL where several read it, where it leaves the model, or where it already has a group. */
static const struct node *follow(const struct search *s, const struct tensor **t)
{
    const struct node *n = only_user(s, *t);
    while (n && n->op->is_view && shape_equal(&n->in[0]->shape, &n->out[0]->shape)) {
        *t = n->out[0];
        n = only_user(s, *t);
    }
    return n && !n->op->is_view && s->group_of[n->index] < 0 ? n : NULL;
}

/* Everything else that n reads exists before node `start` runs. */
static bool others_exist(const struct node *n, const struct tensor *chain, int start)
{
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] != chain && n->in[i]->producer && n->in[i]->producer->index >= start) return false;
    return true;
}

/* An initializer, be it by another name: exporters hand on those that several nodes share by Identity. */
static bool is_fixed(const struct tensor *t)
{
    while (t->producer && is_op(t->producer, "Identity")) t = t->producer->in[0];
    return tensor_is_initializer(t);
}

/* Everything else that n reads is an initializer. */
static bool others_are_fixed(const struct node *n, const struct tensor *chain)
{
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i] != chain && n->in[i]->role != ROLE_ABSENT && !is_fixed(n->in[i])) return false;
    return true;
}

static bool is_activation(const struct node *n, const struct tensor *chain)
{
    return n->op->is_elementwise && op_kind_of(n) == KIND_ACTIVATION && others_are_fixed(n, chain) &&
           shape_equal(&n->out[0]->shape, &chain->shape);
}

/* A sum of the chain with a tensor of the same shape that is there before the chain starts. */
static bool is_residual_sum(const struct node *n, const struct tensor *chain, int start)
{
    return is_op(n, "Add") && n->in[0] != n->in[1] && shape_equal(&n->in[0]->shape, &n->in[1]->shape) &&
           others_exist(n, chain, start);
}

/* Multiplied with, or added to, one constant. */
static bool is_scalar(const struct node *n, const char *op, const struct tensor *chain)
{
    if (!is_op(n, op) || !others_are_fixed(n, chain)) return false;
    return tensor_elements(n->in[n->in[0] == chain]) == 1 && shape_equal(&n->out[0]->shape, &chain->shape);
}

/* The bias of a product that has none of its own. */
static bool is_bias(const struct node *n, const struct tensor *chain)
{
    if (!is_op(n, "Add") || !others_are_fixed(n, chain)) return false;
    const struct shape *y = &chain->shape, *bias = &n->in[n->in[0] == chain]->shape;
    return y->rank && bias->rank && shape_product(bias, 0) == (count)bias->dim[bias->rank - 1] &&
           bias->dim[bias->rank - 1] == y->dim[y->rank - 1];
}

bool group_moves_channels_first(const struct node *n)
{
    static const int64_t perm[] = {0, 3, 1, 2};
    bool is_right = is_op(n, "Transpose") && n->in[0]->shape.rank == 4 && node_attribute(n, "perm");
    for (int i = 0; i < 4 && is_right; i++) is_right = node_int_at(n, "perm", i, -1) == perm[i];
    return is_right;
}

/* A factor for each of an image's channels. */
static bool is_layer_scale(const struct node *n, const struct tensor *chain)
{
    if (!is_op(n, "Mul") || !others_are_fixed(n, chain)) return false;
    const struct shape *by = &n->in[n->in[0] == chain]->shape;
    return by->rank > 2 && shape_product(by, by->rank - 2) == 1 && shape_equal(&n->out[0]->shape, &chain->shape);
}

/* Convolution, Gemm or MatMul with a fixed weight. */
static bool is_product(const struct node *n)
{
    static const char *const names[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (is_op(n, names[i])) return is_fixed(n->in[1]);
    return false;
}

static const struct node *take(struct search *s, const struct node *n, int group, const struct tensor **t)
{
    s->group_of[n->index] = group;
    *t = n->out[0];
    return follow(s, t);
}

/* BatchNormalization or bias, activation, a factor and an addend, residual sum, activation: each at most once, in this
   order. */
static void grow_product(struct search *s, const struct node *start, int group)
{
    const struct tensor *t = NULL;
    const struct node *n = take(s, start, group, &t);
    if (n && is_op(n, "BatchNormalization") && n->in[0] == t && others_are_fixed(n, t)) n = take(s, n, group, &t);
    if (n && is_op(start, "MatMul") && is_bias(n, t)) n = take(s, n, group, &t);
    bool is_active = n && is_activation(n, t);
    if (is_active) n = take(s, n, group, &t);
    if (n && is_active && is_scalar(n, "Mul", t)) n = take(s, n, group, &t);
    if (n && is_active && is_scalar(n, "Add", t)) n = take(s, n, group, &t);
    bool is_front = n && is_op(start, "MatMul") && group_moves_channels_first(n);
    if (is_front) n = take(s, n, group, &t);
    if (n && is_front && is_layer_scale(n, t)) n = take(s, n, group, &t);
    if (!n || !is_residual_sum(n, t, start->index)) return;
    n = take(s, n, group, &t);
    if (n && is_activation(n, t)) take(s, n, group, &t);
}

enum { GATE_NODES = 6 };

static bool is_on_one_pixel(const struct node *n)
{
    return op_kind_of(n) == KIND_POINTWISE && shape_product(&n->out[0]->shape, 2) == 1 && is_product(n);
}

/* Squeeze-excite from its pool on: pool, product, activation, product, activation, product with the pool's input. */
static bool match_gate(const struct search *s, const struct node *pool, const struct node *nodes[GATE_NODES])
{
    if (!is_op(pool, "GlobalAveragePool")) return false;
    const struct tensor *t = pool->out[0];
    nodes[0] = pool;
    for (int i = 1; i < GATE_NODES; i++) {
        const struct node *n = follow(s, &t);
        bool is_right =
            n && (i == GATE_NODES - 1 ? is_op(n, "Mul") && (n->in[0] == pool->in[0] || n->in[1] == pool->in[0])
                  : i % 2             ? is_on_one_pixel(n)
                                      : is_activation(n, t));
        if (!is_right) return false;
        nodes[i] = n;
        t = n->out[0];
    }
    return true;
}

/* The sum of what a gate gave with its input. */
static const struct node *gate_sum(const struct search *s, const struct node *const gate[GATE_NODES])
{
    const struct tensor *x = gate[0]->in[0], *t = gate[GATE_NODES - 1]->out[0];
    const struct node *n = follow(s, &t);
    return n && is_op(n, "Add") && (n->in[0] == x || n->in[1] == x) ? n : NULL;
}

/* Reshape, Transpose, Reshape that regroups the channels of an image: a new order of the same planes. */
static bool is_channel_shuffle(const struct search *s, const struct node *n)
{
    static const int64_t swap[] = {0, 2, 1, 3, 4};
    const struct attribute *perm = node_attribute(n, "perm");
    if (!is_op(n, "Transpose") || !perm || perm->type != ATTRIBUTE_INTS || perm->n != (int)COUNT_OF(swap)) return false;
    const struct node *before = n->in[0]->producer, *after = only_user(s, n->out[0]);
    return !memcmp(perm->ints, swap, sizeof swap) && before && after && is_op(before, "Reshape") &&
           is_op(after, "Reshape") && before->in[0]->shape.rank == 4 &&
           shape_equal(&before->in[0]->shape, &after->out[0]->shape);
}

/* The last two dimensions stay the last two. */
static bool keeps_planes(const struct node *n)
{
    const struct shape *x = &n->in[0]->shape, *y = &n->out[0]->shape;
    if (x->rank < 2 || y->rank < 2) return false;
    if (is_op(n, "Reshape"))
        return x->dim[x->rank - 1] == y->dim[y->rank - 1] && x->dim[x->rank - 2] == y->dim[y->rank - 2];
    for (int i = y->rank - 2; i < y->rank; i++)
        if (node_int_at(n, "perm", i, y->rank - 1 - i) != i) return false;
    return true;
}

/* Does the node make images? What moves dimensions may end them, products of matrices make none, a convolution always
   makes some; all else does where it reads them. */
static bool makes_image(const struct search *s, const struct node *n)
{
    const struct shape *y = &n->out[0]->shape;
    bool moves = is_op(n, "Transpose") || is_op(n, "Reshape");
    if (is_op(n, "Conv") || is_op(n, "ConvTranspose") || group_moves_channels_first(n)) return true;
    if (y->rank < 4 || is_op(n, "MatMul") || is_op(n, "Attention") || (moves && !keeps_planes(n))) return false;
    for (int i = 0; i < n->n_in; i++) {
        const struct tensor *t = n->in[i];
        if (t->shape.rank >= 4 && t->role != ROLE_ABSENT && !is_fixed(t) && !s->is_image[t->index]) return false;
    }
    return true;
}

static bool find_images(struct search *s)
{
    const struct graph *g = s->g;
    s->is_image = arena_array(g->arena, (size_t)g->n_tensors + 1, sizeof *s->is_image);
    for (int i = 0; i < g->n_inputs && s->is_image; i++) s->is_image[g->inputs[i]->index] = true;
    for (int i = 0; i < g->n_nodes && s->is_image; i++) {
        const struct node *n = g->nodes[i];
        bool is_image = n->n_out > 0 && makes_image(s, n);
        for (int k = 0; k < n->n_out; k++) s->is_image[n->out[k]->index] = is_image;
    }
    return s->is_image;
}

/* Images joined or cut along their channels, made and used inside the model: planes stay where they are. Rows of an
   image whose channels come last (Swin's roll) are joined along dimension 1 too, and move. */
static bool moves_channels(const struct search *s, const struct node *n)
{
    if (!is_op(n, "Concat") && !is_op(n, "Split")) return false;
    int64_t axis = node_int(n, "axis", 0);
    if (n->out[0]->shape.rank != 4 || (axis != 1 && axis != -3) || !s->is_image[n->out[0]->index]) return false;
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i]->role == ROLE_INPUT || (is_op(n, "Concat") && tensor_is_initializer(n->in[i]))) return false;
    for (int i = 0; i < n->n_out; i++)
        if (n->out[i]->is_output) return false;
    return true;
}

/* Shape arithmetic: the graph already holds every result. */
static bool is_known(const struct node *n)
{
    for (int i = 0; i < n->n_out; i++)
        if (!n->out[i]->ints) return false;
    return true;
}

static bool runs_nothing(const struct search *s, const struct node *n)
{
    return n->op->is_view || is_known(n) || moves_channels(s, n) || is_channel_shuffle(s, n);
}

static int find(struct search *s)
{
    int n_groups = 0;
    for (int i = 0; i < s->g->n_nodes; i++) {
        const struct node *n = s->g->nodes[i], *gate[GATE_NODES];
        if (s->group_of[i] >= 0 || runs_nothing(s, n)) continue;
        int group = n_groups++;
        s->group_of[i] = group;
        if (is_product(n))
            grow_product(s, n, group);
        else if (match_gate(s, n, gate)) {
            const struct node *sum = gate_sum(s, gate);
            for (int k = 0; k < GATE_NODES; k++) s->group_of[gate[k]->index] = group;
            if (sum) s->group_of[sum->index] = group;
        }
    }
    return n_groups;
}

gable_status groups_find(const struct graph *g, struct grouping *out, gable_error *e)
{
    struct search s = {.g = g, .group_of = arena_array(g->arena, (size_t)g->n_nodes + 1, sizeof *s.group_of)};
    if (!s.group_of || !count_uses(g, &s.uses) || !find_images(&s))
        return error_set(e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    for (int i = 0; i < g->n_nodes; i++) {
        if (!g->nodes[i]->op)
            return error_set(e, GABLE_BAD_INPUT, "node %.80s has no known operator", g->nodes[i]->name);
        s.group_of[i] = -1;
    }
    out->n_groups = find(&s);
    out->group_of = s.group_of;
    return GABLE_OK;
}
