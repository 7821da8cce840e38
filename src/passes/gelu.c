/* x/2 (1 + erf(x / sqrt 2)), however its factors are ordered. */
#include "passes/edit.h"

#include <math.h>

enum { FACTORS = 3 };
struct product {
    struct node *nodes[2]; /* inner, outer */
    struct tensor *factor[FACTORS];
};

/* (a b) c: the outer product's operand that is a product of its own, read by nobody else. */
static bool read_product(const struct edit *e, struct node *outer, int side, struct product *p)
{
    struct node *inner = edit_made_by(e, outer->in[side], "Mul");
    if (!inner || edit_only_user(e, inner->out[0]) != outer) return false;
    *p = (struct product){{inner, outer}, {inner->in[0], inner->in[1], outer->in[1 - side]}};
    return true;
}

/* 1 + erf(x / sqrt 2): its nodes, and x; or NULL. */
static struct tensor *argument(const struct edit *e, const struct tensor *t, struct node **nodes)
{
    struct node *sum = edit_made_by(e, t, "Add"), *erf_node = NULL, *scaled;
    for (int i = 0; sum && i < 2; i++)
        if (edit_is_scalar(sum->in[1 - i], 1)) erf_node = edit_made_by(e, sum->in[i], "Erf");
    if (!erf_node) return NULL;
    nodes[1] = erf_node;
    nodes[2] = sum;
    if ((scaled = edit_made_by(e, erf_node->in[0], "Div")) && edit_is_scalar(scaled->in[1], sqrt(2))) {
        nodes[0] = scaled;
        return scaled->in[0];
    }
    scaled = edit_made_by(e, erf_node->in[0], "Mul");
    for (int i = 0; scaled && i < 2; i++)
        if (edit_is_scalar(scaled->in[i], sqrt(0.5))) {
            nodes[0] = scaled;
            return scaled->in[1 - i];
        }
    return NULL;
}

static gable_status try_product(struct edit *e, const struct product *p, bool *is_done, gable_error *error)
{
    struct node *nodes[5] = {0};
    for (int i = 0; i < FACTORS; i++) {
        struct tensor *x = argument(e, p->factor[i], nodes);
        const struct tensor *b = p->factor[(i + 1) % FACTORS], *c = p->factor[(i + 2) % FACTORS];
        if (!x || !((b == x && edit_is_scalar(c, 0.5)) || (c == x && edit_is_scalar(b, 0.5)))) continue;
        nodes[3] = p->nodes[0];
        nodes[4] = p->nodes[1];
        if (!edit_is_closed(e, nodes, 5)) continue;
        *is_done = true;
        return edit_fuse(e, nodes, 5, "Gelu", 1, &x, "they are Gelu's definition", error);
    }
    return GABLE_OK;
}

gable_status pass_gelu(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        bool is_done = false;
        for (int side = 0; side < 2 && !s && !is_done; side++) {
            struct product p;
            if (edit_made_by(e, n->out[0], "Mul") && read_product(e, n, side, &p))
                s = try_product(e, &p, &is_done, error);
        }
    }
    return s;
}
