/* Normalisations with what follows them, activations, sums, products, dropout. */
#include "engine/cpu/activation.h"
#include "engine/train/lower.h"

/* CLIP's bounds are 0 where padding must stay 0. */
static bool keeps_zero(const struct activation *a) { return a->kind != ACT_CLIP || (a->a <= 0 && a->b >= 0); }

bool train_is_told(enum act kind)
{
    return kind == ACT_NONE || kind == ACT_RELU || kind == ACT_CLIP || kind == ACT_SIGMOID || kind == ACT_HARD_SIGMOID;
}

/* The other input of a sum, where it has the same shape and is made already. */
static const struct tensor *other_term(const struct lowering *l, const struct node *sum, const struct tensor *t)
{
    const struct tensor *other = sum->in[0] == t ? sum->in[1] : sum->in[0];
    return other != t && shape_equal(&other->shape, &t->shape) && train_is_there(l, other) ? other : NULL;
}

/* The nodes after a normalisation that it does as well: stochastic depth, a sum, an activation. */
struct tail {
    const struct node *depth, *sum, *act;
    const struct tensor *rest, *out;
    struct activation activation;
};
static void find_tail(const struct lowering *l, const struct node *norm, struct tail *t)
{
    *t = (struct tail){.out = norm->out[0]};
    const struct node *next = train_only_reader(l, t->out);
    if (next && node_is(next, "StochasticDepth")) {
        t->depth = next;
        t->out = next->out[0];
        next = train_only_reader(l, t->out);
    }
    if (next && node_is(next, "Add") && (t->rest = other_term(l, next, t->out))) {
        t->sum = next;
        t->out = next->out[0];
        next = train_only_reader(l, t->out);
    }
    struct activation a;
    if (next && activation_of(next, &a) && keeps_zero(&a) && (!t->sum || train_is_told(a.kind))) {
        t->act = next;
        t->activation = a;
        t->out = next->out[0];
    }
}
gable_status train_norm(struct lowering *l, const struct node *n, gable_error *e)
{
    struct tail t;
    find_tail(l, n, &t);
    struct value *in[2] = {train_blocks(l, n->in[0]), t.rest ? train_blocks(l, t.rest) : NULL};
    struct value *y = train_value(l, t.out);
    struct part *p = train_part(l, &part_norm, n, t.rest ? 2 : 1, in, y);
    const struct node *also[] = {t.depth, t.sum, t.act};
    if (!p) return train_no_memory(l, e);
    for (size_t i = 0; i < COUNT_OF(also); i++)
        if (also[i] && !train_take(l, p, also[i])) return train_no_memory(l, e);
    p->act = t.activation;
    p->rest = t.rest ? 1 : -1;
    p->drop = t.depth ? (float)node_float(t.depth, "p", 0) : 0;
    p->epsilon = (float)node_float(n, "epsilon", 1e-5);
    p->keep = (float)node_float(n, "momentum", 0.9);
    p->statistics = l->plan->n_statistics;
    l->plan->n_statistics += NORM_ROWS * (size_t)y->blocks * (size_t)l->plan->vl;
    train_hold(l, t.out, y);
    int *places[] = {&p->weight, &p->bias, &p->mean, &p->variance};
    for (int i = 0; i < 4; i++) {
        gable_status s = train_parameter(l, n, i + 1, places[i], e);
        if (s) return s;
    }
    return GABLE_OK;
}

gable_status train_act(struct lowering *l, const struct node *n, gable_error *e)
{
    struct activation a;
    if (!activation_of(n, &a)) return error_set(e, GABLE_BAD_INPUT, "an alpha other than 1 is not trained here");
    struct value *x = train_blocks(l, n->in[0]), *y = train_value(l, n->out[0]);
    struct part *p = train_part(l, &part_activation, n, 1, &x, y);
    if (!p) return train_no_memory(l, e);
    if (!keeps_zero(&a)) return error_set(e, GABLE_BAD_INPUT, "bounds without 0 between them are not trained here");
    p->act = a;
    train_hold(l, n->out[0], y);
    return GABLE_OK;
}

/* Two inputs of the output's shape. */
static gable_status train_both(struct lowering *l, const struct part_type *type, const struct node *n, gable_error *e)
{
    struct value *in[2], *y = train_value(l, n->out[0]);
    for (int i = 0; i < 2; i++) {
        if (!train_is_there(l, n->in[i]) || !shape_equal(&n->in[i]->shape, &n->out[0]->shape))
            return error_set(e, GABLE_BAD_INPUT, "only two activations of one shape are trained here");
        in[i] = train_blocks(l, n->in[i]);
    }
    if (!train_part(l, type, n, 2, in, y)) return train_no_memory(l, e);
    train_hold(l, n->out[0], y);
    return GABLE_OK;
}
gable_status train_add(struct lowering *l, const struct node *n, gable_error *e)
{
    return train_both(l, &part_add, n, e);
}
gable_status train_mul(struct lowering *l, const struct node *n, gable_error *e)
{
    for (int i = 0; i < 2; i++) {
        const struct tensor *x = n->in[i], *gate = n->in[1 - i];
        if (!train_is_there(l, x) || !train_is_there(l, gate) || !shape_equal(&x->shape, &n->out[0]->shape)) continue;
        bool is_gate = gate->shape.rank == 4 && gate->shape.dim[0] == x->shape.dim[0] &&
                       gate->shape.dim[1] == x->shape.dim[1] && gate->shape.dim[2] == 1 && gate->shape.dim[3] == 1 &&
                       !shape_equal(&gate->shape, &x->shape);
        if (!is_gate) continue;
        struct value *in[2] = {train_blocks(l, x), train_blocks(l, gate)}, *y = train_value(l, n->out[0]);
        if (!train_part(l, &part_gate, n, 2, in, y)) return train_no_memory(l, e);
        train_hold(l, n->out[0], y);
        return GABLE_OK;
    }
    return train_both(l, &part_multiply, n, e);
}

static gable_status train_random(struct lowering *l, const struct part_type *type, const struct node *n, double share,
                                 gable_error *e)
{
    if (!(share >= 0) || share >= 1) return error_set(e, GABLE_BAD_INPUT, "it drops %g of its input", share);
    if (share == 0) {
        train_share(l, n->in[0], n->out[0]);
        return GABLE_OK;
    }
    struct value *x = train_blocks(l, n->in[0]), *y = train_value(l, n->out[0]);
    struct part *p = train_part(l, type, n, 1, &x, y);
    if (!p) return train_no_memory(l, e);
    p->drop = (float)share;
    train_hold(l, n->out[0], y);
    return GABLE_OK;
}
gable_status train_dropout(struct lowering *l, const struct node *n, gable_error *e)
{
    double share = n->n_in > 1 && n->in[1]->reals ? n->in[1]->reals[0] : node_float(n, "ratio", 0.5);
    return train_random(l, &part_dropout, n, share, e);
}
gable_status train_depth(struct lowering *l, const struct node *n, gable_error *e)
{
    return train_random(l, &part_depth, n, node_float(n, "p", 0), e);
}
