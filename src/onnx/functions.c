/* A model's own functions: found by name, and counted before any call is expanded. */
#include "base/count.h"
#include "onnx/reader.h"

#include <stdlib.h>
#include <string.h>

enum state { UNSEEN, OPEN, KNOWN };
struct function {
    const Onnx__FunctionProto *proto;
    enum state state;
    count nodes; /* when it is expanded */
    int depth;   /* of the calls in it */
};
struct functions {
    size_t n;
    struct function *at; /* by domain and name */
    gable_error *e;
};

static const char *text_of(const char *s) { return s ? s : ""; }
static const char *domain_of(const char *s) { return s && strcmp(s, "ai.onnx") != 0 ? s : ""; }

static int compare(const char *domain, const char *name, const Onnx__FunctionProto *f)
{
    int order = strcmp(name, text_of(f->name));
    return order ? order : strcmp(domain, domain_of(f->domain));
}

static int by_name(const void *a, const void *b)
{
    const struct function *x = a, *y = b;
    return compare(domain_of(x->proto->domain), text_of(x->proto->name), y->proto);
}

static struct function *find(const struct functions *f, const char *domain, const char *name)
{
    size_t low = 0, high = f ? f->n : 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(domain_of(domain), text_of(name), f->at[middle].proto);
        if (order == 0) return &f->at[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const Onnx__FunctionProto *functions_find(const struct functions *f, const char *domain, const char *name)
{
    const struct function *found = find(f, domain, name);
    return found ? found->proto : NULL;
}

static gable_status count_function(struct functions *f, struct function *k, int depth);

/* Nodes of a list, bodies and called functions included; *deepest gets the depth of its calls. */
static gable_status count_nodes(struct functions *f, size_t n, Onnx__NodeProto *const *nodes, int depth, count *total,
                                int *deepest)
{
    gable_status s = GABLE_OK;
    for (size_t i = 0; i < n && !s; i++) {
        struct function *called = find(f, nodes[i]->domain, nodes[i]->op_type);
        *total = count_add(*total, 1);
        if (called) {
            s = count_function(f, called, depth + 1);
            *total = count_add(*total, called->nodes);
            if (called->depth + 1 > *deepest) *deepest = called->depth + 1;
        }
        for (size_t k = 0; k < nodes[i]->n_attribute && !s; k++) {
            const Onnx__GraphProto *body = nodes[i]->attribute[k]->g;
            if (body) s = count_nodes(f, body->n_node, body->node, depth, total, deepest);
        }
    }
    return s;
}

static gable_status count_function(struct functions *f, struct function *k, int depth)
{
    if (k->state == KNOWN && depth + k->depth <= CALLS_MAX) return GABLE_OK;
    if (k->state == OPEN)
        return error_set(f->e, GABLE_BAD_INPUT, "the function %.80s calls itself", text_of(k->proto->name));
    if (depth > CALLS_MAX || k->state == KNOWN)
        return error_set(f->e, GABLE_BAD_INPUT, "functions call each other more than %d deep", CALLS_MAX);
    k->state = OPEN;
    gable_status s = count_nodes(f, k->proto->n_node, k->proto->node, depth, &k->nodes, &k->depth);
    k->state = KNOWN;
    return s;
}

gable_status functions_new(const Onnx__ModelProto *m, struct functions **out, gable_error *e)
{
    count total = 0;
    int deepest = 0;
    if (m->n_functions > FUNCTIONS_MAX)
        return error_set(e, GABLE_BAD_INPUT, "has %zu functions, at most %d are read", m->n_functions, FUNCTIONS_MAX);
    struct functions *f = calloc(1, sizeof *f);
    if (f) f->at = calloc(m->n_functions + 1, sizeof *f->at);
    if (!f || !f->at) {
        functions_free(f);
        return error_set(e, GABLE_NO_MEMORY, "no memory for the model's functions");
    }
    f->n = m->n_functions;
    f->e = e;
    for (size_t i = 0; i < f->n; i++) f->at[i].proto = m->functions[i];
    if (f->n) qsort(f->at, f->n, sizeof *f->at, by_name);
    gable_status s = count_nodes(f, m->graph->n_node, m->graph->node, 0, &total, &deepest);
    if (!s && f->n && total > NODES_EXPANDED_MAX)
        s = error_set(e, GABLE_BAD_INPUT, "has more than %d nodes when its functions are expanded", NODES_EXPANDED_MAX);
    if (s)
        functions_free(f);
    else
        *out = f;
    return s;
}

void functions_free(struct functions *f)
{
    if (!f) return;
    free(f->at);
    free(f);
}
