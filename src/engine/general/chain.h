/* Chains: element-wise steps of which each is read by the next alone. They run tile by tile, so that what lies between
   them never leaves the first cache. Values decide: of a chain that is planned, as many steps run as one as have f32
   operands that do not stretch its shape. */
#ifndef ENGINE_GENERAL_CHAIN_H
#define ENGINE_GENERAL_CHAIN_H
#include "engine/general/runtime.h"

/* Sets n_chain of every step; last[t] is the step that reads tensor t last. */
void chain_plan(struct program *p, const int *last);
/* Runs steps from `first` on as one, ends what ends with them, and says in *n how many; 0 where they must run singly.
 */
gable_status chain_run(struct runtime *r, struct program *p, int first, int *n, gable_error *e);
#endif
