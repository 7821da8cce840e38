/* A few training steps as a trace: a track for each part of a step, and what every thread did meanwhile
   [docs/METRICS.md, Traces]. */
#ifndef BENCH_TRAINING_TRACE_H
#define BENCH_TRAINING_TRACE_H
#include "bench/training.h"

/* Opens the point as `t` ran it and traces consecutive steps after warm-up, in this process. A new reference. */
gable_status training_trace(const struct cpus *cpus, const struct training_options *o, const struct trained *t,
                            json_t **out, gable_error *e);
#endif
