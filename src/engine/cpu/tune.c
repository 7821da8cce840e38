#include "engine/cpu/tune.h"

#include "engine/cpu/lower.h"
#include "engine/cpu/session.h"

#include <stdlib.h>

/* Measured on Zen 4: 14 rows and 4 images gain 2 to 5 % on EfficientNets at batch 64. */
enum { TAIL_ROWS = 14, TAIL_GROUP = 4, SMALL_PLANE = 8, FEW_CHANNELS = 16 };

/* Winograd weights are 4 times as large: with few tiles to multiply, reading them takes longer than the products. */
static bool gains_by_winograd(const struct plan *p, const struct node *n)
{
    const struct shape *x = &n->in[0]->shape;
    return x->rank == 4 && x->dim[1] >= FEW_CHANNELS && (x->dim[2] > SMALL_PLANE || p->batch >= 2 * p->threads);
}
/* Sets choices->winograd for the plan's groups; which convolutions can do it the lowering decides. */
static void choose_winograd(const struct plan *p, enum winograd winograd, bool *chosen)
{
    for (int i = 0; i < p->graph->n_nodes; i++) {
        const struct node *n = p->graph->nodes[i];
        int group = p->grouping.group_of[i];
        if (group < 0 || !node_is(n, "Conv")) continue;
        chosen[group] = winograd == WINOGRAD_FORCE || (winograd == WINOGRAD_BY_TIME && gains_by_winograd(p, n));
    }
}

gable_status tune_rule(const struct graph *g, const struct kernels *k, int threads, enum winograd winograd,
                       struct plan **out, gable_error *e)
{
    struct choices choices = {.tail_rows = TAIL_ROWS, .tail_group = TAIL_GROUP};
    struct plan *direct = NULL;
    gable_status s = plan_new(g, k, threads, &choices, &direct, e);
    if (s || winograd == WINOGRAD_FORBID) {
        *out = direct;
        return s;
    }
    choices.winograd = calloc((size_t)direct->grouping.n_groups + 1, sizeof *choices.winograd);
    if (choices.winograd) {
        choose_winograd(direct, winograd, choices.winograd);
        s = plan_new(g, k, threads, &choices, out, e);
    } else
        s = error_set(e, GABLE_NO_MEMORY, "no memory for a plan");
    free(choices.winograd);
    plan_free(direct);
    return s;
}
