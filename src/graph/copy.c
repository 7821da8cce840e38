#include "graph/graph.h"

#include <string.h>

/* An array of the arena with the same contents, and room for no more. */
static void *same(struct graph *g, const void *array, int n, size_t size)
{
    void *copy = arena_array(g->arena, (size_t)n + 1, size);
    if (!copy)
        g->failed = true;
    else if (n)
        memcpy(copy, array, (size_t)n * size);
    return copy;
}

/* Of the original's tensors those of the copy. */
static struct tensor **mapped(struct graph *g, struct tensor *const *from, int n)
{
    struct tensor **to = arena_array(g->arena, (size_t)n + 1, sizeof(struct tensor *));
    if (!to) g->failed = true;
    for (int i = 0; to && i < n; i++) to[i] = g->tensors[from[i]->index];
    return to;
}

static void copy_tensors(struct graph *g, const struct graph *from)
{
    g->tensors = arena_array(g->arena, (size_t)from->n_tensors + 1, sizeof(struct tensor *));
    for (int i = 0; g->tensors && i < from->n_tensors; i++) {
        struct tensor *t = g->tensors[i] = same(g, from->tensors[i], 1, sizeof *t);
        if (!t) return;
        t->index = i;
    }
    g->n_tensors = g->room_tensors = from->n_tensors;
    if (!g->tensors) g->failed = true;
}

/* The same body, which captures from the copy. */
static struct graph *body_of(struct graph *g, const struct graph *from)
{
    struct graph *body = same(g, from, 1, sizeof *body);
    if (!body) return NULL;
    body->parent = g;
    body->captures = same(g, from->captures, from->n_captures, sizeof *from->captures);
    body->room_captures = from->n_captures;
    for (int i = 0; body->captures && i < from->n_captures; i++)
        body->captures[i].outer = g->tensors[from->captures[i].outer->index];
    return body;
}

static struct node *copy_node(struct graph *g, const struct node *from)
{
    struct node *n = same(g, from, 1, sizeof *n);
    if (!n) return NULL;
    n->in = mapped(g, from->in, from->n_in);
    n->out = mapped(g, from->out, from->n_out);
    n->attributes = same(g, from->attributes, from->n_attributes, sizeof *from->attributes);
    n->room_attributes = from->n_attributes;
    if (g->failed) return NULL;
    for (int i = 0; i < n->n_out; i++) n->out[i]->producer = n;
    for (int i = 0; i < n->n_attributes; i++)
        if (n->attributes[i].type == ATTRIBUTE_GRAPH && n->attributes[i].graph)
            n->attributes[i].graph = body_of(g, n->attributes[i].graph);
    return n;
}

static void copy_nodes(struct graph *g, const struct graph *from)
{
    g->nodes = arena_array(g->arena, (size_t)from->n_nodes + 1, sizeof(struct node *));
    if (!g->nodes) g->failed = true;
    for (int i = 0; !g->failed && i < from->n_nodes; i++) g->nodes[i] = copy_node(g, from->nodes[i]);
    g->n_nodes = g->room_nodes = from->n_nodes;
}

struct graph *graph_copy(const struct graph *original, size_t bytes_max)
{
    struct graph *g = graph_new(original->name, original->source, bytes_max);
    if (!g) return NULL;
    g->opset = original->opset;
    copy_tensors(g, original);
    if (!g->failed) copy_nodes(g, original);
    if (!g->failed) {
        g->inputs = mapped(g, original->inputs, original->n_inputs);
        g->outputs = mapped(g, original->outputs, original->n_outputs);
        g->n_inputs = g->room_inputs = original->n_inputs;
        g->n_outputs = g->room_outputs = original->n_outputs;
    }
    if (!g->failed) return g;
    graph_free(g);
    return NULL;
}
