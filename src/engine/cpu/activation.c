#include "engine/cpu/activation.h"

#include <float.h>
#include <string.h>

static double bound(const struct node *n, int i, const char *attribute, double fallback)
{
    if (n->n_in > i && n->in[i]->reals) return n->in[i]->reals[0];
    return node_float(n, attribute, fallback);
}

bool activation_of(const struct node *n, struct activation *out)
{
    static const struct {
        const char *op_type;
        enum act act;
    } rows[] = {{"Relu", ACT_RELU},   {"Clip", ACT_CLIP},       {"HardSwish", ACT_HARD_SWISH},
                {"Swish", ACT_SWISH}, {"Sigmoid", ACT_SIGMOID}, {"HardSigmoid", ACT_HARD_SIGMOID}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(n->op_type, rows[i].op_type) != 0) continue;
        *out = (struct activation){.kind = rows[i].act};
        if (out->kind == ACT_CLIP) {
            out->a = (float)bound(n, 1, "min", -FLT_MAX);
            out->b = (float)bound(n, 2, "max", FLT_MAX);
        } else if (out->kind == ACT_HARD_SIGMOID) {
            out->a = (float)node_float(n, "alpha", 0.2);
            out->b = (float)node_float(n, "beta", 0.5);
        }
        return out->kind != ACT_SWISH || node_float(n, "alpha", 1) == 1;
    }
    return false;
}
