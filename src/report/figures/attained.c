/* What every model attains under this machine's roof: one point per model (summary), one per model and batch (1.4). */
#include "report/figures/parts.h"
#include "report/findings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct window window_of(const struct study *s, int first, int last)
{
    double x_low = INFINITY, x_high = roof_ridge(&s->roof), y_low = s->roof.peak;
    for (int i = 0; i < s->n_models; i++)
        for (int b = first; b <= last; b++) {
            const struct run *r = shown_run(s, i, b);
            if (!r) continue;
            struct run_place at = run_place(r);
            x_low = fmin(x_low, at.intensity);
            x_high = fmax(x_high, at.intensity);
            y_low = fmin(y_low, at.flops_per_s);
        }
    x_low = fmin(x_low, roof_ridge(&s->roof));
    return (struct window){figure_log_low(x_low, 2), figure_log_high(x_high, 2.2), figure_log_low(y_low, 1.5),
                           s->roof.peak * 1.45};
}

static bool executes_fewer(const struct run *r) { return run_place(r).flops < (double)r->flops_counted; }

/* Who is drawn by what it executed, and who lies above the DRAM slope because its data stayed in a cache. */
static void note_places(struct figure *f, const struct study *s, int first, int last)
{
    struct text t = {0};
    int n = 0;
    for (int i = 0; i < s->n_models; i++) {
        const struct run *r = NULL;
        for (int b = last; b >= first && !(r && executes_fewer(r)); b--) r = sound_run(s, i, b);
        if (!r || !executes_fewer(r)) continue;
        text_addf(&t, "%s%s (%.0f\u00a0%% by those counted)",
                  n++ ? ", " : "By the FLOPs that Winograd executes: ", s->models[i].label,
                  100 * r->flops_per_s / r->attainable);
    }
    if (n) text_add(&t, ". ");
    n = 0;
    for (int i = 0; i < s->n_models; i++)
        for (int b = first; b <= last; b++) {
            const struct run *r = sound_run(s, i, b);
            if (!r || !run_place(r).in_cache) continue;
            text_addf(&t, "%s%s at batch %d",
                      n++ ? ", " : "Held to the flat, since the data stay in the cache: ", s->models[i].label,
                      s->batches[b]);
        }
    if (n) text_add(&t, ". ");
    add_unsound(&t, s);
    if (t.len) figure_say(f, "note", "%s", t.data);
    text_release(&t);
}

static json_t *facts_of(struct figure *f, const struct run *r)
{
    json_t *facts = figure_facts(f);
    const struct run_place at = run_place(r);
    figure_fact(f, facts, "Batch", "%d", r->batch);
    figure_fact(f, facts, "Intensity", "%.1f FLOP/B", at.intensity);
    figure_fact(f, facts, "Attained", "%s", figure_quantity(at.flops_per_s, "FLOP/s").text);
    if (executes_fewer(r))
        figure_fact(f, facts, "By counted FLOPs", "%s", figure_quantity(r->flops_per_s, "FLOP/s").text);
    figure_fact(f, facts, "Attainable", "%s", figure_quantity(r->attainable, "FLOP/s").text);
    figure_fact(f, facts, "Share of its roof", "%.1f\u00a0%% (%.1f to %.1f)", 100 * r->efficiency,
                100 * r->efficiency_low, 100 * r->efficiency_high);
    figure_fact(f, facts, "Bound by", "%s", bound_name(r->bound));
    figure_fact(f, facts, "Median", "%s", figure_quantity(1e-9 * r->median_ns, "s").text);
    if (*run_fault(r))
        figure_fact(f, facts, "Invalid", "%s", run_fault(r));
    else if (run_excuse(r))
        figure_fact(f, facts, "Its place", "%s", run_excuse(r));
    return facts;
}

static void draw_paths(struct figure *f, const struct study *s)
{
    json_t *paths = json_array();
    for (int i = 0; i < s->n_models; i++) {
        json_t *path = json_array();
        for (int b = 0; b < s->n_batches; b++) {
            const struct run *r = shown_run(s, i, b);
            if (!r) continue;
            struct run_place at = run_place(r);
            figure_append(f, path, figure_pair(f, at.intensity, at.flops_per_s));
        }
        if (json_array_size(path) > 1)
            figure_append(f, paths, figure_pack(f, "{s:O, s:s}", "coords", path, "model", s->models[i].id));
        json_decref(path);
    }
    figure_lines(f, paths, true,
                 &(struct stroke){.color = "@batch64", .width = 1.2, .opacity = 0.6, .avoid = 2, .z = 3});
}

static void draw_gaps(struct figure *f, const struct study *s, int b)
{
    json_t *gaps = json_array();
    for (int i = 0; i < s->n_models; i++) {
        const struct run *r = sound_run(s, i, b);
        if (!r) continue;
        struct run_place at = run_place(r);
        figure_append(f, gaps,
                      figure_pack(f, "{s:[[f,f],[f,f]], s:s}", "coords", at.intensity, at.flops_per_s, at.intensity,
                                  r->attainable, "model", s->models[i].id));
    }
    figure_lines(
        f, gaps, false,
        &(struct stroke){.color = "@batch256", .width = 0.9, .opacity = 0.55, .type = "dotted", .avoid = 0.5, .z = 2});
}

static void draw_batch(struct figure *f, const struct study *s, int b)
{
    json_t *points = json_array();
    for (int i = 0; i < s->n_models; i++) {
        const struct run *r = shown_run(s, i, b);
        if (!r) continue;
        struct run_place at = run_place(r);
        figure_append(f, points,
                      figure_point(f, &(struct point){.name = s->models[i].label,
                                                      .model = s->models[i].id,
                                                      .x = at.intensity,
                                                      .y = at.flops_per_s,
                                                      .color = batch_color(s, b),
                                                      .is_hollow = *run_fault(r) != '\0',
                                                      .symbol = model_symbol(i),
                                                      .facts = facts_of(f, r)}));
    }
    figure_points(f, points, 0, 10, 5 + b);
}

/* One label per model, at its point of batch b or, where that is not sound, at the next larger or smaller that is. */
static void draw_labels(struct figure *f, const struct study *s, int b)
{
    for (int i = 0; i < s->n_models; i++) {
        const struct run *r = sound_run(s, i, b);
        const struct run *at = r ? r : shown_run(s, i, b);
        for (int k = 0; !at && k < s->n_batches; k++) at = shown_run(s, i, k);
        if (!at) continue;
        json_t *text = r ? figure_text(f, "%s  %.0f\u00a0%%", s->models[i].label, 100 * r->efficiency)
                         : figure_text(f, "%s  %s", s->models[i].label, *run_fault(at) ? "invalid" : "");
        struct run_place place = run_place(at);
        figure_add(f, "labels",
                   figure_pack(f, "{s:[f,f], s:o, s:s, s:s, s:i}", "at", place.intensity, place.flops_per_s, "text",
                               text, "color", "@ink", "model", s->models[i].id, "r", 6));
    }
}

static void draw_axes(struct figure *f, const struct window *w)
{
    figure_grid(f, FIGURE_TICKS, 2, FIGURE_PLOT_TOP, FIGURE_PLOT_BOTTOM);
    figure_option(f, "xAxis",
                  figure_log_axis(f, 0, "Operational intensity, FLOP per byte of DRAM traffic (log scale)", "@plain",
                                  w->x_low, w->x_high));
    figure_option(f, "yAxis",
                  figure_y_axis(f, figure_log_axis(f, 0, "Attained FLOP/s (log scale)", "@eng", w->y_low, w->y_high),
                                FIGURE_TICKS));
    figure_set(
        f, "narrow",
        figure_pack(f, "{s:{s:[{s:s}]}}", "option", "xAxis", "name", "FLOP per byte of DRAM traffic (log scale)"));
}

static void add_table(struct figure *f, const struct study *s, int first, int last)
{
    figure_table(f, "one row per run", true,
                 "Model|Batch|FLOP/B|Attained GFLOP/s|By counted FLOPs|Attainable GFLOP/s|Share %|from %|to %|Bound "
                 "by|Median ms|State");
    for (int i = 0; i < s->n_models; i++)
        for (int b = first; b <= last; b++) {
            const struct run *r = shown_run(s, i, b);
            if (!r) continue;
            json_t *row = figure_row(f, s->models[i].id);
            figure_cell(f, row, s->models[i].label);
            figure_exact(f, row, r->batch);
            figure_number(f, row, run_place(r).intensity);
            figure_number(f, row, run_place(r).flops_per_s / 1e9);
            figure_number(f, row, r->flops_per_s / 1e9);
            figure_number(f, row, r->attainable / 1e9);
            figure_number(f, row, 100 * r->efficiency);
            figure_number(f, row, 100 * r->efficiency_low);
            figure_number(f, row, 100 * r->efficiency_high);
            figure_cell(f, row, bound_name(r->bound));
            figure_number(f, row, r->median_ns / 1e6);
            figure_cell(f, row, *run_fault(r) ? run_fault(r) : run_excuse(r) ? run_excuse(r) : "valid");
        }
}

static const char method[] = "Attained = FLOPs / median time: those counted or, where an algorithm such as Winograd "
                             "executes fewer, those executed. "
                             "Attainable = min(peak, intensity × bandwidth) of the roof measured beside "
                             "the run [Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009]; intensity = the "
                             "same FLOPs / bytes between the fused groups; "
                             "data that stay in the cache are held to the flat alone. Share = attained / attainable, "
                             "with its 95 % interval. The line drawn is the roof as first "
                             "measured.";

static json_t *build(const struct study *s, bool is_summary, gable_error *e)
{
    int b = best_batch(s), first = is_summary ? b : 0, last = is_summary ? b : s->n_batches - 1;
    if (b < 0 || !(s->roof.peak > 0) || !(s->roof.bandwidth > 0)) return NULL;
    char machine[160];
    struct window w = window_of(s, first, last);
    struct figure f = figure_start(is_summary ? "summary" : "1.4", is_summary ? "summary-roof" : "attained",
                                   is_summary ? "Under the roof" : "Attained under the roof", is_summary ? 380 : 430);
    say_machine(s, machine, sizeof machine);
    finding_attained_title(&f, s, b, is_summary);
    figure_say(&f, "subtitle", "%s%s; labels give the share of the attainable at batch %d", machine,
               is_summary ? "" : ", all batch sizes", s->batches[b]);
    if (!is_summary) key_batches(&f, s, unsound_runs(s) > 0);
    if (!is_summary) figure_key(&f, "drop", "batch256", "gap to the roof");
    draw_axes(&f, &w);
    draw_machine_roof(&f, s, &w, true);
    draw_gaps(&f, s, b);
    if (!is_summary) draw_paths(&f, s);
    for (int k = first; k <= last; k++) draw_batch(&f, s, k);
    draw_labels(&f, s, b);
    note_places(&f, s, first, last);
    add_table(&f, s, first, last);
    figure_say(&f, "method", "%s", method);
    finding_attained(&f, s, b, is_summary);
    return figure_finish(&f, e);
}

json_t *figure_summary(const struct study *s, gable_error *e) { return build(s, true, e); }

json_t *figure_attained(const struct study *s, gable_error *e) { return build(s, false, e); }
