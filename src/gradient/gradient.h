/* The gradient of a graph as a graph: from a loss back, node by node, each operator's rule says what flows to its
   inputs in ONNX's own operators. What comes of it is a graph like any other: it is inferred, counted and run as one.
 */
#ifndef GRADIENT_GRADIENT_H
#define GRADIENT_GRADIENT_H
#include "graph/graph.h"

struct back; /* gradient/back.h */
/* How one operator passes a gradient back. */
struct gradient_rule {
    const char *op, *domain;
    /* One of the two; neither where nothing flows back: words say why. */
    void (*back)(struct back *b);                        /* writes the gradients of the inputs */
    void (*define)(struct back *b, struct tensor **out); /* writes the outputs in simpler operators: theirs go back */
    const char *words;
};
const struct gradient_rule *gradient_rule_find(const char *domain, const char *op); /* NULL where there is none */
const struct gradient_rule *gradient_rule_at(int i);                                /* NULL after the last */

struct gradient {
    struct tensor **of; /* per tensor that g had: its gradient; NULL where it was not wanted or the loss ignores it */
    int *source;        /* per node of g now: the node whose gradient it is part of; itself for those that were there */
};
/* Appends what makes the gradients of `loss`, one value, to an inferred graph. is_wanted, one a tensor, says of which
   tensors; nothing else is made. Refuses, with the node's name, an operator without a rule through which a gradient
   must flow, and one that lets none through where a wanted tensor reaches the loss by no other way. In g's arena. */
gable_status gradient_append(struct graph *g, struct tensor *loss, const bool *is_wanted, struct gradient *out,
                             gable_error *e);
#endif
