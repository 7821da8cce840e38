/* Latency against FLOPs and against parameters: a least-squares line per batch on the logarithms of both. */
#include "report/figures/parts.h"
#include "report/findings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct fit {
    int n;
    double slope, offset, r; /* log10 y = slope * log10 x + offset; r is Pearson's */
    double x_low, x_high;
};

/* What the x axis shows: per image, whatever the batch. */
static double x_of(const struct study *s, int model, enum predictor p)
{
    double of_batch = predictor_value(s, model, 0, p);
    return p == BY_PARAMS ? of_batch : of_batch / s->batches[0];
}

static struct fit fit_batch(const struct study *s, int b, enum predictor p)
{
    struct fit f = {.r = NAN, .x_low = INFINITY};
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
    for (int i = 0; i < s->n_models; i++) {
        const struct run *r = sound_run(s, i, b);
        if (!r || !(x_of(s, i, p) > 0)) continue;
        double x = log10(x_of(s, i, p)), y = log10(r->median_ns / 1e9);
        n++, sx += x, sy += y, sxx += x * x, sxy += x * y, syy += y * y;
        f.x_low = fmin(f.x_low, x_of(s, i, p));
        f.x_high = fmax(f.x_high, x_of(s, i, p));
    }
    f.n = (int)n;
    double cxy = sxy - sx * sy / n, cxx = sxx - sx * sx / n, cyy = syy - sy * sy / n;
    if (n < 3 || !(cxx > 0) || !(cyy > 0)) return f;
    f.slope = cxy / cxx;
    f.r = cxy / sqrt(cxx * cyy);
    f.offset = (sy - f.slope * sx) / n;
    return f;
}

static double fit_at(const struct fit *f, double x) { return pow(10, f->slope * log10(x) + f->offset); }

static struct window window_of(const struct study *s, enum predictor p)
{
    struct window w = {INFINITY, 0, INFINITY, 0};
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) {
            const struct run *r = shown_run(s, i, b);
            double x = x_of(s, i, p);
            if (!r || !(x > 0)) continue;
            w.x_low = fmin(w.x_low, x), w.x_high = fmax(w.x_high, x);
            w.y_low = fmin(w.y_low, r->median_ns / 1e9), w.y_high = fmax(w.y_high, r->median_ns / 1e9);
        }
    w.x_low /= 1.35;
    w.x_high *= 1.35;
    w.y_low = figure_log_low(w.y_low, 1.15);
    w.y_high = figure_log_high(w.y_high, 1.4);
    return w;
}

static json_t *facts_of(struct figure *f, const struct run *r, double x, enum predictor p, const struct fit *line)
{
    json_t *facts = figure_facts(f);
    figure_fact(f, facts, "Batch", "%d", r->batch);
    figure_fact(f, facts, "Median", "%s (%s to %s)", figure_quantity(r->median_ns / 1e9, "s").text,
                figure_quantity(r->low_ns / 1e9, "s").text, figure_quantity(r->high_ns / 1e9, "s").text);
    if (isfinite(r->p5_ns) && isfinite(r->p95_ns))
        figure_fact(f, facts, "p5 to p95", "%s to %s", figure_quantity(r->p5_ns / 1e9, "s").text,
                    figure_quantity(r->p95_ns / 1e9, "s").text);
    figure_fact(f, facts, p == BY_FLOPS ? "FLOPs per image" : "Parameters", "%s",
                figure_quantity(x, p == BY_FLOPS ? "FLOP" : "").text);
    figure_fact(f, facts, "Samples", "%d", r->n_clean);
    if (isfinite(line->r))
        figure_fact(f, facts, "Against the line", "%.2f times", r->median_ns / 1e9 / fit_at(line, x));
    if (*run_fault(r)) figure_fact(f, facts, "Invalid", "%s", run_fault(r));
    return facts;
}

/* A model's points share their x: a thin line makes them one. */
static void draw_columns(struct figure *f, const struct study *s, enum predictor p)
{
    json_t *columns = json_array();
    for (int i = 0; i < s->n_models; i++) {
        double low = INFINITY, high = 0, x = x_of(s, i, p);
        for (int b = 0; b < s->n_batches; b++) {
            const struct run *r = shown_run(s, i, b);
            if (!r) continue;
            low = fmin(low, r->median_ns / 1e9);
            high = fmax(high, r->median_ns / 1e9);
        }
        if (high > low)
            figure_append(
                f, columns,
                figure_pack(f, "{s:[[f,f],[f,f]], s:s}", "coords", x, low, x, high, "model", s->models[i].id));
    }
    figure_lines(f, columns, false,
                 &(struct stroke){.color = "@axis", .width = 1, .type = "dotted", .avoid = 1, .z = 1});
}

static void draw_line(struct figure *f, const struct study *s, int b, const struct fit *line)
{
    if (!isfinite(line->r)) return;
    double x0 = line->x_low / 1.15, x1 = line->x_high * 1.15;
    json_t *points = json_array();
    figure_append(f, points, figure_pair(f, x0, fit_at(line, x0)));
    figure_append(f, points, figure_pair(f, x1, fit_at(line, x1)));
    figure_line(f, points, &(struct stroke){.color = batch_color(s, b), .width = 1.2, .avoid = 1, .z = 2});
    figure_add(f, "ends",
               figure_pack(f, "{s:[f,f], s:o, s:s, s:b}", "at", x1, fit_at(line, x1), "text",
                           figure_text(f, "batch %d, r\u00a0=\u00a0%.2f", s->batches[b], line->r), "color", "@ink",
                           "bold", 1));
    figure_narrow(f, "ends",
                  figure_pack(f, "{s:o}", "text", figure_text(f, "b\u00a0%d, r\u00a0%.2f", s->batches[b], line->r)));
}

/* The largest batch with a sound run names the model; a model above the line is named above it. */
static void name_model(struct figure *f, const struct study *s, int i, int b, double x, double y,
                       const struct fit *line)
{
    for (int later = b + 1; later < s->n_batches; later++)
        if (shown_run(s, i, later)) return;
    bool is_above = !isfinite(line->r) || y >= fit_at(line, x);
    figure_add(f, "labels",
               figure_pack(f, "{s:[f,f], s:s, s:s, s:s, s:i, s:i}", "at", x, y, "text", s->models[i].label, "color",
                           "@ink", "model", s->models[i].id, "r", 5, "lean", is_above ? -1 : 1));
}

static void draw_batch(struct figure *f, const struct study *s, int b, enum predictor p, const struct fit *line)
{
    json_t *points = json_array(), *whiskers = json_array();
    for (int i = 0; i < s->n_models; i++) {
        const struct run *r = shown_run(s, i, b);
        double x = x_of(s, i, p);
        if (!r || !(x > 0)) continue;
        double y = r->median_ns / 1e9;
        bool is_hollow = *run_fault(r) != '\0';
        figure_append(f, points,
                      figure_point(f, &(struct point){.name = s->models[i].label,
                                                      .model = s->models[i].id,
                                                      .x = x,
                                                      .y = y,
                                                      .color = batch_color(s, b),
                                                      .is_hollow = is_hollow,
                                                      .symbol = model_symbol(i),
                                                      .facts = facts_of(f, r, x, p, line)}));
        if (r->p5_ns > 0 && isfinite(r->p95_ns))
            figure_append(f, whiskers,
                          figure_pack(f, "{s:[[f,f],[f,f]], s:s}", "coords", x, r->p5_ns / 1e9, x, r->p95_ns / 1e9,
                                      "model", s->models[i].id));
        name_model(f, s, i, b, x, y, line);
        if (is_hollow)
            figure_add(f, "labels",
                       figure_pack(f, "{s:[f,f], s:s, s:s, s:s, s:i}", "at", x, y, "text", "invalid", "color", "@muted",
                                   "model", s->models[i].id, "r", 5));
    }
    draw_line(f, s, b, line);
    figure_lines(f, whiskers, false, &(struct stroke){.color = batch_color(s, b), .width = 1.4, .avoid = 0.5, .z = 3});
    figure_points(f, points, 0, 9, 4 + b);
}

static void add_table(struct figure *f, const struct study *s, enum predictor p)
{
    figure_table(f, "one row per run", true,
                 p == BY_FLOPS ? "Model|FLOPs per image|Batch|Median ms|from ms|to ms|p5 ms|p95 ms|Samples|State"
                               : "Model|Parameters|Batch|Median ms|from ms|to ms|p5 ms|p95 ms|Samples|State");
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) {
            const struct run *r = shown_run(s, i, b);
            if (!r) continue;
            json_t *row = figure_row(f, s->models[i].id);
            figure_cell(f, row, s->models[i].label);
            figure_exact(f, row, (count)x_of(s, i, p));
            figure_exact(f, row, r->batch);
            figure_number(f, row, r->median_ns / 1e6);
            figure_number(f, row, r->low_ns / 1e6);
            figure_number(f, row, r->high_ns / 1e6);
            figure_number(f, row, r->p5_ns / 1e6);
            figure_number(f, row, r->p95_ns / 1e6);
            figure_exact(f, row, r->n_clean);
            figure_cell(f, row, *run_fault(r) ? run_fault(r) : "valid");
        }
}

static void say_title(struct figure *f, const struct study *s, int b, enum predictor p, const struct fit *line)
{
    struct inversion x = finding_inversion(s, b, p);
    const char *what = p == BY_FLOPS ? "FLOPs" : "parameters";
    if (x.exists)
        figure_say(f, "title", "%s alone mislead: %s has %.1f times those of %s but takes %.0f\u00a0%% of its time",
                   p == BY_FLOPS ? "FLOPs" : "Parameters", s->models[x.more].label, x.work, s->models[x.less].label,
                   100 * x.time);
    else if (isfinite(line->r))
        figure_say(f, "title", "Latency follows %s without exception at batch %d: r = %.2f", what, s->batches[b],
                   line->r);
    else
        figure_say(f, "title", "Latency against %s, too few models for a line", what);
}

static void say_finding(struct figure *f, const struct study *s, int b, enum predictor p, const struct fit *line)
{
    int slow = -1;
    double worst = 0;
    for (int i = 0; i < s->n_models; i++) {
        const struct run *r = sound_run(s, i, b);
        if (!r || !isfinite(line->r)) continue;
        double off = r->median_ns / 1e9 / fit_at(line, x_of(s, i, p));
        if (off > worst) worst = off, slow = i;
    }
    if (slow < 0) {
        figure_say(f, "finding", "%d of %d models have a valid run at batch %d: a line needs three.", line->n,
                   s->n_models, s->batches[b]);
        return;
    }
    struct agreement a = finding_agreement(s, b, p);
    figure_say(f, "finding",
               "At batch %d, %s explain %.0f\u00a0%% of the variance of log latency over %d models (Spearman\u2019s "
               "ρ\u00a0=\u00a0%.2f); %s lies furthest above the line, at %.1f times what it predicts.",
               s->batches[b], p == BY_FLOPS ? "FLOPs" : "parameters", 100 * line->r * line->r, line->n, a.rho,
               s->models[slow].label, worst);
}

static json_t *build(const struct study *s, enum predictor p, gable_error *e)
{
    int b = best_batch(s);
    char machine[160];
    if (b < 0) return NULL;
    struct figure f = figure_start("1.3", p == BY_FLOPS ? "latency-flops" : "latency-params",
                                   p == BY_FLOPS ? "Latency and FLOPs" : "Latency and parameters", 400);
    struct window w = window_of(s, p);
    struct fit chosen = fit_batch(s, b, p);
    say_machine(s, machine, sizeof machine);
    say_title(&f, s, b, p, &chosen);
    figure_say(&f, "subtitle",
               "Latency of one batch against %s, %s; median and p5 to p95, least-squares line per batch",
               p == BY_FLOPS ? "FLOPs per image" : "parameters", machine);
    figure_grid(&f, FIGURE_TICKS, 116, FIGURE_PLOT_TOP, FIGURE_PLOT_BOTTOM);
    figure_option(&f, "xAxis",
                  figure_log_axis(&f, 0, p == BY_FLOPS ? "FLOPs per image (log scale)" : "Parameters (log scale)",
                                  "@eng", w.x_low, w.x_high));
    figure_option(&f, "yAxis",
                  figure_y_axis(&f,
                                figure_log_axis(&f, 0, "Latency of one batch (log scale)", "@eng:s", w.y_low, w.y_high),
                                FIGURE_TICKS));
    figure_set(&f, "narrow", figure_pack(&f, "{s:{s:[{s:i}]}}", "option", "grid", "right", 84));
    draw_columns(&f, s, p);
    for (int k = 0; k < s->n_batches; k++) {
        struct fit line = fit_batch(s, k, p);
        draw_batch(&f, s, k, p, &line);
    }
    note_unsound(&f, s);
    add_table(&f, s, p);
    say_finding(&f, s, b, p, &chosen);
    figure_say(
        &f, "method",
        "Median of the clean samples, its 95 %% interval from order statistics; p5 and p95 describe, they are no "
        "interval. Line: least squares on log10 of both, Pearson\u2019s r on the logarithms, one line per batch "
        "since a model\u2019s batches are not independent.");
    return figure_finish(&f, e);
}

json_t *figure_latency_flops(const struct study *s, gable_error *e) { return build(s, BY_FLOPS, e); }

json_t *figure_latency_params(const struct study *s, gable_error *e) { return build(s, BY_PARAMS, e); }
