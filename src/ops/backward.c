#include "ops/backward.h"

struct backward backward_add(struct backward a, struct backward b)
{
    return (struct backward){.data = cost_add(a.data, b.data), .weight = cost_add(a.weight, b.weight)};
}

struct cost backward_sum(struct backward b) { return cost_add(b.data, b.weight); }

static bool is_real(const struct tensor *t)
{
    switch (t->dtype) {
    case DTYPE_F64:
    case DTYPE_F32:
    case DTYPE_TF32:
    case DTYPE_F16:
    case DTYPE_BF16:
    case DTYPE_F8:
    case DTYPE_F4: return true;
    default: return false;
    }
}

static bool any_input(const struct node *n, const bool *is)
{
    for (int i = 0; i < n->n_in; i++)
        if (is[n->in[i]->index]) return true;
    return false;
}

static bool any_output(const struct node *n, const bool *is)
{
    for (int i = 0; i < n->n_out; i++)
        if (is[n->out[i]->index]) return true;
    return false;
}

/* Forward: what depends on a trained tensor. */
static void find_needed(const struct graph *g, bool *needed, struct gradients *out)
{
    for (int i = 0; i < g->n_tensors; i++) needed[i] = g->tensors[i]->role == ROLE_WEIGHT && is_real(g->tensors[i]);
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *n = g->nodes[i];
        if (!any_input(n, needed)) continue;
        for (int k = 0; k < n->n_out; k++) needed[n->out[k]->index] = n->op->train.gradient && is_real(n->out[k]);
        if (n->n_out > 0 && !n->op->train.gradient && !n->out[0]->ints && !out->dead_end) out->dead_end = n;
    }
}

/* Backward: of those, what a model output depends on. */
static void find_flows(const struct graph *g, const bool *needed, struct gradients *out)
{
    for (int i = 0; i < g->n_outputs; i++) {
        int index = g->outputs[i]->index;
        out->flows[index] = needed[index];
        out->parts[index] = needed[index]; /* from the loss */
    }
    for (int i = g->n_nodes - 1; i >= 0; i--) {
        const struct node *n = g->nodes[i];
        if (!any_output(n, out->flows)) continue;
        for (int k = 0; k < n->n_in; k++) {
            int index = n->in[k]->index;
            if (!needed[index]) continue;
            out->flows[index] = true;
            out->parts[index]++;
        }
    }
}

static void cost_node(const struct node *n, bool *has_part, struct gradients *out)
{
    struct backward *b = &out->nodes[n->index];
    for (int i = 0; i < n->n_in; i++) {
        const struct tensor *t = n->in[i];
        if (!gradient_reaches(out, n, i)) continue;
        struct cost *into = t->role == ROLE_WEIGHT ? &b->weight : &b->data;
        *into = cost_add(*into, n->op->train.gradient(n, i));
        if (has_part[t->index]) into->flops = count_add(into->flops, tensor_elements(t));
        has_part[t->index] = true;
    }
}

bool gradients_find(const struct graph *g, struct arena *a, struct gradients *out)
{
    size_t tensors = (size_t)g->n_tensors + 1;
    bool *needed = arena_array(a, tensors, sizeof *needed), *has_part = arena_array(a, tensors, sizeof *has_part);
    *out = (struct gradients){.flows = arena_array(a, tensors, sizeof *out->flows),
                              .parts = arena_array(a, tensors, sizeof *out->parts),
                              .nodes = arena_array(a, (size_t)g->n_nodes + 1, sizeof *out->nodes)};
    if (!needed || !has_part || !out->flows || !out->parts || !out->nodes) return false;
    find_needed(g, needed, out);
    find_flows(g, needed, out);
    for (int i = 0; i < g->n_outputs; i++) has_part[g->outputs[i]->index] = true;
    for (int i = g->n_nodes - 1; i >= 0; i--) cost_node(g->nodes[i], has_part, out);
    return true;
}

bool gradient_reaches(const struct gradients *g, const struct node *n, int input)
{
    return n->op->train.gradient && g->flows[n->in[input]->index] && any_output(n, g->flows);
}

bool gradient_is_passed(const struct node *n, int input)
{
    if (n->op->is_view) return !n->op->train.forward;
    return n->op->is_elementwise && n->op->train.gradient(n, input).flops == 0 &&
           shape_equal(&n->in[input]->shape, &n->out[0]->shape);
}

bool gradient_reads(const struct node *n, int input, int place)
{
    bool is_output = place >= n->n_in;
    switch (n->op->train.keep) {
    case KEEP_NOTHING: return false;
    case KEEP_INPUT: return place == 0;
    case KEEP_OUTPUT: return place == n->n_in;
    case KEEP_BOTH: return place == 0 || place == n->n_in;
    case KEEP_FACTOR: return input < 2 && place == 1 - input;
    case KEEP_INDEX: return place == 1;
    case KEEP_INPUTS: return !is_output;
    case KEEP_ALL: return place <= n->n_in;
    }
    return false;
}
