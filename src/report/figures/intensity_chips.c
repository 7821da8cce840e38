/* The models' intensities on the roofs of the study's chips and of this machine: a dot where each meets each roof. */
#include "report/figures/chips.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROOFS = 12 };

struct line {
    struct chip_name name;
    const char *color;
    struct roof roof;
    bool is_here;
};

static int lines_of(const struct study *s, struct line out[ROOFS])
{
    int n = 0;
    enum dtype d;
    for (int i = 0; s->chips && i < s->chips->n && n < ROOFS - 1; i++) {
        const struct chip *c = &s->chips->chip[i];
        struct roof r;
        if (!c->is_in_study || !chip_float_roof(c, &r, &d) || d != DTYPE_F32) continue;
        out[n++] = (struct line){chip_label(c), chip_kind_color(c->kind), r, false};
    }
    if (s->roof.peak > 0 && s->roof.bandwidth > 0) out[n++] = (struct line){{"this machine"}, "@roof", s->roof, true};
    return n;
}

static double intensity_of(const struct study *s, int i, int b)
{
    return (double)s->models[i].costs[b].cost.flops / (double)s->models[i].costs[b].bytes.fused;
}

static struct window window_of(const struct study *s, const struct line *lines, int n, int b)
{
    struct window w = {INFINITY, 0, INFINITY, 0};
    for (int i = 0; i < s->n_models; i++) {
        w.x_low = fmin(w.x_low, intensity_of(s, i, b));
        w.x_high = fmax(w.x_high, intensity_of(s, i, b));
    }
    w.x_low = figure_log_low(w.x_low, 1.4);
    w.x_high = figure_log_high(w.x_high, 1.2);
    for (int k = 0; k < n; k++) {
        w.y_low = fmin(w.y_low, roof_attainable(&lines[k].roof, w.x_low));
        w.y_high = fmax(w.y_high, roof_attainable(&lines[k].roof, w.x_high));
    }
    w.y_low = figure_log_low(w.y_low, 9); /* the models' names stand below the roofs */
    w.y_high = figure_log_high(w.y_high, 1.1);
    return w;
}

static void draw_line(struct figure *f, const struct study *s, const struct window *w, const struct line *line, int b)
{
    json_t *dots = json_array(), *facts = figure_facts(f);
    figure_fact(f, facts, "Ridge", "%.1f FLOP/B", roof_ridge(&line->roof));
    figure_fact(f, facts, "Peak", "%s", figure_quantity(line->roof.peak, "FLOP/s").text);
    draw_roof(f, &line->roof, w,
              &(struct roof_style){.color = line->color, .width = line->is_here ? 2.2 : 1.3, .z = 3, .dot = 6},
              line->name.text, facts);
    for (int i = 0; i < s->n_models; i++) {
        double x = intensity_of(s, i, b), y = roof_attainable(&line->roof, x);
        json_t *point = figure_facts(f);
        figure_fact(f, point, "Chip", "%s", line->name.text);
        figure_fact(f, point, "Intensity", "%.1f FLOP/B", x);
        figure_fact(f, point, "Attainable", "%s, %.0f\u00a0%% of peak", figure_quantity(y, "FLOP/s").text,
                    100 * y / line->roof.peak);
        figure_append(f, dots,
                      figure_point(f, &(struct point){.name = s->models[i].label,
                                                      .model = s->models[i].id,
                                                      .x = x,
                                                      .y = y,
                                                      .color = line->color,
                                                      .symbol = model_symbol(i),
                                                      .facts = point}));
    }
    figure_points(f, dots, 0, 6, 5);
    figure_add(f, "ends",
               figure_pack(f, "{s:[f,f], s:s, s:s, s:s, s:b}", "at", w->x_high, roof_attainable(&line->roof, w->x_high),
                           "text", line->name.text, "color", "@ink", "stroke", line->color, "bold", line->is_here));
}

/* One drop line per model, named at its foot. */
static void draw_drops(struct figure *f, const struct study *s, const struct window *w, const struct line *lines, int n,
                       int b)
{
    json_t *drops = json_array(), *feet = json_array();
    for (int i = 0; i < s->n_models; i++) {
        double x = intensity_of(s, i, b), top = 0;
        for (int k = 0; k < n; k++) top = fmax(top, roof_attainable(&lines[k].roof, x));
        figure_append(
            f, drops,
            figure_pack(f, "{s:[[f,f],[f,f]], s:s}", "coords", x, w->y_low, x, top, "model", s->models[i].id));
        figure_append(f, feet,
                      figure_point(f, &(struct point){.name = s->models[i].label,
                                                      .model = s->models[i].id,
                                                      .x = x,
                                                      .y = w->y_low * 1.12,
                                                      .color = "@muted",
                                                      .symbol = model_symbol(i)}));
        figure_add(f, "labels",
                   figure_pack(f, "{s:[f,f], s:s, s:s, s:s, s:i}", "at", x, w->y_low * 1.12, "text", s->models[i].label,
                               "color", "@ink", "model", s->models[i].id, "r", 4));
    }
    figure_lines(f, drops, false,
                 &(struct stroke){.color = "@axis", .width = 1, .type = "dotted", .avoid = 0.3, .z = 1});
    figure_points(f, feet, 0, 8, 5);
}

static void add_table(struct figure *f, const struct study *s, const struct line *lines, int n, int b)
{
    figure_table(f, "attainable GFLOP/s", true, "Model|Chip|FLOP/B|Ridge FLOP/B|Attainable GFLOP/s|Of peak %");
    for (int i = 0; i < s->n_models; i++)
        for (int k = 0; k < n; k++) {
            double x = intensity_of(s, i, b), y = roof_attainable(&lines[k].roof, x);
            json_t *row = figure_row(f, s->models[i].id);
            figure_cell(f, row, s->models[i].label);
            figure_cell(f, row, lines[k].name.text);
            figure_number(f, row, x);
            figure_number(f, row, roof_ridge(&lines[k].roof));
            figure_number(f, row, y / 1e9);
            figure_number(f, row, 100 * y / lines[k].roof.peak);
        }
}

static void say_findings(struct figure *f, const struct study *s, const struct line *lines, int n, int b)
{
    int low = 0, high = 0, least = 0;
    for (int i = 1; i < s->n_models; i++)
        if (intensity_of(s, i, b) < intensity_of(s, least, b)) least = i;
    double x = intensity_of(s, least, b);
    for (int k = 0; k < n; k++) {
        if (roof_attainable(&lines[k].roof, x) < roof_attainable(&lines[low].roof, x)) low = k;
        if (roof_attainable(&lines[k].roof, x) > roof_attainable(&lines[high].roof, x)) high = k;
    }
    double bandwidth = lines[high].roof.bandwidth / lines[low].roof.bandwidth,
           peak = lines[high].roof.peak / lines[low].roof.peak;
    figure_say(f, "title", "For %s, %s is worth %.0f times %s", s->models[least].label, lines[high].name.text,
               roof_attainable(&lines[high].roof, x) / roof_attainable(&lines[low].roof, x), lines[low].name.text);
    figure_say(f, "finding",
               "At %.1f FLOP/B %s may reach %s on %s and %s on %s. The two differ by %.0f times in bandwidth and by "
               "%.0f times in peak.",
               x, s->models[least].label, figure_quantity(roof_attainable(&lines[high].roof, x), "FLOP/s").text,
               lines[high].name.text, figure_quantity(roof_attainable(&lines[low].roof, x), "FLOP/s").text,
               lines[low].name.text, bandwidth, peak);
}

json_t *figure_intensity_chips(const struct study *s, gable_error *e)
{
    struct line lines[ROOFS];
    int n = lines_of(s, lines), b = s->n_batches - 1;
    if (n < 2 || !s->n_models || b < 0) return NULL;
    struct window w = window_of(s, lines, n, b);
    struct figure f = figure_start("1.2", "intensity-chips", "On other chips", 430);
    figure_say(&f, "subtitle",
               "Where the models\u2019 intensities at batch %d meet the float32 roofs of the study\u2019s chips; this "
               "machine\u2019s is measured",
               s->batches[b]);
    for (int k = 0; k < CHIP_KIND_N; k++)
        for (int i = 0; i < n; i++)
            if (!strcmp(lines[i].color, chip_kind_color((enum chip_kind)k))) {
                figure_key(&f, "line", lines[i].color + 1, chip_kind_label((enum chip_kind)k));
                break;
            }
    figure_grid(&f, FIGURE_TICKS, 142, FIGURE_PLOT_TOP, FIGURE_PLOT_BOTTOM);
    figure_option(&f, "xAxis",
                  figure_log_axis(&f, 0, "Operational intensity, FLOP per byte of DRAM traffic (log scale)", "@plain",
                                  w.x_low, w.x_high));
    figure_option(&f, "yAxis",
                  figure_y_axis(&f, figure_log_axis(&f, 0, "Attainable FLOP/s (log scale)", "@eng", w.y_low, w.y_high),
                                FIGURE_TICKS));
    figure_set(&f, "narrow",
               figure_pack(&f, "{s:{s:[{s:s}]}}", "option", "xAxis", "name", "FLOP per byte (log scale)"));
    draw_drops(&f, s, &w, lines, n, b);
    for (int k = 0; k < n; k++) draw_line(&f, s, &w, &lines[k], b);
    add_table(&f, s, lines, n, b);
    say_findings(&f, s, lines, n, b);
    figure_say(&f, "method",
               "Attainable = min(peak, intensity × bandwidth) with declared peaks and bandwidths. The intensity is "
               "that of the fused "
               "groups of this engine; another chip\u2019s caches and fusion would move it.");
    return figure_finish(&f, e);
}
