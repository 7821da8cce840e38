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

static bool is_named(const struct onnx_shape *s, const Onnx__TensorShapeProto__Dimension *d)
{
    return name_of(d) && is_called(s, name_of(d));
}

static gable_status check_dimensions(const struct onnx_shape *s, const Onnx__ValueInfoProto *v, gable_error *e)
{
    const Onnx__TensorShapeProto *stated = stated_shape(v);
    if (stated && stated->n_dim != (size_t)s->rank)
        return error_set(e, GABLE_USAGE, "the input '%.80s' has %zu dimensions, --shape gives %d", v->name,
                         stated->n_dim, s->rank);
    for (int i = 0; i < s->rank; i++) {
        if (!fixed_at(v, i) || fixed_at(v, i) == s->dim[i]) continue;
        return error_set(e, GABLE_USAGE, "dimension %d of the input '%.80s' is %lld in the file, --shape gives %lld", i,
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

static gable_status check_value(const struct given *g, const char *name, int64_t now, gable_error *e)
{
    int64_t known = given_dimension(g, name);
    if (known < 0 || known == now) return GABLE_OK;
    return error_set(e, GABLE_USAGE, "the dimension %.60s is both %lld and %lld by what is given", name,
                     (long long)known, (long long)now);
}

/* A dimension of that name among the inputs'. */
static gable_status check_bound(const struct given *g, const struct onnx_shape *s, gable_error *e)
{
    const Onnx__GraphProto *p = g->graph;
    enum { NAMES_MAX = 256 };
    const char *names[NAMES_MAX], *near;
    char name[128];
    size_t n = 0;
    for (size_t i = 0; i < p->n_input; i++) {
        const Onnx__TensorShapeProto *stated = stated_shape(p->input[i]);
        for (size_t k = 0; stated && k < stated->n_dim; k++) {
            if (is_named(s, stated->dim[k])) return check_value(g, name_of(stated->dim[k]), s->dim[0], e);
            if (name_of(stated->dim[k]) && n < NAMES_MAX) names[n++] = name_of(stated->dim[k]);
        }
    }
    snprintf(name, sizeof name, "%.*s", s->length, s->name);
    near = text_nearest(name, names, n);
    return error_set(e, GABLE_USAGE, "no free dimension is called '%.60s'%s%.60s%s", name,
                     near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static gable_status check_names(const struct given *g, int k, gable_error *e)
{
    const Onnx__TensorShapeProto *stated = stated_shape(g->input[k]);
    gable_status s = GABLE_OK;
    for (int i = 0; stated && i < g->options->shapes[k].rank && !s; i++) {
        const char *name = name_of(stated->dim[i]);
        if (name && *name) s = check_value(g, name, dimension_of(g, k, i), e);
    }
    return s;
}

/* Where the pixels of an image are in an input of four dimensions: behind the channels, or before them where these
   alone are few and fixed. */
static int first_of_pixels(const Onnx__ValueInfoProto *v)
{
    const Onnx__TensorShapeProto *stated = stated_shape(v);
    if (!stated || stated->n_dim != 4) return -1;
    int64_t last = fixed_at(v, 3), second = fixed_at(v, 1);
    return last > 0 && last <= 4 && !(second > 0 && second <= 4) ? 1 : 2;
}

static int64_t sized(const struct onnx_options *o, const Onnx__ValueInfoProto *v, int i)
{
    int first = first_of_pixels(v);
    return !o->height || first < 0 || i < first || i > first + 1 ? -1 : i == first ? o->height : o->width;
}

/* Does a shape of the same input say another size? */
static bool is_contradicted(const struct given *g, const Onnx__ValueInfoProto *v)
{
    bool is_other = false;
    for (int k = 0; k < g->options->n_shapes; k++)
        for (int i = 0; g->input[k] == v && i < 4; i++)
            is_other |= sized(g->options, v, i) > 0 && sized(g->options, v, i) != g->options->shapes[k].dim[i];
    return is_other;
}

/* What is no image has no size; what is one, and fixed, has another. */
static gable_status check_size(const struct given *g, gable_error *e)
{
    int images = 0;
    for (size_t k = 0; k < g->graph->n_input; k++) {
        const Onnx__ValueInfoProto *v = g->graph->input[k];
        if (!v->name || first_of_pixels(v) < 0 || is_initializer(g->graph, v->name)) continue;
        images++;
        if (is_contradicted(g, v))
            return error_set(e, GABLE_USAGE, "--size or --shape: which one is it for the input '%.80s'?", v->name);
        for (int i = 1; i < 4; i++)
            if (sized(g->options, v, i) > 0 && fixed_at(v, i) && fixed_at(v, i) != sized(g->options, v, i))
                return error_set(e, GABLE_USAGE,
                                 "dimension %d of the input '%.80s' is %lld in the file, --size gives %lld", i, v->name,
                                 (long long)fixed_at(v, i), (long long)sized(g->options, v, i));
    }
    return images ? GABLE_OK : error_set(e, GABLE_USAGE, "--size is of images, and no input has four dimensions");
}

gable_status given_match(struct given *out, const Onnx__GraphProto *p, const struct onnx_options *options,
                         gable_error *e)
{
    gable_status s = GABLE_OK;
    *out = (struct given){.options = options, .graph = p};
    for (int k = 0; k < options->n_shapes && !s; k++) {
        const struct onnx_shape *shape = &options->shapes[k];
        if (shape->is_dimension) {
            s = check_bound(out, shape, e);
            continue;
        }
        for (size_t i = 0; i < p->n_input && !out->input[k]; i++)
            if (p->input[i]->name && is_called(shape, p->input[i]->name)) out->input[k] = p->input[i];
        s = out->input[k] ? check_dimensions(shape, out->input[k], e) : unknown_input(p, shape, e);
        if (!s) s = check_names(out, k, e);
    }
    return s || !options->height ? s : check_size(out, e);
}

void given_size(const struct given *g, const Onnx__ValueInfoProto *input, int rank, int64_t *dim)
{
    for (int i = 0; i < rank; i++)
        if (dim[i] < 0 && sized(g->options, input, i) > 0) dim[i] = sized(g->options, input, i);
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

/* Other dimensions of the same name are as many pixels. */
static int64_t sized_by_name(const struct given *g, const char *name)
{
    for (size_t k = 0; k < g->graph->n_input; k++) {
        const Onnx__TensorShapeProto *stated = stated_shape(g->graph->input[k]);
        for (int i = 0; first_of_pixels(g->graph->input[k]) > 0 && i < 4; i++)
            if (name_of(stated->dim[i]) && !strcmp(name_of(stated->dim[i]), name) &&
                sized(g->options, g->graph->input[k], i) > 0)
                return sized(g->options, g->graph->input[k], i);
    }
    return -1;
}

/* Is it the first dimension of an input: then others of its name follow the batch. */
static bool is_batch(const struct given *g, const char *name)
{
    for (size_t k = 0; k < g->graph->n_input && *name; k++) {
        const Onnx__TensorShapeProto *stated = stated_shape(g->graph->input[k]);
        if (stated && stated->n_dim && name_of(stated->dim[0]) && !strcmp(name_of(stated->dim[0]), name)) return true;
    }
    return false;
}

int64_t given_dimension(const struct given *g, const char *name)
{
    const struct onnx_options *o = g->options;
    for (int i = 0; i < o->n_bindings; i++)
        if (!strcmp(o->bindings[i].name, name)) return o->bindings[i].value;
    for (int k = 0; k < o->n_shapes; k++) {
        const Onnx__TensorShapeProto *stated = g->input[k] ? stated_shape(g->input[k]) : NULL;
        if (o->shapes[k].is_dimension && is_called(&o->shapes[k], name)) return o->shapes[k].dim[0];
        for (int i = 0; stated && i < o->shapes[k].rank; i++)
            if (name_of(stated->dim[i]) && !strcmp(name_of(stated->dim[i]), name)) return dimension_of(g, k, i);
    }
    int64_t size = o->height ? sized_by_name(g, name) : -1;
    return size < 0 && o->batch && is_batch(g, name) ? o->batch : size;
}
