/* Losses of classifiers: scores N x C x places, labels N x places. */
#include "gradient/back.h"

#include <string.h>

/* One for each place whose label counts. */
static term counted(struct back *b, term labels)
{
    const struct attribute *ignored = node_attribute(b->n, "ignore_index");
    term one = back_expand(b, back_real(b, 1), &labels->shape), weight = one;
    if (back_has(b, 2)) {
        term safe = labels;
        if (ignored) /* a label that is ignored need be no class */
            safe = MAKE(b, "Where", MAKE(b, "Equal", labels, back_as(b, back_ints(b, 1, &ignored->i), labels->dtype)),
                        back_as(b, back_ints(b, 1, (const int64_t[]){0}), labels->dtype), labels);
        weight = MAKE(b, "Gather", back_x(b, 2), safe);
    }
    if (!ignored) return weight;
    term is_ignored = MAKE(b, "Equal", labels, back_as(b, back_ints(b, 1, &ignored->i), labels->dtype));
    return MAKE(b, "Where", is_ignored, back_real(b, 0), weight);
}

/* What each place's loss counts in the result: N x 1 x places. */
static term shares(struct back *b, term labels)
{
    const struct attribute *how = node_attribute(b->n, "reduction");
    const char *reduction = how && how->s ? how->s : "mean";
    int64_t dim[SHAPE_RANK_MAX + 1];
    int rank = 0, axes[SHAPE_RANK_MAX];
    term each = counted(b, labels);
    for (int i = 0; i < labels->shape.rank; i++) axes[i] = i;
    if (!strcmp(reduction, "mean"))
        each = MAKE(b, "Div", each, back_reduce(b, "ReduceSum", each, labels->shape.rank, axes, true));
    term share = MAKE(b, "Mul", each, b->dy[0]);
    dim[rank++] = labels->shape.dim[0];
    dim[rank++] = 1;
    for (int i = 1; i < labels->shape.rank; i++) dim[rank++] = labels->shape.dim[i];
    return back_reshape(b, share, rank, dim);
}

/* N x C x places: one where the label is. */
static term one_hot(struct back *b, term labels)
{
    const int64_t classes = back_x(b, 0)->shape.dim[1], off_on[] = {0, 1};
    const term in[] = {labels, back_ints(b, 1, &classes), back_as(b, back_ints(b, 2, off_on), b->dtype)};
    struct node *n = back_node(b, "OneHot", 3, in, 1);
    if (n) node_set_int(b->g, n, "axis", 1);
    return back_infer(b, n);
}

static void back_likelihood(struct back *b)
{
    term labels = back_x(b, 1);
    if (b->wants[0]) b->dx[0] = MAKE(b, "Neg", MAKE(b, "Mul", one_hot(b, labels), shares(b, labels)));
    if (b->n->n_in > 2 && b->wants[2]) back_refuse(b, "weights of classes are not trained");
}

/* Softmax less one at the label. Its logarithm may be an output of forward, whose own gradient is not followed. */
static void back_entropy(struct back *b)
{
    term labels = back_x(b, 1), logarithm = b->n->n_out > 1 ? b->n->out[1] : NULL;
    if (b->n->n_in > 2 && b->wants[2]) back_refuse(b, "weights of classes are not trained");
    if (b->n->n_out > 1 && b->dy[1]) back_refuse(b, "what is made of its second output is not followed");
    if (b->status || !b->dy[0]) return;
    if (!logarithm) logarithm = node_add_output(b->g, b->n);
    if (logarithm) tensor_set_shape(b->g, logarithm, b->dtype, back_x(b, 0)->shape.rank, back_x(b, 0)->shape.dim);
    term apart = MAKE(b, "Sub", MAKE(b, "Exp", logarithm), one_hot(b, labels));
    b->dx[0] = MAKE(b, "Mul", apart, shares(b, labels));
}

const struct gradient_rule rules_loss[] = {
    {"NegativeLogLikelihoodLoss", DOMAIN_ONNX, .back = back_likelihood,
     .words = "-dy at the label, by its share in the result"},
    {"SoftmaxCrossEntropyLoss", DOMAIN_ONNX, .back = back_entropy,
     .words = "(softmax x less 1 at the label) dy, by its share in the result"},
    {0},
};
