/* Intensities where they meet this machine's roof: above, the roof with a dot per model and batch; below, on the same x
   axis, one row per model, joined to its dots by drop lines. */
#include "report/figures/parts.h"

#include <math.h>

enum { LEFT = 122, ROOF = 190, GAP = 6, ROW = 19, FOOT = 44, GRID_ROOF = 0, GRID_ROWS = 1 };

static double intensity_of(const struct study *s, int i, int b)
{
    const struct study_cost *c = &s->models[i].costs[b];
    return c->bytes.fused > 0 ? (double)c->cost.flops / (double)c->bytes.fused : NAN;
}

static int row_of(const struct study *s, int i) { return s->n_models - 1 - i; }

static struct window window_of(const struct study *s)
{
    double low = roof_ridge(&s->roof), high = low;
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) {
            double x = intensity_of(s, i, b);
            if (!(x > 0)) continue;
            low = fmin(low, x);
            high = fmax(high, x);
        }
    low = figure_log_low(low, 1.3);
    return (struct window){low, figure_log_high(high, 1.3), low * s->roof.bandwidth / 1.25, 1.7 * s->roof.peak};
}

static json_t *facts_of(struct figure *f, const struct study *s, int i, int b)
{
    const struct study_cost *c = &s->models[i].costs[b];
    double x = intensity_of(s, i, b), y = roof_attainable(&s->roof, x);
    json_t *facts = figure_facts(f);
    figure_fact(f, facts, "Batch", "%d", s->batches[b]);
    figure_fact(f, facts, "FLOPs", "%s", figure_quantity((double)c->cost.flops, "FLOP").text);
    figure_fact(f, facts, "Bytes, fused", "%s", quantity_bytes((double)c->bytes.fused).text);
    figure_fact(f, facts, "Intensity", "%.1f FLOP/B", x);
    figure_fact(f, facts, "Attainable", "%s, %.0f\u00a0%% of peak", figure_quantity(y, "FLOP/s").text,
                100 * y / s->roof.peak);
    figure_fact(f, facts, "Bound by", "%s", bound_name(x < roof_ridge(&s->roof) ? BOUND_MEMORY : BOUND_COMPUTE));
    return facts;
}

static void draw_axes(struct figure *f, const struct study *s, const struct window *w)
{
    json_t *names = json_array();
    for (int i = s->n_models - 1; i >= 0; i--) figure_append(f, names, json_string(s->models[i].label));
    for (int g = 0; g < 2; g++)
        figure_option(f, "grid",
                      figure_pack(f, "{s:i, s:i, s:i, s:i, s:s}", "left", LEFT, "right", 2, "top",
                                  g ? FIGURE_PLOT_TOP + ROOF + GAP : FIGURE_PLOT_TOP, "height",
                                  g ? ROW * s->n_models : ROOF, "outerBoundsMode", "none"));
    json_t *upper = figure_log_axis(f, GRID_ROOF, "", "@plain", w->x_low, w->x_high);
    json_object_set_new(json_object_get(upper, "axisLabel"), "show", json_false());
    json_object_set_new(json_object_get(upper, "axisLine"), "show", json_false());
    figure_option(f, "xAxis", upper);
    figure_option(f, "xAxis",
                  figure_log_axis(f, GRID_ROWS, "Operational intensity, FLOP per byte of DRAM traffic (log scale)",
                                  "@plain", w->x_low, w->x_high));
    figure_option(
        f, "yAxis",
        figure_y_axis(f, figure_log_axis(f, GRID_ROOF, "Attainable FLOP/s (log scale)", "@eng", w->y_low, w->y_high),
                      FIGURE_TICKS));
    figure_option(f, "yAxis", figure_category_axis(f, GRID_ROWS, names, true));
    figure_set(f, "narrow",
               figure_pack(f, "{s:{s:[{}, {s:s}]}}", "option", "xAxis", "name", "FLOP per byte (log scale)"));
}

/* Each batch: drop lines from the roof to the bottom of its plot, on to the model's row, and a dot at both ends. */
static void draw_batch(struct figure *f, const struct study *s, const struct window *w, int b)
{
    json_t *drops = json_array(), *falls = json_array(), *dots = json_array(), *marks = json_array();
    for (int i = 0; i < s->n_models; i++) {
        double x = intensity_of(s, i, b), y = roof_attainable(&s->roof, x);
        const char *id = s->models[i].id;
        if (!(x > 0)) continue;
        struct point p = {.name = s->models[i].label,
                          .model = id,
                          .x = x,
                          .y = y,
                          .color = batch_color(s, b),
                          .symbol = model_symbol(i),
                          .facts = facts_of(f, s, i, b)};
        figure_append(f, drops, figure_pack(f, "{s:[[f,f],[f,f]], s:s}", "coords", x, y, x, w->y_low, "model", id));
        figure_append(
            f, falls,
            figure_pack(f, "{s:[[f,f],[f,f]], s:s}", "coords", x, -0.5, x, (double)row_of(s, i), "model", id));
        figure_append(f, dots, figure_point(f, &p));
        p.y = row_of(s, i);
        p.facts = facts_of(f, s, i, b);
        figure_append(f, marks, figure_point(f, &p));
    }
    struct stroke drop = {.color = batch_color(s, b), .width = 0.9, .opacity = 0.6, .type = "dotted", .z = 2};
    figure_lines(f, drops, false, &drop);
    drop.grid = GRID_ROWS;
    figure_lines(f, falls, false, &drop);
    figure_points(f, dots, GRID_ROOF, 8, 5 + b);
    figure_points(f, marks, GRID_ROWS, 9, 5 + b);
}

static void draw_spans(struct figure *f, const struct study *s)
{
    json_t *spans = json_array();
    for (int i = 0; i < s->n_models; i++) {
        double first = intensity_of(s, i, 0), last = intensity_of(s, i, s->n_batches - 1), y = row_of(s, i);
        if (first > 0 && last > 0)
            figure_append(
                f, spans,
                figure_pack(f, "{s:[[f,f],[f,f]], s:s}", "coords", first, y, last, y, "model", s->models[i].id));
    }
    figure_lines(f, spans, false,
                 &(struct stroke){.color = "@batch64", .width = 2, .opacity = 0.45, .z = 3, .grid = GRID_ROWS});
}

static void draw_ridge_line(struct figure *f, const struct study *s, const struct window *w)
{
    double x = roof_ridge(&s->roof);
    if (x < w->x_low || x > w->x_high) return;
    json_t *line = json_array(), *rest = json_array();
    figure_append(f, line, figure_pack(f, "{s:[[f,f],[f,f]]}", "coords", x, s->roof.peak, x, w->y_low));
    figure_append(f, rest, figure_pack(f, "{s:[[f,f],[f,f]]}", "coords", x, -0.5, x, s->n_models - 0.5));
    struct stroke stroke = {.color = "@roof", .width = 1, .type = "dashed", .opacity = 0.7, .z = 3};
    figure_lines(f, line, false, &stroke);
    stroke.grid = GRID_ROWS;
    figure_lines(f, rest, false, &stroke);
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "FLOP per byte at three levels of traffic", true,
                 "Model|Batch|FLOPs|Bytes unfused|Bytes fused|Bytes ideal|FLOP/B unfused|FLOP/B fused|FLOP/B "
                 "ideal|Attainable GFLOP/s|Of peak %|Bound by");
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) {
            const struct study_cost *c = &s->models[i].costs[b];
            double flops = (double)c->cost.flops, x = intensity_of(s, i, b), y = roof_attainable(&s->roof, x);
            json_t *row = figure_row(f, s->models[i].id);
            figure_cell(f, row, s->models[i].label);
            figure_exact(f, row, s->batches[b]);
            figure_exact(f, row, c->cost.flops);
            figure_exact(f, row, c->bytes.unfused);
            figure_exact(f, row, c->bytes.fused);
            figure_exact(f, row, c->bytes.ideal);
            figure_number(f, row, flops / (double)c->bytes.unfused);
            figure_number(f, row, x);
            figure_number(f, row, flops / (double)c->bytes.ideal);
            figure_number(f, row, y / 1e9);
            figure_number(f, row, 100 * y / s->roof.peak);
            figure_cell(f, row, bound_name(x < roof_ridge(&s->roof) ? BOUND_MEMORY : BOUND_COMPUTE));
        }
}

static int below_ridge(const struct study *s, int b)
{
    int n = 0;
    for (int i = 0; i < s->n_models; i++) n += intensity_of(s, i, b) < roof_ridge(&s->roof);
    return n;
}

static void say_findings(struct figure *f, const struct study *s)
{
    int last = s->n_batches - 1, early = below_ridge(s, 0), late = below_ridge(s, last), n = s->n_models, most = 0,
        least = 0;
    if (early == n && late == n)
        figure_say(f, "title", "All %d models are memory-bound here, whatever the batch", n);
    else if (!early && !late)
        figure_say(f, "title", "All %d models are compute-bound here, whatever the batch", n);
    else if (early == late)
        figure_say(f, "title", "%d of %d models lie left of the ridge, at batch %d as at batch %d", early, n,
                   s->batches[0], s->batches[last]);
    else
        figure_say(f, "title", "%d of %d models are memory-bound at batch %d, %d at batch %d", early, n, s->batches[0],
                   late, s->batches[last]);
    for (int i = 0; i < n; i++) {
        double gain = intensity_of(s, i, last) / intensity_of(s, i, 0);
        if (gain > intensity_of(s, most, last) / intensity_of(s, most, 0)) most = i;
        if (intensity_of(s, i, last) < intensity_of(s, least, last)) least = i;
    }
    double x = intensity_of(s, least, last), share = roof_attainable(&s->roof, x) / s->roof.peak;
    figure_say(f, "finding",
               "%s has the lowest intensity at batch %d, %.1f FLOP/B: its roof is %.0f\u00a0%% of peak. A larger batch "
               "spreads the "
               "weights over more images: %s gains most, %.1f times from batch %d to %d. The ridge is at %.1f FLOP/B.",
               s->models[least].label, s->batches[last], x, 100 * share, s->models[most].label,
               intensity_of(s, most, last) / intensity_of(s, most, 0), s->batches[0], s->batches[last],
               roof_ridge(&s->roof));
}

json_t *figure_intensity(const struct study *s, gable_error *e)
{
    if (!s->n_models || !s->n_batches || !(s->roof.peak > 0) || !(s->roof.bandwidth > 0)) return NULL;
    char machine[160];
    struct window w = window_of(s);
    struct figure f =
        figure_start("1.2", "intensity", "Intensity", FIGURE_PLOT_TOP + ROOF + GAP + ROW * s->n_models + FOOT);
    say_machine(s, machine, sizeof machine);
    figure_say(&f, "subtitle", "Where each model\u2019s intensity meets the roof of %s; dashed: the ridge", machine);
    key_batches(&f, s, false);
    draw_axes(&f, s, &w);
    draw_machine_roof(&f, s, &w, false);
    draw_ridge_line(&f, s, &w);
    draw_spans(&f, s);
    for (int b = 0; b < s->n_batches; b++) draw_batch(&f, s, &w, b);
    add_table(&f, s);
    say_findings(&f, s);
    figure_say(
        &f, "method",
        "Intensity = FLOPs counted / bytes, computed anew for every batch size. Bytes: what the fused groups read from "
        "and write to each other, and the weights once per batch; the table has unfused and ideal traffic besides. "
        "Attainable = min(peak, intensity × bandwidth).");
    return figure_finish(&f, e);
}
