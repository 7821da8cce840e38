#include "ops/rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool rule_has(const struct node *n, int input) { return input < n->n_in && n->in[input]->role != ROLE_ABSENT; }

static gable_status in_range(const char *name, int64_t value, int64_t least, int64_t most, gable_error *e)
{
    if (value >= least && value <= most) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "%s is %" PRId64 ", it must be %" PRId64 " to %" PRId64, name, value, least,
                     most);
}

gable_status rule_int(const struct node *n, const char *name, int64_t fallback, int64_t least, int64_t most,
                      int64_t *out, gable_error *e)
{
    const struct attribute *a = node_attribute(n, name);
    if (a && a->type != ATTRIBUTE_INT) return error_set(e, GABLE_BAD_INPUT, "%s must be one integer", name);
    *out = a ? a->i : fallback;
    return a ? in_range(name, a->i, least, most, e) : GABLE_OK;
}

gable_status rule_axis(const struct node *n, int64_t fallback, int rank, int *axis, gable_error *e)
{
    int64_t value = 0;
    gable_status s = rule_int(n, "axis", fallback, INT64_MIN, INT64_MAX, &value, e);
    if (!s) s = in_range("axis", value, -rank, rank - 1, e);
    if (!s) *axis = (int)(value < 0 ? value + rank : value);
    return s;
}

gable_status rule_ints(const struct node *n, const char *name, int length, int64_t fallback, int64_t least,
                       int64_t most, int64_t *out, gable_error *e)
{
    const struct attribute *a = node_attribute(n, name);
    if (a && a->type != ATTRIBUTE_INTS) return error_set(e, GABLE_BAD_INPUT, "%s must be a list of integers", name);
    if (a && a->n != length)
        return error_set(e, GABLE_BAD_INPUT, "%s has %d values, this input needs %d", name, a->n, length);
    gable_status s = GABLE_OK;
    for (int i = 0; i < length && !s; i++) {
        out[i] = a ? a->ints[i] : fallback;
        if (a) s = in_range(name, out[i], least, most, e);
    }
    return s;
}

gable_status rule_listed(const struct node *n, const char *name, int input, int64_t *out, int *n_out, gable_error *e)
{
    const struct attribute *a = node_attribute(n, name);
    const int64_t *values = NULL;
    count length = -1;
    if (a) {
        if (a->type != ATTRIBUTE_INTS) return error_set(e, GABLE_BAD_INPUT, "%s must be a list of integers", name);
        values = a->ints;
        length = a->n;
    } else if (rule_has(n, input)) {
        values = n->in[input]->ints;
        length = tensor_elements(n->in[input]);
        if (!values && !(length == 0 && tensor_is_initializer(n->in[input])))
            return error_set(e, GABLE_BAD_INPUT, "%s must be a constant, not computed", name);
    }
    if (length > SHAPE_RANK_MAX)
        return error_set(e, GABLE_BAD_INPUT, "%s has %" PRId64 " values, at most %d are supported", name, length,
                         SHAPE_RANK_MAX);
    if (length > 0) memcpy(out, values, (size_t)length * sizeof *out);
    *n_out = (int)length;
    return GABLE_OK;
}

gable_status rule_axes(const struct node *n, int input, int rank, bool *is_axis, int *n_axes, gable_error *e)
{
    int64_t axes[SHAPE_RANK_MAX];
    gable_status s = rule_listed(n, "axes", input, axes, n_axes, e);
    memset(is_axis, 0, (size_t)rank * sizeof *is_axis);
    for (int i = 0; i < *n_axes && !s; i++) {
        s = in_range("axes", axes[i], -rank, rank - 1, e);
        if (s) break;
        int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (is_axis[axis]) s = error_set(e, GABLE_BAD_INPUT, "axes names axis %" PRId64 " twice", axis);
        is_axis[axis] = true;
    }
    return s;
}

gable_status rule_output(struct graph *g, struct node *n, int i, enum dtype d, int rank, const int64_t *dim,
                         gable_error *e)
{
    if (rank > SHAPE_RANK_MAX)
        return error_set(e, GABLE_BAD_INPUT, "the output has %d dimensions, at most %d are supported", rank,
                         SHAPE_RANK_MAX);
    for (int k = 0; k < rank; k++)
        if (dim[k] < 0 || dim[k] > DIM_MAX)
            return error_set(e, GABLE_BAD_INPUT, "dimension %d of the output is %" PRId64 ", it must be 0 to 2^48", k,
                             dim[k]);
    tensor_set_shape(g, n->out[i], d, rank, dim);
    return g->failed ? error_set(e, GABLE_NO_MEMORY, "the graph does not fit its memory limit") : GABLE_OK;
}

gable_status rule_same(struct graph *g, struct node *n, gable_error *e) { return rule_like(g, n, 0, n->in[0], e); }

gable_status rule_like(struct graph *g, struct node *n, int i, const struct tensor *t, gable_error *e)
{
    n->out[i]->form = t->form;
    n->out[i]->is_at_most |= t->is_at_most;
    if (t->has_shape) return rule_output(g, n, i, t->dtype, t->shape.rank, t->shape.dim, e);
    n->out[i]->dtype = t->dtype;
    return t->form == FORM_TENSOR ? rule_stated(n, i, "its shape is not known", e) : GABLE_OK;
}

gable_status rule_stated(const struct node *n, int i, const char *why, gable_error *e)
{
    if (n->out[i]->has_shape || n->out[i]->role == ROLE_ABSENT) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "output %d (%.60s): %s, and the file states no shape", i, n->out[i]->name,
                     why);
}

gable_status rule_whole(const struct node *n, int input, int64_t least, int64_t most, int64_t *out, gable_error *e)
{
    const struct tensor *t = n->in[input];
    bool is_known = t->has_shape && tensor_elements(t) == 1 && (t->ints || t->reals);
    if (!is_known || (t->reals && !(t->reals[0] > -1e15 && t->reals[0] < 1e15)))
        return error_set(e, GABLE_BAD_INPUT, "input %d must be one number that is known while the model is read",
                         input);
    *out = t->ints ? t->ints[0] : (int64_t)t->reals[0];
    char name[32];
    snprintf(name, sizeof name, "input %d", input);
    return in_range(name, *out, least, most, e);
}

gable_status rule_dtype(const struct node *n, const char *name, enum dtype fallback, enum dtype *out, gable_error *e)
{
    const struct attribute *a = node_attribute(n, name);
    *out = fallback;
    if (!a) return GABLE_OK;
    *out = a->type == ATTRIBUTE_INT ? dtype_of_onnx(a->i) : DTYPE_UNDEFINED;
    if (*out != DTYPE_UNDEFINED) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "%s is no data type that is known", name);
}

gable_status rule_rank(const struct node *n, int input, int least, gable_error *e)
{
    if (in_shape(n, input)->rank >= least) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "input %d has %d dimensions, at least %d are needed", input,
                     in_shape(n, input)->rank, least);
}

gable_status rule_broadcast(const struct node *n, int *rank, int64_t *dim, gable_error *e)
{
    *rank = 0;
    for (int i = 0; i < n->n_in; i++)
        if (in_shape(n, i)->rank > *rank) *rank = in_shape(n, i)->rank;
    for (int k = 0; k < *rank; k++) dim[k] = 1;
    for (int i = 0; i < n->n_in; i++) {
        const struct shape *s = in_shape(n, i);
        for (int k = 0; k < s->rank; k++) {
            int64_t *d = &dim[*rank - s->rank + k];
            if (*d != 1 && s->dim[k] != 1 && s->dim[k] != *d)
                return error_set(e, GABLE_BAD_INPUT,
                                 "input %d has %" PRId64 " where the others have %" PRId64
                                 " (dimension %d): they cannot be broadcast",
                                 i, s->dim[k], *d, *rank - s->rank + k);
            if (*d == 1) *d = s->dim[k];
        }
    }
    return GABLE_OK;
}

struct cost cost_none(const struct node *n)
{
    (void)n;
    return (struct cost){0};
}

struct cost cost_flops(count flops) { return (struct cost){.flops = flops}; }

struct cost cost_per_output(const struct node *n)
{
    return cost_flops(count_mul(n->op->per_element, tensor_elements(n->out[0])));
}
