/* Drawn roofs: one connected line each. */
#include "report/figures/parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void draw_roof(struct figure *f, const struct roof *r, const struct window *w, const struct roof_style *style,
               const char *name, json_t *facts)
{
    double ridge = roof_ridge(r), start = fmax(w->x_low, w->y_low / r->bandwidth);
    json_t *points = json_array();
    if (ridge > start) figure_append(f, points, figure_pair(f, start, start * r->bandwidth));
    figure_append(f, points, figure_pair(f, fmax(ridge, start), r->peak));
    figure_append(f, points, figure_pair(f, w->x_high, r->peak));
    figure_line(f, points,
                &(struct stroke){.color = style->color,
                                 .width = style->width,
                                 .avoid = style->avoid,
                                 .z = style->z,
                                 .grid = style->grid,
                                 .type = style->is_dashed ? "dashed" : "solid"});
    if (style->dot > 0 && ridge > w->x_low && ridge < w->x_high) {
        json_t *dot = figure_point(
            f, &(struct point){
                   .name = name, .x = ridge, .y = r->peak, .color = style->color, .is_hollow = true, .facts = facts});
        json_t *dots = json_array();
        figure_append(f, dots, dot);
        figure_points(f, dots, style->grid, style->dot, style->z + 1);
    } else {
        json_decref(facts);
    }
}

static void label_on(struct figure *f, double x0, double y0, double x1, double y1, bool is_flat, bool is_main,
                     json_t *text)
{
    figure_add(f, "lineLabels",
               figure_pack(f, "{s:[f,f], s:[f,f], s:f, s:s, s:i, s:o, s:s, s:b}", "from", x0, y0, "to", x1, y1, "t",
                           is_flat ? 0.995 : 0.0, "align", is_flat ? "right" : "left", "side", 1, "text", text, "color",
                           is_main ? "@roof" : "@muted", "bold", is_main));
}

static void label_flat(struct figure *f, const struct window *w, const char *isa, double value, bool is_main)
{
    label_on(f, w->x_low, value, w->x_high, value, true, is_main,
             figure_text(f, "%s  %s", isa_title(isa), figure_quantity(value, "FLOP/s").text));
}

static void label_slope(struct figure *f, const struct window *w, const char *level, double value, bool is_main)
{
    double start = fmax(w->y_low * 1.5 / value, w->x_low * 1.06);
    label_on(f, start, start * value, start * 10, start * 10 * value, false, is_main,
             figure_text(f, "%s  %s", level, figure_quantity(value, "B/s").text));
}

/* The isa whose fp32 ceiling is the roof's peak. */
static const char *peak_isa(const struct study *s)
{
    const char *isa = "peak";
    double nearest = INFINITY;
    for (int i = 0; i < s->machine.n_ceilings; i++) {
        const struct ceiling *c = &s->machine.ceilings[i];
        if (c->kind != CEILING_COMPUTE || c->dtype != DTYPE_F32 || !c->valid) continue;
        if (fabs(c->value - s->roof.peak) < nearest) {
            nearest = fabs(c->value - s->roof.peak);
            isa = c->isa;
        }
    }
    return isa;
}

/* The best valid ceiling of one instruction set or of one memory level with all threads; 0 where there is none. */
static double best_of(const struct study *s, enum ceiling_kind kind, const char *name)
{
    double best = 0;
    int threads = machine_threads(s);
    for (int i = 0; i < s->machine.n_ceilings; i++) {
        const struct ceiling *c = &s->machine.ceilings[i];
        bool fits = kind == CEILING_COMPUTE ? c->dtype == DTYPE_F32 && !strcmp(c->isa, name) : !strcmp(c->level, name);
        if (c->kind == kind && c->valid && c->threads == threads && fits && c->value > best) best = c->value;
    }
    return best;
}

static void draw_ceilings(struct figure *f, const struct study *s, const struct window *w)
{
    static const char *const isas[] = {"amx", "avx512", "avx2", "sse", "sve", "neon", "scalar"};
    static const char *const levels[] = {"L3", "L2", "L1"};
    const struct roof_style thin = {.color = "@ceiling", .width = 1.1, .avoid = 1.2, .z = 2, .dot = 5};
    double lowest = s->roof.peak;
    for (size_t i = 0; i < COUNT_OF(isas); i++) {
        double peak = best_of(s, CEILING_COMPUTE, isas[i]);
        /* two flats closer than 15 % would be one line with two names */
        if (peak <= 1.3 * w->y_low || peak > lowest / 1.15) continue;
        lowest = peak;
        draw_roof(f, &(struct roof){.peak = peak, .bandwidth = s->roof.bandwidth}, w, &thin, isa_title(isas[i]), NULL);
        label_flat(f, w, isas[i], peak, false);
    }
    double highest = s->roof.bandwidth;
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        double bandwidth = best_of(s, CEILING_BANDWIDTH, levels[i]);
        if (bandwidth < 1.3 * highest || s->roof.peak / bandwidth < 1.5 * w->x_low) continue;
        highest = bandwidth;
        draw_roof(f, &(struct roof){.peak = s->roof.peak, .bandwidth = bandwidth}, w, &thin, levels[i], NULL);
        label_slope(f, w, levels[i], bandwidth, false);
    }
}

void draw_machine_roof(struct figure *f, const struct study *s, const struct window *w, bool has_ceilings)
{
    const struct roof_style thick = {.color = "@roof", .width = 2.2, .avoid = 60, .z = 4, .dot = 8};
    double ridge = roof_ridge(&s->roof);
    json_t *facts = figure_facts(f);
    figure_fact(f, facts, "Peak", "%s", figure_quantity(s->roof.peak, "FLOP/s").text);
    figure_fact(f, facts, "Bandwidth", "%s", figure_quantity(s->roof.bandwidth, "B/s").text);
    figure_fact(f, facts, "Ridge", "%.1f FLOP/B", ridge);
    if (has_ceilings) draw_ceilings(f, s, w);
    draw_roof(f, &s->roof, w, &thick, "This machine\u2019s roof", facts);
    label_flat(f, w, peak_isa(s), s->roof.peak, true);
    label_slope(f, w, "DRAM", s->roof.bandwidth, true);
    if (ridge > w->x_low && ridge < w->x_high)
        figure_add(f, "labels",
                   figure_pack(f, "{s:[f,f], s:o, s:s, s:i}", "at", ridge, s->roof.peak, "text",
                               figure_text(f, "ridge %.1f FLOP/B", ridge), "color", "@ink", "r", 6));
}
