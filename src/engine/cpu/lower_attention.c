/* softmax(scale q k) v of the tokens of an image, head by head. */
#include "engine/cpu/lower.h"

#include <string.h>

enum { LEAST_ROWS = 28 }; /* of scores at once: two tiles */

/* q and v are [.. heads ..][pixels][channels], k ends in [channels][pixels]. */
static bool read_factor(struct plan *p, const struct tensor *t, bool is_k, struct factor *f)
{
    struct axes a;
    struct layout *l = layout_of(p, t);
    if (!lower_axes_of(p, t, &a) || a.rank < 2) return false;
    const struct axis *channels = &a.at[a.rank - (is_k ? 2 : 1)], *pixels = &a.at[a.rank - (is_k ? 1 : 2)];
    *f = (struct factor){.l = l, .heads = 1, .channels = (int)channels->size, .step = (int)channels->channels};
    bool is_right = pixels->size == l->pixels && (pixels->size == 1 || (!pixels->channels && pixels->pixels == 1));
    is_right = is_right && (channels->size == 1 || !channels->pixels);
    for (int i = 0; i < a.rank - 2 && is_right; i++) {
        if (a.at[i].size == 1) continue;
        is_right = f->heads == 1 && !a.at[i].pixels;
        f->heads = (int)a.at[i].size;
        f->head_step = (int)a.at[i].channels;
    }
    return is_right;
}

static int rounded(const struct plan *p, int n) { return blocks_needed(n, p->kernels->vl) * p->kernels->vl; }

static bool make_room(struct plan *p, struct attention *c)
{
    int keys = c->k.l->pixels, rows = c->q.l->pixels;
    long chunk = p->l2_floats / rounded(p, keys);
    c->chunk = chunk < LEAST_ROWS ? LEAST_ROWS : (int)chunk;
    if (c->chunk > rows) c->chunk = rows;
    long scratch =
        (long)rounded(p, keys) * (c->k.channels + c->chunk) + (long)rounded(p, c->v.channels) * (keys + c->chunk);
    if (scratch > p->scratch_floats) p->scratch_floats = scratch;
    c->off_q = arena_array(p->memory, (size_t)c->q.heads * (size_t)c->q.channels, sizeof *c->off_q);
    c->off_k = arena_array(p->memory, (size_t)keys, sizeof *c->off_k);
    return c->off_q && c->off_k;
}

/* [.. heads ..][pixels][channels] of a layout whose channels stand head by head. */
static bool own_axes(const struct attention *c, const struct shape *y, struct axes *out)
{
    if (y->rank > AXES_MAX) return false;
    *out = (struct axes){.rank = y->rank};
    for (int i = 0; i < y->rank - 2; i++) out->at[i] = (struct axis){y->dim[i], c->v.channels, 0};
    out->at[y->rank - 2] = (struct axis){y->dim[y->rank - 2], 0, 1};
    out->at[y->rank - 1] = (struct axis){y->dim[y->rank - 1], 1, 0};
    return true;
}

gable_status lower_attention(struct plan *p, const struct node *n, gable_error *e)
{
    struct attention a = {.scale = (float)node_float(n, "scale", 1)};
    struct axes axes;
    bool is_right = !strcmp(n->domain, "ai.gable") && n->n_in == 3 && p->batch == 1 &&
                    read_factor(p, n->in[0], false, &a.q) && read_factor(p, n->in[1], true, &a.k) &&
                    read_factor(p, n->in[2], false, &a.v) && a.q.heads == a.k.heads && a.q.heads == a.v.heads &&
                    own_axes(&a, &n->out[0]->shape, &axes);
    if (!is_right) return error_set(e, GABLE_BAD_INPUT, "engine cpu has attention of the heads of one image only");
    a.q.l = arranged(p, a.q.l, ARRANGED_BLOCKS);
    a.k.l = arranged(p, a.k.l, ARRANGED_BLOCKS);
    a.v.l = arranged(p, a.v.l, ARRANGED_BLOCKS);
    if (!a.q.l || !a.k.l || !a.v.l) return lower_no_memory(p, e);
    struct step *s = plan_step(p, &step_attention);
    a.out = s ? plan_own(p, a.v.heads * a.v.channels, a.q.l->height, a.q.l->width) : NULL;
    if (!a.out || !make_room(p, &a)) return lower_no_memory(p, e);
    s->attention = a;
    plan_touch(p, a.q.l);
    plan_touch(p, a.k.l);
    plan_touch(p, a.v.l);
    plan_add(p);
    return lower_settle(p, n->out[0], a.out, &axes, e);
}
