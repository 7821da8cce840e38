/* Ridge point by year and FLOP/s per watt by year: one dot per chip, its group by colour, a trend per group. */
#include "report/figures/chips.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct chip_name chip_label(const struct chip *c)
{
    static const char *const openings[] = {"Tesla ", "NVIDIA ", "Instinct ", "Google "};
    struct chip_name name;
    const char *from = c->name, *end = strstr(c->name, " (");
    for (size_t i = 0; i < COUNT_OF(openings); i++)
        if (!strncmp(c->name, openings[i], strlen(openings[i]))) from = c->name + strlen(openings[i]);
    int length = end > from ? (int)(end - from) : (int)strlen(from);
    snprintf(name.text, sizeof name.text, "%.*s", length, from);
    return name;
}

const char *chip_kind_color(enum chip_kind k)
{
    static const char *const colors[CHIP_KIND_N] = {[CHIP_CPU] = "@conv",
                                                    [CHIP_GPU] = "@linear",
                                                    [CHIP_ASIC] = "@depthwise",
                                                    [CHIP_SOC] = "@activation",
                                                    [CHIP_MCU] = "@pool"};
    return colors[k];
}

const char *chip_kind_label(enum chip_kind k)
{
    static const char *const labels[CHIP_KIND_N] = {[CHIP_CPU] = "CPUs",
                                                    [CHIP_GPU] = "GPUs",
                                                    [CHIP_ASIC] = "ASICs",
                                                    [CHIP_SOC] = "SoCs",
                                                    [CHIP_MCU] = "microcontrollers"};
    return labels[k];
}

bool chip_float_roof(const struct chip *c, struct roof *out, enum dtype *d)
{
    *d = chip_dtype(c, (const enum dtype[3]){DTYPE_F32, DTYPE_BF16, DTYPE_F16});
    return *d != DTYPE_UNDEFINED && chip_roof(c, *d, out);
}

/* The chip's fastest floating-point rate of 16 bits or more: what it was built for. */
static bool fastest_roof(const struct chip *c, struct roof *out, enum dtype *d)
{
    static const enum dtype types[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};
    bool has_any = false;
    *out = (struct roof){0};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct roof r;
        if (!chip_roof(c, types[i], &r) || (has_any && r.peak <= out->peak)) continue;
        *out = r;
        *d = types[i];
        has_any = true;
    }
    return has_any;
}

enum trend { BY_RIDGE, BY_WATT };

static struct quantity trend_quantity(double value, enum trend t)
{
    struct quantity q;
    if (t == BY_WATT) return figure_quantity(value, "FLOP/s/W");
    snprintf(q.text, sizeof q.text, "%.3g\u00a0FLOP/B", value);
    return q;
}

static bool value_of(const struct chip *c, enum trend t, double *value, enum dtype *d)
{
    struct roof r;
    if (c->year <= 0 || !fastest_roof(c, &r, d)) return false;
    *value = t == BY_RIDGE ? roof_ridge(&r) : c->tdp_w > 0 ? r.peak / c->tdp_w : 0;
    return *value > 0;
}

struct line {
    int n, first_year, last_year;
    double slope, offset; /* log10 of the value per year */
};

static struct line fit_kind(const struct chips *all, enum chip_kind k, enum trend t)
{
    struct line l = {.first_year = 9999};
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, value;
    enum dtype d;
    for (int i = 0; i < all->n; i++) {
        const struct chip *c = &all->chip[i];
        if (c->kind != k || !value_of(c, t, &value, &d)) continue;
        double x = c->year - 2015, y = log10(value);
        n++, sx += x, sy += y, sxx += x * x, sxy += x * y;
        l.first_year = c->year < l.first_year ? c->year : l.first_year;
        l.last_year = c->year > l.last_year ? c->year : l.last_year;
    }
    double cxx = sxx - sx * sx / n;
    l.n = (int)n;
    if (n < 4 || !(cxx > 0)) {
        l.n = 0; /* fewer chips show no trend */
        return l;
    }
    l.slope = (sxy - sx * sy / n) / cxx;
    l.offset = (sy - l.slope * sx) / n;
    return l;
}

static double line_at(const struct line *l, double year) { return pow(10, l->offset + l->slope * (year - 2015)); }

static void draw_kind(struct figure *f, const struct study *s, enum chip_kind k, enum trend t)
{
    json_t *points = json_array();
    double value;
    enum dtype d;
    for (int i = 0; i < s->chips->n; i++) {
        const struct chip *c = &s->chips->chip[i];
        if (c->kind != k || !value_of(c, t, &value, &d)) continue;
        json_t *facts = figure_facts(f);
        figure_fact(f, facts, "Year", "%d", c->year);
        figure_fact(f, facts, "Fastest float type", "%s", dtype_label(d));
        figure_fact(f, facts, t == BY_RIDGE ? "Ridge" : "Efficiency", "%s", trend_quantity(value, t).text);
        if (c->tdp_w > 0) figure_fact(f, facts, "Power", "%.0f W", c->tdp_w);
        figure_append(
            f, points,
            figure_point(f,
                         &(struct point){
                             .name = c->name, .x = c->year, .y = value, .color = chip_kind_color(k), .facts = facts}));
        if (c->is_in_study)
            figure_add(f, "labels",
                       figure_pack(f, "{s:[f,f], s:s, s:s, s:i}", "at", (double)c->year, value, "text",
                                   chip_label(c).text, "color", "@ink", "r", 5));
    }
    if (!json_array_size(points)) {
        json_decref(points);
        return;
    }
    figure_key(f, "dot", chip_kind_color(k) + 1, chip_kind_label(k));
    figure_points(f, points, 0, 8, 4);
    struct line l = fit_kind(s->chips, k, t);
    if (!l.n || l.first_year == l.last_year) return;
    json_t *line = json_array();
    figure_append(f, line, figure_pair(f, l.first_year, line_at(&l, l.first_year)));
    figure_append(f, line, figure_pair(f, l.last_year, line_at(&l, l.last_year)));
    figure_line(f, line,
                &(struct stroke){
                    .color = chip_kind_color(k), .width = 1.2, .type = "dashed", .opacity = 0.8, .avoid = 0.8, .z = 2});
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(
        f, "chips compared at their fastest float type", true,
        "Chip|Kind|Year|Type|Peak TFLOP/s|Bandwidth GB/s|Ridge FLOP/B|Bytes per FLOP|Power W|GFLOP/s per W|Confidence");
    for (int i = 0; i < s->chips->n; i++) {
        const struct chip *c = &s->chips->chip[i];
        struct roof r;
        enum dtype d;
        if (!fastest_roof(c, &r, &d)) continue;
        json_t *row = figure_row(f, NULL);
        figure_cell(f, row, c->name);
        figure_cell(f, row, chip_kind_name(c->kind));
        figure_year(f, row, c->year);
        figure_cell(f, row, dtype_label(d));
        figure_number(f, row, r.peak / 1e12);
        figure_number(f, row, r.bandwidth / 1e9);
        figure_number(f, row, roof_ridge(&r));
        figure_number(f, row, 1 / roof_ridge(&r));
        figure_number(f, row, c->tdp_w > 0 ? c->tdp_w : NAN);
        figure_number(f, row, c->tdp_w > 0 ? r.peak / c->tdp_w / 1e9 : NAN);
        figure_cell(f, row, confidence_name(c->confidence));
    }
}

static void say_findings(struct figure *f, const struct study *s, enum trend t)
{
    const struct chip *low = NULL, *high = NULL;
    double least = INFINITY, most = 0, value;
    enum dtype d;
    int steepest = -1;
    struct line best = {0};
    for (int i = 0; i < s->chips->n; i++) {
        const struct chip *c = &s->chips->chip[i];
        if (!value_of(c, t, &value, &d)) continue;
        if (value < least) least = value, low = c;
        if (value > most) most = value, high = c;
    }
    for (int k = 0; k < CHIP_KIND_N; k++) {
        struct line l = fit_kind(s->chips, (enum chip_kind)k, t);
        if (l.n && (steepest < 0 || l.slope > best.slope)) best = l, steepest = k;
    }
    const char *what = t == BY_RIDGE ? "The ridge" : "FLOP/s per watt";
    if (steepest < 0)
        figure_say(f, "title", "%s lies between %s and %s", what, trend_quantity(least, t).text,
                   trend_quantity(most, t).text);
    else if (best.slope > 0.02)
        figure_say(f, "title", "%s of %s grows %.0f\u00a0%% a year", what, chip_kind_label((enum chip_kind)steepest),
                   100 * (pow(10, best.slope) - 1));
    else
        figure_say(f, "title", "%s does not grow with the years for any kind of chip", what);
    figure_say(f, "finding", "The lowest is %s (%d) with %s, the highest %s (%d) with %s, %.0f times as much.%s",
               chip_label(low).text, low->year, trend_quantity(least, t).text, chip_label(high).text, high->year,
               trend_quantity(most, t).text, most / least,
               t == BY_RIDGE ? " A higher ridge asks for more work per byte before arithmetic limits." : "");
}

static json_t *build(const struct study *s, enum trend t, gable_error *e)
{
    double low = INFINITY, high = 0, value;
    int first = 9999, last = 0;
    enum dtype d;
    for (int i = 0; s->chips && i < s->chips->n; i++) {
        if (!value_of(&s->chips->chip[i], t, &value, &d)) continue;
        low = fmin(low, value);
        high = fmax(high, value);
        first = s->chips->chip[i].year < first ? s->chips->chip[i].year : first;
        last = s->chips->chip[i].year > last ? s->chips->chip[i].year : last;
    }
    if (!last) return NULL;
    struct figure f = figure_start("1.1", t == BY_RIDGE ? "ridges" : "watts",
                                   t == BY_RIDGE ? "Ridge by year" : "Efficiency by year", 340);
    figure_say(&f, "subtitle",
               t == BY_RIDGE
                   ? "Peak of the fastest float type of 16 bits or more / memory bandwidth; dashed: trend per kind"
                   : "Peak of the fastest float type of 16 bits or more / stated power; dashed: trend per kind");
    figure_grid(&f, FIGURE_TICKS + 6, 6, FIGURE_PLOT_TOP, FIGURE_PLOT_BOTTOM);
    figure_option(&f, "xAxis", figure_linear_axis(&f, 0, "Year of introduction", "@plain", first - 0.6, last + 0.6));
    figure_option(&f, "yAxis",
                  figure_y_axis(&f,
                                figure_log_axis(&f, 0,
                                                t == BY_RIDGE ? "Ridge point, FLOP per byte (log scale)"
                                                              : "FLOP/s per watt (log scale)",
                                                "@eng", figure_log_low(low, 1.2), figure_log_high(high, 1.2)),
                                FIGURE_TICKS + 6));
    for (int k = 0; k < CHIP_KIND_N; k++) draw_kind(&f, s, (enum chip_kind)k, t);
    add_table(&f, s);
    say_findings(&f, s, t);
    figure_say(&f, "method",
               "Trend: least squares of the logarithm on the year, for kinds of four chips or more. Power is the "
               "vendor\u2019s TDP or board "
               "power: not measured, and of a whole SoC where only that is stated.");
    return figure_finish(&f, e);
}

json_t *figure_ridges(const struct study *s, gable_error *e) { return build(s, BY_RIDGE, e); }

json_t *figure_watts(const struct study *s, gable_error *e) { return build(s, BY_WATT, e); }
