/* A graph before and after its clean-up, both run by the general engine on the same inputs. */
#ifndef PASSES_RUN_BOTH_H
#define PASSES_RUN_BOTH_H
#include "engine/general/general.h"
#include "tensors/compare.h"

/* Runs `g` on inputs (g->n_inputs values) and compares with `want` (as many as outputs; absent ones are filled in
   instead). False where no kernel runs a node. */
struct both {
    const struct general_values *values;
    struct value *outputs; /* of the first run */
    int n;
    struct tolerance tolerance;
};
bool both_run(struct both *b, const struct graph *g, const struct value *inputs, struct pool *keep, const char *label);
#endif
