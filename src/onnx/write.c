#include "onnx/write.h"

#include "base/file.h"
#include "onnx/values.h"
#include "onnx/writer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Makes ONNX's number of a dtype; 0 for one that no file can hold. */
static int32_t type_number(enum dtype d)
{
    for (int32_t i = 1; i < 32; i++)
        if (value_dtype(i) == d) return i;
    return 0;
}

gable_status writer_no_memory(struct writer *w)
{
    return error_set(w->e, GABLE_NO_MEMORY, "memory ran out while writing the model");
}

char *writer_text(struct writer *w, const char *format, const char *a) { return arena_printf(w->arena, format, a); }

static int64_t *dims_of(struct writer *w, const struct shape *s)
{
    int64_t *dims = arena_array(w->arena, (size_t)s->rank + 1, sizeof *dims);
    if (dims && s->rank) memcpy(dims, s->dim, (size_t)s->rank * sizeof *dims);
    return dims;
}

static Onnx__ValueInfoProto *value_info(struct writer *w, const struct tensor *t)
{
    struct {
        Onnx__ValueInfoProto info;
        Onnx__TypeProto type;
        Onnx__TypeProto__Tensor tensor;
        Onnx__TensorShapeProto shape;
    } *v = arena_alloc(w->arena, sizeof *v);
    size_t rank = (size_t)t->shape.rank;
    Onnx__TensorShapeProto__Dimension *dim = arena_array(w->arena, rank + 1, sizeof *dim), **dims;
    dims = arena_array(w->arena, rank + 1, sizeof(*dims));
    if (!v || !dim || !dims) return NULL;
    onnx__value_info_proto__init(&v->info);
    onnx__type_proto__init(&v->type);
    onnx__type_proto__tensor__init(&v->tensor);
    onnx__tensor_shape_proto__init(&v->shape);
    for (size_t i = 0; i < rank; i++) {
        onnx__tensor_shape_proto__dimension__init(&dim[i]);
        dim[i].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        dim[i].dim_value = t->shape.dim[i];
        dims[i] = &dim[i];
        if (i || !w->frees_batch) continue;
        dim[i].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        dim[i].dim_param = (char *)(uintptr_t) "batch";
    }
    v->shape.dim = dims;
    v->shape.n_dim = rank;
    v->tensor.elem_type = type_number(t->dtype);
    v->tensor.has_elem_type = 1;
    v->tensor.shape = &v->shape;
    v->type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    v->type.tensor_type = &v->tensor;
    v->info.name = (char *)(uintptr_t)t->name;
    v->info.type = &v->type;
    return &v->info;
}

/* The bytes of a small constant that the graph itself holds. */
static uint8_t *small_bytes(struct writer *w, const struct tensor *t, size_t n)
{
    size_t each = (size_t)dtype_bits(t->dtype) / 8;
    uint8_t *bytes = arena_alloc(w->arena, n * each + 1);
    for (size_t i = 0; bytes && i < n; i++) {
        if (t->ints) {
            memcpy(bytes + i * each, &t->ints[i], each); /* little-endian: the low bytes */
        } else if (t->dtype == DTYPE_F64) {
            memcpy(bytes + i * each, &t->reals[i], each);
        } else {
            float narrow = (float)t->reals[i];
            memcpy(bytes + i * each, &narrow, each);
        }
    }
    return bytes;
}

static gable_status dense(struct writer *w, const struct tensor *t, const void *bytes)
{
    Onnx__TensorProto *p = arena_alloc(w->arena, sizeof *p);
    if (!p || !bytes) return writer_no_memory(w);
    onnx__tensor_proto__init(p);
    p->name = (char *)(uintptr_t)t->name;
    p->data_type = type_number(t->dtype);
    p->has_data_type = 1;
    p->n_dims = (size_t)t->shape.rank;
    p->dims = dims_of(w, &t->shape);
    p->has_raw_data = 1;
    p->raw_data.data = (uint8_t *)(uintptr_t)bytes;
    p->raw_data.len = (size_t)tensor_bytes(t);
    w->graph.initializer[w->graph.n_initializer++] = p;
    return p->dims ? GABLE_OK : writer_no_memory(w);
}

/* A list of nothing; NULL when memory is out. */
static Onnx__TensorProto *empty_list(struct writer *w, const char *name, enum dtype d)
{
    Onnx__TensorProto *p = arena_alloc(w->arena, sizeof *p);
    int64_t *none = arena_array(w->arena, 1, sizeof *none);
    if (!p || !none) return NULL;
    onnx__tensor_proto__init(p);
    p->name = (char *)(uintptr_t)name;
    p->data_type = type_number(d);
    p->has_data_type = 1;
    p->n_dims = 1;
    p->dims = none;
    p->has_raw_data = 1;
    return p;
}

/* Its shape and no values: zeros. ONNX would do without the places of nothing, Netron does not. */
static gable_status sparse(struct writer *w, const struct tensor *t)
{
    Onnx__SparseTensorProto *p = arena_alloc(w->arena, sizeof *p);
    int64_t *dims = dims_of(w, &t->shape);
    if (!p || !dims) return writer_no_memory(w);
    onnx__sparse_tensor_proto__init(p);
    p->values = empty_list(w, t->name, t->dtype);
    p->indices = empty_list(w, NULL, DTYPE_S64);
    if (!p->values || !p->indices) return writer_no_memory(w);
    p->n_dims = (size_t)t->shape.rank;
    p->dims = dims;
    w->graph.sparse_initializer[w->graph.n_sparse_initializer++] = p;
    return GABLE_OK;
}

static gable_status write_initializer(struct writer *w, const struct tensor *t)
{
    if (!type_number(t->dtype))
        return error_set(w->e, GABLE_BAD_INPUT, "%.80s is of type %s, which no ONNX file holds", t->name,
                         dtype_name(t->dtype));
    if (t->ints || t->reals) return dense(w, t, small_bytes(w, t, (size_t)tensor_elements(t)));
    if (!w->values) return sparse(w, t);
    if (w->values[t->index]) return dense(w, t, w->values[t->index]);
    return error_set(w->e, GABLE_BAD_INPUT, "%.80s has no values", t->name);
}

static gable_status write_edges(struct writer *w)
{
    const struct graph *g = w->g;
    for (int i = 0; i < g->n_inputs; i++)
        if (!(w->graph.input[w->graph.n_input++] = value_info(w, g->inputs[i]))) return writer_no_memory(w);
    for (int i = 0; i < g->n_outputs; i++)
        if (!(w->graph.output[w->graph.n_output++] = value_info(w, g->outputs[i]))) return writer_no_memory(w);
    gable_status s = GABLE_OK;
    for (int i = 0; i < g->n_tensors && !s; i++)
        if (w->is_used[i] && tensor_is_initializer(g->tensors[i])) s = write_initializer(w, g->tensors[i]);
    return s;
}

static gable_status make_room(struct writer *w)
{
    size_t nodes = WRITER_NODES * (size_t)w->g->n_nodes + 1, tensors = (size_t)w->g->n_tensors + 1;
    onnx__graph_proto__init(&w->graph);
    w->graph.name = (char *)(uintptr_t)w->g->name;
    w->graph.node = arena_array(w->arena, nodes, sizeof(*w->graph.node));
    w->graph.initializer = arena_array(w->arena, tensors, sizeof(*w->graph.initializer));
    w->graph.sparse_initializer = arena_array(w->arena, tensors, sizeof(*w->graph.sparse_initializer));
    w->graph.input = arena_array(w->arena, tensors, sizeof(*w->graph.input));
    w->graph.output = arena_array(w->arena, tensors, sizeof(*w->graph.output));
    w->is_used = arena_array(w->arena, tensors, sizeof *w->is_used);
    return w->is_used && w->graph.node && w->graph.initializer && w->graph.sparse_initializer && w->graph.input &&
                   w->graph.output
               ? GABLE_OK
               : writer_no_memory(w);
}

static gable_status pack(struct writer *w, const char *path)
{
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *opsets[] = {&opset};
    opset.domain = (char *)(uintptr_t) "";
    opset.version = ONNX_WRITE_OPSET;
    opset.has_version = 1;
    model.ir_version = ONNX_WRITE_IR;
    model.has_ir_version = 1;
    model.producer_name = (char *)(uintptr_t) "gable";
    model.producer_version = (char *)(uintptr_t)GABLE_VERSION;
    model.opset_import = opsets;
    model.n_opset_import = 1;
    model.graph = &w->graph;
    size_t len = onnx__model_proto__get_packed_size(&model);
    if (len > INT_MAX)
        return error_set(w->e, GABLE_BAD_INPUT, "%s would be %.1f GiB; protobuf's files end at 2 GiB: --no-weights",
                         path, (double)len / (1 << 30));
    uint8_t *bytes = malloc(len + 1);
    if (!bytes) return writer_no_memory(w);
    onnx__model_proto__pack(&model, bytes);
    gable_status s = file_write(path, bytes, len, w->e);
    free(bytes);
    return s;
}

gable_status onnx_write(const struct graph *g, const struct onnx_write_options *o, const char *path, gable_error *e)
{
    struct writer w = {.g = g,
                       .values = o->values,
                       .frees_batch = o->frees_batch,
                       .names = names_new(),
                       .arena = arena_new((size_t)1 << 30),
                       .e = e};
    gable_status s = w.names ? make_room(&w) : writer_no_memory(&w);
    for (int i = 0; i < g->n_nodes && !s; i++) {
        s = writer_node(&w, g->nodes[i]);
        if (o->at) o->at[i] = (int)w.graph.n_node - 1;
    }
    if (!s) s = write_edges(&w);
    if (!s) s = pack(&w, path);
    names_free(w.names);
    arena_free(w.arena);
    return s;
}
