/* Sequences and optionals hold tensors; what they hold stays where it is. A sequence's shape is that of its elements,
   where they have one. */
#include "ops/families.h"
#include "ops/gradient.h"

#include <string.h>

static const char OF_DATA[] = "data decide its shape";

static bool same_shape(const struct tensor *a, const struct tensor *b)
{
    return a->has_shape && b->has_shape && shape_equal(&a->shape, &b->shape);
}

static gable_status as_sequence(struct graph *g, struct node *n, const struct tensor *of, bool has_shape,
                                gable_error *e)
{
    struct tensor *t = n->out[0];
    t->form = FORM_SEQUENCE;
    t->dtype = of->dtype;
    t->has_shape = false;
    return has_shape ? rule_output(g, n, 0, of->dtype, of->shape.rank, of->shape.dim, e) : GABLE_OK;
}

static gable_status construct_shape(struct graph *g, struct node *n, gable_error *e)
{
    bool is_same = true;
    for (int i = 0; i < n->n_in; i++) is_same &= same_shape(n->in[0], n->in[i]);
    return as_sequence(g, n, n->in[0], is_same, e);
}

static gable_status empty_shape(struct graph *g, struct node *n, gable_error *e)
{
    enum dtype d;
    gable_status s = rule_dtype(n, "dtype", DTYPE_F32, &d, e);
    const struct tensor none = {.dtype = d};
    return s ? s : as_sequence(g, n, &none, false, e);
}

static bool is_empty(const struct tensor *t) { return t->producer && !strcmp(t->producer->op_type, "SequenceEmpty"); }

static gable_status insert_shape(struct graph *g, struct node *n, gable_error *e)
{
    bool is_same = is_empty(n->in[0]) || same_shape(n->in[0], n->in[1]);
    return as_sequence(g, n, n->in[1], is_same && n->in[1]->has_shape, e);
}

static gable_status erase_shape(struct graph *g, struct node *n, gable_error *e)
{
    return as_sequence(g, n, n->in[0], n->in[0]->has_shape, e);
}

static gable_status at_shape(struct graph *g, struct node *n, gable_error *e)
{
    n->out[0]->dtype = n->in[0]->dtype;
    if (!n->in[0]->has_shape) return rule_stated(n, 0, "the elements of the sequence differ in shape", e);
    return rule_output(g, n, 0, n->in[0]->dtype, in_shape(n, 0)->rank, in_shape(n, 0)->dim, e);
}

static gable_status length_shape(struct graph *g, struct node *n, gable_error *e)
{
    return rule_output(g, n, 0, DTYPE_S64, 0, NULL, e);
}

/* Parts of equal size; without `split` every part is one wide and loses the axis unless keepdims. */
static gable_status split_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct shape *x = in_shape(n, 0);
    int64_t dim[SHAPE_RANK_MAX], part = 1;
    int axis = 0, rank = 0;
    gable_status s = rule_axis(n, 0, x->rank, &axis, e);
    if (s) return s;
    if (rule_has(n, 1) && (!n->in[1]->ints || tensor_elements(n->in[1]) < 1))
        return as_sequence(g, n, n->in[0], false, e);
    for (count i = 0; rule_has(n, 1) && i < tensor_elements(n->in[1]); i++) {
        part = n->in[1]->ints[i];
        if (part != n->in[1]->ints[0]) return as_sequence(g, n, n->in[0], false, e);
    }
    if (part < 1 || x->dim[axis] % part) return as_sequence(g, n, n->in[0], false, e);
    bool keeps = rule_has(n, 1) || node_int(n, "keepdims", 1);
    for (int i = 0; i < x->rank; i++)
        if (i != axis || keeps) dim[rank++] = i == axis ? part : x->dim[i];
    s = as_sequence(g, n, n->in[0], false, e);
    return s ? s : rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
}

/* Known where the sequence is made from named tensors. */
static gable_status join_shape(struct graph *g, struct node *n, gable_error *e)
{
    const struct node *made = n->in[0]->producer;
    int64_t dim[SHAPE_RANK_MAX + 1], along = 0, axis = node_int(n, "axis", 0);
    bool is_new = node_int(n, "new_axis", 0) == 1;
    n->out[0]->dtype = n->in[0]->dtype;
    if (!made || strcmp(made->op_type, "SequenceConstruct") != 0) return rule_stated(n, 0, OF_DATA, e);
    const struct shape *first = in_shape(made, 0);
    int rank = first->rank + is_new, from = 0;
    if (axis < -rank || axis >= rank) return error_set(e, GABLE_BAD_INPUT, "axis lies outside of %d dimensions", rank);
    axis = axis < 0 ? axis + rank : axis;
    for (int i = 0; i < made->n_in; i++) {
        const struct shape *x = in_shape(made, i);
        if (x->rank != first->rank)
            return error_set(e, GABLE_BAD_INPUT, "the elements of the sequence have different numbers of dimensions");
        along = count_add(along, is_new ? 1 : x->dim[axis]);
    }
    for (int i = 0; i < rank; i++) {
        dim[i] = i == axis ? along : first->dim[from];
        from += i != axis || !is_new;
    }
    return rule_output(g, n, 0, n->in[0]->dtype, rank, dim, e);
}

static gable_status optional_shape(struct graph *g, struct node *n, gable_error *e)
{
    struct tensor *t = n->out[0];
    gable_status s = GABLE_OK;
    if (rule_has(n, 0)) s = rule_like(g, n, 0, n->in[0], e);
    t->form = rule_has(n, 0) && n->in[0]->form == FORM_SEQUENCE ? FORM_OPTIONAL_SEQUENCE : FORM_OPTIONAL;
    return s;
}

static gable_status element_shape(struct graph *g, struct node *n, gable_error *e)
{
    struct tensor held = *n->in[0];
    held.form = held.form == FORM_OPTIONAL_SEQUENCE || held.form == FORM_SEQUENCE ? FORM_SEQUENCE : FORM_TENSOR;
    return rule_like(g, n, 0, &held, e);
}

static gable_status has_shape(struct graph *g, struct node *n, gable_error *e)
{
    return rule_output(g, n, 0, DTYPE_BOOL, 0, NULL, e);
}

#define PASSED .gradient = gradient_moved, .formula = "0: of what it holds"
#define NO_GRADIENT .formula = "none: it holds nothing, or is counted"
#define ROW(op, least, most, rule, view, ...)                                                         \
    {                                                                                                 \
        .name = op, .domain = DOMAIN_ONNX, .inputs = {least, most}, .outputs = {1, 1}, .shape = rule, \
        .cost = cost_none, .kind = KIND_MOVE, .is_view = view, .keeps_stated = true,                  \
        .formula = view ? "0: a view" : "0: data movement", .train = {                                \
            __VA_ARGS__                                                                               \
        }                                                                                             \
    }

const struct op sequence_ops[] = {
    ROW("SequenceConstruct", 1, -1, construct_shape, true, PASSED),
    ROW("SequenceEmpty", 0, 0, empty_shape, true, NO_GRADIENT),
    ROW("SequenceInsert", 2, 3, insert_shape, true, PASSED),
    ROW("SequenceErase", 1, 2, erase_shape, true, PASSED),
    ROW("SequenceAt", 2, 2, at_shape, true, PASSED),
    ROW("SequenceLength", 1, 1, length_shape, true, NO_GRADIENT),
    ROW("SplitToSequence", 1, 2, split_shape, false, PASSED),
    ROW("ConcatFromSequence", 1, 1, join_shape, false, PASSED),
    ROW("Optional", 0, 1, optional_shape, true, PASSED),
    ROW("OptionalGetElement", 1, 1, element_shape, true, PASSED),
    ROW("OptionalHasElement", 0, 1, has_shape, true, NO_GRADIENT),
    {0},
};
