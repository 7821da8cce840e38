/* Small graphs made by the tests, and one check for all: the clean-up leaves so many nodes, and the outputs. */
#ifndef PASSES_MADE_H
#define PASSES_MADE_H
#include "graph/graph.h"

/* A node's first output. Names are made up. */
struct tensor *made_node(struct graph *g, const char *op, int n_in, struct tensor *const *in);
struct tensor *made_pair(struct graph *g, const char *op, struct tensor *a, struct tensor *b);
/* An initializer of values from `least` to 2 more, all different among neighbours. */
struct tensor *made_weights(struct graph *g, double least, int rank, const int64_t *dim);
/* Infers g, runs it on values made up, cleans it, runs it again, compares: `tolerance` absolute and relative. */
void made_check(struct graph *g, const char *what, int before, int after, double tolerance);
#endif
