/* The planner's choices, by rule. */
#ifndef ENGINE_CPU_TUNE_H
#define ENGINE_CPU_TUNE_H
#include "engine/cpu/plan.h"

/* The plan that the rules make. */
gable_status tune_rule(const struct graph *g, const struct kernels *k, int threads, enum winograd winograd,
                       struct plan **out, gable_error *e);
#endif
