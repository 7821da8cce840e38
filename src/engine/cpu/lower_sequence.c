/* Tokens one behind the other: fixed ones, sequences joined, one of them taken out. */
#include "engine/cpu/lower.h"

#include <string.h>

static bool is_sequence(const struct plan *p, const struct tensor *t)
{
    return p->batch == 1 && t->shape.rank == 3 && t->shape.dim[0] == 1;
}
static bool is_fixed(const struct plan *p, const struct tensor *t)
{
    return tensor_is_initializer(t) && t->dtype == DTYPE_F32 && is_sequence(p, t);
}
static bool are_tokens(const struct plan *p, const struct tensor *t)
{
    const struct axes *a = p->axes[t->index];
    return is_sequence(p, t) && a && axes_are_tokens(a, p->layout[t->index]);
}

/* t, fixed or not, becomes the tokens of `out` from the first one on. */
static gable_status place(struct plan *p, const struct tensor *t, struct layout *out, int first, gable_error *e)
{
    struct layout *in = is_fixed(p, t) ? NULL : arranged(p, layout_of(p, t), ARRANGED_PLAIN);
    struct step *s = in || is_fixed(p, t) ? plan_step(p, &step_place_tokens) : NULL;
    if (!s) return lower_no_memory(p, e);
    s->placed = (struct placed){.in = in, .of = t, .out = out, .first = first, .tokens = (int)t->shape.dim[1]};
    if (in) plan_touch(p, in);
    plan_touch(p, out);
    plan_add(p);
    return GABLE_OK;
}

gable_status lower_fixed_tokens(struct plan *p, const struct tensor *t, gable_error *e)
{
    struct axes axes;
    if (p->layout[t->index]) return GABLE_OK;
    if (!is_fixed(p, t) || !axes_tokens(&t->shape, &axes))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu adds constants to tokens, or by channel, only");
    struct layout *own = plan_own(p, (int)t->shape.dim[2], 1, (int)t->shape.dim[1]);
    gable_status s = own ? place(p, t, own, 0, e) : lower_no_memory(p, e);
    return s ? s : lower_settle(p, t, own, &axes, e);
}

bool lower_joins_tokens(const struct plan *p, const struct node *n)
{
    int64_t axis = node_int(n, "axis", 0);
    bool is_right = node_is(n, "Concat") && is_sequence(p, n->out[0]) && (axis == 1 || axis == -2);
    for (int i = 0; i < n->n_in && is_right; i++) is_right = is_fixed(p, n->in[i]) || are_tokens(p, n->in[i]);
    return is_right;
}

gable_status lower_join(struct plan *p, const struct node *n, gable_error *e)
{
    const int64_t *dim = n->out[0]->shape.dim;
    struct axes axes;
    struct layout *own = plan_own(p, (int)dim[2], 1, (int)dim[1]);
    if (!own || !axes_tokens(&n->out[0]->shape, &axes)) return lower_no_memory(p, e);
    int first = 0;
    for (int i = 0; i < n->n_in; i++) {
        gable_status s = place(p, n->in[i], own, first, e);
        if (s) return s;
        first += (int)n->in[i]->shape.dim[1];
    }
    return lower_settle(p, n->out[0], own, &axes, e);
}

gable_status lower_token(struct plan *p, const struct node *n, gable_error *e)
{
    const struct tensor *x = n->in[0], *index = n->in[1];
    int64_t axis = node_int(n, "axis", 0), at = index->ints && tensor_elements(index) == 1 ? index->ints[0] : -1;
    struct axes axes;
    bool is_right = are_tokens(p, x) && (axis == 1 || axis == -2) && index->ints && tensor_elements(index) == 1;
    if (is_right && at < 0) at += x->shape.dim[1];
    if (!is_right || at < 0 || at >= x->shape.dim[1] || !axes_tokens(&n->out[0]->shape, &axes))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu takes one token of a sequence only");
    struct layout *in = layout_of(p, x), *l = layout_new(p->memory, in->channels, 1, 1);
    if (!l) return lower_no_memory(p, e);
    for (int c = 0; c < in->channels; c++)
        l->place[c] = (struct place){in->place[c].buffer, in->place[c].offset + (int)at * p->kernels->vl};
    return lower_settle(p, n->out[0], l, &axes, e);
}
