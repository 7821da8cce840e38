/* Files whose nodes do not stand after those that they read: ONNX forbids them, converters write them, and runtimes
   take them. They are read in the order of the file but for what a node waits for, which comes first. */
#include "onnx/reader.h"

#include <stdlib.h>
#include <string.h>

struct producer {
    const char *name;
    size_t node;
};
struct waits { /* what nodes wait for, one after the other: those of node i are at[first[i]] .. at[first[i + 1] - 1] */
    struct producer *made; /* by name */
    size_t n_made, *first, *at, n, room;
    bool failed;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct producer *)a)->name, ((const struct producer *)b)->name);
}

static void collect_producers(struct waits *w, size_t n, Onnx__NodeProto *const *nodes)
{
    size_t outputs = 0;
    for (size_t i = 0; i < n; i++) outputs += nodes[i]->n_output;
    w->made = calloc(outputs + 1, sizeof *w->made);
    w->failed = !w->made;
    for (size_t i = 0; i < n && w->made; i++)
        for (size_t k = 0; k < nodes[i]->n_output; k++)
            if (*nodes[i]->output[k]) w->made[w->n_made++] = (struct producer){nodes[i]->output[k], i};
    if (w->made) qsort(w->made, w->n_made, sizeof *w->made, by_name);
}

static void wait_for(struct waits *w, const char *name)
{
    const struct producer wanted = {name, 0}, *found = bsearch(&wanted, w->made, w->n_made, sizeof *w->made, by_name);
    if (!found) return;
    if (w->n == w->room) {
        size_t room = w->room ? 2 * w->room : 1024, *grown = realloc(w->at, room * sizeof *grown);
        w->failed = w->failed || !grown;
        if (!grown) return;
        w->at = grown;
        w->room = room;
    }
    w->at[w->n++] = found->node;
}

/* Bodies read tensors of the graph around them too. */
static void wait_for_inputs(struct waits *w, const Onnx__NodeProto *p)
{
    for (size_t k = 0; k < p->n_input; k++) wait_for(w, p->input[k]);
    for (size_t k = 0; k < p->n_attribute; k++) {
        const Onnx__GraphProto *body = p->attribute[k]->g;
        for (size_t i = 0; body && i < body->n_node; i++) wait_for_inputs(w, body->node[i]);
    }
}

static void collect_waits(struct waits *w, size_t n, Onnx__NodeProto *const *nodes)
{
    w->first = calloc(n + 1, sizeof *w->first);
    w->failed = w->failed || !w->first;
    for (size_t i = 0; i < n && !w->failed; i++) {
        wait_for_inputs(w, nodes[i]);
        w->first[i + 1] = w->n;
    }
}

/* Depth first: `at` is how far each node has looked. In a cycle some node comes too early, and is refused when read. */
static void sort(const struct waits *w, size_t n, size_t *at, size_t *stack, bool *is_seen, size_t *order)
{
    size_t done = 0, depth = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_seen[i]) continue;
        is_seen[i] = true;
        stack[depth++] = i;
        while (depth) {
            size_t node = stack[depth - 1], end = w->first[node + 1];
            while (at[node] < end && is_seen[w->at[at[node]]]) at[node]++;
            if (at[node] == end) {
                order[done++] = stack[--depth];
            } else {
                stack[depth++] = w->at[at[node]];
                is_seen[stack[depth - 1]] = true;
            }
        }
    }
}

gable_status reader_order(size_t n, Onnx__NodeProto *const *nodes, size_t **out, gable_error *e)
{
    struct waits w = {0};
    size_t *order = calloc(n + 1, sizeof *order), *at = calloc(n + 1, sizeof *at),
           *stack = calloc(n + 1, sizeof *stack);
    bool *is_seen = calloc(n + 1, sizeof *is_seen);
    collect_producers(&w, n, nodes);
    if (!w.failed) collect_waits(&w, n, nodes);
    bool ok = order && at && stack && is_seen && !w.failed;
    if (ok) {
        memcpy(at, w.first, n * sizeof *at);
        sort(&w, n, at, stack, is_seen, order);
    } else {
        free(order);
    }
    *out = ok ? order : NULL;
    free(at);
    free(stack);
    free(is_seen);
    free(w.made);
    free(w.first);
    free(w.at);
    return ok ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory to put %zu nodes in order", n);
}
