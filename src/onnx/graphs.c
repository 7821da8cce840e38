/* Graphs of the file: initializers, inputs, nodes, outputs; bodies and called functions as scopes of their own. */
#include "onnx/reader.h"
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

gable_status reader_no_memory(struct reader *r)
{
    return error_set(r->e, GABLE_NO_MEMORY,
                     "the graph does not fit its memory limit, 32 MB and 64 bytes for every byte of the file");
}

gable_status reader_node_error(struct reader *r, const Onnx__NodeProto *n, size_t i, const char *why, const char *what)
{
    error_set(r->e, GABLE_BAD_INPUT, why, what);
    return error_within(r->e, "node %zu %.60s (%.40s)", i, n->name ? n->name : "",
                        n->op_type ? n->op_type : "no op_type");
}

gable_status reader_define(struct reader *r, const char *name, struct tensor *t)
{
    if (!t) return reader_no_memory(r);
    if (names_add(r->names, name, t)) return GABLE_OK;
    return error_set(r->e, names_find(r->names, name) ? GABLE_BAD_INPUT : GABLE_NO_MEMORY,
                     "the tensor %.80s is made twice", name);
}

/* A tensor by its name, captured where it is of an enclosing graph; NULL where there is none. */
static struct tensor *find(struct reader *r, const char *name)
{
    struct tensor *t = names_find(r->names, name), *outer = NULL;
    if (t || !r->outer) return t;
    outer = find(r->outer, name);
    if (outer) t = graph_capture(r->g, outer);
    if (t) names_add(r->names, name, t);
    return t;
}

static const char *text_of(const char *s) { return s ? s : ""; }

static gable_status find_operands(struct reader *r, const Onnx__NodeProto *p, size_t i, struct tensor ***out)
{
    struct tensor **in = *out = arena_array(r->g->arena, p->n_input + 1, sizeof(*in));
    if (!in) return reader_no_memory(r);
    for (size_t k = 0; k < p->n_input; k++) {
        in[k] = *p->input[k] ? find(r, p->input[k]) : graph_absent(r->g);
        if (in[k]) continue;
        *r->is_unsorted = true;
        return reader_node_error(r, p, i, "its input %.80s is made by nobody, or by what waits for it (a cycle)",
                                 p->input[k]);
    }
    return GABLE_OK;
}

static const char *prefixed(const struct reader *r, const char *name)
{
    const char *text = r->prefix[0] ? arena_printf(r->g->arena, "%s%s", r->prefix, name) : name;
    return text ? text : name;
}

static gable_status define_outputs(struct reader *r, const Onnx__NodeProto *p, struct node *n)
{
    gable_status s = GABLE_OK;
    for (size_t k = 0; k < p->n_output && !s; k++) {
        if (!*p->output[k]) { /* an output that nobody wants; a row knows its shape, without one it is not there */
            if (!op_find(n->domain, n->op_type)) n->out[k]->role = ROLE_ABSENT;
            continue;
        }
        n->out[k]->name = arena_string(r->g->arena, prefixed(r, p->output[k]));
        s = n->out[k]->name ? reader_define(r, p->output[k], n->out[k]) : reader_no_memory(r);
    }
    return s;
}

static gable_status read_node(struct reader *r, const Onnx__NodeProto *p, size_t i);

/* `is_graph`: of a graph, where their places count. */
static gable_status read_nodes(struct reader *r, size_t n, Onnx__NodeProto *const *nodes, bool is_graph)
{
    size_t *order = NULL;
    gable_status s = r->sorts ? reader_order(n, nodes, &order, r->e) : GABLE_OK;
    for (size_t i = 0; i < n && !s; i++) {
        size_t at = order ? order[i] : i;
        if (is_graph) r->at = (int)at;
        s = read_node(r, nodes[at], at);
    }
    free(order);
    return s;
}

/* A call becomes the function's nodes; its inputs and outputs are the call's. */
static gable_status expand(struct reader *r, const Onnx__NodeProto *p, size_t i, const Onnx__FunctionProto *f,
                           struct tensor *const *in)
{
    const char *label = p->name && *p->name ? p->name : p->output[0];
    struct reader inner = *r;
    gable_status s = GABLE_OK;
    inner.names = names_new();
    inner.outer = NULL;
    inner.caller = r;
    inner.call = p;
    inner.depth = r->depth + 1;
    inner.prefix = arena_printf(r->g->arena, "%s%s/", r->prefix, label);
    if (!inner.names || !inner.prefix) s = reader_no_memory(r);
    if (!s && (p->n_input > f->n_input || p->n_output > f->n_output))
        s = reader_node_error(r, p, i, "has more inputs or outputs than the function %.60s", f->name);
    for (size_t k = 0; k < f->n_input && !s; k++)
        s = reader_define(&inner, f->input[k], k < p->n_input ? in[k] : graph_absent(r->g));
    if (!s) s = read_nodes(&inner, f->n_node, f->node, false);
    for (size_t k = 0; k < p->n_output && !s; k++) {
        struct tensor *t = names_find(inner.names, f->output[k]);
        if (!t)
            s = reader_node_error(r, p, i, "the function's output %.60s is made by no node", f->output[k]);
        else if (*p->output[k])
            s = reader_define(r, p->output[k], t);
    }
    names_free(inner.names);
    return s;
}

static gable_status append_node(struct reader *r, const Onnx__NodeProto *p, size_t i, struct tensor *const *in)
{
    const char *name = prefixed(r, p->name && *p->name ? p->name : p->output[0]);
    const char *domain = p->domain && strcmp(p->domain, "ai.onnx") != 0 ? p->domain : "";
    struct node *n = graph_node(r->g, p->op_type, domain, name, NULL, (int)p->n_input, in, (int)p->n_output);
    if (!n) return reader_no_memory(r);
    n->at = r->at;
    gable_status s = reader_attributes(r, p, n);
    reader_set_roles(n);
    if (!s) s = define_outputs(r, p, n);
    return s ? error_within(r->e, "node %zu %.60s (%.40s)", i, name, p->op_type) : GABLE_OK;
}

static gable_status read_node(struct reader *r, const Onnx__NodeProto *p, size_t i)
{
    enum { OPERANDS_MAX = LIMIT_OPERANDS };
    struct tensor **in = NULL;
    bool is_read = false;
    gable_status s = GABLE_OK;
    if (!p->op_type || !*p->op_type) return reader_node_error(r, p, i, "%s", "has no operator");
    if (p->n_output == 0 || p->n_input > OPERANDS_MAX || p->n_output > OPERANDS_MAX)
        return reader_node_error(r, p, i, "%s", "has no output or more than 4096 operands");
    if (!strcmp(p->op_type, "Constant")) s = reader_constant(r, p, i, &is_read);
    if (s || is_read) return s;
    const Onnx__FunctionProto *f = functions_find(r->functions, p->domain, p->op_type);
    if (f && r->depth == CALLS_MAX) return reader_node_error(r, p, i, "%s", "calls functions too deep");
    s = find_operands(r, p, i, &in);
    if (s) return s;
    return f ? expand(r, p, i, f, in) : append_node(r, p, i, in);
}

static bool is_possible(int rank, const int64_t *dim, int64_t least)
{
    for (int i = 0; i < rank; i++)
        if (dim[i] < least || dim[i] > LIMIT_DIMENSION) return false;
    return true;
}

/* Keeps a stated shape where no row will infer one; a shape with unbound dimensions is none. The type is kept anyway:
   what is empty at run time has it. */
static void keep_stated_shape(struct reader *r, const Onnx__ValueInfoProto *v)
{
    int64_t dim[SHAPE_RANK_MAX];
    enum dtype d = DTYPE_UNDEFINED;
    enum tensor_form form;
    int rank = -1;
    struct tensor *t = v->name ? names_find(r->names, v->name) : NULL;
    const struct op *op = t && t->producer ? op_find(t->producer->domain, t->producer->op_type) : NULL;
    if (!t || !t->producer || (op && !op->keeps_stated)) return;
    if (!reader_type(r, v->type, &d, &form, &rank, dim) || d == DTYPE_UNDEFINED) return;
    t->dtype = d;
    t->form = form;
    if (!is_possible(rank, dim, 0)) return;
    if (rank >= 0 && form == FORM_TENSOR) tensor_set_shape(r->g, t, d, rank, dim);
}

static void keep_stated_shapes(struct reader *r, const Onnx__GraphProto *p)
{
    for (size_t i = 0; i < p->n_value_info; i++) keep_stated_shape(r, p->value_info[i]);
    for (size_t i = 0; i < p->n_output; i++) keep_stated_shape(r, p->output[i]);
}

/* The type that the file states for an output, where nothing else says one: of a body, of a run. */
static void keep_output_type(struct reader *r, const Onnx__ValueInfoProto *v, struct tensor *t)
{
    int64_t dim[SHAPE_RANK_MAX];
    enum dtype d = DTYPE_UNDEFINED;
    enum tensor_form form;
    int rank = -1;
    if (!t->producer || !reader_type(r, v->type, &d, &form, &rank, dim)) return;
    if (t->dtype == DTYPE_UNDEFINED) t->dtype = d;
    t->form = form;
    if (!r->g->parent || t->has_shape || rank < 0 || form != FORM_TENSOR || !is_possible(rank, dim, -1)) return;
    tensor_set_shape(r->g, t, d, rank, dim);
}

gable_status reader_graph(struct reader *r, const Onnx__GraphProto *p)
{
    gable_status s = GABLE_OK;
    if (p->n_node > NODES_MAX)
        return error_set(r->e, GABLE_BAD_INPUT, "has %zu nodes, at most %d are read", p->n_node, NODES_MAX);
    if (p->n_initializer + p->n_sparse_initializer + p->n_input > LIMIT_TENSORS)
        return error_set(r->e, GABLE_BAD_INPUT, "lists %zu tensors, at most %d are read",
                         p->n_initializer + p->n_sparse_initializer + p->n_input, LIMIT_TENSORS);
    for (size_t i = 0; i < p->n_initializer && !s; i++) {
        struct tensor *t = NULL;
        const char *name = text_of(p->initializer[i]->name);
        s = reader_tensor(r, p->initializer[i], name, &t);
        if (!s) s = reader_define(r, name, t);
    }
    for (size_t i = 0; i < p->n_sparse_initializer && !s; i++) {
        struct tensor *t = NULL;
        const Onnx__TensorProto *values = p->sparse_initializer[i]->values;
        const char *name = text_of(values ? values->name : NULL);
        if (!*name) return error_set(r->e, GABLE_BAD_INPUT, "a sparse initializer has no name");
        s = reader_sparse(r, p->sparse_initializer[i], name, &t);
        if (!s) s = reader_define(r, name, t);
    }
    for (size_t i = 0; i < p->n_input && !s; i++) s = reader_input(r, p->input[i]);
    if (!s) s = reader_frees(r, p);
    if (!s) s = read_nodes(r, p->n_node, p->node, true);
    for (size_t i = 0; i < p->n_output && !s; i++) {
        struct tensor *t = p->output[i]->name ? find(r, p->output[i]->name) : NULL;
        if (!t)
            return error_set(r->e, GABLE_BAD_INPUT, "the output %.80s is made by no node", text_of(p->output[i]->name));
        graph_output(r->g, t);
        keep_output_type(r, p->output[i], t);
    }
    if (!s) keep_stated_shapes(r, p);
    return s ? s : graph_check(r->g, r->e);
}

gable_status reader_body(struct reader *r, const Onnx__GraphProto *p, const char *name, struct graph **out)
{
    struct reader inner = *r;
    inner.g = graph_body(r->g, p->name && *p->name ? p->name : name);
    inner.names = names_new();
    inner.outer = r;
    gable_status s = inner.g && inner.names ? reader_graph(&inner, p) : reader_no_memory(r);
    names_free(inner.names);
    *out = inner.g;
    return s ? error_within(r->e, "%.40s", name) : GABLE_OK;
}
