/* Seeded, deterministic parameters that keep activations in range to the last layer: each weight's scale follows the
   second moment that its input has by rule (He et al. 2015, extended to every activation, gate and sum of the zoo). */
#ifndef ENGINE_WEIGHTS_H
#define ENGINE_WEIGHTS_H
#include "graph/graph.h"

struct general_values; /* engine/general/general.h */
struct weights {
    int n;         /* graph->n_tensors */
    float **value; /* per tensor index: row-major values of an initializer, NULL for activations */
    size_t bytes;
    const struct general_values *given; /* values of any type as a file has them; NULL where they are drawn */
};
gable_status weights_new(const struct graph *g, uint64_t seed, struct weights **out, gable_error *e);
void weights_free(struct weights *w);
/* n values of N(0,1), a function of seed alone: model inputs. */
void weights_normal(uint64_t seed, size_t n, float *out);
#endif
