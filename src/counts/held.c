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

static void find_in_node(const struct node *n, bool *is_read, struct held *out)
{
    const struct tensor *t;
    if (node_is(n, "Identity") && n->in[0]->role == ROLE_WEIGHT) {
        add(&out->n_merged, &out->merged, n->in[0]);
        return;
    }
    if (holds_norm(n)) add(&out->n_folded, &out->folded, n->in[2]);
    for (int k = 0; (t = node_reads(n, k)); k++) {
        if (t->role != ROLE_WEIGHT) continue;
        if (is_read[t->index]) add(&out->n_shared, &out->shared, t);
        is_read[t->index] = true;
    }
}

gable_status held_find(const struct graph *g, count params, struct held *out, gable_error *e)
{
    bool *is_read = calloc((size_t)g->n_tensors + 1, sizeof *is_read);
    *out = (struct held){0};
    if (!is_read) return error_set(e, GABLE_NO_MEMORY, "no memory for the %d tensors of %.60s", g->n_tensors, g->name);
    for (int i = 0; i < g->n_nodes; i++) find_in_node(g->nodes[i], is_read, out);
    out->params = count_add(params, count_add(out->merged, out->folded));
    free(is_read);
    return GABLE_OK;
}
