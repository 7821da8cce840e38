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

struct readings {
    const struct probe_reading *reading;
    int n;
};
struct room { /* to work in */
    double *efficiency, *attainable, *samples;
};

/* Medians into the run; how far they range decides speed_drift. */
static void summarise_probes(struct run *r, const struct readings *p, double *room)
{
    double range;
    for (int i = 0; i < p->n; i++) room[i] = p->reading[i].flops;
    r->probe_flops = stats_median(room, p->n);
    range = range_of(room, p->n);
    for (int i = 0; i < p->n; i++) room[i] = p->reading[i].bytes;
    r->probe_bytes = stats_median(room, p->n);
    range = fmax(range, range_of(room, p->n));
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
static int sandwiches(const struct run *r, const struct run_place *at, const struct readings *p, struct room *room)
{
    int found = 0;
    for (int j = 0; j + 1 < p->n; j++) {
        const struct probe_reading *a = &p->reading[j], *b = a + 1;
        double ns = median_between(r, a->at, b->at, room->samples);
        struct roof now = {.peak = (a->flops + b->flops) / 2, .bandwidth = (a->bytes + b->bytes) / 2};
        if (!(ns > 0) || !(now.peak > 0) || !(now.bandwidth > 0)) continue;
        room->attainable[found] = run_place_attainable(at, &now);
        room->efficiency[found] = at->flops / (1e-9 * ns) / room->attainable[found];
        found++;
    }
    return found;
}

/* Attainable and efficiency at the place where the notes put the run. */
static void set_efficiency(struct run *r, const struct readings *p, struct room *room)
{
    struct run_place at = run_place(r);
    int n = sandwiches(r, &at, p, room);
    double *sorted;
    r->attainable = n ? stats_median(room->attainable, n) : run_place_attainable(&at, &r->roof);
    r->efficiency = n ? stats_median(room->efficiency, n) : at.flops_per_s / r->attainable;
    r->efficiency_low = r->efficiency * r->median_ns / r->high_ns;
    r->efficiency_high = r->efficiency * r->median_ns / r->low_ns;
    if (n < FEW || !(sorted = stats_sorted(room->efficiency, n))) return;
    struct interval i = stats_interval(sorted, n, n);
    r->efficiency_low = fmin(r->efficiency_low, i.low);
    r->efficiency_high = fmax(r->efficiency_high, i.high);
    free(sorted);
}

static bool is_above_measured(const struct run *r) /* the roof as it was before the run */
{
    struct run_place at = run_place(r);
    return at.flops / (1e-9 * r->high_ns) > run_place_attainable(&at, &r->roof);
}

/* The roof as the probes beside the run saw it, where there are any. */
static bool is_above(const struct run *r) { return r->probe_flops > 0 ? r->efficiency_low > 1 : is_above_measured(r); }

/* Would this note bring the run under its roof? */
static bool helps(const struct run *r, enum bench_code note, const struct readings *p, struct room *room)
{
    struct run noted = *r;
    noted.notes |= CODE_BIT(note);
    set_efficiency(&noted, p, room);
    return !is_above(&noted);
}

/* Above the roof: the first reason that brings the run under it is noted and moves it there; none invalidates. */
static void explain(struct run *r, bool may_be_in_cache, const struct readings *p, struct room *room)
{
    if (!is_above(r)) {
        if (is_above_measured(r)) verdict_note(r, CODE_CLOCK_ABOVE_PROBE);
    } else if (r->flops_executed < r->flops_counted && helps(r, CODE_EXECUTED_FEWER, p, room))
        verdict_note(r, CODE_EXECUTED_FEWER);
    else if (may_be_in_cache && helps(r, CODE_IN_CACHE, p, room))
        verdict_note(r, CODE_IN_CACHE);
    else if (helps(r, CODE_FUSED_MORE, p, room))
        verdict_note(r, CODE_FUSED_MORE);
    else
        verdict_invalid(r, CODE_ABOVE_ROOF);
}

/* A folded norm saves a few FLOPs everywhere; an algorithm such as Winograd's saves half of a convolution's. */
static bool has_fewer(const struct run *r)
{
    for (int i = 0; i < r->n_groups; i++)
        if (r->groups[i].kind == KIND_CONV && r->groups[i].flops_executed < BENCH_FEWER * r->groups[i].flops_counted)
            return true;
    return false;
}

gable_status verdict_of_roof(struct run *r, const struct probe_reading *probes, int n, bool may_be_in_cache,
                             gable_error *e)
{
    r->flops_per_s = (double)r->flops_counted / (1e-9 * r->median_ns);
    r->intensity = (double)r->flops_counted / (double)r->bytes.fused;
    r->bound = roof_bound(&r->roof, (double)r->flops_counted, (double)r->bytes.fused);
    r->probe_flops = r->probe_bytes = NAN;
    size_t most = (size_t)(n > r->n_samples ? n : r->n_samples) + 1;
    double *memory = malloc(3 * most * sizeof *memory);
    if (!memory) return error_set(e, GABLE_NO_MEMORY, "no memory to judge %d samples", r->n_samples);
    struct room room = {memory, memory + most, memory + 2 * most};
    struct readings readings = {probes, n};
    if (n > 0)
        summarise_probes(r, &readings, memory);
    else
        verdict_note(r, CODE_NO_PROBE);
    if (has_fewer(r)) verdict_note(r, CODE_EXECUTED_FEWER);
    set_efficiency(r, &readings, &room);
    explain(r, may_be_in_cache, &readings, &room);
    set_efficiency(r, &readings, &room); /* where the explanation has put it */
    free(memory);
    return GABLE_OK;
}

void verdict_of_groups(struct run *r)
{
    r->sum_ns = 0;
    for (int i = 0; i < r->n_groups; i++) r->sum_ns += r->groups[i].median_ns;
    if (r->n_groups && !(fabs(r->sum_ns / r->instrumented_ns - 1) <= BENCH_SUM_APART))
        verdict_note(r, CODE_SUM_MISMATCH);
}
