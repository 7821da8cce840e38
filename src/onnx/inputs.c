/* Inputs of a graph: in the shape that the file states, with what is free there bound, noted or asked for. */
#include "base/limits.h"
#include "onnx/reader.h"

#include <stdio.h>
#include <string.h>

void onnx_shape_text(const char *name, int rank, const int64_t *dim, char *out, size_t room)
{
    size_t n = (size_t)snprintf(out, room, "%.60s=", name);
    for (int i = 0; i < rank && n < room; i++)
        n += (size_t)(dim[i] < 0 ? snprintf(out + n, room - n, "%sN", i ? "x" : "")
                                 : snprintf(out + n, room - n, "%s%lld", i ? "x" : "", (long long)dim[i]));
}

/* The name of a dimension that nothing binds, "" where it has none; NULL where it is known. */
static const char *free_name(const struct reader *r, const Onnx__TensorShapeProto__Dimension *d)
{
    if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) return d->dim_value < 0 ? "" : NULL;
    if (d->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM || !d->dim_param) return "";
    return given_dimension(r->given, d->dim_param) < 0 ? d->dim_param : NULL;
}

static void note_free(struct onnx_frees *f, const char *name, int axis)
{
    if (!*name) f->has_batch |= axis == 0;
    for (int i = 0; i < f->n; i++)
        if (!strcmp(f->name[i], name)) {
            f->is_first[i] |= axis == 0;
            return;
        }
    if (!*name || f->n == ONNX_FREES_MAX || strlen(name) >= ONNX_FREE_NAME) return;
    f->is_first[f->n] = axis == 0;
    memcpy(f->name[f->n++], name, strlen(name) + 1);
}

/* For an analysis every shape must be known; a run takes it from the values. Dimensions are asked for together, when
   all inputs were seen. */
static gable_status check_known(struct reader *r, const Onnx__ValueInfoProto *v, int rank, const int64_t *dim)
{
    if (rank < 0)
        return error_set(r->e, GABLE_BAD_INPUT, "the input '%.80s' has no shape: say one, such as --shape %.60s=1x8",
                         v->name, v->name);
    for (int i = 0; i < rank; i++) r->has_free |= dim[i] < 0;
    return GABLE_OK;
}

/* No rule of shapes sees a dimension with which it could not count. */
static gable_status check_range(struct reader *r, const char *name, int rank, const int64_t *dim)
{
    for (int i = 0; i < rank; i++)
        if (dim[i] > LIMIT_DIMENSION)
            return error_set(r->e, GABLE_BAD_INPUT, "dimension %d of the input %.60s is %lld, it must be 0 to 2^48", i,
                             name, (long long)dim[i]);
    return GABLE_OK;
}

static gable_status settle(struct reader *r, const Onnx__ValueInfoProto *v, enum tensor_form form, int *rank,
                           int64_t *dim)
{
    if (r->g->parent || form != FORM_TENSOR) return GABLE_OK;
    int given = given_shape(r->given, v, dim);
    if (given >= 0)
        *rank = given;
    else if (r->options->frees)
        for (int i = 0; i < *rank; i++) {
            const char *name = free_name(r, v->type->tensor_type->shape->dim[i]);
            if (name) note_free(r->options->frees, name, i);
        }
    if (given < 0) given_size(r->given, v, *rank, dim);
    return r->options->keeps_free ? GABLE_OK : check_known(r, v, *rank, dim);
}

gable_status reader_input(struct reader *r, const Onnx__ValueInfoProto *v)
{
    int64_t dim[SHAPE_RANK_MAX];
    enum dtype d = DTYPE_UNDEFINED;
    enum tensor_form form;
    int rank = -1;
    if (!v->name || !*v->name) return error_set(r->e, GABLE_BAD_INPUT, "an input has no name");
    const struct tensor *known = names_find(r->names, v->name);
    if (known && known->role == ROLE_INPUT)
        return error_set(r->e, GABLE_BAD_INPUT, "the input '%.80s' is listed twice", v->name);
    if (known) return GABLE_OK; /* old files list their initializers as inputs */
    bool is_known = reader_type(r, v->type, &d, &form, &rank, dim);
    if (!is_known && rank < 0 && v->type && v->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
        return error_set(r->e, GABLE_BAD_INPUT, "the input '%.80s' has more than 64 dimensions", v->name);
    if (!is_known && !r->g->parent)
        return error_set(r->e, GABLE_BAD_INPUT, "the input '%.80s' is not a tensor", v->name);
    gable_status s = is_known ? settle(r, v, form, &rank, dim) : GABLE_OK;
    if (!s) s = check_range(r, v->name, rank, dim);
    struct tensor *t = s ? NULL : graph_input(r->g, v->name, d, rank < 0 ? 0 : rank, dim);
    if (t) t->form = form;
    bool is_free = rank < 0;
    for (int i = 0; i < rank && form != FORM_TENSOR; i++) is_free |= dim[i] < 0; /* elements that may differ */
    if (t && is_free) t->has_shape = false;
    return s ? s : reader_define(r, v->name, t);
}
