#include "onnx/onnx.h"

#include "onnx/names.h"
#include "onnx/scan.h"
#include "onnx/values.h"
#include "ops/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <onnx/onnx.pb-c.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NODES_MAX = 1000000, BYTES_PER_FILE_BYTE = 64, LEAST_BYTES = 32 << 20 };

struct mapping {
    const uint8_t *bytes;
    size_t len;
};

static gable_status mapping_open(struct mapping *m, const char *path, gable_error *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(e, errno == ENOENT ? GABLE_USAGE : GABLE_FAILED, "cannot be opened: %s", strerror(errno));
    gable_status s = GABLE_OK;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        s = error_set(e, GABLE_BAD_INPUT, "is not a regular file");
    else if (st.st_size == 0)
        s = error_set(e, GABLE_BAD_INPUT, "is empty, not an ONNX model");
    if (!s) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            s = error_set(e, GABLE_FAILED, "cannot be mapped: %s", strerror(errno));
        else
            *m = (struct mapping){p, (size_t)st.st_size};
    }
    close(fd);
    return s;
}

static void mapping_close(struct mapping *m)
{
    if (m->bytes) munmap((void *)m->bytes, m->len);
    *m = (struct mapping){0};
}

/* What people give by mistake, told apart by its first bytes. */
static const char *foreign_kind(const uint8_t *b, size_t len)
{
    static const struct {
        const char *magic, *what;
    } kinds[] = {
        {"version https://git-lfs", "a Git LFS pointer, not a model: run git lfs pull"},
        {"PK\x03\x04", "a zip archive (a PyTorch checkpoint?), not an ONNX model: export it with torch.onnx.export"},
        {"\x80\x02", "a Python pickle, not an ONNX model: export it with torch.onnx.export"},
        {"\x7f"
         "ELF",
         "a program, not an ONNX model"},
        {"<", "HTML or XML, not an ONNX model: was a web page saved instead of the file?"},
        {"{", "JSON, not an ONNX model"},
        {"\x89HDF", "an HDF5 file (Keras?), not an ONNX model: export it with tf2onnx"},
        {"GGUF", "a GGUF file, not an ONNX model"},
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        size_t n = strlen(kinds[i].magic);
        if (len >= n && !memcmp(b, kinds[i].magic, n)) return kinds[i].what;
    }
    return NULL;
}

struct reader {
    struct graph *g;
    struct names *names; /* tensors by name */
    const struct mapping *file;
    const struct onnx_options *options;
    gable_error *e;
};

static gable_status node_error(struct reader *r, const Onnx__NodeProto *n, int i, const char *why, const char *what)
{
    error_set(r->e, GABLE_BAD_INPUT, why, what);
    return error_within(r->e, "node %d %.60s (%.40s)", i, n->name ? n->name : "",
                        n->op_type ? n->op_type : "no op_type");
}

static gable_status define(struct reader *r, const char *name, struct tensor *t)
{
    if (!t) return error_set(r->e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    if (names_add(r->names, name, t)) return GABLE_OK;
    return error_set(r->e, names_find(r->names, name) ? GABLE_BAD_INPUT : GABLE_NO_MEMORY,
                     "the tensor %.80s is made twice", name);
}

static gable_status read_initializer(struct reader *r, const Onnx__TensorProto *t, const char *name,
                                     struct tensor **out)
{
    enum dtype d = value_dtype(t->data_type);
    if (t->n_dims > SHAPE_RANK_MAX)
        return error_set(r->e, GABLE_BAD_INPUT, "the initializer %.80s has %zu dimensions, at most 64", name,
                         t->n_dims);
    for (size_t i = 0; i < t->n_dims; i++)
        if (t->dims[i] < 0 || t->dims[i] > INT64_C(1) << 48)
            return error_set(r->e, GABLE_BAD_INPUT, "the initializer %.80s has the dimension %lld", name,
                             (long long)t->dims[i]);
    if (d == DTYPE_UNDEFINED)
        return error_set(r->e, GABLE_BAD_INPUT, "the initializer %.80s has the unknown data type %d", name,
                         t->data_type);
    *out = graph_initializer(r->g, name, ROLE_WEIGHT, d, (int)t->n_dims, t->dims);
    if (!*out) return error_set(r->e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    return value_read(r->g, t, r->file->bytes, r->file->len, *out, r->e);
}

/* A dimension of an input: its value, its binding, or -1. */
static int64_t dimension(const struct reader *r, const Onnx__TensorShapeProto__Dimension *d, int axis)
{
    if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) {
        if (d->dim_value >= 0) return d->dim_value;
    } else if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM) {
        for (int i = 0; i < r->options->n_bindings; i++)
            if (!strcmp(r->options->bindings[i].name, d->dim_param)) return r->options->bindings[i].value;
    }
    if (r->options->batch && axis == 0) return r->options->batch;
    return axis == 0 && !r->options->keeps_free ? 1 : -1;
}

static gable_status read_input(struct reader *r, const Onnx__ValueInfoProto *v)
{
    int64_t dim[SHAPE_RANK_MAX];
    const Onnx__TypeProto *type = v->type;
    if (!v->name || !*v->name) return error_set(r->e, GABLE_BAD_INPUT, "an input has no name");
    if (names_find(r->names, v->name)) return GABLE_OK; /* old files list their initializers as inputs */
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
        return error_set(r->e, GABLE_BAD_INPUT, "the input %.80s is not a tensor", v->name);
    const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
    enum dtype d = value_dtype(type->tensor_type->elem_type);
    if (!shape) return error_set(r->e, GABLE_BAD_INPUT, "the input %.80s has no shape", v->name);
    if (shape->n_dim > SHAPE_RANK_MAX)
        return error_set(r->e, GABLE_BAD_INPUT, "the input %.80s has more than 64 dimensions", v->name);
    for (size_t i = 0; i < shape->n_dim; i++) {
        dim[i] = dimension(r, shape->dim[i], (int)i);
        if (dim[i] < 0 && !r->options->keeps_free)
            return error_set(r->e, GABLE_BAD_INPUT,
                             "dimension %zu (%.40s) of the input %.80s is free: bind it with --bind NAME=VALUE", i,
                             shape->dim[i]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
                                 ? shape->dim[i]->dim_param
                                 : "unnamed",
                             v->name);
    }
    return define(r, v->name, graph_input(r->g, v->name, d, (int)shape->n_dim, dim));
}

static gable_status copy_tensor(struct reader *r, const Onnx__AttributeProto *a, struct node *n)
{
    struct tensor *t = NULL;
    gable_status s = a->t ? read_initializer(r, a->t, a->name, &t) : GABLE_OK;
    if (!s && t) {
        t->role = ROLE_CONSTANT;
        node_set_tensor(r->g, n, a->name, t);
    }
    return s;
}

static gable_status copy_floats(struct reader *r, const Onnx__AttributeProto *a, struct node *n)
{
    double *wide = arena_array(r->g->arena, a->n_floats + 1, sizeof *wide);
    if (!wide) return error_set(r->e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    for (size_t i = 0; i < a->n_floats; i++) wide[i] = (double)a->floats[i];
    node_set_floats(r->g, n, a->name, (int)a->n_floats, wide);
    return GABLE_OK;
}

static void copy_string(struct reader *r, const Onnx__AttributeProto *a, struct node *n)
{
    char *text = arena_alloc(r->g->arena, a->s.len + 1);
    if (text && a->s.len) memcpy(text, a->s.data, a->s.len);
    if (text) node_set_string(r->g, n, a->name, text);
}

/* Graphs (of If, Loop, Scan) are not copied: those operators have no row, and say so. */
static gable_status copy_attributes(struct reader *r, const Onnx__NodeProto *p, struct node *n)
{
    gable_status s = GABLE_OK;
    for (size_t i = 0; i < p->n_attribute && !s; i++) {
        const Onnx__AttributeProto *a = p->attribute[i];
        if (!a->name) continue;
        switch (a->type) {
        case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT: node_set_int(r->g, n, a->name, a->i); break;
        case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT: node_set_float(r->g, n, a->name, (double)a->f); break;
        case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
            node_set_ints(r->g, n, a->name, (int)a->n_ints, a->ints);
            break;
        case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS: s = copy_floats(r, a, n); break;
        case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING: copy_string(r, a, n); break;
        case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR: s = copy_tensor(r, a, n); break;
        default: break;
        }
    }
    return s;
}

/* Constant nodes are initializers by another name. */
static gable_status read_constant(struct reader *r, const Onnx__NodeProto *p, int i)
{
    struct tensor *t = NULL;
    gable_status s = GABLE_OK;
    for (size_t k = 0; k < p->n_attribute && !t && !s; k++) {
        const Onnx__AttributeProto *a = p->attribute[k];
        if (!a->name) continue;
        if (!strcmp(a->name, "value") && a->t)
            s = read_initializer(r, a->t, p->output[0], &t);
        else if (!strcmp(a->name, "value_int"))
            t = graph_constant_ints(r->g, p->output[0], 1, &a->i);
        else if (!strcmp(a->name, "value_ints"))
            t = graph_constant_ints(r->g, p->output[0], (int)a->n_ints, a->ints);
        else if (!strcmp(a->name, "value_float"))
            t = graph_constant_real(r->g, p->output[0], DTYPE_F32, (double)a->f);
    }
    if (!s && !t) return node_error(r, p, i, "%s", "has no value that is understood");
    return s ? s : define(r, p->output[0], t);
}

/* Operands that steer an operator rather than being worked on are no parameters: the input index from which on. */
static int first_steering_input(const char *op)
{
    static const struct {
        const char *op;
        int from;
    } rows[] = {{"Clip", 1},   {"Reshape", 1},   {"Resize", 1},  {"Upsample", 1},   {"Pad", 1},       {"Slice", 1},
                {"Gather", 1}, {"Unsqueeze", 1}, {"Squeeze", 1}, {"ReduceMean", 1}, {"ReduceSum", 1}, {"Split", 1},
                {"Expand", 1}, {"Tile", 1},      {"TopK", 1},    {"Dropout", 1}};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (!strcmp(rows[i].op, op)) return rows[i].from;
    return 1 << 20;
}

static void set_roles(const struct node *n)
{
    int steering = first_steering_input(n->op_type);
    for (int i = 0; i < n->n_in; i++) {
        struct tensor *t = n->in[i];
        if (t->role != ROLE_WEIGHT) continue;
        bool is_real =
            t->dtype == DTYPE_F32 || t->dtype == DTYPE_F16 || t->dtype == DTYPE_BF16 || t->dtype == DTYPE_F64;
        if (!strcmp(n->op_type, "BatchNormalization") && i >= 3)
            t->role = ROLE_BUFFER;
        else if (i >= steering || (t->shape.rank == 0) || (t->ints && !is_real))
            t->role = ROLE_CONSTANT;
    }
}

static gable_status read_node(struct reader *r, const Onnx__NodeProto *p, int i)
{
    enum { OPERANDS_MAX = 4096 };
    if (!p->op_type || !*p->op_type) return node_error(r, p, i, "%s", "has no operator");
    if (p->n_output == 0 || p->n_input > OPERANDS_MAX || p->n_output > OPERANDS_MAX)
        return node_error(r, p, i, "%s", "has no output or more than 4096 operands");
    if (!strcmp(p->op_type, "Constant")) return read_constant(r, p, i);
    struct tensor **in = arena_array(r->g->arena, p->n_input + 1, sizeof(*in));
    if (!in) return error_set(r->e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    for (size_t k = 0; k < p->n_input; k++) {
        in[k] = *p->input[k] ? names_find(r->names, p->input[k]) : graph_absent(r->g);
        if (!in[k])
            return node_error(r, p, i,
                              "its input %.80s is made by no earlier node (a cycle, or the nodes are out of order)",
                              p->input[k]);
    }
    const char *name = p->name && *p->name ? p->name : p->output[0];
    const char *domain = p->domain && strcmp(p->domain, "ai.onnx") != 0 ? p->domain : "";
    struct node *n = graph_node(r->g, p->op_type, domain, name, NULL, (int)p->n_input, in, (int)p->n_output);
    if (!n) return error_set(r->e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    gable_status s = copy_attributes(r, p, n);
    set_roles(n);
    for (size_t k = 0; k < p->n_output; k++) {
        if (!*p->output[k]) { /* an output that nobody wants; a row knows its shape, without one it is not there */
            if (!op_find(domain, p->op_type)) n->out[k]->role = ROLE_ABSENT;
            continue;
        }
        n->out[k]->name = arena_string(r->g->arena, p->output[k]);
        if (!s) s = define(r, p->output[k], n->out[k]);
        if (s) return error_within(r->e, "node %d %.60s (%.40s)", i, name, p->op_type);
    }
    return GABLE_OK;
}

/* Keeps a stated shape where no row will infer one; a shape with unbound dimensions is none. */
static void keep_stated_shape(struct reader *r, const Onnx__ValueInfoProto *v)
{
    int64_t dim[SHAPE_RANK_MAX];
    struct tensor *t = v->name ? names_find(r->names, v->name) : NULL;
    const Onnx__TypeProto *type = v->type;
    if (!t || !t->producer || op_find(t->producer->domain, t->producer->op_type)) return;
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !type->tensor_type->shape) return;
    const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
    enum dtype d = value_dtype(type->tensor_type->elem_type);
    if (shape->n_dim > SHAPE_RANK_MAX || d == DTYPE_UNDEFINED) return;
    for (size_t i = 0; i < shape->n_dim; i++) {
        dim[i] = dimension(r, shape->dim[i], (int)i);
        if (dim[i] < 0 || dim[i] > INT64_C(1) << 48) return;
    }
    tensor_set_shape(r->g, t, d, (int)shape->n_dim, dim);
}

static void keep_stated_shapes(struct reader *r, const Onnx__GraphProto *p)
{
    for (size_t i = 0; i < p->n_value_info; i++) keep_stated_shape(r, p->value_info[i]);
    for (size_t i = 0; i < p->n_output; i++) keep_stated_shape(r, p->output[i]);
}

static gable_status read_graph(struct reader *r, const Onnx__GraphProto *p)
{
    gable_status s = GABLE_OK;
    if (p->n_node > NODES_MAX)
        return error_set(r->e, GABLE_BAD_INPUT, "has %zu nodes, at most %d are read", p->n_node, NODES_MAX);
    for (size_t i = 0; i < p->n_initializer && !s; i++) {
        struct tensor *t = NULL;
        const char *name = p->initializer[i]->name ? p->initializer[i]->name : "";
        s = read_initializer(r, p->initializer[i], name, &t);
        if (!s) s = define(r, name, t);
    }
    for (size_t i = 0; i < p->n_input && !s; i++) s = read_input(r, p->input[i]);
    for (size_t i = 0; i < p->n_node && !s; i++) s = read_node(r, p->node[i], (int)i);
    for (size_t i = 0; i < p->n_output && !s; i++) {
        struct tensor *t = p->output[i]->name ? names_find(r->names, p->output[i]->name) : NULL;
        if (t)
            graph_output(r->g, t);
        else
            s = error_set(r->e, GABLE_BAD_INPUT, "the output %.80s is made by no node",
                          p->output[i]->name ? p->output[i]->name : "");
    }
    if (!s) keep_stated_shapes(r, p);
    return s ? s : graph_check(r->g, r->e);
}

static gable_status read_model(const Onnx__ModelProto *m, const struct mapping *file, const char *path,
                               const struct onnx_options *options, struct graph **out, gable_error *e)
{
    const char *slash = strrchr(path, '/');
    struct reader r = {.file = file, .options = options, .e = e};
    if (!m->graph) return error_set(e, GABLE_BAD_INPUT, "holds no graph; this is not an ONNX model");
    r.g = graph_new(slash ? slash + 1 : path, path, LEAST_BYTES + BYTES_PER_FILE_BYTE * file->len);
    r.names = names_new();
    gable_status s = r.g && r.names ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory for the graph");
    for (size_t i = 0; !s && i < m->n_opset_import; i++) {
        const char *domain = m->opset_import[i]->domain;
        if (!domain || !*domain || !strcmp(domain, "ai.onnx")) r.g->opset = (int)m->opset_import[i]->version;
    }
    if (!s) s = read_graph(&r, m->graph);
    names_free(r.names);
    if (s)
        graph_free(r.g);
    else
        *out = r.g;
    return s;
}

gable_status onnx_read(const char *path, const struct onnx_options *options, struct graph **out, gable_error *e)
{
    const struct onnx_options defaults = {0};
    struct mapping file = {0};
    struct slim slim = {0};
    Onnx__ModelProto *m = NULL;
    gable_status s = mapping_open(&file, path, e);
    const char *foreign = s ? NULL : foreign_kind(file.bytes, file.len);
    if (foreign) s = error_set(e, GABLE_BAD_INPUT, "is %s", foreign);
    if (!s) s = scan_model(file.bytes, file.len, &slim, e);
    if (!s) {
        m = onnx__model_proto__unpack(NULL, slim.len, slim.bytes);
        if (!m) s = error_set(e, GABLE_BAD_INPUT, "is not an ONNX model, or a damaged one");
    }
    if (!s) s = read_model(m, &file, path, options ? options : &defaults, out, e);
    if (m) onnx__model_proto__free_unpacked(m, NULL);
    slim_release(&slim);
    mapping_close(&file);
    return s ? error_within(e, "%s", path) : GABLE_OK;
}

bool onnx_is_path(const char *word)
{
    size_t n = strlen(word);
    return strchr(word, '/') || (n > 5 && !strcmp(word + n - 5, ".onnx"));
}
