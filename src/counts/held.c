#include "counts/held.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const char *s)
{
    while (isdigit((unsigned char)*s)) s++;
    return !*s;
}

/* A name that an exporter gives to what it computed: PyTorch's "onnx::Conv_193", before 1.11 "193"; tf2onnx's
   "model/conv/Conv2D_weights_fused_bn". Weights that stand in the network keep their names. */
static bool is_made(const char *name)
{
    static const char torch[] = "onnx::Conv";
    return *name && (is_number(name) || !strncmp(name, torch, strlen(torch)) || strstr(name, "weights_fused_bn"));
}

static bool holds_norm(const struct node *n)
{
    return (node_is(n, "Conv") || node_is(n, "ConvTranspose")) && n->n_in > 2 && n->in[2]->role != ROLE_ABSENT &&
           n->in[1]->role == ROLE_WEIGHT && is_made(n->in[1]->name);
}

static void add(int *n, count *elements, const struct tensor *t)
{
    (*n)++;
    *elements = count_add(*elements, tensor_elements(t));
}

static bool is_statistic(const struct node *n, int input) { return node_is(n, "BatchNormalization") && input >= 3; }

/* The initializer that a node gives another name, by Identity or several; else NULL. */
static const struct tensor *copied(const struct node *n)
{
    const struct tensor *t = node_is(n, "Identity") ? n->in[0] : NULL;
    while (t && t->producer) t = node_is(t->producer, "Identity") ? t->producer->in[0] : NULL;
    return t && (t->role == ROLE_WEIGHT || t->role == ROLE_BUFFER) ? t : NULL;
}

/* How tensors are read, by nodes that are no copies. */
struct reads {
    bool any, as_trained;
};

static void find_in_node(const struct node *n, struct reads *reads, struct held *out)
{
    const struct tensor *t;
    if (copied(n)) return;
    if (holds_norm(n)) add(&out->n_folded, &out->folded, n->in[2]);
    for (int k = 0; (t = node_reads(n, k)); k++) {
        struct reads *r = &reads[t->index];
        if (t->role == ROLE_WEIGHT && r->any) add(&out->n_shared, &out->shared, t);
        r->any = true;
        r->as_trained |= !is_statistic(n, k);
    }
}

gable_status held_find(const struct graph *g, count params, struct held *out, gable_error *e)
{
    struct reads *reads = calloc((size_t)g->n_tensors + 1, sizeof *reads);
    *out = (struct held){0};
    if (!reads) return error_set(e, GABLE_NO_MEMORY, "no memory for the %d tensors of %.60s", g->n_tensors, g->name);
    for (int i = 0; i < g->n_nodes; i++) find_in_node(g->nodes[i], reads, out);
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *n = g->nodes[i];
        if (copied(n) && reads[n->out[0]->index].as_trained) add(&out->n_merged, &out->merged, copied(n));
    }
    out->params = count_add(params, count_add(out->merged, out->folded));
    free(reads);
    return GABLE_OK;
}
