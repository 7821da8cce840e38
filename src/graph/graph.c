#include "graph/graph.h"

#include <string.h>

static const struct {
    const char *name;
    int bits;
} dtypes[] = {
#define ROW(name, text, bits) {text, bits},
    DTYPES(ROW)
#undef ROW
};

const char *dtype_name(enum dtype d) { return dtypes[d].name; }

int dtype_bits(enum dtype d) { return dtypes[d].bits; }

enum dtype dtype_find(const char *name)
{
    for (int d = 1; d < DTYPE_N; d++)
        if (!strcmp(dtypes[d].name, name)) return (enum dtype)d;
    return DTYPE_UNDEFINED;
}

enum dtype dtype_of_onnx(int64_t number)
{
    static const enum dtype types[] = {
        [1] = DTYPE_F32,  [2] = DTYPE_U8,   [3] = DTYPE_S8,     [4] = DTYPE_U16,   [5] = DTYPE_S16,
        [6] = DTYPE_S32,  [7] = DTYPE_S64,  [8] = DTYPE_STRING, [9] = DTYPE_BOOL,  [10] = DTYPE_F16,
        [11] = DTYPE_F64, [12] = DTYPE_U32, [13] = DTYPE_U64,   [16] = DTYPE_BF16,
    };
    return number > 0 && number < (int64_t)COUNT_OF(types) ? types[number] : DTYPE_UNDEFINED;
}

count shape_product(const struct shape *s, int first)
{
    count product = 1;
    for (int i = first; i < s->rank; i++) {
        if (s->dim[i] == 0) return 0;
        product = count_mul(product, s->dim[i]);
    }
    return product;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

struct graph *graph_new(const char *name, const char *source, size_t bytes_max)
{
    struct arena *a = arena_new(bytes_max);
    struct graph *g = arena_alloc(a, sizeof *g);
    if (!g) {
        arena_free(a);
        return NULL;
    }
    g->arena = a;
    g->name = arena_string(a, name);
    g->source = arena_string(a, source);
    g->failed = !g->name || !g->source;
    return g;
}

void graph_free(struct graph *g)
{
    if (g) arena_free(g->arena);
}

/* Room for one more pointer in an array of the arena; the old array stays there until the end. */
static void *grown(struct graph *g, void *array, int n, int *room, size_t size)
{
    if (n < *room) return array;
    int more = *room ? 2 * *room : 16;
    void *fresh = arena_array(g->arena, (size_t)more, size);
    if (!fresh) {
        g->failed = true;
        return NULL;
    }
    if (n) memcpy(fresh, array, (size_t)n * size);
    *room = more;
    return fresh;
}

static void append(struct graph *g, struct tensor ***list, int *n, int *room, struct tensor *t)
{
    struct tensor **array = t ? grown(g, *list, *n, room, sizeof *array) : NULL;
    if (!array) {
        g->failed = true;
        return;
    }
    *list = array;
    array[(*n)++] = t;
}

static struct tensor *tensor_new(struct graph *g, const char *name, enum tensor_role role)
{
    struct tensor *t = arena_alloc(g->arena, sizeof *t);
    if (t) {
        t->name = arena_string(g->arena, name);
        t->role = role;
        t->index = g->n_tensors;
    }
    if (!t || !t->name) {
        g->failed = true;
        return NULL;
    }
    append(g, &g->tensors, &g->n_tensors, &g->room_tensors, t);
    return t;
}

void tensor_set_shape(struct graph *g, struct tensor *t, enum dtype d, int rank, const int64_t *dim)
{
    int64_t *copy = arena_array(g->arena, (size_t)(rank ? rank : 1), sizeof *copy);
    if (!t || !copy) {
        g->failed = true;
        return;
    }
    if (rank) memcpy(copy, dim, (size_t)rank * sizeof *copy);
    t->dtype = d;
    t->shape = (struct shape){rank, copy};
    t->has_shape = true;
}

struct tensor *graph_input(struct graph *g, const char *name, enum dtype d, int rank, const int64_t *dim)
{
    struct tensor *t = tensor_new(g, name, ROLE_INPUT);
    tensor_set_shape(g, t, d, rank, dim);
    append(g, &g->inputs, &g->n_inputs, &g->room_inputs, t);
    return t;
}

struct tensor *graph_initializer(struct graph *g, const char *name, enum tensor_role role, enum dtype d, int rank,
                                 const int64_t *dim)
{
    struct tensor *t = tensor_new(g, name, role);
    tensor_set_shape(g, t, d, rank, dim);
    return t;
}

struct tensor *graph_constant_ints(struct graph *g, const char *name, int n, const int64_t *values)
{
    const int64_t dim[] = {n};
    struct tensor *t = graph_initializer(g, name, ROLE_CONSTANT, DTYPE_S64, 1, dim);
    int64_t *copy = arena_array(g->arena, (size_t)(n ? n : 1), sizeof *copy);
    if (!t || !copy) {
        g->failed = true;
        return t;
    }
    if (n) memcpy(copy, values, (size_t)n * sizeof *copy);
    t->ints = copy;
    return t;
}

struct tensor *graph_constant_real(struct graph *g, const char *name, enum dtype d, double value)
{
    struct tensor *t = graph_initializer(g, name, ROLE_CONSTANT, d, 0, NULL);
    double *copy = arena_alloc(g->arena, sizeof *copy);
    if (!t || !copy) {
        g->failed = true;
        return t;
    }
    *copy = value;
    t->reals = copy;
    return t;
}

struct tensor *graph_absent(struct graph *g) { return tensor_new(g, "", ROLE_ABSENT); }

/* Inputs, outputs and names of a node that is already in the arena; false when memory is out. */
static bool node_fill(struct graph *g, struct node *n, const char *op_type, const char *domain, const char *name,
                      const char *module)
{
    n->op_type = arena_string(g->arena, op_type);
    n->domain = arena_string(g->arena, domain);
    n->name = arena_string(g->arena, name);
    n->module = module ? arena_string(g->arena, module) : NULL;
    n->in = arena_array(g->arena, (size_t)n->n_in + 1, sizeof *n->in);
    n->out = arena_array(g->arena, (size_t)n->n_out + 1, sizeof *n->out);
    return n->op_type && n->domain && n->name && (n->module || !module) && n->in && n->out;
}

struct node *graph_node(struct graph *g, const char *op_type, const char *domain, const char *name, const char *module,
                        int n_in, struct tensor *const *in, int n_out)
{
    struct node **nodes = grown(g, g->nodes, g->n_nodes, &g->room_nodes, sizeof *nodes);
    struct node *n = nodes ? arena_alloc(g->arena, sizeof *n) : NULL;
    if (!n) {
        g->failed = true;
        return NULL;
    }
    n->n_in = n_in;
    n->n_out = n_out;
    if (!node_fill(g, n, op_type, domain, name, module)) {
        g->failed = true;
        return NULL;
    }
    for (int i = 0; i < n_in; i++) {
        n->in[i] = in[i];
        if (!in[i]) g->failed = true;
    }
    for (int i = 0; i < n_out; i++) {
        const char *label = i ? arena_printf(g->arena, "%s.%d", name, i) : name;
        n->out[i] = tensor_new(g, label ? label : "", ROLE_ACTIVATION);
        if (n->out[i]) n->out[i]->producer = n;
    }
    if (g->failed) return NULL;
    n->index = g->n_nodes;
    g->nodes = nodes;
    g->nodes[g->n_nodes++] = n;
    return n;
}

void graph_output(struct graph *g, struct tensor *t)
{
    append(g, &g->outputs, &g->n_outputs, &g->room_outputs, t);
    if (t) t->is_output = true;
}

void graph_feed(struct graph *g, struct tensor *t)
{
    append(g, &g->inputs, &g->n_inputs, &g->room_inputs, t);
    if (t) t->role = ROLE_INPUT;
}

struct tensor *node_add_output(struct graph *g, struct node *n)
{
    const char *label = arena_printf(g->arena, "%s.%d", n->name, n->n_out);
    struct tensor **out = arena_array(g->arena, (size_t)n->n_out + 2, sizeof(struct tensor *));
    struct tensor *t = label && out ? tensor_new(g, label, ROLE_ACTIVATION) : NULL;
    if (!t) {
        g->failed = true;
        return NULL;
    }
    for (int i = 0; i < n->n_out; i++) out[i] = n->out[i];
    t->producer = n;
    out[n->n_out++] = t;
    n->out = out;
    return t;
}

static struct attribute *attribute_add(struct graph *g, struct node *n, const char *name, enum attribute_type type)
{
    for (int i = 0; n && i < n->n_attributes; i++)
        if (!strcmp(n->attributes[i].name, name)) {
            n->attributes[i] = (struct attribute){.name = n->attributes[i].name, .type = type};
            return &n->attributes[i];
        }
    struct attribute *array = n ? grown(g, n->attributes, n->n_attributes, &n->room_attributes, sizeof *array) : NULL;
    const char *copy = array ? arena_string(g->arena, name) : NULL;
    if (!copy) {
        g->failed = true;
        return NULL;
    }
    n->attributes = array;
    array[n->n_attributes] = (struct attribute){.name = copy, .type = type};
    return &array[n->n_attributes++];
}

void node_set_int(struct graph *g, struct node *n, const char *name, int64_t value)
{
    struct attribute *a = attribute_add(g, n, name, ATTRIBUTE_INT);
    if (a) a->i = value;
}

void node_set_float(struct graph *g, struct node *n, const char *name, double value)
{
    struct attribute *a = attribute_add(g, n, name, ATTRIBUTE_FLOAT);
    if (a) a->f = value;
}

void node_set_ints(struct graph *g, struct node *n, const char *name, int n_values, const int64_t *values)
{
    struct attribute *a = attribute_add(g, n, name, ATTRIBUTE_INTS);
    int64_t *copy = arena_array(g->arena, (size_t)(n_values ? n_values : 1), sizeof *copy);
    if (!a || !copy) {
        g->failed = true;
        return;
    }
    if (n_values) memcpy(copy, values, (size_t)n_values * sizeof *copy);
    a->ints = copy;
    a->n = n_values;
}

void node_set_floats(struct graph *g, struct node *n, const char *name, int n_values, const double *values)
{
    struct attribute *a = attribute_add(g, n, name, ATTRIBUTE_FLOATS);
    double *copy = arena_array(g->arena, (size_t)(n_values ? n_values : 1), sizeof *copy);
    if (!a || !copy) {
        g->failed = true;
        return;
    }
    if (n_values) memcpy(copy, values, (size_t)n_values * sizeof *copy);
    a->floats = copy;
    a->n = n_values;
}

void node_set_strings(struct graph *g, struct node *n, const char *name, int n_values, const char *const *values)
{
    struct attribute *a = attribute_add(g, n, name, ATTRIBUTE_STRINGS);
    const char **copy = arena_array(g->arena, (size_t)n_values + 1, sizeof *copy);
    for (int i = 0; copy && i < n_values; i++)
        if (!(copy[i] = arena_string(g->arena, values[i]))) g->failed = true;
    if (!a || !copy) {
        g->failed = true;
        return;
    }
    a->strings = copy;
    a->n = n_values;
}

void node_set_tensor(struct graph *g, struct node *n, const char *name, const struct tensor *value)
{
    struct attribute *a = attribute_add(g, n, name, ATTRIBUTE_TENSOR);
    if (a) a->t = value;
}

void node_set_string(struct graph *g, struct node *n, const char *name, const char *value)
{
    struct attribute *a = attribute_add(g, n, name, ATTRIBUTE_STRING);
    const char *copy = arena_string(g->arena, value);
    if (!copy) g->failed = true;
    if (a) a->s = copy;
}

struct graph *graph_body(struct graph *parent, const char *name)
{
    struct graph *g = parent ? arena_alloc(parent->arena, sizeof *g) : NULL;
    if (!g) {
        if (parent) parent->failed = true;
        return NULL;
    }
    *g = (struct graph){.arena = parent->arena, .parent = parent, .source = parent->source, .opset = parent->opset};
    g->name = arena_string(g->arena, name);
    g->failed = !g->name;
    return g;
}

struct tensor *graph_capture(struct graph *body, struct tensor *outer)
{
    for (int i = 0; i < body->n_captures; i++)
        if (body->captures[i].outer == outer) return body->captures[i].inner;
    struct capture *all = grown(body, body->captures, body->n_captures, &body->room_captures, sizeof *all);
    struct tensor *t = all && outer ? tensor_new(body, outer->name, ROLE_CAPTURE) : NULL;
    if (!t) {
        body->failed = true;
        return NULL;
    }
    t->dtype = outer->dtype;
    t->form = outer->form;
    t->shape = outer->shape;
    t->has_shape = outer->has_shape;
    t->ints = outer->ints;
    t->reals = outer->reals;
    body->captures = all;
    all[body->n_captures++] = (struct capture){outer, t};
    return t;
}

void node_set_graph(struct graph *g, struct node *n, const char *name, struct graph *body)
{
    struct attribute *a = attribute_add(g, n, name, ATTRIBUTE_GRAPH);
    if (!a || !body || body->failed) g->failed = true;
    if (a) a->graph = body;
}

bool node_is(const struct node *n, const char *op_type) { return strcmp(n->op_type, op_type) == 0; }

const struct attribute *node_attribute(const struct node *n, const char *name)
{
    for (int i = 0; i < n->n_attributes; i++)
        if (!strcmp(n->attributes[i].name, name)) return &n->attributes[i];
    return NULL;
}

struct tensor *node_reads(const struct node *n, int i)
{
    if (i < n->n_in) return n->in[i];
    i -= n->n_in;
    for (int k = 0; k < n->n_attributes; k++) {
        const struct graph *body = n->attributes[k].type == ATTRIBUTE_GRAPH ? n->attributes[k].graph : NULL;
        if (body && i < body->n_captures) return body->captures[i].outer;
        if (body) i -= body->n_captures;
    }
    return NULL;
}

int64_t node_int(const struct node *n, const char *name, int64_t fallback)
{
    const struct attribute *a = node_attribute(n, name);
    return a && a->type == ATTRIBUTE_INT ? a->i : fallback;
}

double node_float(const struct node *n, const char *name, double fallback)
{
    const struct attribute *a = node_attribute(n, name);
    return a && a->type == ATTRIBUTE_FLOAT ? a->f : fallback;
}

const char *node_text(const struct node *n, const char *name, const char *fallback)
{
    const struct attribute *a = node_attribute(n, name);
    return a && a->type == ATTRIBUTE_STRING ? a->s : fallback;
}

int64_t node_int_at(const struct node *n, const char *name, int i, int64_t fallback)
{
    const struct attribute *a = node_attribute(n, name);
    return a && a->type == ATTRIBUTE_INTS && i < a->n ? a->ints[i] : fallback;
}

bool tensor_is_initializer(const struct tensor *t)
{
    return t->role == ROLE_WEIGHT || t->role == ROLE_BUFFER || t->role == ROLE_CONSTANT;
}

bool tensor_is_known(const struct tensor *t) { return t->has_shape || t->form != FORM_TENSOR; }

count tensor_elements(const struct tensor *t) { return shape_product(&t->shape, 0); }

count tensor_bytes(const struct tensor *t)
{
    count bits = count_mul(tensor_elements(t), dtype_bits(t->dtype));
    return bits == COUNT_MAX ? COUNT_MAX : bits / 8 + (bits % 8 != 0);
}

gable_status graph_check(const struct graph *g, gable_error *e)
{
    if (g->failed) return error_set(e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    if (g->n_outputs == 0) return error_set(e, GABLE_BAD_INPUT, "the graph has no output");
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *n = g->nodes[i];
        const struct tensor *t;
        for (int j = 0; (t = node_reads(n, j)); j++) {
            if (t->producer && t->producer->index >= i) {
                error_set(e, GABLE_BAD_INPUT, "input %d (%.80s) is made by a later node", j, t->name);
                return error_within(e, "node %.80s (%s)", n->name, n->op_type);
            }
        }
    }
    return GABLE_OK;
}
