/* Roofs: efficiency by sandwiches of probes, and why a run stands above its roof. */
#include "bench/defaults.h"
#include "bench/stats.h"
#include "bench/verdict.h"

#include <math.h>
#include <stdlib.h>

enum { FEW = 6 }; /* sandwiches from which they have an interval of their own */

static double range_of(const double *x, int n)
{
    double low = x[0], high = x[0];
    for (int i = 1; i < n; i++) {
        low = fmin(low, x[i]);
        high = fmax(high, x[i]);
    }
    return (high - low) / stats_median(x, n);
}

/* Medians into the run; how far they range decides speed_drift. */
static void summarise_probes(struct run *r, const struct probe_reading *probes, int n, double *room)
{
    double range;
    for (int i = 0; i < n; i++) room[i] = probes[i].flops;
    r->probe_flops = stats_median(room, n);
    range = range_of(room, n);
    for (int i = 0; i < n; i++) room[i] = probes[i].bytes;
    r->probe_bytes = stats_median(room, n);
    range = fmax(range, range_of(room, n));
    if (range > BENCH_DRIFT_INVALID)
        verdict_invalid(r, CODE_SPEED_DRIFT);
    else if (range > BENCH_DRIFT_NOTED)
        verdict_note(r, CODE_SPEED_DRIFT);
}

/* Median of the clean samples between two probes; NaN where there are none. `room` holds them. */
static double median_between(const struct run *r, int from, int to, double *room)
{
    int n = 0;
    for (int i = from; i < to && i < r->n_samples; i++)
        if (!r->samples[i].marks) room[n++] = (double)r->samples[i].ns;
    return stats_median(room, n);
}

/* Each second of samples under the roof as its own two probes saw it. Returns how many sandwiches there were. */
static int sandwiches(const struct run *r, const struct probe_reading *p, int n, double *efficiency, double *attainable,
                      double *room)
{
    int found = 0;
    for (int j = 0; j + 1 < n; j++) {
        double ns = median_between(r, p[j].at, p[j + 1].at, room);
        struct roof now = {.peak = (p[j].flops + p[j + 1].flops) / 2, .bandwidth = (p[j].bytes + p[j + 1].bytes) / 2};
        if (!(ns > 0) || !(now.peak > 0) || !(now.bandwidth > 0)) continue;
        attainable[found] = roof_attainable(&now, r->intensity);
        efficiency[found] = (double)r->flops_counted / (1e-9 * ns) / attainable[found];
        found++;
    }
    return found;
}

static void set_efficiency(struct run *r, double *efficiency, const double *attainable, int n)
{
    double *sorted;
    r->attainable = n ? stats_median(attainable, n) : roof_attainable(&r->roof, r->intensity);
    r->efficiency = n ? stats_median(efficiency, n) : r->flops_per_s / r->attainable;
    r->efficiency_low = r->efficiency * r->median_ns / r->high_ns;
    r->efficiency_high = r->efficiency * r->median_ns / r->low_ns;
    if (n < FEW || !(sorted = stats_sorted(efficiency, n))) return;
    struct interval i = stats_interval(sorted, n, n);
    r->efficiency_low = fmin(r->efficiency_low, i.low);
    r->efficiency_high = fmax(r->efficiency_high, i.high);
    free(sorted);
}

/* The engine's own account of what it moves: the groups' bytes. */
static double planned_bytes(const struct run *r)
{
    double bytes = 0;
    for (int i = 0; i < r->n_groups; i++) bytes += r->groups[i].bytes;
    return bytes;
}

/* Above the roof as it was measured before: the first reason that brings it under is noted; none invalidates. */
static void explain(struct run *r, size_t cache_bytes)
{
    double least = (double)r->flops_counted / (1e-9 * r->high_ns); /* attained's lower bound */
    double executed = (double)r->flops_executed / (double)r->flops_counted, bytes = planned_bytes(r);
    if (!(least > roof_attainable(&r->roof, r->intensity))) return;
    if (r->probe_flops > 0 && r->efficiency_low <= 1)
        verdict_note(r, CODE_CLOCK_ABOVE_PROBE);
    else if (executed < 1 && least * executed <= roof_attainable(&r->roof, r->intensity * executed))
        verdict_note(r, CODE_EXECUTED_FEWER);
    else if (r->planned_bytes && r->planned_bytes < cache_bytes && least * fmin(1, executed) <= r->roof.peak)
        verdict_note(r, CODE_IN_CACHE);
    else if (bytes > 0 && bytes < (double)r->bytes.fused &&
             least <= roof_attainable(&r->roof, (double)r->flops_counted / bytes))
        verdict_note(r, CODE_FUSED_MORE);
    else
        verdict_invalid(r, CODE_ABOVE_ROOF);
}

/* A folded norm saves a few FLOPs everywhere; an algorithm such as Winograd's saves half of a convolution's. */
static bool has_fewer(const struct run *r)
{
    for (int i = 0; i < r->n_groups; i++)
        if (r->groups[i].kind == KIND_CONV && r->groups[i].flops_executed < 0.8 * r->groups[i].flops_counted)
            return true;
    return false;
}

gable_status verdict_of_roof(struct run *r, const struct probe_reading *probes, int n, size_t cache_bytes,
                             gable_error *e)
{
    r->flops_per_s = (double)r->flops_counted / (1e-9 * r->median_ns);
    r->intensity = (double)r->flops_counted / (double)r->bytes.fused;
    r->bound = roof_bound(&r->roof, (double)r->flops_counted, (double)r->bytes.fused);
    r->probe_flops = r->probe_bytes = NAN;
    size_t most = (size_t)(n > r->n_samples ? n : r->n_samples) + 1;
    double *room = malloc(3 * most * sizeof *room);
    if (!room) return error_set(e, GABLE_NO_MEMORY, "no memory to judge %d samples", r->n_samples);
    if (n > 0)
        summarise_probes(r, probes, n, room);
    else
        verdict_note(r, CODE_NO_PROBE);
    set_efficiency(r, room, room + most, sandwiches(r, probes, n, room, room + most, room + 2 * most));
    free(room);
    if (has_fewer(r)) verdict_note(r, CODE_EXECUTED_FEWER);
    explain(r, cache_bytes);
    return GABLE_OK;
}

void verdict_of_groups(struct run *r)
{
    r->sum_ns = 0;
    for (int i = 0; i < r->n_groups; i++) r->sum_ns += r->groups[i].median_ns;
    if (r->n_groups && !(fabs(r->sum_ns / r->instrumented_ns - 1) <= BENCH_SUM_APART))
        verdict_note(r, CODE_SUM_MISMATCH);
}
