/* Graph clean-up: rules that turn a graph into one that computes the same with less. Each stands in a file of its own
   and says what it rewrote, and why that keeps the outputs. They hold for the shapes that the graph has now. */
#ifndef PASSES_PASSES_H
#define PASSES_PASSES_H
#include "graph/graph.h"

struct rewrite {
    const char *pass;  /* "gelu" */
    const char *nodes; /* names of the nodes that went, at most a few: "a, b, c" */
    int n_nodes;       /* how many */
    const char *into;  /* "node d (Gelu)", "a constant", "nothing" */
    const char *why;   /* a sentence */
};
struct rewrites {
    int n, room;
    struct rewrite *at; /* in the graph's arena */
};
struct edit; /* passes/edit.h */
/* The bodies of loops, where shapes may change, have those rules alone that need none. */
enum pass_needs { NEEDS_SHAPES, NEEDS_NO_SHAPES };
struct pass {
    const char *name, *purpose;
    gable_status (*run)(struct edit *edit, gable_error *e);
    enum pass_needs needs;
};
/* In the order in which they run; NULL after the last. */
const struct pass *pass_at(int i);
/* Runs all, once, in place, in the bodies of If, Loop and Scan first; the graph must have been inferred and is so again
 * afterwards. */
gable_status passes_run(struct graph *g, struct rewrites *out, gable_error *e);
#endif
