#include "bench/sampling.h"

#include "bench/defaults.h"
#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>

struct loop {
    struct world *world;
    const struct sampling_options *options;
    struct sampling *out;
    int64_t began_ns, probed_ns;
    int n_clean, next_look, n_warmup;
};

static bool is_interrupted(const struct loop *l) { return l->options->interrupted && *l->options->interrupted; }

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/* The larger of what one read costs (median of blocks of 10) and the smallest step that is seen. */
static double clock_grain_ns(struct world *w)
{
    enum { READS = 1000, ROW = 10 };
    double cost[READS / ROW], step = INFINITY;
    for (int i = 0; i < READS / ROW; i++) {
        int64_t first = w->now_ns(w), last = first;
        for (int j = 0; j < ROW; j++) {
            int64_t t = w->now_ns(w);
            if (t > last) step = fmin(step, (double)(t - last));
            last = t;
        }
        cost[i] = (double)(last - first) / ROW;
    }
    if (!isfinite(step)) { /* it never moved: wait for it */
        int64_t first = w->now_ns(w), t = first;
        for (long i = 0; t == first && i < 100000000; i++) t = w->now_ns(w);
        step = (double)(t - first);
    }
    return fmax(stats_median(cost, READS / ROW), step);
}

static gable_status grow(void **array, int n, int *room, size_t size, gable_error *e)
{
    if (n < *room) return GABLE_OK;
    int wanted = *room ? 2 * *room : 256;
    void *grown = realloc(*array, (size_t)wanted * size);
    if (!grown) return error_set(e, GABLE_NO_MEMORY, "memory ran out after %d samples", n);
    *array = grown;
    *room = wanted;
    return GABLE_OK;
}

static gable_status probe(struct loop *l, gable_error *e)
{
    struct sampling *s = l->out;
    struct probe_reading r = {.at = s->n};
    if (!l->world->probe(l->world, &r.flops, &r.bytes)) return GABLE_OK;
    void *array = s->probes;
    gable_status status = grow(&array, s->n_probes, &s->room_probes, sizeof r, e);
    s->probes = array;
    if (!status) s->probes[s->n_probes++] = r;
    l->probed_ns = l->world->now_ns(l->world);
    return status;
}

/* One sample: everything but the passes stands outside the two reads of the clock. */
static gable_status sample(struct loop *l, uint32_t marks, gable_error *e)
{
    struct sampling *s = l->out;
    struct world *w = l->world;
    void *array = s->samples;
    gable_status status = grow(&array, s->n, &s->room, sizeof *s->samples, e);
    s->samples = array;
    if (status) return status;
    struct sample *x = &s->samples[s->n];
    w->before(w);
    int64_t start = w->now_ns(w);
    w->pass(w, s->block);
    int64_t ns = larger(1, w->now_ns(w) - start);
    if (s->n == 0) l->began_ns = start;
    *x = (struct sample){.start_ns = start - l->began_ns, .ns = larger(1, ns / s->block), .marks = marks};
    x->marks |= w->after(w, ns, &x->minor_faults);
    s->n++;
    l->n_clean += x->marks == 0;
    s->broke = w->check(w);
    return GABLE_OK;
}

static gable_status warm_up(struct loop *l, gable_error *e)
{
    const struct sampling_options *o = l->options;
    struct sampling *s = l->out;
    gable_status status = GABLE_OK;
    s->block = 1;
    for (int i = 0; !status && !s->broke && s->n < BENCH_MOST_SAMPLES / 2; i++) {
        double seconds = i ? 1e-9 * (double)(l->world->now_ns(l->world) - l->began_ns) : 0;
        if (i >= o->warmup_passes && seconds >= o->warmup_s) break;
        if (i >= 1 && seconds > o->budget_s) break;
        if (i >= 1 && is_interrupted(l)) {
            s->broke = CODE_INTERRUPTED;
            break;
        }
        status = sample(l, MARK_WARMUP, e);
        if (i == 0) s->first_ns = (double)s->samples[0].ns;
    }
    return status;
}

/* The smallest power of two of passes whose length hides the clock. */
static int block_for(const struct sampling *s)
{
    double *ns = malloc(((size_t)s->n + 1) * sizeof *ns), sum = 0;
    if (!ns) return 1;
    for (int i = 0; i < s->n; i++) sum += ns[i] = (double)s->samples[i].ns;
    double pass = s->n > 1 ? stats_median(ns, s->n) : sum, needed = s->clock_ns / BENCH_CLOCK_SHARE;
    int block = 1;
    if (pass < s->clock_ns) pass = sum / s->n; /* a coarse clock sees most passes as nothing */
    while (block < 1 << 24 && block * pass < needed) block *= 2;
    free(ns);
    return block;
}

double *samples_clean(const struct sample *s, int n_samples, int *n)
{
    double *x = malloc(((size_t)n_samples + 1) * sizeof *x);
    *n = 0;
    for (int i = 0; x && i < n_samples; i++)
        if (!s[i].marks) x[(*n)++] = (double)s[i].ns;
    return x;
}

/* Half the interval's width over the median; infinite where there is no interval. */
static double relative_half_width(const struct sampling *s)
{
    int n;
    double *x = samples_clean(s->samples, s->n, &n), *sorted = x ? stats_sorted(x, n) : NULL, width = INFINITY;
    if (sorted && n > 0) {
        struct interval i = stats_interval(sorted, n, stats_n_eff(x, n));
        if (!isnan(i.low)) width = (i.high - i.low) / 2 / stats_quantile(sorted, n, 0.5);
    }
    free(sorted);
    free(x);
    return width;
}

/* Looked at on a grid of counts only: looking after every sample would stop at lucky ones. */
static bool is_narrow(struct loop *l, double seconds)
{
    bool is_look = l->n_clean >= l->next_look;
    while (l->n_clean >= l->next_look) l->next_look = (int)ceil(1.5 * l->next_look);
    return is_look && seconds >= l->options->least_s && relative_half_width(l->out) <= l->options->precision;
}

static bool is_spent(const struct loop *l, double seconds)
{
    double budget = l->options->budget_s;
    if (l->out->n >= BENCH_MOST_SAMPLES) return true;
    return seconds >= budget && (l->n_clean >= BENCH_LEAST_SAMPLES || seconds >= BENCH_SLOW_BUDGETS * budget);
}

static bool is_enough(struct loop *l, double seconds)
{
    if (l->options->most) return l->out->n - l->n_warmup >= l->options->most;
    return is_narrow(l, seconds) || is_spent(l, seconds);
}

static gable_status collect(struct loop *l, gable_error *e)
{
    struct world *w = l->world;
    gable_status status = probe(l, e);
    int64_t start = w->now_ns(w);
    double seconds = 0;
    l->next_look = BENCH_FIRST_LOOK;
    l->n_warmup = l->out->n;
    while (!status && !l->out->broke) {
        if ((status = sample(l, 0, e)) || l->out->broke) break;
        seconds = 1e-9 * (double)(w->now_ns(w) - start);
        if (is_interrupted(l)) l->out->broke = CODE_INTERRUPTED;
        if (is_enough(l, seconds)) break;
        if (l->options->progress) l->options->progress(l->options->progress_arg, seconds / l->options->budget_s);
        if ((double)(w->now_ns(w) - l->probed_ns) >= 1e9 * BENCH_PROBE_EVERY_S) status = probe(l, e);
    }
    return status || l->out->broke ? status : probe(l, e);
}

gable_status sampling_run(struct world *w, const struct sampling_options *o, struct sampling *out, gable_error *e)
{
    struct loop l = {.world = w, .options = o, .out = out};
    *out = (struct sampling){.clock_ns = clock_grain_ns(w)};
    gable_status status = warm_up(&l, e);
    if (!status && !out->broke) {
        out->block = block_for(out);
        status = collect(&l, e);
    }
    if (status) sampling_release(out);
    return status;
}

void sampling_release(struct sampling *s)
{
    free(s->samples);
    free(s->probes);
    *s = (struct sampling){0};
}
