/* Small models made by the tests: counted by hand, run by the general engine, compared with loops from the definitions.
 */
#ifndef MODELS_SMALL_H
#define MODELS_SMALL_H
#include "graph/graph.h"

struct graph *small_new(void);
/* Element i of the model's input, exact in every type. */
double small_x(int64_t i);
struct tensor *small_input(struct graph *g, int rank, const int64_t *dim);
/* An initializer; small_w gives element i of it. */
struct tensor *small_weights(struct graph *g, int rank, const int64_t *dim);
double small_w(const struct tensor *t, int64_t i);
struct tensor *small_ints(struct graph *g, int n, const int64_t *values);
/* A node's first output. */
struct tensor *small_node(struct graph *g, const char *op, int n_in, struct tensor *const *in);
/* The model ends with y: it has so many MACs, and y these n values, within the tolerance. Frees g. */
void small_check(struct graph *g, struct tensor *y, count macs, int64_t n, const double *want, double tolerance);
#endif
