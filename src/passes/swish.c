/* x sigmoid(x), x sigmoid(a x), x hardsigmoid(x), and hardswish written out: x clip(x + 3, 0, 6) / 6. */
#include "passes/edit.h"

#include <math.h>

static const char SWISH[] = "a value times its own sigmoid, or that of a multiple, is Swish",
                  HARD[] = "they are HardSwish's definition";

static bool is_sixth(const struct node *n)
{
    return fabs(node_float(n, "alpha", 0.2) - 1.0 / 6) < 1e-4 && fabs(node_float(n, "beta", 0.5) - 0.5) < 1e-6;
}

static gable_status fuse_gate(struct edit *e, struct node *gate, struct node *product, const char *op, const char *why,
                              gable_error *error)
{
    struct node *nodes[] = {gate, product};
    struct tensor *x = gate->in[0];
    return edit_is_closed(e, nodes, 2) ? edit_fuse(e, nodes, 2, op, 1, &x, why, error) : GABLE_OK;
}

/* Bounds are attributes before opset 11, inputs since. */
static bool is_clip_to_six(const struct node *n)
{
    if (n->n_in == 1) return node_float(n, "min", -1) == 0 && node_float(n, "max", 0) == 6;
    return n->n_in == 3 && edit_is_scalar(n->in[1], 0) && edit_is_scalar(n->in[2], 6);
}

/* clip(x + 3, 0, 6): its nodes, and x; or NULL. */
static struct tensor *clipped(const struct edit *e, const struct tensor *t, struct node **nodes)
{
    struct node *clip = edit_made_by(e, t, "Clip"), *sum;
    if (!clip || !is_clip_to_six(clip)) return NULL;
    sum = edit_made_by(e, clip->in[0], "Add");
    nodes[0] = sum;
    nodes[1] = clip;
    for (int i = 0; sum && i < 2; i++)
        if (edit_is_scalar(sum->in[1 - i], 3)) return sum->in[i];
    return NULL;
}

/* (x clip) / 6 */
static gable_status try_quotient(struct edit *e, struct node *quotient, gable_error *error)
{
    struct node *product = edit_made_by(e, quotient->in[0], "Mul"), *nodes[4];
    if (!product || !edit_is_scalar(quotient->in[1], 6)) return GABLE_OK;
    for (int i = 0; i < 2; i++) {
        struct tensor *x = clipped(e, product->in[i], nodes);
        if (!x || product->in[1 - i] != x) continue;
        nodes[2] = product;
        nodes[3] = quotient;
        if (edit_is_closed(e, nodes, 4)) return edit_fuse(e, nodes, 4, "HardSwish", 1, &x, HARD, error);
    }
    return GABLE_OK;
}

/* x (clip / 6) */
static gable_status try_product(struct edit *e, struct node *product, int side, gable_error *error)
{
    struct node *quotient = edit_made_by(e, product->in[side], "Div"), *nodes[4];
    if (!quotient || !edit_is_scalar(quotient->in[1], 6)) return GABLE_OK;
    struct tensor *x = clipped(e, quotient->in[0], nodes);
    if (!x || product->in[1 - side] != x) return GABLE_OK;
    nodes[2] = quotient;
    nodes[3] = product;
    return edit_is_closed(e, nodes, 4) ? edit_fuse(e, nodes, 4, "HardSwish", 1, &x, HARD, error) : GABLE_OK;
}

/* x sigmoid(a x), as what is called a quick GELU. */
static gable_status try_scaled_gate(struct edit *e, struct node *gate, struct node *product, struct tensor *x,
                                    gable_error *error)
{
    struct node *factor = edit_made_by(e, gate->in[0], "Mul"), *nodes[] = {factor, gate, product};
    double alpha;
    for (int i = 0; i < 2 && factor; i++) {
        bool is_right = factor->in[i] == x && edit_scalar(factor->in[1 - i], &alpha);
        if (!is_right || factor->in[1 - i]->shape.rank > 0 || !edit_is_closed(e, nodes, 3)) continue;
        gable_status s = edit_fuse(e, nodes, 3, "Swish", 1, &x, SWISH, error);
        node_set_float(e->g, product, "alpha", alpha);
        return s;
    }
    return GABLE_OK;
}

static gable_status try_gates(struct edit *e, struct node *n, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int side = 0; side < 2 && !s && edit_made_by(e, n->out[0], "Mul"); side++) {
        struct node *gate = edit_made_by(e, n->in[side], "Sigmoid");
        struct node *hard = edit_made_by(e, n->in[side], "HardSigmoid");
        if (gate && gate->in[0] == n->in[1 - side])
            s = fuse_gate(e, gate, n, "Swish", SWISH, error);
        else if (hard && hard->in[0] == n->in[1 - side] && is_sixth(hard))
            s = fuse_gate(e, hard, n, "HardSwish", HARD, error);
        else if (gate)
            s = try_scaled_gate(e, gate, n, n->in[1 - side], error);
        else
            s = try_product(e, n, side, error);
    }
    return s;
}

gable_status pass_swish(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        if (n->n_out < 1) continue;
        if (edit_made_by(e, n->out[0], "Div"))
            s = try_quotient(e, n, error);
        else
            s = try_gates(e, n, error);
    }
    return s;
}
