#include "ops/flow.h"

#include <string.h>

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

static bool any_read(const struct node *n, const bool *is)
{
    const struct tensor *t;
    for (int i = 0; (t = node_reads(n, i)); i++)
        if (is[t->index]) return true;
    return false;
}

static bool any_output(const struct node *n, const bool *is)
{
    for (int i = 0; i < n->n_out; i++)
        if (is[n->out[i]->index]) return true;
    return false;
}

bool flow_new(struct flow *f, const struct graph *g, const struct flow *outer, struct arena *a, struct gradients *out)
{
    size_t tensors = (size_t)g->n_tensors + 1, nodes = (size_t)g->n_nodes + 1;
    *out = (struct gradients){.flows = arena_array(a, tensors, sizeof *out->flows),
                              .parts = arena_array(a, tensors, sizeof *out->parts),
                              .nodes = arena_array(a, nodes, sizeof *out->nodes),
                              .aside = arena_array(a, nodes, sizeof *out->aside)};
    *f = (struct flow){.g = g,
                       .outer = outer,
                       .arena = a,
                       .source = arena_array(a, tensors, sizeof(const struct tensor *)),
                       .needed = arena_array(a, tensors, sizeof *f->needed),
                       .has_part = arena_array(a, tensors, sizeof *f->has_part),
                       .met = arena_array(a, tensors, sizeof *f->met),
                       .out = out};
    if (!out->flows || !out->parts || !out->nodes || !out->aside || !f->source || !f->needed || !f->has_part || !f->met)
        return false;
    for (int i = 0; i < g->n_tensors; i++) f->source[i] = g->tensors[i];
    for (int i = 0; outer && i < g->n_captures; i++)
        f->source[g->captures[i].inner->index] = outer->source[g->captures[i].outer->index];
    return true;
}

/* Forward: what depends on a trained tensor. */
void flow_find_needed(struct flow *f)
{
    for (int i = 0; i < f->g->n_nodes; i++) {
        const struct node *n = f->g->nodes[i];
        if (!any_read(n, f->needed)) continue;
        for (int k = 0; k < n->n_out; k++) f->needed[n->out[k]->index] = n->op->train.gradient && is_real(n->out[k]);
        if (n->n_out > 0 && !n->op->train.gradient && !n->out[0]->ints && !f->out->dead_end) f->out->dead_end = n;
    }
}

/* Backward: of those, what an output depends on. */
void flow_find_back(struct flow *f)
{
    const struct tensor *t;
    for (int i = f->g->n_nodes - 1; i >= 0; i--) {
        const struct node *n = f->g->nodes[i];
        if (!any_output(n, f->out->flows)) continue;
        for (int k = 0; (t = node_reads(n, k)); k++) {
            if (!f->needed[t->index]) continue;
            f->out->flows[t->index] = true;
            f->out->parts[t->index]++;
        }
    }
}

/* Two branches that read one tensor: one of them runs. */
static bool is_other_branch(struct flow *f, const struct node *n, const struct tensor *t)
{
    if (*n->domain || strcmp(n->op_type, "If") != 0) return false;
    bool is_met = f->met[t->index] == n->index + 1;
    f->met[t->index] = n->index + 1;
    return is_met;
}

static bool cost_node(struct flow *f, const struct node *n)
{
    struct backward *b = &f->out->nodes[n->index];
    count *aside = &f->out->aside[n->index];
    const struct tensor *t;
    bool is_reached = false;
    if (n->op->train.gradient && any_output(n, f->out->flows) && !bodies_backward(f, n, b, aside)) return false;
    for (int i = 0; (t = node_reads(n, i)); i++) {
        if (!gradient_reaches(f->out, n, i)) continue;
        is_reached = true;
        if (is_other_branch(f, n, t)) continue;
        struct cost *into = flow_is_trained(f, t) ? &b->weight : &b->data;
        *into = cost_add(*into, n->op->train.gradient(n, i));
        if (f->has_part[t->index]) into->flops = count_add(into->flops, tensor_elements(t));
        f->has_part[t->index] = true;
    }
    if (is_reached && n->op->train.keep_bytes) *aside = n->op->train.keep_bytes(n);
    return true;
}

bool flow_cost(struct flow *f)
{
    for (int i = f->g->n_nodes - 1; i >= 0; i--)
        if (!cost_node(f, f->g->nodes[i])) return false;
    return true;
}

bool gradients_find(const struct graph *g, struct arena *a, struct gradients *out)
{
    struct flow f;
    if (!flow_new(&f, g, NULL, a, out)) return false;
    for (int i = 0; i < g->n_tensors; i++) f.needed[i] = g->tensors[i]->role == ROLE_WEIGHT && is_real(g->tensors[i]);
    flow_find_needed(&f);
    for (int i = 0; i < g->n_outputs; i++) {
        int index = g->outputs[i]->index;
        out->flows[index] = f.needed[index];
        out->parts[index] = f.needed[index]; /* from the loss */
        f.has_part[index] = true;
    }
    flow_find_back(&f);
    return flow_cost(&f);
}

bool gradient_reaches(const struct gradients *g, const struct node *n, int input)
{
    return n->op->train.gradient && g->flows[node_reads(n, input)->index] && any_output(n, g->flows);
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
