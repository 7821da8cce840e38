/* Masks that met the scores while these had their first dimension split, as windows of an image or heads of a batch:
   given the shape that they have beside the scores as the product makes them. */
#include "passes/attention.h"

struct fitted {
    int64_t all[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX]; /* with the split dimensions; with one in their place */
    int n_all, rank;
    bool expands; /* it lacks some of the split dimensions, not all */
    bool fits;    /* as it is: it has none of them */
};

/* Dimension i of something that is broadcast to a shape of `rank` dimensions. */
static int64_t dim_beside(const struct shape *s, int rank, int i)
{
    int own = i - (rank - s->rank);
    return own < 0 ? 1 : s->dim[own];
}

static bool find_shape(const struct beside *b, const struct shape *scores, struct fitted *f)
{
    const struct shape *at = &b->at->out[0]->shape;
    int rest = scores->rank - 1, split = at->rank - rest, there = 0, missing = 0;
    if (split < 1) return false;
    *f = (struct fitted){.n_all = at->rank, .rank = scores->rank};
    for (int i = 0; i < at->rank; i++) {
        int64_t own = dim_beside(&b->t->shape, at->rank, i);
        if (i >= split && at->dim[i] != scores->dim[1 + i - split]) return false;
        if (i < split && at->dim[i] != 1) there += own != 1, missing += own == 1;
        f->all[i] = i < split ? at->dim[i] : own;
        if (i >= split) f->dim[1 + i - split] = own;
    }
    f->dim[0] = there ? scores->dim[0] : 1;
    f->expands = there && missing;
    f->fits = b->t->shape.rank < f->rank || (b->t->shape.rank == f->rank && !there && b->t->shape.dim[0] == 1);
    return true;
}

static bool is_beside_scores(const struct attention *a, const struct beside *b)
{
    return !b->t || shape_equal(&b->at->out[0]->shape, a->scores);
}

bool attention_can_fit(const struct attention *a)
{
    const struct beside *all[] = {&a->summand[0], &a->summand[1], &a->condition};
    int n_expanded = 0; /* one may: each takes a dead node more than the one in which it met the scores */
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct fitted f;
        if (is_beside_scores(a, all[i])) continue;
        if (!find_shape(all[i], a->scores, &f)) return false;
        n_expanded += f.expands;
    }
    return n_expanded < 2;
}

/* A dead node gives t another shape from now on. */
static struct tensor *revive(struct edit *e, struct node *n, const char *op, struct tensor *t, int rank,
                             const int64_t *dim)
{
    struct tensor *in[] = {t, graph_constant_ints(e->g, "shape", rank, dim)};
    if (!in[1] || !edit_become(e, n, op, 2, in)) return NULL;
    e->is_dead[n->index] = false;
    tensor_set_shape(e->g, n->out[0], t->dtype, rank, dim);
    return e->g->failed ? NULL : n->out[0];
}

gable_status attention_fit(struct edit *e, struct attention *a, gable_error *error)
{
    struct beside *all[] = {&a->summand[0], &a->summand[1], &a->condition};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct fitted f;
        struct beside *b = all[i];
        if (is_beside_scores(a, b) || !find_shape(b, a->scores, &f) || f.fits) continue;
        if (f.expands) b->t = revive(e, b->at, "Expand", b->t, f.n_all, f.all);
        if (b->t) b->t = revive(e, f.expands ? a->softmax : b->at, "Reshape", b->t, f.rank, f.dim);
        if (!b->t) return error_set(error, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    }
    return GABLE_OK;
}
