#include "ops/storage.h"

bool storage_is_free(const struct tensor *t)
{
    return t->role == ROLE_ABSENT || t->ints || (t->role == ROLE_CONSTANT && t->reals);
}

bool storage_is_view(const struct node *n, bool is_training)
{
    return n->op->is_view && !(is_training && n->op->train.forward);
}

/* Shape and Size are free, but what they give is not the data that they look at. */
static bool shows_its_input(const struct node *n, bool is_training)
{
    return storage_is_view(n, is_training) && n->n_in > 0 && tensor_bytes(n->in[0]) == tensor_bytes(n->out[0]) &&
           !n->out[0]->ints;
}

static void note_use(struct storage *s, const struct tensor *t, int step)
{
    int *last = &s->last_use[s->root[t->index]->index];
    if (step > *last) *last = step;
}

bool storage_find(const struct graph *g, bool is_training, struct arena *a, struct storage *out)
{
    size_t n = (size_t)g->n_tensors;
    out->root = arena_array(a, n + 1, sizeof *out->root);
    out->last_use = arena_array(a, n + 1, sizeof *out->last_use);
    if (!out->root || !out->last_use) return false;
    for (int i = 0; i < g->n_tensors; i++) {
        const struct tensor *t = g->tensors[i];
        out->root[i] = t;
        out->last_use[i] = t->producer ? t->producer->index : -1;
    }
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *node = g->nodes[i];
        if (shows_its_input(node, is_training)) out->root[node->out[0]->index] = out->root[node->in[0]->index];
        const struct tensor *t;
        for (int k = 0; !storage_is_view(node, is_training) && (t = node_reads(node, k)); k++) note_use(out, t, i);
    }
    for (int i = 0; i < g->n_outputs; i++) note_use(out, g->outputs[i], g->n_nodes);
    return true;
}
