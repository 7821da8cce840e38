/* The values of small integer tensors, carried along while shapes are inferred: Shape -> Gather -> Concat -> Reshape
   chains fold to constants. Private to ops/. */
#ifndef OPS_VALUES_H
#define OPS_VALUES_H
#include "base/limits.h"
#include "ops/ops.h"

enum { VALUES_MAX = LIMIT_VALUES }; /* elements of a tensor whose value is carried */

/* After the node's shapes: sets out[i]->ints where they follow from the inputs' values. */
gable_status values_fold(struct graph *g, struct node *n, gable_error *e);
#endif
