#include "engine/general/node_groups.h"

#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>

static bool has_shapes(const struct node *n)
{
    for (int k = 0; k < n->n_in + n->n_out; k++) {
        const struct tensor *t = k < n->n_in ? n->in[k] : n->out[k - n->n_in];
        if (t->role != ROLE_ABSENT && !t->has_shape) return false;
        for (int i = 0; i < t->shape.rank && t->role != ROLE_ABSENT; i++)
            if (t->shape.dim[i] < 0) return false;
    }
    return true;
}

static count bytes_of(const struct node *n)
{
    count bytes = 0;
    if (n->op && n->op->is_view) return 0;
    for (int k = 0; k < n->n_in + n->n_out; k++) {
        const struct tensor *t = k < n->n_in ? n->in[k] : n->out[k - n->n_in];
        if (t->role != ROLE_ABSENT && t->has_shape) bytes = count_add(bytes, tensor_bytes(t));
    }
    return bytes;
}

static void describe(struct node_groups *x, int i, const struct node *n)
{
    struct group_info *info = &x->info[i];
    x->nodes[i] = i;
    snprintf(x->kernels[i], sizeof x->kernels[i], "general %.30s", n->op_type);
    *info = (struct group_info){.name = n->name, .kernel = x->kernels[i], .kind = op_kind_of(n), .n_nodes = 1};
    info->nodes = &x->nodes[i];
    if (!n->op || !has_shapes(n)) return;
    info->flops_counted = info->flops_executed = op_cost(n).flops;
    info->bytes = bytes_of(n);
}

gable_status node_groups_make(const struct graph *g, struct node_groups *out, gable_error *e)
{
    size_t n = (size_t)g->n_nodes + 1;
    *out = (struct node_groups){.n = g->n_nodes};
    out->info = calloc(n, sizeof *out->info);
    out->nodes = calloc(n, sizeof *out->nodes);
    out->kernels = calloc(n, sizeof *out->kernels);
    if (!out->info || !out->nodes || !out->kernels) {
        node_groups_release(out);
        return error_set(e, GABLE_NO_MEMORY, "no memory for %d nodes", g->n_nodes);
    }
    for (int i = 0; i < g->n_nodes; i++) describe(out, i, g->nodes[i]);
    return GABLE_OK;
}

void node_groups_release(struct node_groups *x)
{
    free(x->info);
    free(x->nodes);
    free(x->kernels);
    *x = (struct node_groups){0};
}
