#include "engine/cpu/activation.h"

#include <float.h>
#include <string.h>

static double bound(const struct node *n, int i, const char *attribute, double fallback)
{
    if (n->n_in > i && n->in[i]->reals) return n->in[i]->reals[0];
    return node_float(n, attribute, fallback);
}

/* The one form of Swish and Gelu that kernels have. */
static bool is_plain(const struct node *n)
{
    const struct attribute *a = node_attribute(n, "approximate");
    if (!strcmp(n->op_type, "Gelu")) return !a || !a->s || !strcmp(a->s, "none");
    return strcmp(n->op_type, "Swish") != 0 || node_float(n, "alpha", 1) == 1;
}

bool activation_of(const struct node *n, struct activation *out)
{
    static const struct {
        const char *op_type;
        enum act act;
    } rows[] = {{"Relu", ACT_RELU}, {"Clip", ACT_CLIP},       {"HardSwish", ACT_HARD_SWISH},    {"Swish", ACT_SWISH},
                {"Gelu", ACT_GELU}, {"Sigmoid", ACT_SIGMOID}, {"HardSigmoid", ACT_HARD_SIGMOID}};
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
        return is_plain(n);
    }
    return false;
}

/* The one constant that n multiplies with or adds; NULL where it does something else. */
static const double *constant_of(const struct node *n)
{
    for (int i = 0; i < n->n_in && n->n_in == 2; i++)
        if (tensor_is_initializer(n->in[i]) && n->in[i]->reals && tensor_elements(n->in[i]) == 1)
            return n->in[i]->reals;
    return NULL;
}

bool activation_scaled(struct activation *a, const struct node *n)
{
    bool multiplies = !strcmp(n->op_type, "Mul"), adds = !strcmp(n->op_type, "Add");
    const double *by = multiplies || adds ? constant_of(n) : NULL;
    if (!by || (a->kind != ACT_HARD_SWISH && a->kind != ACT_SCALED_HARD_SWISH)) return false;
    if (a->kind == ACT_HARD_SWISH) *a = (struct activation){ACT_SCALED_HARD_SWISH, 1, 0};
    a->a *= multiplies ? (float)*by : 1;
    a->b = multiplies ? a->b * (float)*by : a->b + (float)*by;
    return true;
}
