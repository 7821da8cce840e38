/* What follows a node and can be done in the same step. */
#include "engine/cpu/lower.h"
#include "engine/plan/groups.h"

static bool is_pass_through(const struct node *n)
{
    return node_is(n, "Identity") || node_is(n, "Dropout") || node_is(n, "StochasticDepth");
}

/* What t is before it passed through nodes that do nothing, each read once; so a chain goes on behind a dropout. */
static const struct tensor *before_views(const struct plan *p, const struct tensor *t)
{
    while (t->producer && is_pass_through(t->producer) && p->uses[t->index] == 1) t = t->producer->in[0];
    return t;
}
/* The tensor that is added to t by an Add of equal shapes; NULL where n is none. */
static const struct tensor *summand(const struct plan *p, const struct node *n, const struct tensor *t)
{
    if (!node_is(n, "Add") || n->in[0] == n->in[1] || !shape_equal(&n->in[0]->shape, &n->in[1]->shape)) return NULL;
    bool is_first = before_views(p, n->in[0]) == t;
    if (!is_first && before_views(p, n->in[1]) != t) return NULL;
    return n->in[is_first];
}
/* The operand that is no initializer. */
static const struct tensor *data_of(const struct node *n)
{
    return n->in[n->n_in > 1 && tensor_is_initializer(n->in[0])];
}

static bool is_linear(const struct node *n) { return node_is(n, "MatMul") || node_is(n, "Gemm"); }

/* The dimension of t that counts its channels; -1 where none counts them all. */
static int channel_axis(const struct plan *p, const struct tensor *t)
{
    const struct axes *a = p->axes[t->index];
    return !a ? 1 : axes_are_tokens(a, p->layout[t->index]) ? t->shape.rank - 1 : -1;
}

/* Adds the initializer of one value, or one a channel, that a Mul, Add or Div applies to its other operand; false where
   there is none, or no room. */
static bool take_constant(const struct node *n, int channel_axis, struct constants *c)
{
    bool divides = node_is(n, "Div"), adds = node_is(n, "Add");
    if ((!divides && !adds && !node_is(n, "Mul")) || c->n == CONSTANTS_MAX) return false;
    for (int i = divides; i < 2; i++) {
        const struct tensor *t = n->in[i];
        const struct shape *s = &t->shape, *y = &n->out[0]->shape;
        bool is_right = tensor_is_initializer(t) && t->dtype == DTYPE_F32 && s->rank <= y->rank;
        for (int k = 0; k < s->rank && is_right; k++) {
            int axis = y->rank - s->rank + k;
            is_right = s->dim[k] == 1 || (axis == channel_axis && s->dim[k] == y->dim[axis]);
        }
        if (!is_right || !shape_equal(&n->in[1 - i]->shape, y)) continue;
        c->at[c->n].of = t;
        c->at[c->n++].use = divides ? CONSTANT_DIVISOR : adds ? CONSTANT_ADDEND : CONSTANT_FACTOR;
        return true;
    }
    return false;
}

static struct chain begin(const struct plan *p, const struct node *root)
{
    struct chain c = {.root = root, .in = data_of(root), .out = root->out[0], .n = 1};
    struct activation act;
    c.channel_axis = is_linear(root) ? c.out->shape.rank - 1 : channel_axis(p, c.in);
    take_constant(root, c.channel_axis, &c.constants);
    if (activation_of(root, &act)) c.act = act;
    return c;
}

/* The tensor lies as the chain's does, so that a sum goes element by element. */
static bool lies_alike(const struct plan *p, const struct chain *c, const struct tensor *other)
{
    const struct axes *theirs = p->axes[other->index];
    struct axes mine;
    if (!is_linear(c->root) && !p->axes[c->in->index]) return !theirs;
    if (c->is_front) return !theirs;
    if (!is_linear(c->root)) return theirs && axes_equal(theirs, p->axes[c->in->index]);
    return theirs && axes_tokens(&c->out->shape, &mine) && axes_equal(theirs, &mine);
}

struct chain chain_find(struct plan *p, const struct node *const *nodes, int n)
{
    struct chain c = begin(p, nodes[0]);
    struct activation act;
    for (; c.n < n && p->uses[c.out->index] == 1; c.n++) {
        const struct node *next = nodes[c.n];
        const struct tensor *other = summand(p, next, c.out);
        bool follows = before_views(p, data_of(next)) == c.out, is_bare = !c.act.kind && !c.res;
        if (other && !c.res && !tensor_is_initializer(other) && layout_of(p, other) && lies_alike(p, &c, other))
            c.res = other;
        else if (follows && is_bare && node_is(next, "BatchNormalization") && !c.norm && !c.constants.n)
            c.norm = next;
        else if (follows && is_bare && take_constant(next, c.channel_axis, &c.constants))
            c.out = next->out[0];
        else if (follows && !c.res && is_linear(c.root) && group_moves_channels_first(next))
            c.is_front = true, c.channel_axis = 1;
        else if (follows && !c.res && activation_scaled(&c.act, next))
            c.out = next->out[0];
        else if (follows && activation_of(next, &act) && is_bare)
            c.act = act;
        else if (follows && activation_of(next, &act) && c.res && !c.act_after_sum.kind)
            c.act_after_sum = act;
        else
            break;
        c.out = next->out[0];
    }
    return c;
}
