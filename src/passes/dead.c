/* Nodes that no output of the model needs. */
#include "passes/edit.h"

static bool is_needed(const struct node *n, const bool *needed)
{
    for (int i = 0; i < n->n_out; i++)
        if (n->out[i]->is_output || needed[n->out[i]->index]) return true;
    return false;
}

gable_status pass_dead(struct edit *e, gable_error *error)
{
    struct graph *g = e->g;
    bool *needed = arena_array(e->scratch, (size_t)g->n_tensors + 1, sizeof *needed);
    gable_status s = needed ? GABLE_OK : error_set(error, GABLE_NO_MEMORY, "no memory to look for dead nodes");
    for (int i = g->n_nodes - 1; i >= 0 && !s; i--) {
        struct node *n = g->nodes[i];
        const struct tensor *t;
        if (is_needed(n, needed)) {
            for (int k = 0; (t = node_reads(n, k)); k++) needed[t->index] = true;
            continue;
        }
        e->is_dead[i] = true;
        s = edit_note(e, &n, 1, "nothing", "no output of the model needs it", error);
    }
    return s;
}
