#include "bench/campaign.h"

#include "base/input.h"
#include "bench/choices.h"
#include "bench/defaults.h"
#include "bench/measure.h"
#include "bench/stats.h"
#include "bench/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int campaign_rounds(const struct campaign *c)
{
    return c->rounds > 0 ? c->rounds : c->n_points > 1 ? BENCH_ROUNDS : 1;
}

/* FNV-1a. */
static void mix(uint64_t *hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) *hash = (*hash ^ p[i]) * UINT64_C(1099511628211);
}

void campaign_id(const struct campaign *c, const struct topology *t, const struct cpus *cpus, char out[CAMPAIGN_ID])
{
    const struct bench_options *b = &c->bench;
    const struct trainer_options *step = &c->training.trainer;
    char text[512];
    int n =
        snprintf(text, sizeof text, "%s|%s|%d|%zu|%d|%d|%d|%d|%d|%d|%g|%g|%g|%llu|%d|%s|%d|%d|%d", GABLE_VERSION,
                 t->cpu, t->cores, t->memory_bytes, cpus->n_allowed, b->height, b->width, b->engine.threads,
                 (int)b->engine.isa, 2 * (int)b->engine.winograd + b->engine.tune, b->budget_s, b->least_s,
                 b->precision, (unsigned long long)b->seed, b->quick, (b->runs_on ? b->runs_on : engine_at(0))->name,
                 (int)step->optimizer, (int)step->recompute, step->tune);
    uint64_t hash = UINT64_C(14695981039346656037);
    mix(&hash, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
    for (int i = 0; i < b->n_shapes; i++) {
        mix(&hash, b->shapes[i].name, (size_t)b->shapes[i].length);
        mix(&hash, b->shapes[i].dim, (size_t)b->shapes[i].rank * sizeof *b->shapes[i].dim);
    }
    snprintf(out, CAMPAIGN_ID, "%016llx", (unsigned long long)hash);
}

static uint64_t next_random(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void shuffle(int *order, int n, uint64_t *state)
{
    for (int i = 0; i < n; i++) order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int j = (int)(next_random(state) % (uint64_t)(i + 1)), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

struct known {                    /* of a point */
    char choices[RECORD_CHOICES]; /* the planner's */
    bool is_sound;                /* a round of it is valid */
};
struct step { /* where a campaign stands, for the progress of one point */
    const struct campaign *campaign;
    struct known *known; /* per point */
    int done, total, finished;
};

static void pass_on(void *arg, const char *what, double share)
{
    struct step *s = arg;
    (void)share;
    s->campaign->progress(s->campaign->arg, what, s->done, s->total);
}

/* What is remembered of the point from earlier campaigns; *key is "" where it need not be remembered. */
static void recall(const struct cpus *cpus, const struct campaign *c, const struct campaign_point *p,
                   const struct bench_options *o, struct known *known, char key[CHOICES_KEY])
{
    key[0] = '\0';
    if (!c->recall || !o->engine.tune || known->choices[0] || choices_key(cpus, o, key, NULL)) return;
    if (c->recall(c->arg, p, key, known->choices, sizeof known->choices)) key[0] = '\0';
}

static gable_status train_point(const struct cpus *cpus, struct step *step, int point, int round,
                                const volatile bool *interrupted, gable_error *e)
{
    const struct campaign *c = step->campaign;
    const struct campaign_point *p = &c->points[point];
    struct training_options o = c->training;
    struct trained t;
    o.model = p->model;
    o.batch = p->batch;
    o.round = round;
    o.progress = c->progress ? pass_on : NULL;
    o.progress_arg = step;
    o.budget_s /= campaign_rounds(c);
    gable_status s = training_point(cpus, &o, interrupted, &t, e);
    if (s) return s;
    s = c->finished(c->arg, t.runs, trained_has(&t, TRAINED_AGAIN) ? TRAINED_RUNS : TRAINED_AGAIN, e);
    step->finished += !s && t.runs[TRAINED_STEP].reason != CODE_INTERRUPTED;
    step->known[point].is_sound |= t.runs[TRAINED_STEP].valid;
    trained_release(&t);
    return s;
}

static gable_status infer_point(const struct cpus *cpus, struct step *step, int point, int round,
                                const volatile bool *interrupted, gable_error *e)
{
    const struct campaign *c = step->campaign;
    const struct campaign_point *p = &c->points[point];
    struct known *known = &step->known[point];
    char key[CHOICES_KEY];
    struct bench_options o = c->bench;
    struct run r = {0};
    o.model = p->model;
    o.batch = p->batch;
    o.round = round;
    o.progress = c->progress ? pass_on : NULL;
    o.progress_arg = step;
    o.budget_s = measure_budget_s(&c->bench) / campaign_rounds(c);
    recall(cpus, c, p, &o, known, key);
    o.engine.choices = known->choices;
    gable_status s = bench_point(cpus, &o, interrupted, &r, e);
    if (!s && r.choices[0]) {
        memcpy(known->choices, r.choices, sizeof r.choices);
        if (key[0] && c->remember) c->remember(c->arg, key, r.choices);
    }
    if (!s) s = c->finished(c->arg, &r, 1, e);
    step->finished += !s && r.reason != CODE_INTERRUPTED;
    known->is_sound |= r.valid;
    run_release(&r);
    return s;
}

static gable_status run_point(const struct cpus *cpus, struct step *step, int point, int round,
                              const volatile bool *interrupted, gable_error *e)
{
    const struct campaign *c = step->campaign;
    const struct campaign_point *p = &c->points[point];
    char what[160];
    if (c->has && c->has(c->arg, p, round)) {
        step->finished++;
        step->known[point].is_sound = true;
        return GABLE_OK;
    }
    snprintf(what, sizeof what, "%s%s at batch %d", p->trains ? "training " : "", input_name(p->model), p->batch);
    if (c->progress) c->progress(c->arg, what, step->done, step->total);
    return p->trains ? train_point(cpus, step, point, round, interrupted, e)
                     : infer_point(cpus, step, point, round, interrupted, e);
}

static gable_status run_round(const struct cpus *cpus, struct step *step, const int *order, int n, int round,
                              const volatile bool *interrupted, gable_error *e)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < n && !s; i++, step->done++) {
        s = run_point(cpus, step, order[i], round, interrupted, e);
        if (!s && interrupted && *interrupted)
            s = error_set(e, GABLE_INTERRUPTED, "interrupted; %d of %d measurements are finished and kept",
                          step->finished, step->total);
    }
    return s;
}

/* The points without a valid round; none where they are more than may be measured again. */
static int unsound(const struct step *step, int *points)
{
    int n = 0;
    for (int i = 0; i < step->campaign->n_points; i++)
        if (!step->known[i].is_sound) points[n++] = i;
    return n <= step->campaign->spare ? n : 0;
}

gable_status campaign_run(const struct cpus *cpus, const struct campaign *c, const volatile bool *interrupted,
                          gable_error *e)
{
    int rounds = campaign_rounds(c), *order = calloc((size_t)c->n_points + 1, sizeof *order);
    uint64_t state = c->bench.seed ? c->bench.seed : BENCH_SEED;
    struct step step = {.campaign = c, .total = rounds * c->n_points};
    step.known = calloc((size_t)c->n_points + 1, sizeof *step.known);
    gable_status s =
        order && step.known ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory for %d points", c->n_points);
    for (int round = 0; round < rounds && !s; round++) {
        shuffle(order, c->n_points, &state);
        s = run_round(cpus, &step, order, c->n_points, round, interrupted, e);
    }
    if (!s) {
        int n = unsound(&step, order);
        step.total += n;
        s = run_round(cpus, &step, order, n, rounds, interrupted, e);
    }
    free(step.known);
    free(order);
    return s;
}

/* The valid rounds, or all where none is: pointers to them, their number. */
static int pick(const struct run *rounds, int n, const struct run **out)
{
    int valid = 0;
    for (int i = 0; i < n; i++)
        if (rounds[i].valid) out[valid++] = &rounds[i];
    return valid;
}

/* The notes that say where a run stands under its roof. */
static const uint64_t PLACING = CODE_BIT(CODE_EXECUTED_FEWER) | CODE_BIT(CODE_IN_CACHE) | CODE_BIT(CODE_FUSED_MORE);

/* Samples of all rounds, one after the other. */
static gable_status join_samples(const struct run **from, int n, struct run *to, gable_error *e)
{
    int total = 0, at = 0;
    int64_t start = 0;
    for (int i = 0; i < n; i++) total += from[i]->n_samples;
    struct sample *all = malloc(((size_t)total + 1) * sizeof *all);
    if (!all) return error_set(e, GABLE_NO_MEMORY, "no memory for %d samples", total);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < from[i]->n_samples; j++, at++) {
            all[at] = from[i]->samples[j];
            all[at].start_ns += start;
        }
        if (at) start = all[at - 1].start_ns + all[at - 1].ns;
    }
    free(to->samples);
    to->samples = all;
    to->n_samples = total;
    return GABLE_OK;
}

/* The rounds' medians range wider than the interval: then they are the interval. */
static void widen(const struct run **from, int n, struct run *r)
{
    double low = INFINITY, high = 0;
    for (int i = 0; i < n; i++) {
        low = fmin(low, from[i]->median_ns);
        high = fmax(high, from[i]->median_ns);
    }
    if (high - low <= r->high_ns - r->low_ns) return;
    r->low_ns = low;
    r->high_ns = high;
}

/* A round as it stands where the notes of all rounds put it: what moved one under its roof moves the others too. */
static void restate(const struct run *round, uint64_t notes, struct run *out)
{
    bool has_probes = round->probe_flops > 0 && round->probe_bytes > 0;
    struct roof roof = has_probes ? (struct roof){round->probe_flops, round->probe_bytes} : round->roof;
    *out = *round;
    if ((round->notes & notes & PLACING) == (notes & PLACING)) return;
    out->notes |= notes;
    struct run_place at = run_place(out);
    out->attainable = run_place_attainable(&at, &roof);
    out->efficiency = at.flops_per_s / out->attainable;
    out->efficiency_low = out->efficiency * round->median_ns / round->high_ns;
    out->efficiency_high = out->efficiency * round->median_ns / round->low_ns;
}

static gable_status merge_numbers(const struct run **rounds, int n, struct run *r, gable_error *e)
{
    double *x = malloc((size_t)n * sizeof *x);
    struct run *from = malloc((size_t)n * sizeof *from);
    gable_status s = x && from ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory to merge %d rounds", n);
    for (int i = 0; i < n && !s; i++) restate(rounds[i], r->notes, &from[i]);
#define MEDIAN_OF(member)                                    \
    for (int i = 0; i < n && !s; i++) x[i] = from[i].member; \
    if (!s) r->member = stats_median(x, n)
    MEDIAN_OF(efficiency);
    MEDIAN_OF(attainable);
    MEDIAN_OF(probe_flops);
    MEDIAN_OF(probe_bytes);
    MEDIAN_OF(setup_ns);
    MEDIAN_OF(first_ns);
#undef MEDIAN_OF
    r->efficiency_low = r->efficiency_high = r->efficiency;
    for (int i = 0; i < n && !s; i++) {
        r->efficiency_low = fmin(r->efficiency_low, from[i].efficiency_low);
        r->efficiency_high = fmax(r->efficiency_high, from[i].efficiency_high);
    }
    free(x);
    free(from);
    return s;
}

static const struct run *nearest(const struct run **from, int n, double median_ns)
{
    const struct run *best = from[0];
    for (int i = 1; i < n; i++)
        if (fabs(from[i]->median_ns - median_ns) < fabs(best->median_ns - median_ns)) best = from[i];
    return best;
}

static double median_of_all(const struct run **from, int n)
{
    double x[256];
    int used = n < (int)COUNT_OF(x) ? n : (int)COUNT_OF(x);
    for (int i = 0; i < used; i++) x[i] = from[i]->median_ns;
    return stats_median(x, used);
}

gable_status campaign_merge(const struct run *rounds, int n, struct run *out, gable_error *e)
{
    const struct run **from = n > 0 ? malloc((size_t)n * sizeof *from) : NULL;
    if (!from) return error_set(e, GABLE_NO_MEMORY, "no rounds to merge");
    int valid = pick(rounds, n, from);
    const struct run *base = valid ? nearest(from, valid, median_of_all(from, valid)) : &rounds[0];
    gable_status s = run_copy(out, base, e);
    if (!s && valid > 1 && !(s = join_samples(from, valid, out, e))) {
        out->n_eff = 0;
        for (int i = 0; i < valid; i++) out->n_eff += from[i]->n_eff;
        s = verdict_of_joined(out, BENCH_PRECISION, e);
        for (int i = 0; i < valid; i++) out->notes |= from[i]->notes;
        if (!s) s = merge_numbers(from, valid, out, e);
        if (!s) widen(from, valid, out);
    }
    for (int i = 0; i < n && !s; i++) out->notes |= rounds[i].notes & ~PLACING;
    free(from);
    return s;
}
