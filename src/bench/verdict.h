/* From samples and probes to the numbers and the validity of a run. Pure: no clock, no machine. */
#ifndef BENCH_VERDICT_H
#define BENCH_VERDICT_H
#include "bench/sampling.h"

/* Invalidates: the first reason stays. */
void verdict_invalid(struct run *r, enum bench_code c);
void verdict_note(struct run *r, enum bench_code c);
bool verdict_has(const struct run *r, enum bench_code c); /* as reason or as note */

/* Rules of time: cuts what was not steady (marks it MARK_WARMUP), then median, interval, percentiles, shape. Takes
   r->samples, n_samples, block; `precision` is what was asked. Starts with r->valid true.
   With fewer than 6 clean samples the run is invalid and its numbers are those of all samples, without an interval. */
gable_status verdict_of_times(struct run *r, double precision, gable_error *e);
/* The same for the samples of several rounds, each already judged: nothing is cut, order means nothing,
   and r->n_eff is the sum of theirs. */
gable_status verdict_of_joined(struct run *r, double precision, gable_error *e);
/* Rules of the roof, after the times: r's roof and work, and the readings beside the samples (n may be 0).
   may_be_in_cache: what it reads may lie in a cache already. */
gable_status verdict_of_roof(struct run *r, const struct probe_reading *probes, int n, bool may_be_in_cache,
                             gable_error *e);
/* Groups must add up to the instrumented pass; sets sum_ns. */
void verdict_of_groups(struct run *r);
#endif
