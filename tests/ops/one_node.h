/* One node and its inputs, written as text: what a row of an operator test holds. */
#ifndef TESTS_OPS_ONE_NODE_H
#define TESTS_OPS_ONE_NODE_H
#include "ops/ops.h"

struct attr {
    const char *name;
    enum attribute_type type;
    int64_t i;
    double f;
    const char *s;
    int n;
    int64_t ints[10];
};
#define INT(name_, value)                                \
    {                                                    \
        .name = name_, .type = ATTRIBUTE_INT, .i = value \
    }
#define REAL(name_, value)                                 \
    {                                                      \
        .name = name_, .type = ATTRIBUTE_FLOAT, .f = value \
    }
#define WORD(name_, value)                                  \
    {                                                       \
        .name = name_, .type = ATTRIBUTE_STRING, .s = value \
    }
#define INTS(name_, count_, ...)                                                    \
    {                                                                               \
        .name = name_, .type = ATTRIBUTE_INTS, .n = count_, .ints = { __VA_ARGS__ } \
    }

struct one_node {
    const char *op, *domain;
    /* "1x3x8x8" a tensor, "()" a scalar, "i:2,-1" a constant of integers, "-" left out; separated by spaces */
    const char *inputs;
    int outputs;
    struct attr attrs[6];
};
/* The node in a graph of its own (the caller frees it), not inferred. */
struct node *one_node_new(const struct one_node *spec, struct graph **g);
/* "1x8x4x4", "()" for a scalar; into text. */
void shape_text(const struct shape *s, char *text, size_t size);
#endif
