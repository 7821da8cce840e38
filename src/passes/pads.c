/* Zeros that a Pad puts around the planes become the pads of the one convolution or average that reads them. */
#include "passes/edit.h"

#include <string.h>

enum { SIDES_MAX = 2 * SHAPE_RANK_MAX };

/* Pads of all axes, before and after each, as ONNX orders them; false where they are not known, or no zeros. */
static bool zeros_around(const struct node *n, int64_t *pads)
{
    const char *mode = node_text(n, "mode", "constant");
    int rank = n->in[0]->shape.rank;
    bool has_value = n->n_in > 2 && n->in[2]->role != ROLE_ABSENT, has_axes = n->n_in > 3;
    const struct tensor *t = n->n_in > 1 ? n->in[1] : NULL;
    double value = node_float(n, "value", 0);
    if (!n->in[0]->has_shape || strcmp(mode, "constant") != 0 || has_axes || (t && !t->ints)) return false;
    if ((has_value && !edit_scalar(n->in[2], &value)) || value != 0) return false;
    for (int i = 0; i < 2 * rank; i++) {
        pads[i] = t ? t->ints[i] : node_int_at(n, "pads", i, 0);
        if (pads[i] < 0 || (i % rank < 2 && pads[i])) return false;
    }
    return true;
}

/* Takes those zeros as pads of its own, whatever it has already. */
static bool takes_zeros(const struct node *n, const int64_t *pads)
{
    int planes = n->in[0]->shape.rank - 2;
    if (strcmp(node_text(n, "auto_pad", "NOTSET"), "NOTSET") != 0 || *n->domain) return false;
    if (node_is(n, "Conv")) return true;
    if (!node_is(n, "AveragePool") || node_int(n, "ceil_mode", 0)) return false;
    bool has_own = false, is_narrow = true; /* no window lies in the padding alone */
    for (int i = 0; i < 2 * planes; i++) {
        int64_t own = node_int_at(n, "pads", i, 0), more = pads[i < planes ? 2 + i : 4 + i];
        has_own |= own != 0;
        is_narrow &= own + more < node_int_at(n, "kernel_shape", i % planes, 0);
    }
    return is_narrow && (!has_own || node_int(n, "count_include_pad", 0));
}

static gable_status move_pads(struct edit *e, struct node *pad, struct node *to, const int64_t *pads,
                              gable_error *error)
{
    int64_t all[SIDES_MAX] = {0};
    int rank = pad->in[0]->shape.rank, planes = rank - 2;
    for (int i = 0; i < planes; i++) {
        all[i] = pads[2 + i] + node_int_at(to, "pads", i, 0);
        all[planes + i] = pads[rank + 2 + i] + node_int_at(to, "pads", planes + i, 0);
    }
    const char *into = arena_printf(e->g->arena, "pads of node %.80s (%s)", to->name, to->op_type);
    if (!into) return error_set(error, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    node_set_ints(e->g, to, "pads", 2 * planes, all);
    if (node_is(to, "AveragePool")) node_set_int(e->g, to, "count_include_pad", 1);
    e->instead[pad->out[0]->index] = pad->in[0];
    e->is_dead[pad->index] = true;
    return edit_note(e, &pad, 1, into, "it has the same zeros around what it reads", error);
}

gable_status pass_pads(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i], *user = node_is(n, "Pad") ? edit_only_user(e, n->out[0]) : NULL;
        int64_t pads[SIDES_MAX] = {0};
        if (!user || user->in[0] != n->out[0] || !zeros_around(n, pads) || !takes_zeros(user, pads)) continue;
        s = move_pads(e, n, user, pads, error);
    }
    return s;
}
