/* Nodes and their attributes; operators that opset 17 lacks as what they are made of. */
#include "onnx/writer.h"

#include "ops/ops.h"

#include <math.h>
#include <string.h>

/* A module that is called twice gives two nodes of one name: the later ones are numbered. */
static const char *own_name(struct writer *w, const char *name)
{
    const char *own = name;
    for (int k = 1; own && !names_add(w->names, own, NULL); k++)
        own = (size_t)k > w->graph.n_node ? NULL : arena_printf(w->arena, "%s_%d", name, k);
    return own;
}

/* A node with room for `more` attributes, appended to the graph; NULL where memory is out. Names are borrowed. */
static Onnx__NodeProto *append(struct writer *w, const char *op, const char *name, int n_in, const char *const *in,
                               int n_out, const char *const *out, int attributes)
{
    Onnx__NodeProto *p = arena_alloc(w->arena, sizeof *p);
    if (!p) return NULL;
    onnx__node_proto__init(p);
    p->input = arena_array(w->arena, (size_t)n_in + 1, sizeof(*p->input));
    p->output = arena_array(w->arena, (size_t)n_out + 1, sizeof(*p->output));
    p->attribute = arena_array(w->arena, (size_t)attributes + 1, sizeof(*p->attribute));
    const char *own = own_name(w, name);
    if (!p->input || !p->output || !p->attribute || !own) return NULL;
    p->op_type = (char *)(uintptr_t)op;
    p->name = (char *)(uintptr_t)own;
    for (int i = 0; i < n_in; i++) p->input[p->n_input++] = (char *)(uintptr_t)in[i];
    for (int i = 0; i < n_out; i++) p->output[p->n_output++] = (char *)(uintptr_t)out[i];
    w->graph.node[w->graph.n_node++] = p;
    return p;
}

static Onnx__AttributeProto *attribute(struct writer *w, Onnx__NodeProto *p, const char *name,
                                       Onnx__AttributeProto__AttributeType type)
{
    Onnx__AttributeProto *a = p ? arena_alloc(w->arena, sizeof *a) : NULL;
    if (!a) return NULL;
    onnx__attribute_proto__init(a);
    a->name = (char *)(uintptr_t)name;
    a->type = type;
    a->has_type = 1;
    p->attribute[p->n_attribute++] = a;
    return a;
}

static bool write_ints(struct writer *w, Onnx__NodeProto *p, const char *name, int n, const int64_t *values)
{
    Onnx__AttributeProto *a = attribute(w, p, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    int64_t *copy = arena_array(w->arena, (size_t)n + 1, sizeof *copy);
    if (!a || !copy) return false;
    if (n) memcpy(copy, values, (size_t)n * sizeof *copy);
    a->ints = copy;
    a->n_ints = (size_t)n;
    return true;
}

static bool write_floats(struct writer *w, Onnx__NodeProto *p, const struct attribute *from)
{
    Onnx__AttributeProto *a = attribute(w, p, from->name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS);
    float *copy = arena_array(w->arena, (size_t)from->n + 1, sizeof *copy);
    if (!a || !copy) return false;
    for (int i = 0; i < from->n; i++) copy[i] = (float)from->floats[i];
    a->floats = copy;
    a->n_floats = (size_t)from->n;
    return true;
}

static bool write_attribute(struct writer *w, Onnx__NodeProto *p, const struct attribute *from)
{
    Onnx__AttributeProto *a;
    switch (from->type) {
    case ATTRIBUTE_INTS: return write_ints(w, p, from->name, from->n, from->ints);
    case ATTRIBUTE_FLOATS: return write_floats(w, p, from);
    case ATTRIBUTE_INT:
        a = attribute(w, p, from->name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
        if (!a) return false;
        a->i = from->i;
        a->has_i = 1;
        return true;
    case ATTRIBUTE_FLOAT:
        a = attribute(w, p, from->name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
        if (!a) return false;
        a->f = (float)from->f;
        a->has_f = 1;
        return true;
    case ATTRIBUTE_STRING:
        a = attribute(w, p, from->name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
        if (!a) return false;
        a->s.data = (uint8_t *)(uintptr_t)from->s;
        a->s.len = strlen(from->s);
        a->has_s = 1;
        return true;
    case ATTRIBUTE_TENSOR:
    case ATTRIBUTE_STRINGS:
    case ATTRIBUTE_GRAPH: break; /* refused before */
    }
    return false;
}

static bool is_writable(const struct attribute *a)
{
    return a->type != ATTRIBUTE_TENSOR && a->type != ATTRIBUTE_STRINGS && a->type != ATTRIBUTE_GRAPH;
}

static gable_status ended(struct writer *w, bool ok) { return ok ? GABLE_OK : writer_no_memory(w); }

/* The node's first n_in inputs, its outputs and attributes but one (NULL: none) that this opset lacks. */
static gable_status copy(struct writer *w, const struct node *n, int n_in, const char *without, Onnx__NodeProto **made)
{
    *made = NULL;
    const char **in = arena_array(w->arena, (size_t)n_in + 1, sizeof(*in));
    const char **out = arena_array(w->arena, (size_t)n->n_out + 1, sizeof(*out));
    if (!in || !out) return writer_no_memory(w);
    for (int i = 0; i < n_in; i++) {
        in[i] = n->in[i]->role == ROLE_ABSENT ? "" : n->in[i]->name;
        w->is_used[n->in[i]->index] = true;
    }
    for (int i = 0; i < n->n_out; i++) out[i] = n->out[i]->role == ROLE_ABSENT ? "" : n->out[i]->name;
    Onnx__NodeProto *p = append(w, n->op_type, n->name, n_in, in, n->n_out, out, n->n_attributes + 1);
    bool ok = p != NULL;
    for (int i = 0; i < n->n_attributes && ok; i++) {
        const struct attribute *a = &n->attributes[i];
        if (without && !strcmp(a->name, without)) continue;
        if (!is_writable(a))
            return error_set(w->e, GABLE_BAD_INPUT, "the attribute %.40s is of a kind that is not written", a->name);
        ok = write_attribute(w, p, a);
    }
    *made = p;
    return ended(w, ok);
}

static gable_status plain(struct writer *w, const struct node *n)
{
    Onnx__NodeProto *p;
    return copy(w, n, n->n_in, NULL, &p);
}
static gable_status split(struct writer *w, const struct node *n)
{
    Onnx__NodeProto *p;
    return copy(w, n, n->n_in, "num_outputs", &p);
}

/* Axes became an input in opset 18. */
static gable_status reduce(struct writer *w, const struct node *n)
{
    Onnx__NodeProto *p;
    if (n->n_in < 2 || n->in[1]->role == ROLE_ABSENT) return plain(w, n);
    const struct tensor *axes = n->in[1];
    if (!axes->ints) return error_set(w->e, GABLE_BAD_INPUT, "its axes are not known before it runs");
    gable_status s = copy(w, n, 1, NULL, &p);
    return s ? s : ended(w, write_ints(w, p, "axes", (int)tensor_elements(axes), axes->ints));
}

static gable_status identity(struct writer *w, const struct node *n)
{
    return ended(w, append(w, "Identity", n->name, 1, &n->in[0]->name, 1, &n->out[0]->name, 0));
}

/* x sigmoid(x) */
static gable_status swish(struct writer *w, const struct node *n)
{
    const char *gate = writer_text(w, "%s.gate", n->out[0]->name), *name = writer_text(w, "%s.sigmoid", n->name);
    if (!gate || !name) return writer_no_memory(w);
    bool ok = append(w, "Sigmoid", name, 1, &n->in[0]->name, 1, &gate, 0);
    return ended(w, ok && append(w, "Mul", n->name, 2, (const char *[]){n->in[0]->name, gate}, 1, &n->out[0]->name, 0));
}

/* A number, as the output of a node of its own. */
static const char *number(struct writer *w, const char *name, double value)
{
    const struct attribute is = {.name = "value_float", .type = ATTRIBUTE_FLOAT, .f = value};
    Onnx__NodeProto *p = name ? append(w, "Constant", name, 0, NULL, 1, &name, 1) : NULL;
    return p && write_attribute(w, p, &is) ? name : NULL;
}
/* `op` of n values, each the output of a node before it or NULL where that failed; its output's name. */
static const char *value_of(struct writer *w, const char *op, const char *name, int n, const char *const *in)
{
    for (int i = 0; i < n; i++)
        if (!in[i]) return NULL;
    return name && append(w, op, name, n, in, 1, &name, 0) ? name : NULL;
}

/* x (1 + erf(x / sqrt 2)) / 2, as PyTorch writes it; the tanh form has another cost and is not written. */
static gable_status gelu(struct writer *w, const struct node *n)
{
    const char *x = n->in[0]->name, *y = n->out[0]->name;
    if (n->in[0]->dtype != DTYPE_F32 || strcmp(node_text(n, "approximate", "none"), "none") != 0)
        return error_set(w->e, GABLE_BAD_INPUT, "opset 17 has no form of it but the exact one of f32");
    const char *root = number(w, writer_text(w, "%s.root", y), sqrt(2)),
               *one = number(w, writer_text(w, "%s.one", y), 1), *half = number(w, writer_text(w, "%s.half", y), 0.5);
    const char *t = value_of(w, "Div", writer_text(w, "%s.scaled", y), 2, (const char *[]){x, root});
    t = value_of(w, "Erf", writer_text(w, "%s.erf", y), 1, &t);
    t = value_of(w, "Add", writer_text(w, "%s.sum", y), 2, (const char *[]){t, one});
    t = value_of(w, "Mul", writer_text(w, "%s.product", y), 2, (const char *[]){x, t});
    bool ok = t && half && append(w, "Mul", n->name, 2, (const char *[]){t, half}, 1, &y, 0);
    return ended(w, ok);
}

/* Bins of one size: the pooling of that window. */
static gable_status adaptive(struct writer *w, const struct node *n)
{
    const struct shape *x = &n->in[0]->shape, *y = &n->out[0]->shape;
    int64_t window[SHAPE_RANK_MAX];
    int rank = x->rank - 2;
    for (int i = 0; i < rank; i++) {
        window[i] = x->dim[2 + i] / y->dim[2 + i];
        if (x->dim[2 + i] % y->dim[2 + i])
            return error_set(w->e, GABLE_BAD_INPUT,
                             "%lld pixels do not divide into %lld equal bins, and ONNX has no others: choose --size",
                             (long long)x->dim[2 + i], (long long)y->dim[2 + i]);
    }
    Onnx__NodeProto *p = append(w, "AveragePool", n->name, 1, &n->in[0]->name, 1, &n->out[0]->name, 2);
    return ended(w, p && write_ints(w, p, "kernel_shape", rank, window) && write_ints(w, p, "strides", rank, window));
}

static const struct {
    const char *domain, *op;
    gable_status (*write)(struct writer *w, const struct node *n);
} rewritten[] = {
    {DOMAIN_ONNX, "Split", split},
    {DOMAIN_ONNX, "ReduceMean", reduce},
    {DOMAIN_ONNX, "Swish", swish},
    {DOMAIN_ONNX, "Gelu", gelu},
    {DOMAIN_GABLE, "StochasticDepth", identity},
    {DOMAIN_GABLE, "AdaptiveAveragePool", adaptive},
};

gable_status writer_node(struct writer *w, const struct node *n)
{
    gable_status (*write)(struct writer * w, const struct node *n) = plain;
    for (size_t i = 0; i < COUNT_OF(rewritten); i++)
        if (!strcmp(rewritten[i].domain, n->domain) && !strcmp(rewritten[i].op, n->op_type)) write = rewritten[i].write;
    gable_status s = GABLE_OK;
    if (write == plain && *n->domain)
        s = error_set(w->e, GABLE_BAD_INPUT, "the domain %.40s has no form in ONNX", n->domain);
    if (!s) s = write(w, n);
    return s ? error_within(w->e, "node %.60s (%.40s)", n->name, n->op_type) : GABLE_OK;
}
