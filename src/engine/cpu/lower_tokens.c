/* Tensors whose dimensions are not an image's: tokens with their channels last, heads, what lies between. Nothing
   moves; only the steps of their dimensions change. */
#include "engine/cpu/lower.h"

#include <string.h>

bool lower_takes_axes(const struct node *n)
{
    static const char *const ops[] = {"MatMul",  "Gemm",      "Add",   "Mul", "Div", "LayerNormalization",
                                      "Softmax", "Attention", "Gather"};
    struct activation act;
    for (size_t i = 0; i < COUNT_OF(ops); i++)
        if (node_is(n, ops[i])) return true;
    return is_view(n) || activation_of(n, &act);
}

bool lower_axes_of(const struct plan *p, const struct tensor *t, struct axes *out)
{
    const struct axes *own = p->axes[t->index];
    const struct layout *l = p->layout[t->index];
    if (!own && (p->batch != 1 || l->is_head || t->shape.rank != 4)) return false;
    *out = own ? *own : axes_image(l->channels, l->height, l->width);
    return true;
}

/* Some of l's channels, in planes of another height. */
static struct layout *part_of(struct plan *p, const struct layout *l, int first, int channels, int height)
{
    struct layout *v = layout_new(p->memory, channels, height, l->pixels / height);
    if (v) memcpy(v->place, l->place + first, (size_t)channels * sizeof *v->place);
    return v;
}

gable_status lower_settle(struct plan *p, const struct tensor *t, struct layout *l, const struct axes *a,
                          gable_error *e)
{
    struct axes *own = NULL;
    if (axes_are_image(a, l)) {
        if (l->height != a->at[2].size) l = part_of(p, l, 0, l->channels, (int)a->at[2].size);
    } else {
        own = arena_array(p->memory, 1, sizeof *own);
        if (!own) return lower_no_memory(p, e);
        *own = *a;
    }
    if (!l) return lower_no_memory(p, e);
    set_layout(p, t, l);
    p->axes[t->index] = own;
    return GABLE_OK;
}

static void permuted(const struct node *n, const struct axes *a, struct axes *out)
{
    int64_t from[AXES_MAX];
    for (int i = 0; i < a->rank; i++) from[i] = node_int_at(n, "perm", i, a->rank - 1 - i);
    axes_permute(a, from, out);
}

/* Number i of a Slice's starts, axes or steps: attributes until opset 9, inputs since. */
static int64_t slice_number(const struct node *n, const char *attribute, int input, int64_t fallback)
{
    const struct tensor *t = n->n_in > input && n->in[input]->role != ROLE_ABSENT ? n->in[input] : NULL;
    return t ? (t->ints ? t->ints[0] : INT64_MIN) : node_int_at(n, attribute, 0, fallback);
}
static int64_t slice_count(const struct node *n)
{
    const struct attribute *a = node_attribute(n, "starts");
    return n->n_in > 1 ? (int64_t)shape_product(&n->in[1]->shape, 0) : a ? a->n : 0;
}
/* One dimension, the outermost of those that step through channels. */
static bool sliced(struct plan *p, const struct node *n, struct axes *a, struct layout **l)
{
    int64_t axis = slice_number(n, "axes", 3, 0), start = slice_number(n, "starts", 1, 0);
    if (axis < 0) axis += a->rank;
    if (slice_count(n) != 1 || axis < 0 || axis >= a->rank || slice_number(n, "steps", 4, 1) != 1) return false;
    int64_t all = a->at[axis].size, size = n->out[0]->shape.dim[axis], step = a->at[axis].channels;
    if (start < 0) start += all;
    if (!axes_is_outermost(a, (int)axis) || step < 1 || start < 0 || start + size > all) return false;
    *l = part_of(p, *l, (int)(start * step), (int)(size * step), (*l)->height);
    a->at[axis].size = size;
    return *l != NULL;
}

/* The axes of n's output, and where it lies. */
static bool find_moved(struct plan *p, const struct node *n, const struct axes *a, struct axes *moved,
                       struct layout **l)
{
    static const char *const reshapes[] = {"Reshape", "Squeeze", "Unsqueeze", "Flatten"};
    for (size_t i = 0; i < COUNT_OF(reshapes); i++)
        if (node_is(n, reshapes[i])) return axes_reshape(a, &n->out[0]->shape, moved);
    *moved = *a;
    if (node_is(n, "Slice")) return sliced(p, n, moved, l);
    if (node_is(n, "Transpose")) permuted(n, a, moved);
    return node_is(n, "Transpose") || node_is(n, "Identity") || node_is(n, "Dropout");
}

bool lower_moved(struct plan *p, const struct node *n, gable_status *s, gable_error *e)
{
    struct layout *l = layout_of(p, n->in[0]);
    struct axes a, moved;
    if (!l || l->gate >= 0 || !lower_axes_of(p, n->in[0], &a)) return false;
    if (l->input >= 0) l = arranged(p, l, ARRANGED_BLOCKS);
    if (!l || !find_moved(p, n, &a, &moved, &l)) return false;
    *s = lower_settle(p, n->out[0], l, &moved, e);
    return true;
}

gable_status lower_tokens(struct plan *p, int input, gable_error *e)
{
    const struct tensor *t = p->graph->inputs[input];
    struct step *s = plan_step(p, &step_load_tokens);
    struct layout *own = s ? plan_own(p, (int)t->shape.dim[2], 1, (int)t->shape.dim[1]) : NULL;
    struct axes axes;
    if (!own) return lower_no_memory(p, e);
    s->pointwise = (struct pointwise){.a = own, .out = own, .output = input};
    plan_add(p);
    axes_tokens(&t->shape, &axes);
    return lower_settle(p, t, own, &axes, e);
}

static bool is_by_channel(const struct tensor *t, int channels)
{
    return tensor_is_initializer(t) && t->dtype == DTYPE_F32 && tensor_elements(t) == channels;
}
gable_status lower_norm(struct plan *p, const struct node *n, gable_error *e)
{
    struct layout *in = layout_of(p, n->in[0]);
    const struct axes *axes = p->axes[n->in[0]->index];
    const struct tensor *beta = n->n_in > 2 && n->in[2]->role != ROLE_ABSENT ? n->in[2] : NULL;
    int64_t axis = node_int(n, "axis", -1);
    bool is_right = axes && axes_are_tokens(axes, in) && (axis == -1 || axis == axes->rank - 1);
    for (int i = 1; i < n->n_out; i++) is_right = is_right && p->uses[n->out[i]->index] == 0;
    if (!is_right || !is_by_channel(n->in[1], in->channels) || (beta && !is_by_channel(beta, in->channels)))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu normalises the channels of tokens only");
    in = arranged(p, in, ARRANGED_PLAIN);
    struct step *s = in ? plan_step(p, &step_norm) : NULL;
    struct layout *out = s ? plan_own(p, in->channels, in->height, in->width) : NULL;
    if (!out) return lower_no_memory(p, e);
    s->norm = (struct norm){.in = in, .out = out, .gamma = n->in[1], .beta = beta};
    s->norm.epsilon = (float)node_float(n, "epsilon", 1e-5);
    plan_touch(p, in);
    plan_add(p);
    return lower_settle(p, n->out[0], out, axes, e);
}
