/* What moves no data: tables are rearranged instead. */
#include "engine/cpu/lower.h"

#include <string.h>

static gable_status no_view(const struct node *n, gable_error *e)
{
    return error_set(e, GABLE_BAD_INPUT, "engine cpu cannot do this %s without moving data", n->op_type);
}
static struct layout *like(struct plan *p, const struct layout *l, int channels)
{
    struct layout *v = layout_new(p->memory, channels, l->height, l->width);
    if (!v) return NULL;
    v->pixels = l->pixels;
    v->is_head = l->is_head;
    return v;
}
/* Planes of the caller's own are read by convolutions and copies only. */
static struct layout *blocks_of(struct plan *p, const struct tensor *t)
{
    struct layout *l = layout_of(p, t);
    return l ? arranged(p, l, ARRANGED_BLOCKS) : NULL;
}

static gable_status view_same(struct plan *p, const struct node *n, gable_error *e)
{
    (void)e;
    set_layout(p, n->out[0], layout_of(p, n->in[0]));
    return GABLE_OK;
}

/* An image flattened in NCHW order becomes a row of features. */
static gable_status collect(struct plan *p, const struct node *n, struct layout *in, gable_error *e)
{
    struct step *s = plan_step(p, &step_collect);
    struct layout *out = s ? plan_head(p, in->channels * in->height * in->width) : NULL;
    if (!out) return lower_no_memory(p, e);
    s->pointwise = (struct pointwise){.a = in, .out = out};
    plan_touch(p, in);
    plan_add(p);
    set_layout(p, n->out[0], out);
    return GABLE_OK;
}
/* Flatten, Squeeze and Reshape: to rows of features, or channels into more or fewer dimensions before the planes. */
static gable_status view_reshape(struct plan *p, const struct node *n, gable_error *e)
{
    struct layout *l = layout_of(p, n->in[0]);
    const struct shape *y = &n->out[0]->shape;
    if (!l) return no_view(n, e);
    if (y->rank == 2 && l->is_head && y->dim[1] == l->channels) return view_same(p, n, e);
    if (y->rank == 2 && !l->is_head && y->dim[0] == p->batch) return collect(p, n, l, e);
    bool keeps_planes = y->rank >= 4 && y->dim[y->rank - 2] == l->height && y->dim[y->rank - 1] == l->width;
    if (l->is_head || !keeps_planes || shape_product(y, 1) != (count)l->channels * l->height * l->width)
        return no_view(n, e);
    return view_same(p, n, e);
}
/* Channel shuffle: [N, groups, each, H, W] -> [N, each, groups, H, W]. */
static gable_status view_transpose(struct plan *p, const struct node *n, gable_error *e)
{
    static const int shuffle[5] = {0, 2, 1, 3, 4};
    const struct shape *x = &n->in[0]->shape;
    struct layout *l = blocks_of(p, n->in[0]);
    bool is_shuffle = x->rank == 5;
    for (int i = 0; i < 5; i++) is_shuffle &= node_int_at(n, "perm", i, -1) == shuffle[i];
    if (!l || !is_shuffle || l->is_head) return no_view(n, e);
    struct layout *v = like(p, l, l->channels);
    if (!v) return lower_no_memory(p, e);
    int groups = (int)x->dim[1], each = (int)x->dim[2];
    for (int i = 0; i < groups; i++)
        for (int j = 0; j < each; j++) v->place[j * groups + i] = l->place[i * each + j];
    set_layout(p, n->out[0], v);
    return GABLE_OK;
}
static int64_t axis_of(const struct node *n, int64_t fallback)
{
    int64_t axis = node_int(n, "axis", fallback);
    return axis < 0 ? axis + n->in[0]->shape.rank : axis;
}
static gable_status view_concat(struct plan *p, const struct node *n, gable_error *e)
{
    if (axis_of(n, 1) != 1) return no_view(n, e);
    struct layout *v = NULL;
    int at = 0;
    for (int i = 0; i < n->n_in; i++) {
        const struct layout *l = blocks_of(p, n->in[i]);
        if (!l) return no_view(n, e);
        if (!v) v = like(p, l, (int)n->out[0]->shape.dim[1]);
        if (!v) return lower_no_memory(p, e);
        if (l->is_head || l->gate >= 0) return no_view(n, e);
        memcpy(v->place + at, l->place, (size_t)l->channels * sizeof *l->place);
        at += l->channels;
    }
    set_layout(p, n->out[0], v);
    return GABLE_OK;
}
static gable_status view_split(struct plan *p, const struct node *n, gable_error *e)
{
    struct layout *l = blocks_of(p, n->in[0]);
    if (!l || l->is_head || axis_of(n, 0) != 1) return no_view(n, e);
    int at = 0;
    for (int i = 0; i < n->n_out; i++) {
        struct layout *v = like(p, l, (int)n->out[i]->shape.dim[1]);
        if (!v) return lower_no_memory(p, e);
        memcpy(v->place, l->place + at, (size_t)v->channels * sizeof *v->place);
        at += v->channels;
        set_layout(p, n->out[i], v);
    }
    return GABLE_OK;
}
/* Some of the channels, all of the rest. */
static gable_status view_slice(struct plan *p, const struct node *n, gable_error *e)
{
    struct layout *l = blocks_of(p, n->in[0]);
    const struct tensor *starts = n->n_in > 3 ? n->in[1] : NULL, *axes = starts ? n->in[3] : NULL;
    const struct tensor *steps = n->n_in > 4 && n->in[4]->role != ROLE_ABSENT ? n->in[4] : NULL;
    bool is_one = starts && starts->ints && axes->ints && shape_product(&axes->shape, 0) == 1;
    if (!l || l->is_head || !is_one || axes->ints[0] != 1 || (steps && (!steps->ints || steps->ints[0] != 1)))
        return no_view(n, e);
    int64_t all = n->in[0]->shape.dim[1], first = starts->ints[0] < 0 ? starts->ints[0] + all : starts->ints[0];
    struct layout *v = like(p, l, (int)n->out[0]->shape.dim[1]);
    if (!v) return lower_no_memory(p, e);
    if (first < 0 || first + v->channels > l->channels) return no_view(n, e);
    memcpy(v->place, l->place + first, (size_t)v->channels * sizeof *v->place);
    set_layout(p, n->out[0], v);
    return GABLE_OK;
}

static const struct {
    const char *op_type;
    gable_status (*lower)(struct plan *p, const struct node *n, gable_error *e);
} views[] = {
    {"Identity", view_same},   {"Dropout", view_same},    {"StochasticDepth", view_same}, {"Flatten", view_reshape},
    {"Squeeze", view_reshape}, {"Reshape", view_reshape}, {"Unsqueeze", view_reshape},    {"Transpose", view_transpose},
    {"Concat", view_concat},   {"Split", view_split},     {"Slice", view_slice},
};
bool is_view(const struct node *n)
{
    for (size_t i = 0; i < COUNT_OF(views); i++)
        if (node_is(n, views[i].op_type)) return true;
    return false;
}
static bool has_axes(const struct plan *p, const struct node *n)
{
    for (int i = 0; i < n->n_in; i++)
        if (p->axes[n->in[i]->index]) return true;
    return false;
}
gable_status lower_view(struct plan *p, const struct node *n, gable_error *e)
{
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i]->role == ROLE_ACTIVATION && !layout_of(p, n->in[i])) return no_view(n, e);
    gable_status s = GABLE_BAD_INPUT;
    gable_error refused = {0};
    for (size_t i = 0; i < COUNT_OF(views) && !has_axes(p, n); i++)
        if (node_is(n, views[i].op_type)) s = views[i].lower(p, n, &refused);
    if (s == GABLE_NO_MEMORY) return lower_no_memory(p, e);
    return !s || lower_moved(p, n, &s, e) ? s : no_view(n, e);
}
