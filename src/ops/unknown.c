/* Operators without a row: what the file says of their outputs is kept, their work is not known. */
#include "ops/rule.h"

#include <string.h>

static gable_status stated_shapes(struct graph *g, struct node *n, gable_error *e)
{
    (void)g;
    for (int i = 0; i < n->n_out; i++)
        if (n->out[i]->role != ROLE_ABSENT && !n->out[i]->has_shape)
            return error_set(e, GABLE_BAD_INPUT,
                             "this operator is not in the table and the file states no shape for its output %.60s; "
                             "onnx.shape_inference or the exporter can write it as value_info",
                             n->out[i]->name);
    return GABLE_OK;
}

const struct op op_unknown = {
    .name = "unknown",
    .domain = "",
    .inputs = {0, -1},
    .outputs = {0, -1},
    .shape = stated_shapes,
    .cost = cost_none,
    .kind = KIND_OTHER,
    .certainty = COST_UNKNOWN,
    .formula = "not known",
    .train = {.formula = "none: not known"},
};

static bool body_is_known(const struct graph *body)
{
    for (int i = 0; i < body->n_nodes; i++)
        if (body->nodes[i]->op && node_certainty(body->nodes[i]) == COST_UNKNOWN) return false;
    return true;
}

enum certainty node_certainty(const struct node *n)
{
    if (!n->op) return COST_UNKNOWN;
    for (int i = 0; i < n->n_attributes; i++)
        if (n->attributes[i].type == ATTRIBUTE_GRAPH && !body_is_known(n->attributes[i].graph)) return COST_UNKNOWN;
    enum certainty c = n->op->certain ? n->op->certain(n) : n->op->certainty;
    if (c != COST_EXACT) return c;
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i]->is_at_most) return COST_MOST;
    for (int i = 0; i < n->n_out; i++)
        if (n->out[i]->is_at_most) return COST_MOST;
    return COST_EXACT;
}

void coverage_find(const struct graph *g, struct coverage *out)
{
    *out = (struct coverage){.n_nodes = g->n_nodes};
    for (int i = 0; i < g->n_nodes; i++) out->n[node_certainty(g->nodes[i])]++;
}

bool coverage_is_complete(const struct coverage *c) { return c->n[COST_UNKNOWN] == 0; }

const char *certainty_name(enum certainty c)
{
    static const char *const names[COST_CERTAINTIES] = {[COST_EXACT] = "exact",
                                                        [COST_BOUND] = "lower bound",
                                                        [COST_TAUGHT] = "rule",
                                                        [COST_UNKNOWN] = "unknown",
                                                        [COST_MOST] = "upper bound"};
    return names[c];
}
