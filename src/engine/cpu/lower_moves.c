/* Transposed convolutions and enlarged planes: what spreads pixels; and Softmax of the batch's rows. */
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"

#include <string.h>

static bool all_are(const struct node *n, const char *attribute, int of, int64_t fallback, int64_t value)
{
    for (int i = 0; i < of; i++)
        if (node_int_at(n, attribute, i, fallback) != value) return false;
    return true;
}

/* Every output is met by one tap: windows as wide as their stride, nothing cut or added at the edges. */
static bool is_apart(const struct node *n)
{
    const struct shape *x = &n->in[0]->shape, *w = &n->in[1]->shape, *y = &n->out[0]->shape;
    if (x->rank != 4 || !tensor_is_initializer(n->in[1]) || node_int(n, "group", 1) != 1) return false;
    for (int i = 0; i < 2; i++)
        if (node_int_at(n, "strides", i, 1) != w->dim[2 + i] || y->dim[2 + i] != x->dim[2 + i] * w->dim[2 + i])
            return false;
    return all_are(n, "pads", 4, 0, 0) && all_are(n, "dilations", 2, 1, 1) && all_are(n, "output_padding", 2, 0, 0);
}

/* The model's output that t is and nobody else reads; -1 for none. */
static int only_output(const struct plan *p, const struct tensor *t)
{
    for (int i = 0; i < p->graph->n_outputs && p->uses[t->index] == 1; i++)
        if (p->graph->outputs[i] == t) return i;
    return -1;
}

/* Where the pixels go: blocks of channels, or, where the model ends here, planes. */
static struct layout *transposed_out(struct plan *p, const struct transposed *t, const struct shape *y)
{
    if (t->output < 0) return plan_own(p, (int)y->dim[1], (int)y->dim[2], (int)y->dim[3]);
    struct layout *l = layout_new(p->memory, (int)y->dim[1], (int)y->dim[2], (int)y->dim[3]);
    if (l) l->is_stored = true;
    return l;
}

gable_status lower_transposed(struct plan *p, const struct chain *c, gable_error *e)
{
    const struct node *n = c->root;
    if (!is_apart(n))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu has transposed convolutions alone whose windows do not meet");
    struct layout *in = arranged(p, layout_of(p, n->in[0]), ARRANGED_BLOCKS);
    struct step *s = in ? plan_step(p, &step_transposed) : NULL;
    if (!s) return lower_no_memory(p, e);
    struct transposed *t = &s->transposed;
    *t = (struct transposed){.source = folded_of_chain(c), .in = in, .act = c->act};
    t->output = c->res ? -1 : only_output(p, c->out);
    for (int i = 0; i < 2; i++) t->kernel[i] = (int)n->in[1]->shape.dim[2 + i];
    int taps = t->kernel[0] * t->kernel[1], vl = p->kernels->vl;
    t->source.taps = taps;
    t->source.outputs = taps * (int)n->in[1]->shape.dim[1];
    t->source.is_by_tap = t->output < 0;
    t->out = transposed_out(p, t, &n->out[0]->shape);
    if (!t->out ||
        !panels_init(p, &t->panels, in->channels, t->source.outputs, t->source.is_by_tap ? taps : 1, INT32_MAX, true))
        return lower_no_memory(p, e);
    long scratch = (long)GEMM_BLOCKS * in->width * vl;
    if (scratch > p->scratch_floats) p->scratch_floats = scratch;
    plan_touch(p, in);
    plan_add(p);
    if (!c->res) {
        set_layout(p, c->out, t->out);
        return GABLE_OK;
    }
    return lower_sum(p, t->out, layout_of(p, c->res), c->act_after_sum, c->out, e);
}

static bool is_string(const struct node *n, const char *attribute, const char *fallback, const char *value)
{
    const struct attribute *a = node_attribute(n, attribute);
    return !strcmp(a && a->s ? a->s : fallback, value);
}
/* Output x is input x / by: so does every rounding of (x + 0.5) / by - 0.5 to the nearest, and floor of x / by. */
static bool repeats_pixels(const struct node *n)
{
    static const char at[] = "coordinate_transformation_mode", to[] = "nearest_mode", nearest[] = "round_prefer_floor";
    if (!is_string(n, "mode", "nearest", "nearest") || node_attribute(n, "axes")) return false;
    if (is_string(n, at, "half_pixel", "asymmetric")) return is_string(n, to, nearest, "floor");
    return is_string(n, at, "half_pixel", "half_pixel") &&
           (is_string(n, to, nearest, nearest) || is_string(n, to, nearest, "round_prefer_ceil"));
}
/* How often a dimension's pixels stand in the output; 0 where that is no whole number. */
static int times(const struct node *n, int axis)
{
    int64_t in = n->in[0]->shape.dim[axis], out = n->out[0]->shape.dim[axis], by = out / in;
    const struct tensor *scales = n->n_in > 2 && n->in[2]->role != ROLE_ABSENT ? n->in[2] : NULL;
    bool is_given = scales && tensor_elements(scales) > 0;
    bool is_whole = by * in == out && (!is_given || (scales->reals && scales->reals[axis] == (double)by));
    return is_whole ? (int)by : 0;
}

gable_status lower_resize(struct plan *p, const struct node *n, gable_error *e)
{
    bool is_image = n->in[0]->shape.rank == 4 && n->n_in > 2;
    if (!is_image || !repeats_pixels(n) || times(n, 1) != 1 || times(n, 2) < 1 || times(n, 3) < 1)
        return error_set(e, GABLE_BAD_INPUT, "engine cpu enlarges images by repeating each pixel only");
    struct layout *in = arranged(p, layout_of(p, n->in[0]), ARRANGED_BLOCKS);
    struct step *s = in ? plan_step(p, &step_enlarge) : NULL;
    if (!s) return lower_no_memory(p, e);
    struct enlarge *c = &s->enlarge;
    *c = (struct enlarge){
        .in = in, .by = {times(n, 2), times(n, 3)}, .blocks = layout_blocks(p->memory, in, p->kernels->vl)};
    c->out = plan_resized(p, in, &c->blocks, in->height * c->by[0], in->width * c->by[1], &c->out_buffer);
    if (!c->out) return lower_no_memory(p, e);
    plan_touch(p, in);
    plan_add(p);
    set_layout(p, n->out[0], c->out);
    return GABLE_OK;
}

static gable_status softmax_of_tokens(struct plan *p, const struct node *n, struct layout *in, const struct axes *axes,
                                      gable_error *e)
{
    int64_t axis = node_int(n, "axis", -1);
    if (!axes_are_tokens(axes, in) || (axis != -1 && axis != axes->rank - 1))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu has Softmax over the channels of tokens only");
    struct layout *a = arranged(p, in, ARRANGED_PLAIN);
    struct step *s = a ? plan_step(p, &step_softmax_tokens) : NULL;
    struct layout *out = s ? plan_own(p, a->channels, a->height, a->width) : NULL;
    if (!out) return lower_no_memory(p, e);
    s->pointwise = (struct pointwise){.a = a, .out = out};
    plan_touch(p, a);
    plan_add(p);
    return lower_settle(p, n->out[0], out, axes, e);
}
gable_status lower_softmax(struct plan *p, const struct node *n, gable_error *e)
{
    struct layout *in = layout_of(p, n->in[0]);
    int64_t axis = node_int(n, "axis", -1);
    const struct axes *axes = p->axes[n->in[0]->index];
    if (axes) return softmax_of_tokens(p, n, in, axes, e);
    if (!in->is_head || (axis != 1 && axis != -1))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu has Softmax for rows of features only");
    struct step *s = plan_step(p, &step_softmax);
    struct layout *out = s ? plan_head(p, in->channels) : NULL;
    if (!out) return lower_no_memory(p, e);
    s->is_head = true;
    s->pointwise = (struct pointwise){.a = in, .out = out};
    plan_touch(p, in);
    plan_add(p);
    set_layout(p, n->out[0], out);
    return GABLE_OK;
}
