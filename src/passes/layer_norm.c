/* (x - mean) / sqrt(mean (x - mean)^2 + epsilon), times a scale, plus a shift, over the last axes. */
#include "passes/edit.h"

#include <string.h>

enum { MEAN, DIFFERENCE, SQUARE, VARIANCE, SUM, ROOT, QUOTIENT, SCALED, SHIFTED, NODES };
struct norm {
    struct node *nodes[NODES];
    struct tensor *x, *scale, *shift, *epsilon;
    int axis;
};

/* The axes of a mean that keeps its dimensions, where they are the last ones: the first of them; else -1. */
static int first_axis(const struct node *n)
{
    const struct attribute *a = node_attribute(n, "axes");
    bool is_input = !a && n->n_in > 1 && n->in[1]->ints;
    int rank = n->in[0]->shape.rank, first = rank;
    int64_t n_axes = is_input ? tensor_elements(n->in[1]) : a && a->type == ATTRIBUTE_INTS ? a->n : 0;
    if (node_int(n, "keepdims", 1) != 1 || n_axes < 1 || n_axes > rank) return -1;
    for (int i = 0; i < n_axes; i++) {
        int64_t axis = is_input ? n->in[1]->ints[i] : a->ints[i];
        axis = axis < 0 ? axis + rank : axis;
        if (axis < rank - n_axes) return -1;
        if (axis < first) first = (int)axis;
    }
    return first;
}

static struct node *square_of(const struct edit *e, const struct tensor *t, const struct tensor *base)
{
    struct node *pow = edit_made_by(e, t, "Pow"), *mul = edit_made_by(e, t, "Mul");
    if (pow && pow->in[0] == base && edit_is_scalar(pow->in[1], 2)) return pow;
    return mul && mul->in[0] == base && mul->in[1] == base ? mul : NULL;
}

/* From the quotient up to x. */
static bool read_quotient(const struct edit *e, struct node *quotient, struct norm *m)
{
    struct node **n = m->nodes;
    n[QUOTIENT] = quotient;
    n[DIFFERENCE] = edit_made_by(e, quotient->in[0], "Sub");
    n[ROOT] = edit_made_by(e, quotient->in[1], "Sqrt");
    if (!n[DIFFERENCE] || !n[ROOT]) return false;
    m->x = n[DIFFERENCE]->in[0];
    n[MEAN] = edit_made_by(e, n[DIFFERENCE]->in[1], "ReduceMean");
    n[SUM] = edit_made_by(e, n[ROOT]->in[0], "Add");
    if (!n[MEAN] || !n[SUM] || n[MEAN]->in[0] != m->x) return false;
    double value;
    for (int i = 0; i < 2; i++)
        if (edit_scalar(n[SUM]->in[1 - i], &value)) {
            n[VARIANCE] = edit_made_by(e, n[SUM]->in[i], "ReduceMean");
            m->epsilon = n[SUM]->in[1 - i];
        }
    if (!n[VARIANCE]) return false;
    n[SQUARE] = square_of(e, n[VARIANCE]->in[0], n[DIFFERENCE]->out[0]);
    m->axis = first_axis(n[MEAN]);
    return n[SQUARE] && m->axis >= 0 && m->axis == first_axis(n[VARIANCE]);
}

/* A factor or a summand of the normalised dimensions. */
static bool fits(const struct norm *m, const struct tensor *t)
{
    const struct shape *x = &m->x->shape, *s = &t->shape;
    if (!t->has_shape || s->rank != x->rank - m->axis || !tensor_is_initializer(t)) return false;
    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] != x->dim[m->axis + i]) return false;
    return true;
}

static struct tensor *other_operand(const struct norm *m, const struct node *n, const struct tensor *of)
{
    for (int i = 0; i < 2; i++)
        if (n->in[i] == of && fits(m, n->in[1 - i])) return n->in[1 - i];
    return NULL;
}

static bool read_norm(const struct edit *e, struct node *quotient, struct norm *m)
{
    if (!read_quotient(e, quotient, m)) return false;
    struct node *scaled = edit_only_user(e, quotient->out[0]);
    if (!scaled || edit_made_by(e, scaled->out[0], "Mul") != scaled) return false;
    struct node *shifted = edit_only_user(e, scaled->out[0]);
    if (!shifted || edit_made_by(e, shifted->out[0], "Add") != shifted) return false;
    m->nodes[SCALED] = scaled;
    m->nodes[SHIFTED] = shifted;
    m->scale = other_operand(m, scaled, quotient->out[0]);
    m->shift = other_operand(m, shifted, scaled->out[0]);
    return m->scale && m->shift && edit_is_closed(e, m->nodes, NODES);
}

gable_status pass_layer_norm(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        struct norm m = {0};
        double epsilon = 0;
        if (n->n_out < 1 || !edit_made_by(e, n->out[0], "Div") || !read_norm(e, n, &m)) continue;
        struct tensor *in[] = {m.x, m.scale, m.shift};
        edit_scalar(m.epsilon, &epsilon);
        s = edit_fuse(e, m.nodes, NODES, "LayerNormalization", 3, in, "they are LayerNormalization's definition",
                      error);
        node_set_int(e->g, m.nodes[SHIFTED], "axis", m.axis);
        node_set_float(e->g, m.nodes[SHIFTED], "epsilon", epsilon);
    }
    return s;
}
