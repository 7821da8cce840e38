/* Shape arithmetic: nodes whose results follow from shapes and constants become constants; so do single reals made of
   them, such as 1 / sqrt of a number of channels. */
#include "passes/edit.h"

#include <math.h>
#include <string.h>

static bool is_constant(const struct tensor *t)
{
    return t->ints && t->has_shape && !t->is_at_most && t->form == FORM_TENSOR && !t->is_output;
}

static bool gives_constants(const struct node *n)
{
    for (int i = 0; i < n->n_out; i++)
        if (!is_constant(n->out[i])) return false;
    return n->n_out > 0;
}

/* One f32 from at most two numbers; a is all that operators of one input have. */
static bool compute(const char *op, double a, double b, double *out)
{
    if (!strcmp(op, "Cast") || !strcmp(op, "Reshape") || !strcmp(op, "Squeeze") || !strcmp(op, "Unsqueeze"))
        *out = a;
    else if (!strcmp(op, "Sqrt"))
        *out = sqrt(a);
    else if (!strcmp(op, "Reciprocal"))
        *out = 1 / a;
    else if (!strcmp(op, "Neg"))
        *out = -a;
    else if (!strcmp(op, "Add"))
        *out = a + b;
    else if (!strcmp(op, "Sub"))
        *out = a - b;
    else if (!strcmp(op, "Mul"))
        *out = a * b;
    else if (!strcmp(op, "Div"))
        *out = a / b;
    else if (!strcmp(op, "Pow"))
        *out = pow(a, b);
    else
        return false;
    *out = (double)(float)*out; /* as each step would round it */
    return true;
}

static bool is_single(const struct tensor *t)
{
    return t->has_shape && tensor_elements(t) == 1 && t->dtype == DTYPE_F32 && t->form == FORM_TENSOR && !t->is_output;
}

/* The value that a node gives as ConstantOfShape, or computes of constants. */
static bool find_real(const struct node *n, double *out)
{
    const struct attribute *value = node_attribute(n, "value");
    double a = 0, b = 0;
    if (*n->domain || n->n_out != 1 || !is_single(n->out[0]) || n->n_in < 1) return false;
    if (!strcmp(n->op_type, "ConstantOfShape")) {
        *out = value && value->type == ATTRIBUTE_TENSOR && value->t->reals ? value->t->reals[0] : 0;
        return !value || value->type != ATTRIBUTE_TENSOR || value->t->reals;
    }
    if (!edit_scalar(n->in[0], &a) || (n->n_in > 1 && !edit_scalar(n->in[1], &b))) return false;
    return compute(n->op_type, a, b, out) && isfinite(*out);
}

static gable_status keep_real(struct edit *e, const struct node *n, double value, gable_error *error)
{
    double *kept = arena_alloc(e->g->arena, sizeof *kept);
    if (!kept) return error_set(error, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    *kept = value;
    n->out[0]->reals = kept;
    return GABLE_OK;
}

gable_status pass_constants(struct edit *e, gable_error *error)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < e->g->n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        double value;
        bool is_real = !gives_constants(n) && find_real(n, &value);
        if (!is_real && !gives_constants(n)) continue;
        if (is_real) s = keep_real(e, n, value, error);
        for (int k = 0; k < n->n_out; k++) {
            n->out[k]->producer = NULL;
            n->out[k]->role = ROLE_CONSTANT;
        }
        e->is_dead[i] = true;
        if (!s) s = edit_note(e, &n, 1, "a constant", "shapes and constants alone decide it", error);
    }
    return s;
}
