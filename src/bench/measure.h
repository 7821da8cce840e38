/* One point, measured in this process: graph, weights, session, samples, probes, groups, verdict. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H
#include "bench/bench.h"

/* As bench_point, without a child. */
gable_status measure_point(const struct cpus *cpus, const struct bench_options *options,
                           const volatile bool *interrupted, struct run *out, gable_error *e);
/* Everything of a run that is known before it runs. */
gable_status measure_identity(const struct cpus *cpus, const struct bench_options *options, struct run *out,
                              gable_error *e);
double measure_budget_s(const struct bench_options *o);
#endif
