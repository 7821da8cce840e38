/* The name under which the planner's choices by time are remembered. */
#ifndef BENCH_CHOICES_H
#define BENCH_CHOICES_H
#include "bench/bench.h"

enum { CHOICES_KEY = 256 };
/* Program version, processor with its caches, engine and its options, and the point's graph (shapes hold its batch). */
gable_status choices_key(const struct cpus *cpus, const struct bench_options *o, char out[CHOICES_KEY], gable_error *e);
#endif
