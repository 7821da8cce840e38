#include "one_node.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct tensor *parse_ints(struct graph *g, char *text)
{
    int64_t values[SHAPE_RANK_MAX];
    int n = 0;
    for (char *rest = text; rest && *rest;) values[n++] = strtoll(strsep(&rest, ","), NULL, 10);
    return graph_constant_ints(g, "constant", n, values);
}

static struct tensor *parse_input(struct graph *g, char *text, int index)
{
    int64_t dim[SHAPE_RANK_MAX];
    int rank = 0;
    if (!strcmp(text, "-")) return graph_absent(g);
    if (!strncmp(text, "i:", 2)) return parse_ints(g, text + 2);
    if (strcmp(text, "()"))
        for (char *rest = text; rest;) dim[rank++] = strtoll(strsep(&rest, "x"), NULL, 10);
    return index ? graph_initializer(g, "weight", ROLE_WEIGHT, DTYPE_F32, rank, dim)
                 : graph_input(g, "x", DTYPE_F32, rank, dim);
}

static void set_attr(struct graph *g, struct node *n, const struct attr *a)
{
    switch (a->type) {
    case ATTRIBUTE_INT: node_set_int(g, n, a->name, a->i); break;
    case ATTRIBUTE_FLOAT: node_set_float(g, n, a->name, a->f); break;
    case ATTRIBUTE_STRING: node_set_string(g, n, a->name, a->s); break;
    case ATTRIBUTE_INTS: node_set_ints(g, n, a->name, a->n, a->ints); break;
    case ATTRIBUTE_FLOATS:
    case ATTRIBUTE_TENSOR:
    case ATTRIBUTE_STRINGS:
    case ATTRIBUTE_GRAPH: fail_msg("no test needs %s", a->name); break;
    }
}

struct node *one_node_new(const struct one_node *spec, struct graph **g)
{
    char text[256];
    struct tensor *in[8];
    int n_in = 0;
    *g = graph_new("test", "test", 1 << 20);
    snprintf(text, sizeof text, "%s", spec->inputs);
    for (char *rest = text; rest && *rest; n_in++) in[n_in] = parse_input(*g, strsep(&rest, " "), n_in);
    struct node *n = graph_node(*g, spec->op, spec->domain ? spec->domain : "", "n", NULL, n_in, in,
                                spec->outputs ? spec->outputs : 1);
    assert_non_null(n);
    for (size_t i = 0; i < COUNT_OF(spec->attrs) && spec->attrs[i].name; i++) set_attr(*g, n, &spec->attrs[i]);
    return n;
}

void shape_text(const struct shape *s, char *text, size_t size)
{
    size_t len = 0;
    snprintf(text, size, "()");
    for (int i = 0; i < s->rank && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s%lld", i ? "x" : "", (long long)s->dim[i]);
}
