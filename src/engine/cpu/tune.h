/* The planner's choices: by rule, and by time. */
#ifndef ENGINE_CPU_TUNE_H
#define ENGINE_CPU_TUNE_H
#include "engine/cpu/plan.h"

/* The plan that the rules make. */
gable_status tune_rule(const struct graph *g, const struct kernels *k, int threads, enum winograd winograd,
                       struct plan **out, gable_error *e);
/* Times the candidates on real buffers and replaces *plan by that of the fastest: Winograd or direct for each
   convolution, and how many images take the tail together. Where memory for the candidates lacks, the rules stay. */
gable_status tune_by_time(struct plan **plan, const struct weights *w, const int *cpus, enum winograd winograd,
                          gable_error *e);
/* Replaces *plan by that of choices that were timed earlier; *is_done false where the text is not of this plan. */
gable_status tune_recalled(struct plan **plan, const char *text, bool *is_done, gable_error *e);
#endif
