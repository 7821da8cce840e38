/* How the samples of every run are distributed, in units of its median; warm-up apart. */
#include "report/figures/parts.h"

#include <math.h>
#include <stdlib.h>

enum { DOTS = 10, WARMUP_DOTS = 8, LINE = 11, PAD = 7 };
/* Times the median: from the fastest to the slowest that is shown; what lies beyond stands at the edge. */
struct range {
    double low, high;
};
static const double farthest = 1.6;

static int ascending(const void *a, const void *b)
{
    const double *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

/* Samples that count, in units of the median, sorted; the caller frees. */
static double *clean_of(const struct run *r, int *n)
{
    double *x = calloc((size_t)r->n_samples + 1, sizeof *x);
    *n = 0;
    for (int i = 0; x && i < r->n_samples; i++)
        if (!r->samples[i].marks) x[(*n)++] = (double)r->samples[i].ns / r->median_ns;
    if (x) qsort(x, (size_t)*n, sizeof *x, ascending);
    return x;
}

static double y_of(const struct study *s, int model, int b)
{
    int block = s->n_batches * LINE + PAD;
    return (s->n_models - 1 - model) * block + PAD + (b + 0.5) * LINE;
}

static struct range range_of(const struct study *s)
{
    double low = 1, high = 1;
    for (int i = 0; i < s->n_models * s->n_batches; i++) {
        const struct run *r = shown_run(s, i / s->n_batches, i % s->n_batches);
        for (int k = 0; r && k < r->n_samples; k++) {
            low = fmin(low, (double)r->samples[k].ns / r->median_ns);
            high = fmax(high, (double)r->samples[k].ns / r->median_ns);
        }
    }
    low = fmax(2 - farthest, low);
    high = fmin(farthest, high);
    return (struct range){floor(low * 20 - 0.5) / 20, ceil(high * 20 + 0.5) / 20};
}

static double held(double x, const struct range *r) { return fmin(fmax(x, r->low), r->high); }

/* At most DOTS quantiles of the clean samples: the shape stays, the file stays small. */
static void add_run(struct figure *f, const struct study *s, int i, int b, const struct run *r,
                    const struct range *range, json_t *dots, json_t *warm, json_t *spans)
{
    int n, shown = 0;
    double *x = clean_of(r, &n), y = y_of(s, i, b);
    bool is_hollow = *run_fault(r) != '\0';
    for (int k = 0; x && k < (n < DOTS ? n : DOTS); k++) {
        double value = n <= DOTS ? x[k] : x[(int)((k + 0.5) * n / DOTS)];
        figure_append(f, dots,
                      figure_pack(f, "{s:[f,f], s:s, s:{s:s, s:s, s:f, s:f}}", "value", held(value, range), y, "model",
                                  s->models[i].id, "itemStyle", "color", is_hollow ? "@paper" : batch_color(s, b),
                                  "borderColor", batch_color(s, b), "borderWidth", is_hollow ? 0.8 : 0.0, "opacity",
                                  0.7));
    }
    for (int k = 0; k < r->n_samples && shown < WARMUP_DOTS; k++) {
        if (!(r->samples[k].marks & MARK_WARMUP)) continue;
        figure_append(f, warm,
                      figure_pack(f, "{s:[f,f], s:s, s:{s:s, s:f}}", "value",
                                  held((double)r->samples[k].ns / r->median_ns, range), y, "model", s->models[i].id,
                                  "itemStyle", "color", "@faint", "opacity", 0.8));
        shown++;
    }
    if (isfinite(r->p5_ns) && isfinite(r->p95_ns) && r->p5_ns > 0)
        figure_append(f, spans,
                      figure_pack(f, "{s:[[f,f],[f,f]], s:s}", "coords", held(r->p5_ns / r->median_ns, range), y,
                                  held(r->p95_ns / r->median_ns, range), y, "model", s->models[i].id));
    free(x);
}

static void add_scatter(struct figure *f, json_t *items, const char *symbol, int size)
{
    figure_option(f, "series",
                  figure_pack(f, "{s:s, s:o, s:s, s:i, s:b, s:i}", "type", "scatter", "data", items, "symbol", symbol,
                              "symbolSize", size, "silent", 1, "z", 5));
}

static double spread_of(const struct run *r) { return (r->p95_ns - r->p5_ns) / r->median_ns; }

static void say_findings(struct figure *f, const struct study *s)
{
    const struct run *wide = NULL, *narrow = NULL;
    int n = 0, within = 0;
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) {
            const struct run *r = sound_run(s, i, b);
            if (!r || !isfinite(spread_of(r))) continue;
            n++;
            within += (r->high_ns - r->low_ns) / 2 <= 0.01 * r->median_ns;
            if (!wide || spread_of(r) > spread_of(wide)) wide = r;
            if (!narrow || spread_of(r) < spread_of(narrow)) narrow = r;
        }
    if (!n) {
        figure_say(f, "title", "No valid run has enough samples to show a distribution");
        figure_say(f, "finding", "p5 and p95 are stated from 20 samples on.");
        return;
    }
    if (n == 1)
        figure_say(f, "title", "The middle 90\u00a0%% of the samples of %s span %.1f\u00a0%% of its median",
                   wide->label, 100 * spread_of(wide));
    else
        figure_say(f, "title", "The middle 90\u00a0%% of samples span %.1f to %.1f\u00a0%% of the median",
                   100 * spread_of(narrow), 100 * spread_of(wide));
    figure_say(f, "finding",
               "%d of %d valid runs know their median to 1\u00a0%% or better. %s at batch %d scatters most (p5 to p95: "
               "%.1f\u00a0%% of its median).",
               within, n, wide->label, wide->batch, 100 * spread_of(wide));
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "one row per run", true,
                 "Model|Batch|Samples|Independent|Warm-up|Median ms|Interval ± %|p5 ms|p95 ms|min ms|max ms|p90 claim "
                 "ms|p99 claim ms|State");
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) {
            const struct run *r = shown_run(s, i, b);
            if (!r) continue;
            int warm = 0;
            for (int k = 0; k < r->n_samples; k++) warm += (r->samples[k].marks & MARK_WARMUP) != 0;
            json_t *row = figure_row(f, s->models[i].id);
            figure_cell(f, row, s->models[i].label);
            figure_exact(f, row, r->batch);
            figure_exact(f, row, r->n_clean);
            figure_number(f, row, r->n_eff);
            figure_exact(f, row, warm);
            figure_number(f, row, r->median_ns / 1e6);
            figure_number(f, row, 50 * (r->high_ns - r->low_ns) / r->median_ns);
            figure_number(f, row, r->p5_ns / 1e6);
            figure_number(f, row, r->p95_ns / 1e6);
            figure_number(f, row, r->min_ns / 1e6);
            figure_number(f, row, r->max_ns / 1e6);
            figure_number(f, row, r->p90_tail_ns / 1e6);
            figure_number(f, row, r->p99_tail_ns / 1e6);
            figure_cell(f, row, *run_fault(r) ? run_fault(r) : "valid");
        }
}

static void draw_axes(struct figure *f, const struct study *s, const struct range *range)
{
    double tall = s->n_models * (s->n_batches * LINE + PAD) + PAD;
    json_t *x = figure_linear_axis(f, 0, "Time of one pass in units of the run\u2019s median", "@times", range->low,
                                   range->high);
    json_t *y = figure_linear_axis(f, 0, "", "@plain", 0, tall);
    json_object_set_new(y, "inverse", json_true());
    json_object_set_new(json_object_get(x, "axisLine"), "onZero", json_false());
    json_object_set_new(json_object_get(y, "axisLabel"), "show", json_false());
    json_object_set_new(json_object_get(y, "splitLine"), "show", json_false());
    json_object_set_new(json_object_get(y, "axisLine"), "show", json_false());
    figure_grid(f, 122, 14, 2, 40);
    figure_option(f, "xAxis", x);
    figure_option(f, "yAxis", y);
    for (int i = 0; i < s->n_models; i++) {
        double middle = (y_of(s, i, 0) + y_of(s, i, s->n_batches - 1)) / 2;
        figure_add(f, "texts",
                   figure_pack(f, "{s:i, s:f, s:s, s:s, s:s}", "x", 114, "y", 2 + middle, "text", s->models[i].label,
                               "color", "ink", "align", "right"));
    }
}

json_t *figure_samples(const struct study *s, gable_error *e)
{
    int points = 0;
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) points += shown_run(s, i, b) && shown_run(s, i, b)->n_samples > 0;
    if (!points) return NULL;
    struct figure f =
        figure_start("1.3", "samples", "Distribution of samples", s->n_models * (s->n_batches * LINE + PAD) + PAD + 42);
    json_t *dots = json_array(), *warm = json_array(), *spans = json_array();
    figure_say(&f, "subtitle",
               "Every run\u2019s samples (%d quantiles of them), its p5 to p95 as a line, and its warm-up, which "
               "counts for nothing",
               DOTS);
    key_batches(&f, s, unsound_runs(s) > 0);
    figure_key(&f, "square", "faint", "warm-up");
    struct range range = range_of(s);
    draw_axes(&f, s, &range);
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) {
            const struct run *r = shown_run(s, i, b);
            if (r) add_run(&f, s, i, b, r, &range, dots, warm, spans);
        }
    figure_lines(&f, spans, false, &(struct stroke){.color = "@axis", .width = 1.2, .z = 3});
    add_scatter(&f, warm, "rect", 3);
    add_scatter(&f, dots, "circle", 4);
    note_unsound(&f, s);
    add_table(&f, s);
    say_findings(&f, s);
    figure_say(&f, "method",
               "A sample is one whole pass. Dropped before: the first 3 passes and 200 ms, and what MSER-5 finds "
               "unsteady; marked samples (a thread "
               "waited, moved or met a major fault) are stored and counted but stay out of medians. Samples beyond "
               "%.1f times the median stand "
               "at the edge. The interval of the median is by order statistics.",
               farthest);
    return figure_finish(&f, e);
}
