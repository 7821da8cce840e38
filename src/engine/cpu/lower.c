#include "engine/cpu/lower.h"

#include <stdlib.h>
#include <string.h>

gable_status lower_no_memory(const struct plan *p, gable_error *e)
{
    return error_set(e, GABLE_NO_MEMORY, "no memory to plan %s", p->graph->name);
}
void set_layout(struct plan *p, const struct tensor *t, struct layout *l) { p->layout[t->index] = l; }

struct layout *layout_of(struct plan *p, const struct tensor *t)
{
    struct layout **l = &p->layout[t->index];
    if (!*l && t->producer && is_view(t->producer)) {
        gable_error ignored = {0}; /* the reader says that its input is missing */
        if (lower_view(p, t->producer, &ignored)) return NULL;
    }
    return *l;
}

struct layout *arranged(struct plan *p, struct layout *l, enum arrangement how)
{
    bool is_so = l->input < 0 && (how == ARRANGED_BLOCKS || (how == ARRANGED_DISTINCT && layout_is_distinct(l)) ||
                                  (how == ARRANGED_PLAIN && layout_is_plain(l, p->kernels->vl)));
    if (is_so) return l;
    struct step *s = plan_step(p, &step_copy);
    struct layout *own = s ? plan_own(p, l->channels, l->height, l->width) : NULL;
    if (!own) return NULL;
    s->pointwise = (struct pointwise){.a = l, .out = own};
    plan_touch(p, l);
    plan_add(p);
    return own;
}

static gable_status cannot(const struct node *n, gable_error *e)
{
    return error_set(e, GABLE_BAD_INPUT, "engine cpu has no %s for these inputs and attributes", n->op_type);
}

/* Lowers nodes[0] and what of the rest goes with it; sets how many that were. */
static gable_status lower_some(struct plan *p, const struct node *const *nodes, int n, int *done, gable_error *e)
{
    const struct node *root = nodes[0];
    gable_status status = GABLE_OK;
    struct activation act;
    *done = 1;
    for (int i = 0; i < root->n_in; i++) {
        const struct tensor *t = root->in[i];
        if (tensor_is_initializer(t) || t->role == ROLE_ABSENT) continue;
        if (!layout_of(p, t) || (p->axes[t->index] && !lower_takes_axes(root)))
            return error_set(e, GABLE_BAD_INPUT, "its input %s is in no form that engine cpu can read", t->name);
    }
    int excited = lower_excite(p, nodes, n, &status, e);
    if (excited) {
        *done = excited;
        return status;
    }
    if (lower_joins_tokens(p, root)) return lower_join(p, root, e);
    if (is_view(root)) return lower_view(p, root, e);
    if (is_mean(root)) return lower_mean(p, root, e);
    if (node_is(root, "MaxPool") || node_is(root, "AveragePool") || node_is(root, "AdaptiveAveragePool"))
        return lower_pool(p, root, e);
    if (node_is(root, "Resize")) return lower_resize(p, root, e);
    if (node_is(root, "Softmax")) return lower_softmax(p, root, e);
    if (node_is(root, "LayerNormalization")) return lower_norm(p, root, e);
    if (node_is(root, "Gather")) return lower_token(p, root, e);
    if (node_is(root, "Attention")) return lower_attention(p, root, e);
    struct chain c = chain_find(p, nodes, n);
    if (node_is(root, "Mul") && !c.constants.n) return lower_scale(p, root, e);
    *done = c.n;
    if (node_is(root, "Conv")) return lower_convolution(p, &c, e);
    if (node_is(root, "Gemm") || node_is(root, "MatMul")) return lower_linear(p, &c, e);
    if (node_is(root, "ConvTranspose")) return lower_transposed(p, &c, e);
    if (node_is(root, "Add") && !c.constants.n) return lower_add(p, &c, e);
    bool is_constant = c.constants.n && (node_is(root, "Mul") || node_is(root, "Add") || node_is(root, "Div"));
    if (is_constant || node_is(root, "BatchNormalization") || activation_of(root, &act))
        return lower_per_channel(p, &c, e);
    return cannot(root, e);
}

static gable_status lower_group(struct plan *p, const struct node **nodes, int group, gable_error *e)
{
    int n = 0, done = 0;
    for (int i = 0; i < p->graph->n_nodes; i++)
        if (p->grouping.group_of[i] == group) nodes[n++] = p->graph->nodes[i];
    p->current_group = group;
    for (int i = 0; i < n; i += done) {
        gable_status s = lower_some(p, nodes + i, n - i, &done, e);
        if (s) {
            error_within(e, "node %s (%s)", nodes[i]->name, nodes[i]->op_type);
            return s;
        }
    }
    return GABLE_OK;
}

static gable_status check_tensor(const struct tensor *t, int batch, gable_error *e)
{
    if (t->dtype != DTYPE_F32)
        return error_set(e, GABLE_BAD_INPUT, "tensor %s is %s, engine cpu runs f32; build the model with f32", t->name,
                         dtype_name(t->dtype));
    bool is_one = batch == 1 && t->shape.rank > 0; /* then no dimension need count images */
    if (!t->has_shape || (!is_one && (t->shape.rank < 2 || t->shape.dim[0] != batch)))
        return error_set(e, GABLE_BAD_INPUT, "tensor %s has no shape of batch %d by channels", t->name, batch);
    for (int i = 0; i < t->shape.rank; i++)
        if (t->shape.dim[i] < 1 || t->shape.dim[i] > INT32_MAX / 2)
            return error_set(e, GABLE_BAD_INPUT, "dimension %d of tensor %s is %lld", i, t->name,
                             (long long)t->shape.dim[i]);
    return GABLE_OK;
}

static gable_status lower_input(struct plan *p, int i, gable_error *e)
{
    const struct tensor *t = p->graph->inputs[i];
    if (t->shape.rank == 3 && p->batch == 1 && t->shape.dim[0] == 1) return lower_tokens(p, i, e);
    if (t->shape.rank == 4 && t->shape.dim[0] != p->batch)
        return error_set(e, GABLE_BAD_INPUT, "input %s holds %lld images, the first input %d", t->name,
                         (long long)t->shape.dim[0], p->batch);
    if (t->shape.rank != 4)
        return error_set(e, GABLE_BAD_INPUT, "input %s has %d dimensions, engine cpu reads images of 4", t->name,
                         t->shape.rank);
    struct layout *l = layout_new(p->memory, (int)t->shape.dim[1], (int)t->shape.dim[2], (int)t->shape.dim[3]);
    if (!l) return lower_no_memory(p, e);
    l->input = i;
    set_layout(p, t, l);
    return GABLE_OK;
}

static gable_status check_graph(struct plan *p, gable_error *e)
{
    const struct graph *g = p->graph;
    for (int i = 0; i < g->n_nodes; i++) {
        for (int j = 0; j < g->nodes[i]->n_in; j++) p->uses[g->nodes[i]->in[j]->index]++;
        for (int j = 0; j < g->nodes[i]->n_out; j++) {
            gable_status s = check_tensor(g->nodes[i]->out[j], p->batch, e);
            if (s) return s;
        }
    }
    for (int i = 0; i < g->n_outputs; i++) p->uses[g->outputs[i]->index]++;
    for (int i = 0; i < g->n_inputs; i++) {
        gable_status s = check_tensor(g->inputs[i], p->batch, e);
        if (!s) s = lower_input(p, i, e);
        if (s) return s;
    }
    return GABLE_OK;
}

gable_status lower_graph(struct plan *p, gable_error *e)
{
    gable_status s = check_graph(p, e);
    const struct node **nodes = arena_array(p->memory, (size_t)p->graph->n_nodes, sizeof(struct node *));
    if (!s && !nodes) s = lower_no_memory(p, e);
    for (int i = 0; !s && i < p->grouping.n_groups; i++) s = lower_group(p, nodes, i, e);
    for (int i = 0; !s && i < p->graph->n_outputs; i++) s = lower_output(p, i, e);
    return s;
}

int step_rows(const struct step *s)
{
    if (s->type == &step_product) return s->product.in->height;
    if (s->type == &step_winograd) return s->winograd.in->height;
    if (s->type == &step_depthwise) return s->depthwise.in->height;
    if (s->type == &step_ring) return s->ring.product.in->height;
    if (s->type == &step_excite) return s->excite.in->height;
    if (s->type == &step_pool) return s->pool.in->height;
    if (s->type == &step_transposed) return s->transposed.in->height;
    if (s->type == &step_enlarge) return s->enlarge.in->height;
    if (s->type == &step_attention) return s->attention.out->height;
    if (s->type == &step_place_tokens) return s->placed.out->height;
    if (s->type == &step_norm) return s->norm.in->height;
    if (s->type == &step_mean) return s->mean.in->height;
    return s->pointwise.a->height;
}
struct depthwise_step *step_as_depthwise(struct step *s)
{
    if (s->type == &step_ring) return &s->ring.depthwise;
    return s->type == &step_depthwise ? &s->depthwise : NULL;
}
