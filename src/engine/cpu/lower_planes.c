/* Pooling, means, sums, gates by themselves, model outputs. */
#include "engine/cpu/lower.h"

#include <string.h>

static int smaller(int64_t a, int64_t b) { return (int)(a < b ? a : b); }
static int larger(int64_t a, int64_t b) { return (int)(a > b ? a : b); }

/* The windows of one dimension, cut to what exists. `padded`: size that an average over its padding divides by. */
static void find_windows(const struct node *n, int i, struct span *windows, int *padded)
{
    int in = (int)n->in[0]->shape.dim[2 + i], out = (int)n->out[0]->shape.dim[2 + i];
    int kernel = (int)node_int_at(n, "kernel_shape", i, 1), stride = (int)node_int_at(n, "strides", i, 1);
    int begin = (int)node_int_at(n, "pads", i, 0), end = (int)node_int_at(n, "pads", 2 + i, 0);
    for (int x = 0; x < out; x++) {
        int first = x * stride - begin;
        windows[x] = (struct span){larger(0, first), smaller(in, first + kernel)};
        padded[x] = smaller(in + end, first + kernel) - first;
    }
}
/* Output x of an adaptive pooling reads floor(x in / out) to ceil((x + 1) in / out) [PyTorch]. */
static void find_adaptive(const struct node *n, int i, struct span *windows, int *padded)
{
    int64_t in = n->in[0]->shape.dim[2 + i], out = n->out[0]->shape.dim[2 + i];
    for (int64_t x = 0; x < out; x++) {
        windows[x] = (struct span){(int)(x * in / out), (int)(((x + 1) * in + out - 1) / out)};
        padded[x] = windows[x].last - windows[x].first;
    }
}
static gable_status check_windows(const struct span *windows, int n, gable_error *e)
{
    for (int i = 0; i < n; i++)
        if (windows[i].first >= windows[i].last)
            return error_set(e, GABLE_BAD_INPUT, "window %d lies in the padding alone, which has no value", i);
    return GABLE_OK;
}
static bool is_supported_pool(const struct node *n)
{
    const struct attribute *a = node_attribute(n, "auto_pad");
    if (n->in[0]->shape.rank != 4 || n->n_out != 1 || (a && a->s && strcmp(a->s, "NOTSET") != 0)) return false;
    return node_int_at(n, "dilations", 0, 1) == 1 && node_int_at(n, "dilations", 1, 1) == 1;
}
static float *find_scales(struct plan *p, const struct pool *c, const struct node *n, const int *rows,
                          const int *columns)
{
    int height = c->out->height, width = c->out->width;
    bool counts_pads = node_int(n, "count_include_pad", 0);
    float *scale = arena_array(p->memory, (size_t)height * (size_t)width, sizeof *scale);
    for (int y = 0; scale && y < height; y++)
        for (int x = 0; x < width; x++) {
            int exist = (c->rows[y].last - c->rows[y].first) * (c->columns[x].last - c->columns[x].first);
            scale[y * width + x] = 1.0f / (float)(counts_pads ? rows[y] * columns[x] : exist);
        }
    return scale;
}

gable_status lower_pool(struct plan *p, const struct node *n, gable_error *e)
{
    if (!is_supported_pool(n))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu pools images of 4 dimensions, without dilation and auto_pad");
    const struct shape *y = &n->out[0]->shape;
    bool is_adaptive = node_is(n, "AdaptiveAveragePool");
    if (is_adaptive && shape_equal(&n->in[0]->shape, y)) {
        set_layout(p, n->out[0], layout_of(p, n->in[0]));
        return GABLE_OK;
    }
    struct layout *in = arranged(p, layout_of(p, n->in[0]), ARRANGED_BLOCKS);
    struct step *s = in ? plan_step(p, &step_pool) : NULL;
    int height = (int)y->dim[2], width = (int)y->dim[3];
    if (!s) return lower_no_memory(p, e);
    struct pool *c = &s->pool;
    *c = (struct pool){.in = in, .blocks = layout_blocks(p->memory, in, p->kernels->vl)};
    c->kind = node_is(n, "MaxPool") ? POOL_MAX : POOL_AVERAGE;
    c->out = plan_resized(p, in, &c->blocks, height, width, &c->out_buffer);
    c->rows = arena_array(p->memory, (size_t)height, sizeof *c->rows);
    c->columns = arena_array(p->memory, (size_t)width, sizeof *c->columns);
    int *padded = arena_array(p->memory, (size_t)height + (size_t)width, sizeof *padded);
    if (!c->out || !c->rows || !c->columns || !padded) return lower_no_memory(p, e);
    (is_adaptive ? find_adaptive : find_windows)(n, 0, c->rows, padded);
    (is_adaptive ? find_adaptive : find_windows)(n, 1, c->columns, padded + height);
    if (check_windows(c->rows, height, e) || check_windows(c->columns, width, e)) return GABLE_BAD_INPUT;
    if (c->kind == POOL_AVERAGE && !(c->scale = find_scales(p, c, n, padded, padded + height)))
        return lower_no_memory(p, e);
    plan_touch(p, in);
    plan_add(p);
    set_layout(p, n->out[0], c->out);
    return GABLE_OK;
}

/* ReduceMean's axes: an attribute until opset 17, an input since. */
static bool reduces_planes(const struct node *n)
{
    const struct attribute *a = node_attribute(n, "axes");
    const int64_t *axes = a ? a->ints : n->n_in > 1 ? n->in[1]->ints : NULL;
    int64_t n_axes = a ? a->n : n->n_in > 1 && axes ? n->in[1]->shape.dim[0] : 0;
    bool has[4] = {false};
    for (int64_t i = 0; i < n_axes; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + 4 : axes[i];
        if (axis < 0 || axis > 3) return false;
        has[axis] = true;
    }
    return !has[0] && !has[1] && has[2] && has[3];
}
bool is_mean(const struct node *n)
{
    if (n->n_in < 1 || n->in[0]->shape.rank != 4) return false;
    if (node_is(n, "GlobalAveragePool")) return true;
    if (node_is(n, "ReduceMean")) return reduces_planes(n);
    return node_is(n, "AdaptiveAveragePool") && n->out[0]->shape.dim[2] == 1 && n->out[0]->shape.dim[3] == 1;
}

/* Whether the mean goes straight to the classifier: then it is written into the batch's rows. */
static bool feeds_head(const struct plan *p, const struct tensor *t)
{
    if (t->shape.rank == 2) return true;
    if (p->uses[t->index] != 1) return false;
    for (int i = t->producer->index + 1; i < p->graph->n_nodes; i++) {
        const struct node *n = p->graph->nodes[i];
        if (n->n_in > 0 && n->in[0] == t) return n->out[0]->shape.rank == 2 && is_view(n);
    }
    return false;
}
static bool find_entries(struct plan *p, struct mean *c)
{
    int vl = p->kernels->vl, channels = c->in->channels, n = 0;
    c->first = arena_array(p->memory, (size_t)c->blocks.n + 1, sizeof *c->first);
    c->lane = arena_array(p->memory, (size_t)channels, sizeof *c->lane);
    c->channel = arena_array(p->memory, (size_t)channels, sizeof *c->channel);
    if (!c->first || !c->lane || !c->channel) return false;
    for (int b = 0; b < c->blocks.n; b++) {
        c->first[b] = n;
        for (int i = 0; i < channels; i++) {
            const struct place *at = &c->in->place[i];
            if (at->buffer != c->blocks.at[b].buffer || at->offset - at->offset % vl != c->blocks.at[b].offset)
                continue;
            c->lane[n] = at->offset % vl;
            c->channel[n++] = i;
        }
    }
    c->first[c->blocks.n] = n;
    return true;
}
gable_status lower_mean(struct plan *p, const struct node *n, gable_error *e)
{
    struct layout *in = arranged(p, layout_of(p, n->in[0]), ARRANGED_BLOCKS);
    struct step *s = in ? plan_step(p, &step_mean) : NULL;
    if (!s) return lower_no_memory(p, e);
    struct mean *c = &s->mean;
    *c = (struct mean){.in = in, .sums_buffer = -1, .blocks = layout_blocks(p->memory, in, p->kernels->vl)};
    c->out = feeds_head(p, n->out[0]) ? plan_head(p, in->channels) : plan_own(p, in->channels, 1, 1);
    if (!c->blocks.n || !c->out || !find_entries(p, c)) return lower_no_memory(p, e);
    plan_touch(p, in);
    plan_add(p);
    set_layout(p, n->out[0], c->out);
    return GABLE_OK;
}

gable_status lower_sum(struct plan *p, struct layout *a, struct layout *b, struct activation act,
                       const struct tensor *out, gable_error *e)
{
    if (a->is_head || b->is_head) return error_set(e, GABLE_BAD_INPUT, "engine cpu adds images only");
    a = arranged(p, a, ARRANGED_PLAIN);
    b = arranged(p, b, ARRANGED_PLAIN);
    struct step *s = a && b ? plan_step(p, &step_add) : NULL;
    struct layout *own = s ? plan_own(p, a->channels, a->height, a->width) : NULL;
    if (!own) return lower_no_memory(p, e);
    s->pointwise = (struct pointwise){.a = a, .b = b, .out = own, .act = act};
    plan_touch(p, a);
    plan_touch(p, b);
    plan_add(p);
    set_layout(p, out, own);
    return GABLE_OK;
}
gable_status lower_add(struct plan *p, const struct chain *c, gable_error *e)
{
    const struct node *n = c->root;
    if (!shape_equal(&n->in[0]->shape, &n->in[1]->shape))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu adds two tensors of the same shape only");
    for (int i = 0; i < 2; i++) {
        gable_status s = tensor_is_initializer(n->in[i]) ? lower_fixed_tokens(p, n->in[i], e) : GABLE_OK;
        if (s) return s;
    }
    const struct axes *a = p->axes[n->in[0]->index], *b = p->axes[n->in[1]->index];
    if ((a || b) && !(a && b && axes_equal(a, b)))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu adds tensors that lie alike only");
    p->axes[c->out->index] = p->axes[n->in[0]->index];
    if (c->norm || c->res || c->constants.n)
        return error_set(e, GABLE_BAD_INPUT, "engine cpu cannot go on from a sum like this");
    return lower_sum(p, layout_of(p, n->in[0]), layout_of(p, n->in[1]), c->act, c->out, e);
}

/* Mul of planes by one value per channel. */
gable_status lower_scale(struct plan *p, const struct node *n, gable_error *e)
{
    const struct shape *x = &n->in[0]->shape, *y = &n->in[1]->shape;
    bool first_is_gate = x->rank == 4 && y->rank == 4 && x->dim[2] * x->dim[3] == 1 && y->dim[2] * y->dim[3] > 1;
    const struct tensor *gate = n->in[first_is_gate ? 0 : 1], *planes = n->in[first_is_gate ? 1 : 0];
    if (p->axes[gate->index] || p->axes[planes->index] || x->rank != 4 || y->rank != 4 ||
        gate->shape.dim[2] * gate->shape.dim[3] != 1 || gate->shape.dim[1] != planes->shape.dim[1] ||
        tensor_is_initializer(gate) || tensor_is_initializer(planes))
        return error_set(e, GABLE_BAD_INPUT, "engine cpu multiplies planes by one value per channel only");
    struct layout *a = arranged(p, layout_of(p, planes), ARRANGED_PLAIN);
    struct layout *b = arranged(p, layout_of(p, gate), ARRANGED_PLAIN);
    struct step *s = a && b ? plan_step(p, &step_scale) : NULL;
    struct layout *own = s ? plan_own(p, a->channels, a->height, a->width) : NULL;
    if (!own) return lower_no_memory(p, e);
    s->pointwise = (struct pointwise){.a = a, .b = b, .out = own};
    plan_touch(p, a);
    plan_touch(p, b);
    plan_add(p);
    set_layout(p, n->out[0], own);
    return GABLE_OK;
}

static gable_status store_tokens(struct plan *p, int i, struct layout *l, gable_error *e)
{
    const struct tensor *t = p->graph->outputs[i];
    if (!axes_are_tokens(p->axes[t->index], l))
        return error_set(e, GABLE_BAD_INPUT, "output %s is in no form that engine cpu can write", t->name);
    l = arranged(p, l, ARRANGED_PLAIN);
    struct step *s = l ? plan_step(p, &step_store_tokens) : NULL;
    if (!s) return lower_no_memory(p, e);
    s->pointwise = (struct pointwise){.a = l, .output = i};
    plan_touch(p, l);
    plan_add(p);
    return GABLE_OK;
}

gable_status lower_output(struct plan *p, int i, gable_error *e)
{
    const struct tensor *t = p->graph->outputs[i];
    struct layout *l = layout_of(p, t);
    if (!l) return error_set(e, GABLE_BAD_INPUT, "output %s is in no form that engine cpu can write", t->name);
    if (l->is_stored) return GABLE_OK;
    if (p->axes[t->index]) return store_tokens(p, i, l, e);
    if (l->is_head) {
        p->outputs[i] = l;
        return GABLE_OK;
    }
    struct step *s = plan_step(p, &step_store);
    if (!s) return lower_no_memory(p, e);
    s->pointwise = (struct pointwise){.a = l, .output = i};
    plan_touch(p, l);
    plan_add(p);
    return GABLE_OK;
}
