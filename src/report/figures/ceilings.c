/* Everything that was measured of this machine: its compute ceilings as flats, its bandwidths as slopes. */
#include "report/figures/parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The best valid ceiling of each type (compute) or level (bandwidth) with that many threads. */
struct best {
    const struct ceiling *flat[DTYPE_N];
    const struct ceiling *slope[4];
};
static const char *const levels[] = {"L1", "L2", "L3", "DRAM"};

static struct best best_of(const struct study *s, int threads)
{
    struct best best = {0};
    for (int i = 0; i < s->machine.n_ceilings; i++) {
        const struct ceiling *c = &s->machine.ceilings[i];
        if (!c->valid || c->threads != threads || !(c->value > 0)) continue;
        const struct ceiling **at = c->kind == CEILING_COMPUTE ? &best.flat[c->dtype] : NULL;
        for (size_t k = 0; !at && k < COUNT_OF(levels); k++)
            if (!strcmp(c->level, levels[k])) at = &best.slope[k];
        if (at && (!*at || c->value > (*at)->value)) *at = c;
    }
    return best;
}

struct bounds {
    double top, low, fast, slow; /* highest and lowest flat, fastest and slowest slope */
};

static void widen(struct bounds *b, const struct best *x)
{
    for (int d = 0; d < DTYPE_N; d++)
        if (x->flat[d]) {
            b->top = fmax(b->top, x->flat[d]->value);
            b->low = fmin(b->low, x->flat[d]->value);
        }
    for (size_t k = 0; k < COUNT_OF(levels); k++)
        if (x->slope[k]) {
            b->fast = fmax(b->fast, x->slope[k]->value);
            b->slow = fmin(b->slow, x->slope[k]->value);
        }
}

static json_t *facts_of(struct figure *f, const struct ceiling *c)
{
    json_t *facts = figure_facts(f);
    const char *unit = c->kind == CEILING_BANDWIDTH ? "B/s" : "FLOP/s";
    figure_fact(f, facts, "Measured", "%s", figure_quantity(c->value, unit).text);
    figure_fact(f, facts, "95\u00a0% interval", "%s to %s", figure_quantity(c->low, unit).text,
                figure_quantity(c->high, unit).text);
    figure_fact(f, facts, "Threads", "%d", c->threads);
    if (c->theory > 0) figure_fact(f, facts, "Of theory", "%.1f\u00a0%%", 100 * c->value / c->theory);
    return facts;
}

static bool is_roof(const struct study *s, const struct ceiling *c)
{
    return c->dtype == DTYPE_F32 && fabs(c->value / s->roof.peak - 1) < 1e-6;
}

/* A flat starts where the fastest slope of its threads reaches it. */
static void draw_flats(struct figure *f, const struct study *s, const struct window *w, const struct best *x,
                       bool is_one)
{
    double fast = 0;
    for (size_t k = 0; k < COUNT_OF(levels); k++)
        if (x->slope[k]) fast = fmax(fast, x->slope[k]->value);
    for (int d = 0; d < DTYPE_N; d++) {
        const struct ceiling *c = x->flat[d];
        if (!c || !(fast > 0)) continue;
        bool is_main = !is_one && is_roof(s, c);
        const char *isa = isa_title(c->isa);
        draw_roof(f, &(struct roof){.peak = c->value, .bandwidth = fast}, w,
                  &(struct roof_style){.color = "@ceiling", .width = 1.2, .is_dashed = is_one, .z = 2, .dot = 6}, isa,
                  facts_of(f, c));
        figure_add(
            f, "ends",
            figure_pack(f, "{s:[f,f], s:o, s:s, s:s, s:b}", "at", w->x_high, c->value, "text",
                        figure_text(f, "%s %s  %s", dtype_label(c->dtype), isa,
                                    figure_quantity(c->value, d == DTYPE_S8 || d == DTYPE_U8 ? "OP/s" : "FLOP/s").text),
                        "color", is_one ? "@muted" : "@ink", "stroke", "@ceiling", "bold", is_main));
        figure_narrow(f, "ends",
                      figure_pack(f, "{s:o}", "text",
                                  figure_text(f, "%s %s", dtype_label(c->dtype), figure_quantity(c->value, "").text)));
    }
}

static void draw_slopes(struct figure *f, const struct study *s, const struct window *w, const struct best *x,
                        double top, bool is_one)
{
    for (size_t k = 0; k < COUNT_OF(levels); k++) {
        const struct ceiling *c = x->slope[k];
        if (!c) continue;
        bool is_main = !is_one && !strcmp(c->level, "DRAM");
        double start = fmax(w->x_low, w->y_low / c->value), peak = is_main ? s->roof.peak : top;
        draw_roof(f, &(struct roof){.peak = fmin(top, peak), .bandwidth = c->value}, w,
                  &(struct roof_style){.color = is_main ? "@roof" : "@ceiling",
                                       .width = is_main ? 2.2 : 1.2,
                                       .is_dashed = is_one,
                                       .z = is_main ? 4 : 2,
                                       .dot = is_main ? 8 : 0},
                  c->level, is_main ? facts_of(f, c) : NULL);
        figure_add(f, "lineLabels",
                   figure_pack(f, "{s:[f,f], s:[f,f], s:f, s:s, s:i, s:o, s:s, s:b}", "from", start * 1.25,
                               start * 1.25 * c->value, "to", start * 12.5, start * 12.5 * c->value, "t", 0.0, "align",
                               "left", "side", 1, "text",
                               figure_text(f, "%s%s  %s", c->level, is_one ? " of one thread" : "",
                                           figure_quantity(c->value, "B/s").text),
                               "color", is_main ? "@roof" : "@muted", "bold", is_main));
    }
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "every ceiling measured", true,
                 "Kind|What|Type|Instructions|Threads|G(FL)OP/s or GB/s|from|to|Of theory %|State");
    for (int i = 0; i < s->machine.n_ceilings; i++) {
        const struct ceiling *c = &s->machine.ceilings[i];
        char what[2 * CEILING_NAME + 2];
        snprintf(what, sizeof what, "%s %s", c->level, c->what);
        json_t *row = figure_row(f, NULL);
        figure_cell(f, row, c->kind == CEILING_COMPUTE ? "compute" : "bandwidth");
        figure_cell(f, row, what);
        figure_cell(f, row, c->kind == CEILING_COMPUTE ? dtype_label(c->dtype) : "");
        figure_cell(f, row, isa_title(c->isa));
        figure_exact(f, row, c->threads);
        figure_number(f, row, c->value / 1e9);
        figure_number(f, row, c->low / 1e9);
        figure_number(f, row, c->high / 1e9);
        figure_number(f, row, c->theory > 0 ? 100 * c->value / c->theory : NAN);
        figure_cell(f, row, c->valid ? "valid" : c->reason);
    }
}

static void say_findings(struct figure *f, const struct study *s, const struct best *all, const struct best *one)
{
    const struct ceiling *peak = all->flat[DTYPE_F32], *dram = all->slope[3], *single = one->slope[3];
    double share = peak && peak->theory > 0 ? 100 * peak->value / peak->theory : 0;
    figure_say(f, "title", "%s and %s: below %.1f FLOP per byte memory is the limit",
               figure_quantity(s->roof.peak, "FLOP/s").text, figure_quantity(s->roof.bandwidth, "B/s").text,
               roof_ridge(&s->roof));
    json_t *theory = share > 0
                         ? figure_text(f, " The float32 peak is %.1f\u00a0%% of lanes × pipes × 2 × clock.", share)
                         : json_string("");
    json_t *threads = dram && single && dram != single
                          ? figure_text(f, " One thread alone draws %.0f\u00a0%% of the memory bandwidth.",
                                        100 * single->value / dram->value)
                          : json_string("");
    figure_say(
        f, "finding", "A kernel must use each byte from memory %.1f times to be limited by float32 arithmetic.%s%s",
        roof_ridge(&s->roof), theory ? json_string_value(theory) : "", threads ? json_string_value(threads) : "");
    json_decref(theory);
    json_decref(threads);
}

json_t *figure_ceilings(const struct study *s, gable_error *e)
{
    int threads = machine_threads(s);
    struct best all = best_of(s, threads), one = best_of(s, 1);
    struct bounds b = {.low = INFINITY, .slow = INFINITY};
    widen(&b, &all);
    if (threads > 1) widen(&b, &one);
    if (!(b.top > 0) || !(b.fast > 0) || !(s->roof.peak > 0) || !(s->roof.bandwidth > 0)) return NULL;
    struct window w = {figure_log_low(b.low / b.fast, 2), figure_log_high(b.top / b.slow, 1.3),
                       figure_log_low(b.low, 3), figure_log_high(b.top, 1.3)};
    struct figure f = figure_start("1.4", "ceilings", "This machine\u2019s ceilings", 400);
    figure_say(&f, "subtitle", "%s, measured; the best of each type and each memory level with %d thread%s%s",
               s->machine.topology.cpu, threads, threads == 1 ? "" : "s", threads > 1 ? " (dashed: one)" : "");
    figure_grid(&f, FIGURE_TICKS, 214, FIGURE_PLOT_TOP, FIGURE_PLOT_BOTTOM);
    figure_option(
        &f, "xAxis",
        figure_log_axis(&f, 0, "Operational intensity, FLOP per byte (log scale)", "@plain", w.x_low, w.x_high));
    figure_option(
        &f, "yAxis",
        figure_y_axis(&f, figure_log_axis(&f, 0, "FLOP/s, integer types OP/s (log scale)", "@eng", w.y_low, w.y_high),
                      FIGURE_TICKS));
    figure_set(&f, "narrow", figure_pack(&f, "{s:{s:[{s:i}]}}", "option", "grid", "right", 112));
    draw_flats(&f, s, &w, &all, false);
    draw_slopes(&f, s, &w, &all, b.top, false);
    if (threads > 1) draw_flats(&f, s, &w, &one, true);
    add_table(&f, s);
    say_findings(&f, s, &all, &one);
    figure_say(&f, "method",
               "Compute: independent FMA chains, at least latency × pipes of them, on pinned threads. Bandwidth: "
               "arrays of half a cache level, "
               "for DRAM at least four times the last level; bytes counted as STREAM does, without write-allocate. "
               "Over variants the "
               "maximum, over time the median with its 95 %% interval.");
    figure_say(&f, "command", "gable machine --json");
    return figure_finish(&f, e);
}
