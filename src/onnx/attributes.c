/* Tensors, types and attributes of the file in the graph's terms. */
#include "onnx/reader.h"
#include "onnx/values.h"

#include <stdio.h>
#include <string.h>

gable_status reader_initializer(struct reader *r, const char *name, int32_t data_type, size_t n_dims,
                                const int64_t *dims, struct tensor **out)
{
    enum dtype d = value_dtype(data_type);
    if (n_dims > SHAPE_RANK_MAX)
        return error_set(r->e, GABLE_BAD_INPUT, "the initializer %.80s has %zu dimensions, at most 64", name, n_dims);
    for (size_t i = 0; i < n_dims; i++)
        if (dims[i] < 0 || dims[i] > LIMIT_DIMENSION)
            return error_set(r->e, GABLE_BAD_INPUT, "the initializer %.80s has the dimension %lld", name,
                             (long long)dims[i]);
    if (d == DTYPE_UNDEFINED)
        return error_set(r->e, GABLE_BAD_INPUT, "the initializer %.80s has the unknown data type %d", name, data_type);
    *out = graph_initializer(r->g, name, ROLE_WEIGHT, d, (int)n_dims, dims);
    return *out ? GABLE_OK : reader_no_memory(r);
}

void reader_place(const Onnx__TensorProto *p, uint64_t *at, uint64_t *length)
{
    unsigned long long from, n;
    if (!p->doc_string || sscanf(p->doc_string, "%llu %llu", &from, &n) != 2) return;
    *at = from;
    *length = n;
}

gable_status reader_tensor(struct reader *r, const Onnx__TensorProto *t, const char *name, struct tensor **out)
{
    gable_status s = reader_initializer(r, name, t->data_type, t->n_dims, t->dims, out);
    if (s || !*out) return s;
    reader_place(t, &(*out)->at, &(*out)->length);
    return value_read(r->g, t, r->file->bytes, r->file->len, *out, r->e);
}

/* A dimension of an input: its value, what binds it, or -1. Exporters write -1 for free. */
static int64_t dimension(const struct reader *r, const Onnx__TensorShapeProto__Dimension *d, int axis)
{
    int64_t value = -1;
    if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
        value = d->dim_value;
    else if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM)
        value = given_dimension(r->given, d->dim_param);
    if (value >= 0) return value;
    if (r->g->parent || axis > 0) return -1;
    return r->options->batch ? r->options->batch : r->options->keeps_free ? -1 : 1;
}

bool reader_type(const struct reader *r, const Onnx__TypeProto *type, enum dtype *d, enum tensor_form *form, int *rank,
                 int64_t *dim)
{
    *rank = -1;
    *form = FORM_TENSOR;
    if (type && type->value_case == ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE) {
        *form = FORM_OPTIONAL;
        type = type->optional_type->elem_type;
    }
    if (type && type->value_case == ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE) {
        *form = *form == FORM_OPTIONAL ? FORM_OPTIONAL_SEQUENCE : FORM_SEQUENCE;
        type = type->sequence_type->elem_type;
    }
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) return false;
    *d = value_dtype(type->tensor_type->elem_type);
    const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
    if (!shape || shape->n_dim > SHAPE_RANK_MAX) return !shape;
    *rank = (int)shape->n_dim;
    for (int i = 0; i < *rank; i++) dim[i] = dimension(r, shape->dim[i], i);
    return true;
}

/* The attribute that is meant: itself, or the one of the call that it refers to; NULL where the call has none. */
static const Onnx__AttributeProto *meant(const struct reader *r, const Onnx__AttributeProto *a)
{
    while (a && a->ref_attr_name && *a->ref_attr_name) {
        const Onnx__AttributeProto *given = NULL;
        if (!r->call) return NULL;
        for (size_t i = 0; i < r->call->n_attribute && !given; i++)
            if (r->call->attribute[i]->name && !strcmp(r->call->attribute[i]->name, a->ref_attr_name))
                given = r->call->attribute[i];
        a = given;
        r = r->caller;
    }
    return a;
}

static gable_status copy_tensor(struct reader *r, const Onnx__AttributeProto *a, const char *name, struct node *n)
{
    struct tensor *t = NULL;
    gable_status s = a->t ? reader_tensor(r, a->t, name, &t) : GABLE_OK;
    if (!s && t) {
        t->role = ROLE_CONSTANT;
        node_set_tensor(r->g, n, name, t);
    }
    return s;
}

static gable_status copy_floats(struct reader *r, const Onnx__AttributeProto *a, const char *name, struct node *n)
{
    double *wide = arena_array(r->g->arena, a->n_floats + 1, sizeof *wide);
    if (!wide) return reader_no_memory(r);
    for (size_t i = 0; i < a->n_floats; i++) wide[i] = (double)a->floats[i];
    node_set_floats(r->g, n, name, (int)a->n_floats, wide);
    return GABLE_OK;
}

static char *text_copy(struct reader *r, const ProtobufCBinaryData *s)
{
    char *text = arena_alloc(r->g->arena, s->len + 1);
    if (text && s->len) memcpy(text, s->data, s->len);
    return text;
}

static gable_status copy_strings(struct reader *r, const Onnx__AttributeProto *a, const char *name, struct node *n)
{
    const char **list = arena_array(r->g->arena, a->n_strings + 1, sizeof *list);
    if (!list) return reader_no_memory(r);
    for (size_t i = 0; i < a->n_strings; i++)
        if (!(list[i] = text_copy(r, &a->strings[i]))) return reader_no_memory(r);
    node_set_strings(r->g, n, name, (int)a->n_strings, list);
    return GABLE_OK;
}

/* Old files leave the type out: what is there says it. */
static Onnx__AttributeProto__AttributeType type_of(const Onnx__AttributeProto *a)
{
    if (a->type) return a->type;
    return a->has_f       ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
           : a->has_i     ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
           : a->has_s     ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
           : a->t         ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR
           : a->g         ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH
           : a->n_floats  ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
           : a->n_strings ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS
                          : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
}

static gable_status copy_body(struct reader *r, const Onnx__AttributeProto *a, const char *name, struct node *n)
{
    struct graph *body = NULL;
    gable_status s = a->g ? reader_body(r, a->g, name, &body) : GABLE_OK;
    if (!s && body) node_set_graph(r->g, n, name, body);
    return s;
}

static gable_status copy_attribute(struct reader *r, const Onnx__AttributeProto *a, const char *name, struct node *n)
{
    char *text;
    switch (type_of(a)) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: node_set_int(r->g, n, name, a->i); break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: node_set_float(r->g, n, name, (double)a->f); break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS: node_set_ints(r->g, n, name, (int)a->n_ints, a->ints); break;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS: return copy_floats(r, a, name, n);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS: return copy_strings(r, a, name, n);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR: return copy_tensor(r, a, name, n);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH: return copy_body(r, a, name, n);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
        text = text_copy(r, &a->s);
        if (!text) return reader_no_memory(r);
        node_set_string(r->g, n, name, text);
        break;
    default: break;
    }
    return GABLE_OK;
}

static size_t elements_of(const Onnx__AttributeProto *a) { return a->n_ints + a->n_floats + a->n_strings + a->s.len; }

gable_status reader_attributes(struct reader *r, const Onnx__NodeProto *p, struct node *n)
{
    gable_status s = GABLE_OK;
    if (p->n_attribute > LIMIT_ATTRIBUTES)
        return error_set(r->e, GABLE_BAD_INPUT, "has %zu attributes, at most %d are read", p->n_attribute,
                         LIMIT_ATTRIBUTES);
    for (size_t i = 0; i < p->n_attribute; i++)
        if (elements_of(p->attribute[i]) > LIMIT_ATTRIBUTE_ELEMENTS)
            return error_set(r->e, GABLE_BAD_INPUT, "an attribute has %zu elements, at most %d are read",
                             elements_of(p->attribute[i]), LIMIT_ATTRIBUTE_ELEMENTS);
    for (size_t i = 0; i < p->n_attribute && !s; i++) {
        const Onnx__AttributeProto *a = meant(r, p->attribute[i]);
        if (p->attribute[i]->name && a) s = copy_attribute(r, a, p->attribute[i]->name, n);
    }
    return s;
}

static struct tensor *scalar_int(struct reader *r, const char *name, int64_t value)
{
    struct tensor *t = graph_constant_ints(r->g, name, 1, &value);
    if (t) tensor_set_shape(r->g, t, DTYPE_S64, 0, NULL);
    return t;
}

static struct tensor *list_of_reals(struct reader *r, const char *name, size_t n, const float *values)
{
    const int64_t dim = (int64_t)n;
    struct tensor *t = graph_initializer(r->g, name, ROLE_CONSTANT, DTYPE_F32, 1, &dim);
    double *copy = arena_array(r->g->arena, n + 1, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++) copy[i] = (double)values[i];
    if (t) t->reals = copy;
    return copy ? t : NULL;
}

/* Values in attributes of their own; *out stays NULL where only a kernel makes them. */
static gable_status constant_of(struct reader *r, const Onnx__AttributeProto *a, const char *kind, const char *name,
                                struct tensor **out)
{
    if (!strcmp(kind, "value") && a->t) return reader_tensor(r, a->t, name, out);
    if (!strcmp(kind, "sparse_value") && a->sparse_tensor) return reader_sparse(r, a->sparse_tensor, name, out);
    if (!strcmp(kind, "value_int"))
        *out = scalar_int(r, name, a->i);
    else if (!strcmp(kind, "value_ints"))
        *out = graph_constant_ints(r->g, name, (int)a->n_ints, a->ints);
    else if (!strcmp(kind, "value_float"))
        *out = graph_constant_real(r->g, name, DTYPE_F32, (double)a->f);
    else if (!strcmp(kind, "value_floats"))
        *out = list_of_reals(r, name, a->n_floats, a->floats);
    else
        return GABLE_OK;
    return *out ? GABLE_OK : reader_no_memory(r);
}

gable_status reader_constant(struct reader *r, const Onnx__NodeProto *p, size_t i, bool *is_read)
{
    struct tensor *t = NULL;
    bool is_text = false;
    gable_status s = GABLE_OK;
    for (size_t k = 0; k < p->n_attribute && !t && !s; k++) {
        const Onnx__AttributeProto *a = meant(r, p->attribute[k]);
        const char *kind = p->attribute[k]->name;
        if (!kind || !a) continue;
        is_text = is_text || !strncmp(kind, "value_string", 12);
        s = constant_of(r, a, kind, p->output[0], &t);
    }
    *is_read = t || s;
    if (s || (!t && is_text)) return s;
    if (!t) return reader_node_error(r, p, i, "%s", "has no value that is understood");
    if (r->has_weights) t->role = ROLE_CONSTANT;
    return reader_define(r, p->output[0], t);
}
