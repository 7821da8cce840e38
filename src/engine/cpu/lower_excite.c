/* Squeeze-excite: mean, two 1x1 products with activations, and the multiplication by the gate, as one step. */
#include "engine/cpu/lower.h"
#include "engine/cpu/panels.h"

struct excite_nodes {
    const struct node *mean, *squeeze, *expand, *mul;
    const struct node *sum; /* of what the gate gives with its input; NULL: none */
    struct activation act1, act2;
};
static bool is_pointwise(const struct node *n, const struct tensor *x)
{
    return node_is(n, "Conv") && n->in[0] == x && n->in[1]->shape.rank == 4 && n->in[1]->shape.dim[2] == 1 &&
           n->in[1]->shape.dim[3] == 1 && node_int(n, "group", 1) == 1 && tensor_is_initializer(n->in[1]);
}
static bool reads_both(const struct node *n, const struct tensor *a, const struct tensor *b)
{
    return (n->in[0] == a && n->in[1] == b) || (n->in[1] == a && n->in[0] == b);
}
/* x + x gate is x (1 + gate). */
static bool adds_input(const struct plan *p, const struct node *n, const struct tensor *gated, const struct tensor *in)
{
    return node_is(n, "Add") && p->uses[gated->index] == 1 && reads_both(n, gated, in);
}
/* mean, Conv, activation, Conv, activation, Mul and perhaps Add, each the only reader of the one before. */
static bool match(const struct plan *p, const struct node *const *nodes, int n, struct excite_nodes *x)
{
    if (n < 6 || !is_mean(nodes[0]) || nodes[0]->out[0]->shape.rank != 4) return false;
    for (int i = 0; i < 5; i++)
        if (p->uses[nodes[i]->out[0]->index] != 1) return false;
    *x = (struct excite_nodes){.mean = nodes[0], .squeeze = nodes[1], .expand = nodes[3], .mul = nodes[5]};
    if (!is_pointwise(x->squeeze, x->mean->out[0]) || !activation_of(nodes[2], &x->act1)) return false;
    if (nodes[2]->in[0] != x->squeeze->out[0] || !is_pointwise(x->expand, nodes[2]->out[0])) return false;
    if (!activation_of(nodes[4], &x->act2) || nodes[4]->in[0] != x->expand->out[0] || !node_is(x->mul, "Mul"))
        return false;
    const struct tensor *in = x->mean->in[0], *gate = nodes[4]->out[0];
    if (n > 6 && adds_input(p, nodes[6], x->mul->out[0], in) && x->act2.kind == ACT_HARD_SIGMOID) x->sum = nodes[6];
    return reads_both(x->mul, in, gate);
}

/* The only reader of the product, when it is a 1x1 convolution whose weights are fewer than the planes' pixels. */
static bool scales_weights(const struct plan *p, const struct node *last)
{
    const struct tensor *t = last->out[0];
    if (p->uses[t->index] != 1) return false;
    for (int i = last->index + 1; i < p->graph->n_nodes; i++) {
        const struct node *n = p->graph->nodes[i];
        if (n->n_in == 0 || n->in[0] != t) continue;
        bool is_flat = is_pointwise(n, t);
        for (int j = 0; j < 2; j++) is_flat &= node_int_at(n, "strides", j, 1) == 1;
        for (int j = 0; j < 4; j++) is_flat &= node_int_at(n, "pads", j, 0) == 0;
        return is_flat && t->shape.dim[2] * t->shape.dim[3] >= n->in[1]->shape.dim[0];
    }
    return false;
}

/* Sums of every plane: those of the depthwise convolution just made, or a step of their own. */
static int find_sums(struct plan *p, struct layout *in, bool *has_parts)
{
    int vl = p->kernels->vl, blocks = blocks_needed(in->channels, vl);
    struct step *writer = in->writer >= 0 ? &p->steps[in->writer] : NULL;
    struct depthwise_step *d = writer ? step_as_depthwise(writer) : NULL;
    *has_parts = d && d->out == in && d->sums_buffer < 0 && d->blocks.n == blocks;
    if (*has_parts) {
        int buffer = plan_buffer(p, (long)p->threads * blocks * vl);
        if (buffer < 0) return -1;
        p->buffers[buffer].first = in->writer;
        return d->sums_buffer = buffer;
    }
    struct step *s = plan_step(p, &step_mean);
    if (!s) return -1;
    s->mean = (struct mean){.in = in, .blocks = layout_blocks(p->memory, in, vl)};
    s->mean.sums_buffer = plan_buffer(p, (long)blocks * vl);
    int buffer = s->mean.sums_buffer;
    if (!s->mean.blocks.n) return -1;
    plan_touch(p, in);
    plan_add(p);
    return buffer;
}

/* 1 + max(0, min(1, a x + b)) as bounds of what the packed weights give. */
static void add_one(struct excite *c)
{
    c->gate_factor = c->act2.a;
    c->gate_addend = c->act2.b + 1;
    c->act2 = (struct activation){ACT_CLIP, 1, 2};
}

static bool add_excite(struct plan *p, const struct excite_nodes *x)
{
    struct layout *given = layout_of(p, x->mean->in[0]), *in = arranged(p, given, ARRANGED_PLAIN);
    const struct node *last = x->sum ? x->sum : x->mul;
    bool has_parts, is_ours = given != in || p->uses[x->mean->in[0]->index] == (x->sum ? 3 : 2);
    int sums = in ? find_sums(p, in, &has_parts) : -1;
    struct step *s = sums < 0 ? NULL : plan_step(p, &step_excite);
    if (!s) return false;
    enum gate_use use = scales_weights(p, last) ? GATE_WEIGHTS : is_ours ? GATE_IN_PLACE : GATE_COPY;
    s->excite = (struct excite){.squeeze = folded_of(x->squeeze, NULL),
                                .expand = folded_of(x->expand, NULL),
                                .gate_factor = 1,
                                .act1 = x->act1,
                                .act2 = x->act2,
                                .in = in,
                                .use = use,
                                .sums_buffer = sums,
                                .has_parts = has_parts};
    struct excite *c = &s->excite;
    if (x->sum) add_one(c);
    int vl = p->kernels->vl;
    c->hidden = c->squeeze.outputs;
    long scratch = 2L * blocks_needed(in->channels, vl) * vl + c->hidden + vl;
    if (scratch > p->scratch_floats) p->scratch_floats = scratch;
    c->out = use == GATE_COPY ? plan_own(p, in->channels, in->height, in->width)
                              : layout_new(p->memory, in->channels, in->height, in->width);
    if (!c->out) return false;
    if (use != GATE_COPY)
        for (int i = 0; i < in->channels; i++) c->out->place[i] = in->place[i];
    if (use == GATE_WEIGHTS) c->out->gate = p->n_steps;
    plan_touch(p, in);
    plan_touch_buffer(p, sums);
    plan_add(p);
    set_layout(p, last->out[0], c->out);
    return true;
}

int lower_excite(struct plan *p, const struct node *const *nodes, int n, gable_status *status, gable_error *e)
{
    struct excite_nodes x;
    if (!match(p, nodes, n, &x)) return 0;
    *status = add_excite(p, &x) ? GABLE_OK : lower_no_memory(p, e);
    return x.sum ? 7 : 6;
}
