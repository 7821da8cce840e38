/* Convolutions and Gemm: which kernel, and what of it is fused. */
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"

#include <string.h>

struct geometry {
    int kernel[2], stride[2], dilation[2], pad[4]; /* pad: top, left, bottom, right */
    int groups;
};
/* auto_pad SAME: what the output's size needs; the odd pixel at the end (UPPER) or the begin (LOWER). */
static void pad_same(const struct node *n, struct geometry *g, bool is_upper)
{
    for (int i = 0; i < 2; i++) {
        int out = (int)n->out[0]->shape.dim[2 + i], in = (int)n->in[0]->shape.dim[2 + i];
        int total = (out - 1) * g->stride[i] + (g->kernel[i] - 1) * g->dilation[i] + 1 - in;
        if (total < 0) total = 0;
        g->pad[i] = is_upper ? total / 2 : total - total / 2;
        g->pad[2 + i] = total - g->pad[i];
    }
}
static struct geometry geometry_of(const struct node *n)
{
    struct geometry g = {.groups = (int)node_int(n, "group", 1)};
    const struct attribute *a = node_attribute(n, "auto_pad");
    for (int i = 0; i < 2; i++) {
        g.kernel[i] = (int)n->in[1]->shape.dim[2 + i];
        g.stride[i] = (int)node_int_at(n, "strides", i, 1);
        g.dilation[i] = (int)node_int_at(n, "dilations", i, 1);
    }
    for (int i = 0; i < 4; i++) g.pad[i] = (int)node_int_at(n, "pads", i, 0);
    if (a && a->s && strncmp(a->s, "SAME", 4) == 0) pad_same(n, &g, strcmp(a->s, "SAME_UPPER") == 0);
    return g;
}
static bool is_all(const int *values, int n, int value)
{
    for (int i = 0; i < n; i++)
        if (values[i] != value) return false;
    return true;
}

/* The sum that a step adds in its registers; else it stays a step of its own. */
static struct layout *residual(struct plan *p, const struct chain *c, int groups)
{
    if (!c->res || c->act.kind || groups > 1) return NULL;
    return arranged(p, layout_of(p, c->res), ARRANGED_PLAIN);
}
/* After a step that could not take the chain's sum. */
static gable_status finish(struct plan *p, const struct chain *c, struct layout *out, bool has_sum, gable_error *e)
{
    if (!c->res || has_sum) {
        set_layout(p, c->out, out);
        return GABLE_OK;
    }
    return lower_sum(p, out, layout_of(p, c->res), c->act_after_sum, c->out, e);
}

/* Is the last step a product whose output this tensor is and nothing else reads? */
static bool follows_product(const struct plan *p, const struct tensor *t, const struct layout *in)
{
    const struct step *before = p->n_steps > 0 ? &p->steps[p->n_steps - 1] : NULL;
    if (!before || before->type != &step_product || before->is_head || before->product.out != in) return false;
    if (before->product.res || before->product.groups > 1 || before->product.scaled_buffer >= 0) return false;
    return p->uses[t->index] == 1 && !is_view(t->producer);
}
/* The last step, a product, becomes the first half of one that goes on with a depthwise convolution; what it wrote has
   no place in the arena any more. */
static struct step *begin_ring(struct plan *p)
{
    struct step *s = &p->steps[--p->n_steps];
    struct product product = s->product;
    int group = s->group;
    p->buffers[product.out->place[0].buffer].floats = 0;
    *s = (struct step){.type = &step_ring, .group = p->current_group};
    s->ring.product = product;
    s->ring.product_group = group;
    return s;
}
/* How much of the product's planes the ring holds: all of one panel if that stays near, else the rows that some output
   rows need, of as many panels as find room. */
static void size_ring(struct plan *p, struct ring_step *r)
{
    struct depthwise *d = &r->depthwise.shape;
    const struct panels *panels = &r->product.panels;
    int window = (d->kernel[0] - 1) * d->dilation[0] + 1, least = window + d->stride[0], blocks = 1;
    for (int i = 0; i < panels->n; i++)
        if (panels->panel[i].count > blocks) blocks = panels->panel[i].count;
    long row = (long)blocks * d->width * p->kernels->vl;
    if (row * d->height <= p->l2_floats || least > d->height) least = d->height;
    long together = p->l2_floats / (row * least), passes;
    if (together < 1) together = 1;
    passes = (panels->n + together - 1) / together;
    together = (panels->n + passes - 1) / passes;
    long kept = p->l2_floats / (row * together);
    d->kept = kept < least ? least : kept > d->height ? d->height : (int)kept;
    r->panels = (int)together;
    if (row * together * d->kept > p->scratch_floats) p->scratch_floats = row * together * d->kept;
}

/* Whatever is no convolution leaves planes as they are. */
static int out_rows(const struct node *n, const struct layout *in)
{
    return node_is(n, "Conv") ? (int)n->out[0]->shape.dim[2] : in->height;
}
static int out_columns(const struct node *n, const struct layout *in)
{
    return node_is(n, "Conv") ? (int)n->out[0]->shape.dim[3] : in->width;
}

static gable_status add_depthwise(struct plan *p, const struct chain *c, struct folded source, const struct geometry *g,
                                  gable_error *e)
{
    struct layout *in = arranged(p, layout_of(p, c->in), ARRANGED_DISTINCT);
    int height = in ? out_rows(c->root, in) : 0, width = in ? out_columns(c->root, in) : 0;
    bool is_ring = in && source.weight && follows_product(p, c->in, in);
    struct step *s = is_ring ? begin_ring(p) : in ? plan_step(p, &step_depthwise) : NULL;
    if (!s) return lower_no_memory(p, e);
    struct depthwise_step *d = is_ring ? &s->ring.depthwise : &s->depthwise;
    int half = g->kernel[0] / 2;
    *d = (struct depthwise_step){.source = source, .in = in, .sums_buffer = -1};
    d->is_identity = !source.weight;
    d->blocks = layout_blocks(p->memory, in, p->kernels->vl);
    d->out = plan_resized(p, in, &d->blocks, height, width, &d->out_buffer); /* in the physical order of the input */
    if (!d->out) return lower_no_memory(p, e);
    d->shape = (struct depthwise){.height = in->height,
                                  .width = in->width,
                                  .out_height = height,
                                  .out_width = width,
                                  .pad_top = g->pad[0],
                                  .pad_left = g->pad[1],
                                  .kept = in->height,
                                  .act = c->act};
    memcpy(d->shape.kernel, g->kernel, sizeof g->kernel);
    memcpy(d->shape.stride, g->stride, sizeof g->stride);
    memcpy(d->shape.dilation, g->dilation, sizeof g->dilation);
    d->shape.is_centred = half >= 1 && half <= 3 && is_all(g->kernel, 2, 2 * half + 1) && is_all(g->dilation, 2, 1) &&
                          (g->stride[1] == 1 || g->stride[1] == 2) && is_all(g->pad, 2, half) && g->pad[2] <= half &&
                          g->pad[3] <= half;
    if (is_ring) size_ring(p, &s->ring);
    plan_touch(p, in);
    plan_add(p);
    return finish(p, c, d->out, false, e);
}
gable_status lower_per_channel(struct plan *p, const struct chain *c, gable_error *e)
{
    static const struct geometry one_pixel = {{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1};
    bool is_norm = node_is(c->root, "BatchNormalization");
    if (layout_of(p, c->in)->is_head || (!p->axes[c->in->index] && c->root->out[0]->shape.rank != 4))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu runs it on images only");
    p->axes[c->out->index] = p->axes[c->in->index];
    struct folded source = {.norm = is_norm ? c->root : c->norm, .alpha = 1, .beta = 1, .taps = 1};
    source.constants = c->constants;
    return add_depthwise(p, c, source, &one_pixel, e);
}

/* Rule where nothing was timed: small planes of few images are bound by reading the 4 times larger weights. */
static bool wants_winograd(const struct plan *p, const struct geometry *g, const struct layout *in)
{
    return p->choices.winograd[p->current_group] && g->groups == 1 && is_all(g->kernel, 2, 3) &&
           is_all(g->stride, 2, 1) && is_all(g->dilation, 2, 1) && is_all(g->pad, 4, 1) && in->input < 0;
}
static gable_status add_winograd(struct plan *p, const struct chain *c, struct folded source, struct layout *in,
                                 gable_error *e)
{
    int vl = p->kernels->vl, slots = p->batch >= 2 * p->threads ? SLOTS_MAX : 1;
    int tiles = (in->height + 3) / 4 * ((in->width + 3) / 4) * slots;
    struct layout *res = residual(p, c, 1);
    struct step *s = plan_step(p, &step_winograd);
    struct layout *out = s ? plan_own(p, source.outputs, in->height, in->width) : NULL;
    if (!out || (c->res && !c->act.kind && !res)) return lower_no_memory(p, e);
    struct winograd_step *w = &s->winograd;
    *w = (struct winograd_step){
        .source = source, .in = in, .out = out, .res = res, .act = res ? c->act_after_sum : c->act};
    w->blocks = layout_blocks(p->memory, in, vl);
    if (!w->blocks.n || !panels_init(p, &w->panels, in->channels, source.outputs, 1, INT32_MAX, false))
        return lower_no_memory(p, e);
    w->component = w->panels.floats;
    long near = 4 * p->l2_floats / (36L * (w->blocks.n * vl + source.outputs)) / 14 * 14;
    w->chunk = (int)(near < 14 ? 14 : near);
    if (w->chunk > tiles) w->chunk = tiles;
    long scratch = 36L * (w->blocks.n + blocks_needed(source.outputs, vl)) * w->chunk * vl;
    if (scratch > p->scratch_floats) p->scratch_floats = scratch;
    plan_touch(p, in);
    if (res) plan_touch(p, res);
    plan_add(p);
    return finish(p, c, out, res != NULL, e);
}

static enum gemm_variant variant_of(const struct product *c)
{
    if (c->in->input >= 0) return c->stride[1] == 2 ? GEMM_PLANAR_SECOND : GEMM_ANY;
    return c->stride[1] == 1 ? GEMM_FLAT : c->stride[1] == 2 ? GEMM_EVERY_SECOND : GEMM_ANY;
}
/* Scaled weights live from the gate's step to this one. */
static bool take_gate(struct plan *p, struct product *c)
{
    struct excite *x = &p->steps[c->in->gate].excite;
    c->scaled_buffer = plan_buffer(p, c->panels.floats);
    if (c->scaled_buffer < 0) return false;
    p->buffers[c->scaled_buffer].first = c->in->gate;
    x->reader = p->n_steps;
    return true;
}
static bool pad_input(struct plan *p, struct product *c)
{
    const struct layout *in = c->in;
    int vl = p->kernels->vl, width = in->width + c->pad[1] + c->pad[3], height = in->height + c->pad[0] + c->pad[2];
    if (is_all(c->pad, 4, 0)) return true;
    if (in->input < 0) {
        c->blocks = layout_blocks(p->memory, in, vl);
        if (!c->blocks.n) return false;
    }
    c->pad_buffer = plan_buffer(p, (in->input < 0 ? (long)c->blocks.n * vl : in->channels) * height * width);
    return c->pad_buffer >= 0;
}
/* How the outputs of a grouped convolution lie: every group from a block's first lane. */
static void place_groups(struct plan *p, struct layout *out, int groups)
{
    int vl = p->kernels->vl, each = out->channels / groups, blocks = blocks_needed(each, vl);
    for (int c = 0; c < out->channels; c++) {
        int block = c / each * blocks + c % each / vl;
        out->place[c].offset = block * out->pixels * vl + c % each % vl;
    }
}
static struct layout *product_out(struct plan *p, const struct product *c, int height, int width, bool is_head)
{
    int vl = p->kernels->vl, outputs = c->source.outputs;
    if (is_head) return plan_head(p, outputs);
    if (c->groups == 1) return plan_own(p, outputs, height, width);
    struct layout *out = layout_new(p->memory, outputs, height, width);
    int buffer = plan_buffer(p, (long)blocks_needed(outputs / c->groups, vl) * c->groups * height * width * vl);
    if (!out || buffer < 0) return NULL;
    layout_own(out, vl, buffer);
    place_groups(p, out, c->groups);
    out->writer = p->n_steps;
    return out;
}
static gable_status add_product(struct plan *p, const struct chain *c, struct folded source, struct layout *in,
                                const struct geometry *g, gable_error *e)
{
    bool is_head = in->is_head;
    struct layout *res = is_head ? NULL : residual(p, c, g->groups);
    struct step *s = plan_step(p, &step_product);
    if (!s || (c->res && !is_head && !c->act.kind && g->groups == 1 && !res)) return lower_no_memory(p, e);
    s->is_head = is_head;
    struct product *q = &s->product;
    *q = (struct product){
        .source = source, .in = in, .res = res, .groups = g->groups, .pad_buffer = -1, .scaled_buffer = -1};
    memcpy(q->kernel, g->kernel, sizeof q->kernel);
    memcpy(q->stride, g->stride, sizeof q->stride);
    memcpy(q->dilation, g->dilation, sizeof q->dilation);
    memcpy(q->pad, g->pad, sizeof q->pad);
    q->act = res ? c->act_after_sum : c->act;
    q->is_flat = is_all(g->kernel, 2, 1) && is_all(g->stride, 2, 1) && is_all(g->pad, 4, 0);
    q->variant = variant_of(q);
    int height = is_head ? 1 : out_rows(c->root, in), width = is_head ? 1 : out_columns(c->root, in);
    q->out = product_out(p, q, height, width, is_head);
    int k = in->channels / g->groups * g->kernel[0] * g->kernel[1];
    if (!q->out || !pad_input(p, q) ||
        !panels_init(p, &q->panels, k, source.outputs, g->groups, q->is_flat ? INT32_MAX : width,
                     q->variant == GEMM_FLAT))
        return lower_no_memory(p, e);
    if (in->gate >= 0 && !take_gate(p, q)) return lower_no_memory(p, e);
    plan_touch(p, in);
    if (res) plan_touch(p, res);
    plan_touch_buffer(p, q->pad_buffer);
    plan_touch_buffer(p, q->scaled_buffer);
    plan_add(p);
    return finish(p, c, q->out, res != NULL, e);
}

gable_status lower_convolution(struct plan *p, const struct chain *c, gable_error *e)
{
    const struct node *n = c->root;
    struct layout *in = layout_of(p, n->in[0]);
    if (!tensor_is_initializer(n->in[1])) return error_set(e, GABLE_BAD_INPUT, "its weight is no initializer");
    if (n->in[0]->shape.rank != 4 || in->is_head)
        return error_set(e, GABLE_BAD_INPUT, "engine cpu convolves images of 4 dimensions, not %d",
                         n->in[0]->shape.rank);
    struct geometry g = geometry_of(n);
    struct folded source = folded_of_chain(c);
    if (g.groups > 1 && g.groups == in->channels && source.outputs == in->channels)
        return add_depthwise(p, c, source, &g, e);
    if (wants_winograd(p, &g, in)) return add_winograd(p, c, source, in, e);
    return add_product(p, c, source, in, &g, e);
}

/* Tokens through a product: a convolution of one pixel, whatever their order. */
static gable_status lower_linear_tokens(struct plan *p, const struct chain *c, const struct geometry *one,
                                        gable_error *e)
{
    static const int64_t to_front[] = {0, 3, 1, 2};
    const struct tensor *made = c->root->out[0];
    struct layout *in = arranged(p, layout_of(p, c->in), ARRANGED_BLOCKS);
    struct axes axes, moved;
    if (!in) return lower_no_memory(p, e);
    gable_status s = add_product(p, c, folded_of_chain(c), in, one, e);
    if (s) return s;
    axes_tokens(&made->shape, &axes);
    if (c->is_front) axes_permute(&axes, to_front, &moved);
    return lower_settle(p, c->out, layout_of(p, c->out), c->is_front ? &moved : &axes, e);
}
gable_status lower_linear(struct plan *p, const struct chain *c, gable_error *e)
{
    static const struct geometry one = {{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}, 1};
    const struct node *n = c->root;
    struct layout *in = layout_of(p, n->in[0]);
    const struct axes *axes = p->axes[n->in[0]->index];
    bool is_tokens = axes && axes_are_tokens(axes, in);
    if ((!in->is_head && !is_tokens) || !tensor_is_initializer(n->in[1]) || n->in[1]->shape.rank != 2 ||
        node_int(n, "transA", 0))
        return error_set(e, GABLE_BAD_INPUT,
                         "engine cpu multiplies tokens and rows of features by a weight of 2 dimensions only");
    if (is_tokens) return lower_linear_tokens(p, c, &one, e);
    if (c->res) return error_set(e, GABLE_BAD_INPUT, "engine cpu adds images only, not rows of features");
    return add_product(p, c, folded_of_chain(c), in, &one, e);
}
