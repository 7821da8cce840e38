/* Resize: along each axis a product with a matrix, which is the same operator on a unit matrix; back its transpose. */
#include "gradient/back.h"

#include <string.h>

static bool is_old(const struct back *b)
{
    return (b->g->opset && b->g->opset < 11) || !strcmp(b->n->op_type, "Upsample");
}

/* The scale along an axis; 0 where sizes are given. */
static double scale_of(const struct back *b, int axis)
{
    const struct attribute *listed = node_attribute(b->n, "scales");
    int i = is_old(b) ? 1 : 2;
    const struct tensor *t = back_has(b, i) ? back_x(b, i) : NULL;
    if (listed && listed->type == ATTRIBUTE_FLOATS) return axis < listed->n ? listed->floats[axis] : 0;
    return t && t->reals && axis < tensor_elements(t) ? t->reals[axis] : 0;
}

static term pair(struct back *b, double scale)
{
    const int64_t two = 2;
    double *values = arena_array(b->g->arena, 2, sizeof *values);
    struct tensor *t = values ? graph_initializer(b->g, "scales", ROLE_CONSTANT, DTYPE_F32, 1, &two) : NULL;
    if (!t) return NULL;
    values[0] = scale;
    values[1] = 1;
    t->reals = values;
    return t;
}

static term unit_matrix(struct back *b, int64_t n)
{
    const int64_t dim[] = {n, n};
    return back_infer(b, back_node(b, "EyeLike", 1, (const term[]){back_zeros(b, &(struct shape){2, dim})}, 1));
}

/* What a constant border adds has no slope. */
static void copy_attributes(struct back *b, struct node *n)
{
    for (int i = 0; n && i < b->n->n_attributes; i++) {
        const struct attribute *a = &b->n->attributes[i];
        if (a->type == ATTRIBUTE_INT) node_set_int(b->g, n, a->name, a->i);
        if (a->type == ATTRIBUTE_STRING) node_set_string(b->g, n, a->name, a->s);
        if (a->type == ATTRIBUTE_FLOAT && strcmp(a->name, "extrapolation_value") != 0)
            node_set_float(b->g, n, a->name, a->f);
    }
}

/* out x in */
static term matrix(struct back *b, int axis)
{
    int64_t in = back_x(b, 0)->shape.dim[axis], out = b->n->out[0]->shape.dim[axis];
    double scale = scale_of(b, axis);
    term unit = unit_matrix(b, in), operands[4] = {unit};
    int n = 2;
    if (is_old(b)) {
        operands[1] = pair(b, scale);
    } else {
        operands[1] = graph_absent(b->g);
        operands[2] = scale > 0 ? pair(b, scale) : graph_absent(b->g);
        if (!(scale > 0)) operands[3] = back_ints(b, 2, (const int64_t[]){out, in});
        n = scale > 0 ? 3 : 4;
    }
    struct node *node = back_node(b, b->n->op_type, n, operands, 1);
    copy_attributes(b, node);
    return back_infer(b, node);
}

static void back_resize(struct back *b)
{
    const struct shape *x = &back_x(b, 0)->shape;
    const struct attribute *how = node_attribute(b->n, "coordinate_transformation_mode");
    const struct attribute *policy = node_attribute(b->n, "keep_aspect_ratio_policy");
    term dx = b->dy[0];
    if (how && how->s && !strcmp(how->s, "tf_crop_and_resize")) back_refuse(b, "a region is not followed");
    if (policy && policy->s && strcmp(policy->s, "stretch") != 0) back_refuse(b, "%.20s is not followed", policy->s);
    for (int axis = 0; axis < x->rank && !b->status; axis++) {
        int order[SHAPE_RANK_MAX];
        double scale = scale_of(b, axis);
        if (x->dim[axis] == b->n->out[0]->shape.dim[axis] && (scale == 0 || scale == 1)) continue;
        for (int i = 0; i < x->rank; i++) order[i] = i;
        order[axis] = x->rank - 1;
        order[x->rank - 1] = axis;
        dx = back_transpose(b, MAKE(b, "MatMul", back_transpose(b, dx, order), matrix(b, axis)), order);
    }
    b->dx[0] = dx;
}

const struct gradient_rule rules_resize[] = {
    {"Resize", DOMAIN_ONNX, .back = back_resize, .words = "dy times the transposed weights, axis by axis"},
    {"Upsample", DOMAIN_ONNX, .back = back_resize, .words = "dy times the transposed weights, axis by axis"},
    {0},
};
