/* Costs that the user teaches for operators without a row: a YAML file of expressions over shapes and attributes.

   rules:
     - op: Foo
       domain: my                     # as in the file; absent: ai.onnx
       let: {taps: dim(x1, 2) * dim(x1, 3)}
       macs: numel(y0) * dim(x1, 1) * taps
       flops: 2 * macs + numel(y0)    # absent: 2 * macs

   x0, x1, ... are the node's inputs, y0, ... its outputs: numel(x0), rank(x0), dim(x0, axis; negative from the end),
   attr(name) or attr(name, fallback), attr_at(name, i) or attr_at(name, i, fallback), min, max, floor, ceil, + - * /.
   Names are those of `let` and, in flops, macs. */
#ifndef OPS_TAUGHT_H
#define OPS_TAUGHT_H
#include "ops/ops.h"

enum { TAUGHT_FILE_MAX = 1 << 18, TAUGHT_MAX = 256, TAUGHT_LETS_MAX = 16 };

struct taught; /* the rules of a file; must outlive the graphs that were inferred with it */

/* Checks names, functions and cycles of every expression; errors are NAME:LINE:COLUMN. An operator that has a row of
   its own is refused. Caller frees. */
gable_status taught_parse(const char *name, const char *yaml, size_t len, struct taught **out, gable_error *e);
gable_status taught_load(const char *path, struct taught **out, gable_error *e);
void taught_free(struct taught *t); /* NULL is fine */

/* Gives the graph's unknown nodes the rows of the rules for them, with every cost evaluated once: an expression that
   fails for a node's shapes is an error that names rule and node. *n_used counts nodes. */
gable_status taught_apply(const struct taught *t, struct graph *g, int *n_used, gable_error *e);
#endif
