/* A number that equal graphs share: operators, wiring, shapes, attributes; names and weights are not in it. */
#ifndef GRAPH_FINGERPRINT_H
#define GRAPH_FINGERPRINT_H
#include "graph/graph.h"

uint64_t graph_fingerprint(const struct graph *g);
#endif
