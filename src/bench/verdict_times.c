/* Times: steady state, median, interval, shape. */
#include "bench/defaults.h"
#include "bench/stats.h"
#include "bench/verdict.h"

#include <math.h>
#include <stdlib.h>

void verdict_note(struct run *r, enum bench_code c) { r->notes |= CODE_BIT(c); }

void verdict_invalid(struct run *r, enum bench_code c)
{
    if (r->valid)
        r->reason = c;
    else if (r->reason != c)
        verdict_note(r, c);
    r->valid = false;
}

bool verdict_has(const struct run *r, enum bench_code c) { return r->reason == c || (r->notes & CODE_BIT(c)); }

static bool is_warmup(const struct sample *s) { return s->marks & MARK_WARMUP; }

/* Marks the first `cut` clean samples, and all before them, as warm-up. */
static void cut_first(struct run *r, int cut)
{
    for (int i = 0; i < r->n_samples && cut > 0; i++) {
        cut -= r->samples[i].marks == 0;
        r->samples[i].marks |= MARK_WARMUP;
    }
}

/* x: the n clean times. The beginning goes only when it was really different. */
static void cut_unsteady(struct run *r, const double *x, int n)
{
    int cut = stats_steady_from(x, n), rest = n - cut;
    double *sorted = cut ? stats_sorted(x + cut, rest) : NULL;
    if (!sorted) return;
    double median = stats_quantile(sorted, rest, 0.5), begin = stats_median(x, cut);
    struct interval i = stats_interval(sorted, rest, stats_n_eff(x + cut, rest));
    double apart = fabs(begin - median);
    free(sorted);
    if (apart <= BENCH_CUT_APART * median || !(apart > i.high - i.low)) return;
    if (fabs(stats_mann_whitney(x, cut, x + cut, rest)) <= BENCH_DRIFT_Z) return; /* few samples differ by chance */
    if (2 * cut >= n - 4) verdict_invalid(r, CODE_NO_STEADY_STATE);               /* MSER cuts fives: n / 2 at most */
    verdict_note(r, begin > median ? CODE_LATE_WARMUP : CODE_SLOWDOWN);
    cut_first(r, cut);
}

static void look_at_shape(struct run *r, const double *x, int n)
{
    int third = n / 3;
    for (int i = 0; i < n; i++)
        if (fabs(x[i] - r->median_ns) > BENCH_OUTLIER_MADS * r->mad_ns && r->mad_ns > 0) verdict_note(r, CODE_OUTLIERS);
    if (stats_modes(x, n).found) verdict_note(r, CODE_BIMODAL);
    if (third < BENCH_LEAST_SAMPLES) return;
    double first = stats_median(x, third), last = stats_median(x + n - third, third);
    if (fabs(last / first - 1) > BENCH_DRIFT_APART &&
        fabs(stats_mann_whitney(x, third, x + n - third, third)) > BENCH_DRIFT_Z)
        verdict_note(r, CODE_DRIFT);
}

static void summarise(struct run *r, const double *x, const double *sorted, int n)
{
    bool single = r->block == 1;
    r->median_ns = stats_quantile(sorted, n, 0.5);
    struct interval i = stats_interval(sorted, n, r->n_eff); /* NaN where few are clean */
    r->low_ns = i.low;
    r->high_ns = i.high;
    r->p5_ns = single && n >= 20 ? stats_quantile(sorted, n, 0.05) : NAN;
    r->p95_ns = single && n >= 20 ? stats_quantile(sorted, n, 0.95) : NAN;
    r->p90_tail_ns = single ? stats_tail(sorted, n, 0.90) : NAN;
    r->p99_tail_ns = single ? stats_tail(sorted, n, 0.99) : NAN;
    r->min_ns = n ? sorted[0] : NAN;
    r->max_ns = n ? sorted[n - 1] : NAN;
    r->mad_ns = stats_mad(x, n);
}

/* Few clean samples because others took the CPUs, or because there were few at all. */
static void check_count(struct run *r, int n_marked)
{
    int n_kept = r->n_clean + n_marked;
    r->marked_share = n_kept ? (double)n_marked / n_kept : 0;
    if (n_marked) verdict_note(r, CODE_CONTENDED);
    if (r->n_clean < BENCH_LEAST_SAMPLES)
        verdict_invalid(r, n_kept >= BENCH_LEAST_SAMPLES ? CODE_CONTENDED : CODE_TOO_FEW_SAMPLES);
    else if (r->n_eff < BENCH_LEAST_SAMPLES)
        verdict_invalid(r, CODE_TOO_FEW_SAMPLES);
    if (r->valid || r->reason != CODE_CONTENDED) return;
    r->notes &= ~CODE_BIT(CODE_CONTENDED); /* it is the reason */
}

static void count_faults(struct run *r)
{
    int steady = 0, major = 0;
    for (int i = 0; i < r->n_samples; i++) {
        const struct sample *s = &r->samples[i];
        if (is_warmup(s)) continue;
        steady++;
        major += (s->marks & MARK_MAJOR_FAULT) != 0;
        if (s->minor_faults) verdict_note(r, CODE_PAGE_FAULTS);
    }
    if (major > BENCH_SWAPPED_SHARE * steady)
        verdict_invalid(r, CODE_SWAPPED);
    else if (major)
        verdict_note(r, CODE_SWAPPED);
}

static void check_width(struct run *r, double precision)
{
    double half = (r->high_ns - r->low_ns) / 2 / r->median_ns;
    if (!(half <= BENCH_WIDE))
        verdict_invalid(r, CODE_CI_WIDE);
    else if (half > precision)
        verdict_note(r, CODE_CI_WIDE);
}

/* All that is not warm-up, marked or not: what an invalid run can still show. */
static double *samples_kept(const struct run *r, int *n)
{
    double *x = malloc(((size_t)r->n_samples + 1) * sizeof *x);
    *n = 0;
    for (int i = 0; x && i < r->n_samples; i++)
        if (!is_warmup(&r->samples[i])) x[(*n)++] = (double)r->samples[i].ns;
    return x;
}

static gable_status judge(struct run *r, double precision, bool in_order, gable_error *e)
{
    int n = 0, n_kept = 0;
    double *clean = samples_clean(r->samples, r->n_samples, &n), *kept = samples_kept(r, &n_kept);
    bool is_enough = n >= BENCH_LEAST_SAMPLES;
    double *x = is_enough ? clean : kept, *sorted = clean && kept ? stats_sorted(x, is_enough ? n : n_kept) : NULL;
    if (sorted) {
        if (in_order) r->n_eff = stats_n_eff(clean, n);
        summarise(r, x, sorted, is_enough ? n : n_kept);
        r->n_clean = n;
        check_count(r, n_kept - n);
        count_faults(r);
        if (is_enough && r->n_eff >= BENCH_LEAST_SAMPLES) {
            check_width(r, precision);
            if (in_order) look_at_shape(r, x, n);
        }
    }
    free(clean);
    free(kept);
    if (!sorted) return error_set(e, GABLE_NO_MEMORY, "no memory to look at %d samples", r->n_samples);
    free(sorted);
    return GABLE_OK;
}

gable_status verdict_of_times(struct run *r, double precision, gable_error *e)
{
    int n = 0;
    if (r->block > 1) verdict_note(r, CODE_BLOCKED);
    double *x = samples_clean(r->samples, r->n_samples, &n);
    if (x) cut_unsteady(r, x, n);
    free(x);
    return judge(r, precision, true, e);
}

gable_status verdict_of_joined(struct run *r, double precision, gable_error *e)
{
    r->notes &= ~CODE_BIT(CODE_CI_WIDE);
    gable_status s = judge(r, precision, false, e);
    r->flops_per_s = (double)r->flops_counted / (1e-9 * r->median_ns);
    return s;
}
