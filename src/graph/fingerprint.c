#include "graph/fingerprint.h"

#include <string.h>

/* FNV-1a. */
static void mix(uint64_t *hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) *hash = (*hash ^ p[i]) * UINT64_C(1099511628211);
}
static void mix_number(uint64_t *hash, int64_t value)
{
    for (int i = 0; i < 8; i++) *hash = (*hash ^ ((uint64_t)value >> 8 * i & 255)) * UINT64_C(1099511628211);
}
static void mix_text(uint64_t *hash, const char *text)
{
    if (text) mix(hash, text, strlen(text) + 1);
}

static void mix_tensor(uint64_t *hash, const struct tensor *t)
{
    mix_number(hash, t->index);
    mix_number(hash, (int)t->dtype);
    mix_number(hash, (int)t->role);
    mix_number(hash, t->has_shape ? t->shape.rank : -1);
    if (t->has_shape) mix(hash, t->shape.dim, (size_t)t->shape.rank * sizeof *t->shape.dim);
}
static void mix_attribute(uint64_t *hash, const struct attribute *a)
{
    mix_text(hash, a->name);
    mix_text(hash, a->s);
    mix(hash, &a->i, sizeof a->i);
    mix(hash, &a->f, sizeof a->f);
    if (a->ints) mix(hash, a->ints, (size_t)a->n * sizeof *a->ints);
    if (a->floats) mix(hash, a->floats, (size_t)a->n * sizeof *a->floats);
}

uint64_t graph_fingerprint(const struct graph *g)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (int i = 0; i < g->n_inputs; i++) mix_tensor(&hash, g->inputs[i]);
    for (int i = 0; i < g->n_nodes; i++) {
        const struct node *n = g->nodes[i];
        mix_text(&hash, n->op_type);
        mix_text(&hash, n->domain);
        for (int k = 0; k < n->n_in; k++) mix_tensor(&hash, n->in[k]);
        for (int k = 0; k < n->n_out; k++) mix_tensor(&hash, n->out[k]);
        for (int k = 0; k < n->n_attributes; k++) mix_attribute(&hash, &n->attributes[k]);
    }
    return hash;
}
