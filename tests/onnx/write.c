#include "write.h"

#include "base/file.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

static void *made(struct arena *a, size_t bytes)
{
    void *p = arena_alloc(a, bytes);
    assert_non_null(p);
    return p;
}
/* One more pointer in a list of the arena. */
#define APPEND(a, list, n, item)                            \
    do {                                                    \
        void *grown_ = made(a, ((n) + 1) * sizeof *(list)); \
        if (n) memcpy(grown_, list, (n) * sizeof *(list));  \
        (list) = grown_;                                    \
        (list)[(n)++] = (item);                             \
    } while (0)

static void names(struct arena *a, const char *text, char ***list, size_t *n)
{
    char *copy = arena_string(a, text), *save = NULL;
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        APPEND(a, *list, *n, !strcmp(word, "-") ? arena_string(a, "") : word);
}

Onnx__ModelProto *write_model(struct arena *a)
{
    Onnx__ModelProto *m = made(a, sizeof *m);
    Onnx__OperatorSetIdProto *opset = made(a, sizeof *opset);
    onnx__model_proto__init(m);
    onnx__operator_set_id_proto__init(opset);
    opset->has_version = 1;
    opset->version = 17;
    APPEND(a, m->opset_import, m->n_opset_import, opset);
    m->graph = made(a, sizeof *m->graph);
    onnx__graph_proto__init(m->graph);
    return m;
}

Onnx__NodeProto *write_node(struct arena *a, const char *domain, const char *op, const char *in, const char *out)
{
    Onnx__NodeProto *n = made(a, sizeof *n);
    onnx__node_proto__init(n);
    n->domain = arena_string(a, domain);
    n->op_type = arena_string(a, op);
    names(a, in, &n->input, &n->n_input);
    names(a, out, &n->output, &n->n_output);
    return n;
}

void write_add_node(struct arena *a, Onnx__GraphProto *g, Onnx__NodeProto *n) { APPEND(a, g->node, g->n_node, n); }

static Onnx__ValueInfoProto *value_info(struct arena *a, const char *name)
{
    Onnx__ValueInfoProto *v = made(a, sizeof *v);
    onnx__value_info_proto__init(v);
    v->name = arena_string(a, name);
    return v;
}

void write_add_input(struct arena *a, Onnx__GraphProto *g, const char *name, int onnx_type, int rank,
                     const int64_t *dim)
{
    Onnx__ValueInfoProto *v = value_info(a, name);
    v->type = made(a, sizeof *v->type);
    onnx__type_proto__init(v->type);
    v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    v->type->tensor_type = made(a, sizeof *v->type->tensor_type);
    onnx__type_proto__tensor__init(v->type->tensor_type);
    v->type->tensor_type->has_elem_type = 1;
    v->type->tensor_type->elem_type = onnx_type;
    Onnx__TensorShapeProto *shape = v->type->tensor_type->shape = made(a, sizeof *shape);
    onnx__tensor_shape_proto__init(shape);
    for (int i = 0; i < rank; i++) {
        Onnx__TensorShapeProto__Dimension *d = made(a, sizeof *d);
        onnx__tensor_shape_proto__dimension__init(d);
        d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        d->dim_value = dim[i];
        APPEND(a, shape->dim, shape->n_dim, d);
    }
    APPEND(a, g->input, g->n_input, v);
}

void write_add_output(struct arena *a, Onnx__GraphProto *g, const char *name)
{
    APPEND(a, g->output, g->n_output, value_info(a, name));
}

Onnx__AttributeProto *write_attribute(struct arena *a, Onnx__NodeProto *n, const char *name)
{
    Onnx__AttributeProto *x = made(a, sizeof *x);
    onnx__attribute_proto__init(x);
    x->name = arena_string(a, name);
    APPEND(a, n->attribute, n->n_attribute, x);
    return x;
}

Onnx__TensorProto *write_tensor(struct arena *a, const char *name, int onnx_type, int rank, const int64_t *dim)
{
    Onnx__TensorProto *t = made(a, sizeof *t);
    onnx__tensor_proto__init(t);
    t->name = arena_string(a, name);
    t->has_data_type = 1;
    t->data_type = onnx_type;
    for (int i = 0; i < rank; i++) APPEND(a, t->dims, t->n_dims, dim[i]);
    return t;
}

Onnx__TensorProto *write_add_initializer(struct arena *a, Onnx__GraphProto *g, const char *name, int onnx_type,
                                         int rank, const int64_t *dim)
{
    Onnx__TensorProto *t = write_tensor(a, name, onnx_type, rank, dim);
    APPEND(a, g->initializer, g->n_initializer, t);
    return t;
}

Onnx__SparseTensorProto *write_sparse(struct arena *a, Onnx__TensorProto *values, Onnx__TensorProto *indices, int rank,
                                      const int64_t *dim)
{
    Onnx__SparseTensorProto *t = made(a, sizeof *t);
    onnx__sparse_tensor_proto__init(t);
    t->values = values;
    t->indices = indices;
    for (int i = 0; i < rank; i++) APPEND(a, t->dims, t->n_dims, dim[i]);
    return t;
}

void write_add_sparse(struct arena *a, Onnx__GraphProto *g, Onnx__SparseTensorProto *t)
{
    APPEND(a, g->sparse_initializer, g->n_sparse_initializer, t);
}

void write_external(struct arena *a, Onnx__TensorProto *t, const char *key, const char *value)
{
    Onnx__StringStringEntryProto *entry = made(a, sizeof *entry);
    onnx__string_string_entry_proto__init(entry);
    entry->key = arena_string(a, key);
    entry->value = arena_string(a, value);
    APPEND(a, t->external_data, t->n_external_data, entry);
    t->has_data_location = 1;
    t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

Onnx__FunctionProto *write_add_function(struct arena *a, Onnx__ModelProto *m, const char *domain, const char *name,
                                        const char *in, const char *out)
{
    Onnx__FunctionProto *f = made(a, sizeof *f);
    onnx__function_proto__init(f);
    f->domain = arena_string(a, domain);
    f->name = arena_string(a, name);
    names(a, in, &f->input, &f->n_input);
    names(a, out, &f->output, &f->n_output);
    APPEND(a, m->functions, m->n_functions, f);
    return f;
}

void write_function_node(struct arena *a, Onnx__FunctionProto *f, Onnx__NodeProto *n)
{
    APPEND(a, f->node, f->n_node, n);
}

void write_file(const Onnx__ModelProto *m, const char *path)
{
    size_t len = onnx__model_proto__get_packed_size(m);
    uint8_t *bytes = malloc(len + 1);
    gable_error e = {0};
    assert_non_null(bytes);
    onnx__model_proto__pack(m, bytes);
    assert_ok(file_write(path, bytes, len, &e), &e);
    free(bytes);
}
