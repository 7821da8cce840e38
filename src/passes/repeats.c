/* Common subexpressions: a node of the same operator, inputs and attributes as an earlier one computes the same. */
#include "passes/edit.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* What draws random numbers gives others each time; bodies are not compared. */
static bool is_fixed(const struct node *n)
{
    static const char *const random[] = {"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike",
                                         "Bernoulli",    "Multinomial",   "Dropout",          "If",
                                         "Loop",         "Scan",          "SequenceMap"};
    for (size_t i = 0; i < COUNT_OF(random); i++)
        if (!strcmp(random[i], n->op_type)) return false;
    return n->op && n->op != &op_unknown;
}

static bool same_attribute(const struct attribute *a, const struct attribute *b)
{
    if (!b || a->type != b->type || a->n != b->n) return false;
    switch (a->type) {
    case ATTRIBUTE_INT: return a->i == b->i;
    case ATTRIBUTE_FLOAT: return a->f == b->f && signbit(a->f) == signbit(b->f);
    case ATTRIBUTE_STRING: return !strcmp(a->s, b->s);
    case ATTRIBUTE_INTS: return !a->n || !memcmp(a->ints, b->ints, (size_t)a->n * sizeof *a->ints);
    case ATTRIBUTE_FLOATS: return !a->n || !memcmp(a->floats, b->floats, (size_t)a->n * sizeof *a->floats);
    case ATTRIBUTE_TENSOR:
    case ATTRIBUTE_STRINGS:
    case ATTRIBUTE_GRAPH: return false;
    }
    return false;
}

static bool same_input(const struct edit *e, struct tensor *a, struct tensor *b)
{
    a = edit_now(e, a);
    b = edit_now(e, b);
    return a == b || (a->role == ROLE_ABSENT && b->role == ROLE_ABSENT);
}

static bool is_same(const struct edit *e, const struct node *a, const struct node *b)
{
    if (strcmp(a->op_type, b->op_type) != 0 || strcmp(a->domain, b->domain) != 0 || a->n_in != b->n_in ||
        a->n_out != b->n_out || a->n_attributes != b->n_attributes)
        return false;
    for (int i = 0; i < a->n_in; i++)
        if (!same_input(e, a->in[i], b->in[i])) return false;
    for (int i = 0; i < a->n_attributes; i++)
        if (!same_attribute(&a->attributes[i], node_attribute(b, a->attributes[i].name))) return false;
    return true;
}

static uint32_t hash_of(const struct edit *e, const struct node *n)
{
    uint32_t h = 2166136261U;
    for (const char *c = n->op_type; *c; c++) h = (h ^ (uint8_t)*c) * 16777619U;
    for (int i = 0; i < n->n_in; i++) {
        const struct tensor *t = edit_now(e, n->in[i]);
        h = (h ^ (uint32_t)(t->role == ROLE_ABSENT ? -1 : t->index)) * 16777619U;
    }
    return h;
}

static bool makes_output(const struct node *n)
{
    for (int i = 0; i < n->n_out; i++)
        if (n->out[i]->is_output) return true;
    return false;
}

gable_status pass_repeats(struct edit *e, gable_error *error)
{
    enum { CHAIN_MAX = 64 }; /* a longer chain of one hash is made by hand */
    int n_nodes = e->g->n_nodes, room = 1;
    while (room < n_nodes) room *= 2;
    int *first = arena_array(e->scratch, (size_t)room, sizeof *first);
    int *next = arena_array(e->scratch, (size_t)n_nodes + 1, sizeof *next);
    gable_status s = first && next ? GABLE_OK : error_set(error, GABLE_NO_MEMORY, "no memory to look for repeats");
    if (next) next[n_nodes] = -1;
    for (int i = 0; i < room && !s; i++) first[i] = -1;
    for (int i = 0; i < n_nodes && !s; i++) {
        struct node *n = e->g->nodes[i];
        int *bucket = &first[hash_of(e, n) & (uint32_t)(room - 1)], k = *bucket;
        if (!is_fixed(n)) continue;
        for (int steps = 0; k >= 0 && !is_same(e, e->g->nodes[k], n); k = next[k])
            if (++steps == CHAIN_MAX) k = n_nodes; /* next is -1 there */
        if (k >= 0 && k < n_nodes && !makes_output(n)) {
            for (int o = 0; o < n->n_out; o++) e->instead[n->out[o]->index] = e->g->nodes[k]->out[o];
            e->is_dead[i] = true;
            s = edit_note(e, &n, 1, e->g->nodes[k]->name, "computes the same from the same inputs", error);
            continue;
        }
        next[i] = *bucket;
        *bucket = i;
    }
    return s;
}
