#include "report/findings.h"

#include "bench/rank.h"
#include "report/figures/parts.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    const double *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

static double median_of(double *values, int n) /* sorts them */
{
    qsort(values, (size_t)n, sizeof *values, ascending);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

struct extremes finding_extremes(const struct study *s, int b)
{
    struct extremes x = {.best = -1, .worst = -1, .best_share = -INFINITY, .worst_share = INFINITY};
    double *shares = calloc((size_t)s->n_models + 1, sizeof *shares);
    for (int i = 0; shares && i < s->n_models; i++) {
        const struct run *r = sound_run(s, i, b);
        if (!r) continue;
        shares[x.n++] = r->efficiency;
        x.memory_bound += r->bound == BOUND_MEMORY;
        if (r->efficiency > x.best_share) x.best = i, x.best_share = r->efficiency;
        if (r->efficiency < x.worst_share) x.worst = i, x.worst_share = r->efficiency;
    }
    if (x.n) x.median_share = median_of(shares, x.n);
    free(shares);
    return x;
}

const char *predictor_name(enum predictor p)
{
    static const char *const names[PREDICTORS] = {"FLOPs", "parameters", "bytes", "the time floor"};
    return names[p];
}

double predictor_value(const struct study *s, int model, int b, enum predictor p)
{
    const struct study_model *m = &s->models[model];
    const struct study_cost *c = &m->costs[b];
    switch (p) {
    case BY_FLOPS: return (double)c->cost.flops;
    case BY_PARAMS: return (double)m->params;
    case BY_BYTES: return (double)c->bytes.fused;
    default: break;
    }
    const struct run *r = shown_run(s, model, b); /* the floor of its groups under its roof, where they were measured */
    double floor_ns = 0;
    for (int i = 0; r && i < r->n_groups; i++) floor_ns += r->groups[i].floor_ns;
    return floor_ns > 0 ? floor_ns / 1e9 : roof_floor_s(&s->roof, (double)c->cost.flops, (double)c->bytes.fused);
}

struct inversion finding_inversion(const struct study *s, int b, enum predictor p)
{
    struct inversion worst = {.more = -1, .less = -1, .time = 1};
    for (int i = 0; i < s->n_models; i++)
        for (int j = 0; j < s->n_models; j++) {
            const struct run *more = sound_run(s, i, b), *less = sound_run(s, j, b);
            if (!more || !less) continue;
            double work = predictor_value(s, i, b, p) / predictor_value(s, j, b, p);
            double time = more->median_ns / less->median_ns;
            /* an inversion counts only where the two intervals are apart */
            if (work > 1 && time < worst.time && more->high_ns < less->low_ns)
                worst = (struct inversion){.exists = true, .more = i, .less = j, .work = work, .time = time};
        }
    return worst;
}

struct agreement finding_agreement(const struct study *s, int b, enum predictor p)
{
    struct agreement a = {.rho = NAN, .p = NAN};
    double *x = calloc((size_t)s->n_models + 1, sizeof *x), *y = calloc((size_t)s->n_models + 1, sizeof *y);
    for (int i = 0; x && y && i < s->n_models; i++) {
        const struct run *r = sound_run(s, i, b);
        if (!r) continue;
        x[a.n] = predictor_value(s, i, b, p);
        y[a.n++] = r->median_ns;
    }
    if (x && y && a.n >= 3) {
        struct rank_correlation c = rank_correlate(x, y, a.n);
        a.rho = c.rho;
        a.p = c.p;
    }
    free(x);
    free(y);
    return a;
}

struct losses finding_losses(const struct run *r)
{
    struct losses l = {.worst = KIND_OTHER};
    for (int i = 0; i < r->n_groups; i++) {
        const struct run_group *g = &r->groups[i];
        if (!(g->median_ns >= 0)) continue;
        l.floor_ns[g->kind] += g->floor_ns;
        l.time_ns[g->kind] += g->median_ns;
        l.lost_ns[g->kind] += fmax(0, g->median_ns - g->floor_ns);
    }
    for (int k = 0; k < KIND_N; k++) {
        l.floor_total += l.floor_ns[k];
        l.time_total += l.time_ns[k];
        l.lost_total += l.lost_ns[k];
        if (l.lost_ns[k] > l.lost_ns[l.worst]) l.worst = (enum op_kind)k;
    }
    l.between_ns = fmax(0, r->median_ns - l.time_total);
    return l;
}

const char *kind_phrase(enum op_kind k)
{
    static const char *const phrases[KIND_N] = {
        [KIND_CONV] = "k×k convolutions",
        [KIND_POINTWISE] = "1×1 convolutions",
        [KIND_DEPTHWISE] = "depthwise convolutions",
        [KIND_GROUPED] = "grouped convolutions",
        [KIND_LINEAR] = "fully connected layers",
        [KIND_NORM] = "normalisations",
        [KIND_ACTIVATION] = "activations",
        [KIND_POOL] = "pooling layers",
        [KIND_ELEMENTWISE] = "element-wise operators",
        [KIND_MOVE] = "data movements",
        [KIND_OTHER] = "other operators",
    };
    return k >= 0 && k < KIND_N ? phrases[k] : "other operators";
}

static double share_median(const struct study *s, int b, int *n)
{
    struct extremes x = finding_extremes(s, b);
    *n = x.n;
    return x.median_share;
}

void finding_attained_title(struct figure *f, const struct study *s, int b, bool is_summary)
{
    struct extremes x = finding_extremes(s, b);
    int n_first, n_last, first = 0, last = s->n_batches - 1;
    double low = share_median(s, first, &n_first), high = share_median(s, last, &n_last);
    if (!is_summary && first < last && n_first && n_last) {
        const char *verb = high > 1.05 * low ? "rises" : high < low / 1.05 ? "falls" : "hardly moves:";
        figure_say(f, "title", "From batch %d to %d the median model%s %s from %.0f to %.0f\u00a0%% of the roof",
                   s->batches[first], s->batches[last], "", verb, 100 * low, 100 * high);
    } else if (x.n == 1) {
        figure_say(f, "title", "%s reaches %.0f\u00a0%% of the roof", s->models[x.best].label, 100 * x.best_share);
    } else {
        figure_say(f, "title", "%s reaches %.0f\u00a0%% of the roof; %s stops at %.0f\u00a0%%", s->models[x.best].label,
                   100 * x.best_share, s->models[x.worst].label, 100 * x.worst_share);
    }
}

void finding_attained(struct figure *f, const struct study *s, int b, bool is_summary)
{
    struct extremes x = finding_extremes(s, b);
    json_t *text = figure_text(f,
                               "At batch %d, %d of %d models need less than the ridge\u2019s %.1f FLOP/B and are "
                               "memory-bound; the median model "
                               "attains %.0f\u00a0%% of what its roof allows.%s",
                               s->batches[b], x.memory_bound, x.n, roof_ridge(&s->roof), 100 * x.median_share,
                               is_summary || x.n < 2 ? "" : " The best and the worst:");
    if (text && !is_summary && x.n > 1)
        figure_say(f, "finding", "%s %s %.0f\u00a0%%, %s %.0f\u00a0%%.", json_string_value(text),
                   s->models[x.best].label, 100 * x.best_share, s->models[x.worst].label, 100 * x.worst_share);
    else if (text)
        figure_say(f, "finding", "%s", json_string_value(text));
    json_decref(text);
}
