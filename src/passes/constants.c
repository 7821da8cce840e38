/* Shape arithmetic: nodes whose results follow from shapes and constants become constants. */
#include "passes/edit.h"

static bool is_constant(const struct tensor *t)
{
    return t->ints && t->has_shape && !t->is_at_most && t->form == FORM_TENSOR && !t->is_output;
}

static bool gives_constants(const struct node *n)
{
    for (int i = 0; i < n->n_out; i++)
        if (!is_constant(n->out[i])) return false;
    return n->n_out > 0;
}

gable_status pass_constants(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        if (!gives_constants(n)) continue;
        for (int k = 0; k < n->n_out; k++) {
            n->out[k]->producer = NULL;
            n->out[k]->role = ROLE_CONSTANT;
        }
        e->is_dead[i] = true;
        s = edit_note(e, &n, 1, "a constant", "shapes and constants alone decide it", error);
    }
    return s;
}
