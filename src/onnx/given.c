#include "onnx/given.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static bool is_called(const struct onnx_shape *s, const char *name)
{
    return !strncmp(s->name, name, (size_t)s->length) && !name[s->length];
}

static const Onnx__TensorShapeProto *stated_shape(const Onnx__ValueInfoProto *v)
{
    const Onnx__TypeProto *type = v->type;
    return type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE && type->tensor_type
               ? type->tensor_type->shape
               : NULL;
}

static const char *name_of(const Onnx__TensorShapeProto__Dimension *d)
{
    return d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM ? d->dim_param : NULL;
}

/* Is this an input that values come from: old files list their initializers as inputs too. */
static bool is_initializer(const Onnx__GraphProto *p, const char *name)
{
    for (size_t i = 0; i < p->n_initializer; i++)
        if (p->initializer[i]->name && !strcmp(p->initializer[i]->name, name)) return true;
    return false;
}

static gable_status unknown_input(const Onnx__GraphProto *p, const struct onnx_shape *s, gable_error *e)
{
    enum { NAMES_MAX = 256 };
    const char *names[NAMES_MAX], *near;
    char name[128];
    size_t n = 0;
    for (size_t i = 0; i < p->n_input && n < NAMES_MAX; i++)
        if (p->input[i]->name && !is_initializer(p, p->input[i]->name)) names[n++] = p->input[i]->name;
    snprintf(name, sizeof name, "%.*s", s->length, s->name);
    near = text_nearest(name, names, n);
    if (!near && n == 1) near = names[0];
    return error_set(e, GABLE_USAGE, "the model has no input '%.60s'%s%.60s%s", name, near ? ", did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

/* What the file fixes dimension i at; 0 where it is free, or written as 0, as some exporters do for free. */
static int64_t fixed_at(const Onnx__ValueInfoProto *v, int i)
{
    const Onnx__TensorShapeProto *stated = stated_shape(v);
    if (!stated || stated->dim[i]->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) return 0;
    return stated->dim[i]->dim_value > 0 ? stated->dim[i]->dim_value : 0;
}

static gable_status check_dimensions(const struct onnx_shape *s, const Onnx__ValueInfoProto *v, gable_error *e)
{
    const Onnx__TensorShapeProto *stated = stated_shape(v);
    if (stated && stated->n_dim != (size_t)s->rank)
        return error_set(e, GABLE_USAGE, "the input %.80s has %zu dimensions, --shape gives %d", v->name, stated->n_dim,
                         s->rank);
    for (int i = 0; i < s->rank; i++) {
        if (!fixed_at(v, i) || fixed_at(v, i) == s->dim[i]) continue;
        return error_set(e, GABLE_USAGE, "dimension %d of the input %.80s is %lld in the file, --shape gives %lld", i,
                         v->name, (long long)fixed_at(v, i), (long long)s->dim[i]);
    }
    return GABLE_OK;
}

/* Dimension i of shape k, as it is given or as the batch that is tried instead. */
static int64_t dimension_of(const struct given *g, int k, int i)
{
    const struct onnx_options *o = g->options;
    int64_t given = o->shapes[k].dim[i];
    return i == 0 && o->batch && given == o->shapes[0].dim[0] && !fixed_at(g->input[k], 0) ? o->batch : given;
}

static gable_status check_names(const struct given *g, int k, gable_error *e)
{
    const Onnx__TensorShapeProto *stated = stated_shape(g->input[k]);
    for (int i = 0; stated && i < g->options->shapes[k].rank; i++) {
        const char *name = name_of(stated->dim[i]);
        int64_t known = name && *name ? given_dimension(g, name) : -1, now = dimension_of(g, k, i);
        if (known < 0 || known == now) continue;
        return error_set(e, GABLE_USAGE, "the dimension %.60s is both %lld and %lld by what is given", name,
                         (long long)known, (long long)now);
    }
    return GABLE_OK;
}

gable_status given_match(struct given *out, const Onnx__GraphProto *p, const struct onnx_options *options,
                         gable_error *e)
{
    gable_status s = GABLE_OK;
    *out = (struct given){.options = options};
    for (int k = 0; k < options->n_shapes && !s; k++) {
        const struct onnx_shape *shape = &options->shapes[k];
        for (size_t i = 0; i < p->n_input && !out->input[k]; i++)
            if (p->input[i]->name && is_called(shape, p->input[i]->name)) out->input[k] = p->input[i];
        s = out->input[k] ? check_dimensions(shape, out->input[k], e) : unknown_input(p, shape, e);
        if (!s) s = check_names(out, k, e);
    }
    return s;
}

int given_shape(const struct given *g, const Onnx__ValueInfoProto *input, int64_t *dim)
{
    for (int k = 0; k < g->options->n_shapes; k++) {
        if (g->input[k] != input) continue;
        for (int i = 0; i < g->options->shapes[k].rank; i++) dim[i] = dimension_of(g, k, i);
        return g->options->shapes[k].rank;
    }
    return -1;
}

int64_t given_dimension(const struct given *g, const char *name)
{
    const struct onnx_options *o = g->options;
    for (int i = 0; i < o->n_bindings; i++)
        if (!strcmp(o->bindings[i].name, name)) return o->bindings[i].value;
    for (int k = 0; k < o->n_shapes; k++) {
        const Onnx__TensorShapeProto *stated = g->input[k] ? stated_shape(g->input[k]) : NULL;
        for (int i = 0; stated && i < o->shapes[k].rank; i++)
            if (name_of(stated->dim[i]) && !strcmp(name_of(stated->dim[i]), name)) return dimension_of(g, k, i);
    }
    return -1;
}
