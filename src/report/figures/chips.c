/* Rooflines of the chips, one figure per group so that none hides another; the study's ten are always drawn. */
#include "report/figures/chips.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 10, PANELS = 2, TOP = 44, HEIGHT = 330 };

struct panel {
    const char *title;
    enum dtype dtypes[3]; /* the first that a chip has; DTYPE_UNDEFINED ends */
};
struct group {
    const char *id, *nav, *noun;
    bool has_kind[CHIP_KIND_N];
    bool is_stacked; /* draws only chips with stacked memory (HBM), and the study's: those of data centres */
    struct panel panels[PANELS]; /* a title of NULL: one panel only */
};

struct entry {
    const struct chip *chip;
    struct roof roof[PANELS]; /* peak 0: no such rate */
};
struct selection {
    const struct group *group;
    int n, panels;
    struct entry entry[SHOWN];
    const char *vendor; /* the most frequent */
    int year_low, year_high;
};

enum dtype chip_dtype(const struct chip *c, const enum dtype dtypes[3])
{
    for (int i = 0; i < 3 && dtypes[i] != DTYPE_UNDEFINED; i++)
        if (chip_peak(c, dtypes[i])) return dtypes[i];
    return DTYPE_UNDEFINED;
}

static bool entry_of(const struct chip *c, const struct group *g, struct entry *out)
{
    bool has_any = false;
    *out = (struct entry){.chip = c};
    for (int p = 0; p < PANELS && g->panels[p].title; p++) {
        enum dtype d = chip_dtype(c, g->panels[p].dtypes);
        if (d != DTYPE_UNDEFINED && chip_roof(c, d, &out->roof[p]))
            has_any = true;
        else
            out->roof[p] = (struct roof){0};
    }
    return has_any;
}

/* Would its line lie on one that is drawn already? */
static bool is_hidden(const struct selection *s, const struct entry *e)
{
    for (int i = 0; i < s->n; i++)
        for (int p = 0; p < s->panels; p++) {
            const struct roof *a = &s->entry[i].roof[p], *b = &e->roof[p];
            if (!(a->peak > 0) || !(b->peak > 0)) continue;
            if (fabs(log(a->peak / b->peak)) < 0.1 && fabs(log(a->bandwidth / b->bandwidth)) < 0.1) return true;
        }
    return false;
}

static int newest_first(const void *a, const void *b)
{
    const struct chip *const *p = a, *const *q = b;
    if ((*p)->is_in_study != (*q)->is_in_study) return (*q)->is_in_study - (*p)->is_in_study;
    return (*p)->year != (*q)->year ? (*q)->year - (*p)->year : strcmp((*p)->id, (*q)->id);
}

/* The vendor with most chips drawn; its years give the shades. */
static void find_vendor(struct selection *s)
{
    int most = 0;
    for (int i = 0; i < s->n; i++) {
        int n = 0;
        for (int k = 0; k < s->n; k++) n += !strcmp(s->entry[i].chip->vendor, s->entry[k].chip->vendor);
        if (n <= most) continue;
        most = n;
        s->vendor = s->entry[i].chip->vendor;
    }
    s->year_low = 9999;
    for (int i = 0; i < s->n; i++) {
        const struct chip *c = s->entry[i].chip;
        if (strcmp(c->vendor, s->vendor)) continue;
        s->year_low = c->year < s->year_low ? c->year : s->year_low;
        s->year_high = c->year > s->year_high ? c->year : s->year_high;
    }
}

static bool belongs(const struct group *g, const struct chip *c) { return g->has_kind[c->kind]; }

static bool is_stacked(const struct chip *c)
{
    return c->is_in_study || (c->memory_type && !strncmp(c->memory_type, "HBM", 3));
}

static void choose(const struct chips *all, const struct group *g, struct selection *out)
{
    const struct chip **order = calloc((size_t)all->n + 1, sizeof *order);
    int n = 0;
    *out = (struct selection){.group = g, .panels = g->panels[1].title ? 2 : 1};
    for (int i = 0; order && i < all->n; i++)
        if (belongs(g, &all->chip[i]) && (!g->is_stacked || is_stacked(&all->chip[i]))) order[n++] = &all->chip[i];
    if (order) qsort(order, (size_t)n, sizeof *order, newest_first);
    for (int i = 0; i < n && out->n < SHOWN; i++) {
        struct entry e;
        if (entry_of(order[i], g, &e) && (order[i]->is_in_study || !is_hidden(out, &e))) out->entry[out->n++] = e;
    }
    free(order);
    if (out->n) find_vendor(out);
}

static int shade_of(const struct selection *s, const struct chip *c) /* 0 old to 2 new; 3: another vendor */
{
    if (strcmp(c->vendor, s->vendor)) return 3;
    int span = s->year_high - s->year_low + 1;
    return span < 3 ? 2 : (c->year - s->year_low) * 3 / span;
}

static const char *const shades[] = {"@makerA1", "@makerA2", "@makerA3", "@makerB"};

static void add_key(struct figure *f, const struct selection *s)
{
    for (int shade = 0; shade < 4; shade++) {
        int low = 9999, high = 0;
        char text[80];
        for (int i = 0; i < s->n; i++) {
            const struct chip *c = s->entry[i].chip;
            if (shade_of(s, c) != shade) continue;
            low = c->year < low ? c->year : low;
            high = c->year > high ? c->year : high;
        }
        if (!high) continue;
        const char *who = shade == 3 ? "other makers" : s->vendor;
        if (low == high)
            snprintf(text, sizeof text, "%s %d", who, low);
        else
            snprintf(text, sizeof text, "%s %d\u2013%02d", who, low, high % 100);
        figure_key(f, "line", shades[shade] + 1, text);
    }
}

static struct window window_of(const struct selection *s)
{
    struct window w = {INFINITY, 0, INFINITY, 0};
    double slow = INFINITY;
    for (int i = 0; i < s->n; i++)
        for (int p = 0; p < s->panels; p++) {
            const struct roof *r = &s->entry[i].roof[p];
            if (!(r->peak > 0)) continue;
            w.x_low = fmin(w.x_low, roof_ridge(r));
            w.x_high = fmax(w.x_high, roof_ridge(r));
            w.y_high = fmax(w.y_high, r->peak);
            slow = fmin(slow, r->bandwidth);
        }
    w.x_low = figure_log_low(w.x_low, 4);
    w.x_high = figure_log_high(w.x_high, 3);
    w.y_low = figure_log_low(slow * w.x_low, 1);
    w.y_high = figure_log_high(w.y_high, 1.2);
    return w;
}

static void draw_panel(struct figure *f, const struct selection *s, const struct window *w, int p)
{
    const struct panel *panel = &s->group->panels[p];
    bool is_single = s->panels == 1;
    figure_option(f, "grid",
                  figure_pack(f, "{s:s, s:s, s:i, s:i, s:s}", "left", p ? "53%" : "7%", "width",
                              is_single ? "68%" : "25%", "top", TOP, "bottom", 42, "outerBoundsMode", "none"));
    figure_option(f, "xAxis", figure_log_axis(f, p, "FLOP per byte (log scale)", "@plain", w->x_low, w->x_high));
    json_t *y = figure_y_axis(f, figure_log_axis(f, p, p ? "" : "FLOP/s (log scale)", "@eng", w->y_low, w->y_high),
                              FIGURE_TICKS);
    if (p) json_object_set_new(json_object_get(y, "axisLabel"), "show", json_false());
    figure_option(f, "yAxis", y);
    figure_add(f, "texts",
               figure_pack(f, "{s:i, s:i, s:i, s:s, s:s, s:b}", "x", p ? 530 : 70, "of", 1000, "y", 8, "text",
                           panel->title, "color", "ink", "bold", 1));
    for (int i = 0; i < s->n; i++) {
        const struct chip *c = s->entry[i].chip;
        const struct roof *r = &s->entry[i].roof[p];
        if (!(r->peak > 0)) continue;
        const char *color = shades[shade_of(s, c)];
        json_t *facts = figure_facts(f);
        figure_fact(f, facts, "Inputs", "%s", dtype_label(chip_dtype(c, panel->dtypes)));
        figure_fact(f, facts, "Peak", "%s", figure_quantity(r->peak, "FLOP/s").text);
        figure_fact(f, facts, "Bandwidth", "%s", figure_quantity(r->bandwidth, "B/s").text);
        figure_fact(f, facts, "Ridge", "%.1f FLOP/B", roof_ridge(r));
        figure_fact(f, facts, "Year", "%d", c->year);
        draw_roof(
            f, r, w,
            &(struct roof_style){.color = color, .width = c->is_in_study ? 1.8 : 1.2, .z = 3, .grid = p, .dot = 7},
            c->name, facts);
        figure_add(f, "ends",
                   figure_pack(f, "{s:i, s:[f,f], s:s, s:s, s:s, s:i, s:b}", "grid", p, "at", w->x_high, r->peak,
                               "text", chip_label(c).text, "color", "@ink", "stroke", color, "lo", 40, "bold", 0));
    }
}

static void add_table(struct figure *f, const struct chips *all, const struct group *g)
{
    figure_table(f, "every rate with its arithmetic and its source", true,
                 "Chip|Year|What|T(FL)OP/s or GB/s|Derivation in G/s|Confidence|Source");
    for (int i = 0; i < all->n; i++) {
        const struct chip *c = &all->chip[i];
        if (!belongs(g, c)) continue;
        for (int k = -1; k < c->n_rates; k++) { /* the bandwidth first */
            const struct chip_rate *r = k < 0 ? &c->bandwidth : &c->rates[k];
            char what[96];
            if (!(r->value > 0)) continue;
            if (k < 0)
                snprintf(what, sizeof what, "bandwidth %s", c->memory_type ? c->memory_type : "");
            else
                snprintf(what, sizeof what, "%s%s%s", dtype_label(r->dtype), r->what && *r->what ? ", " : "",
                         r->what ? r->what : "");
            json_t *row = figure_row(f, NULL);
            figure_cell(f, row, c->name);
            figure_year(f, row, c->year);
            figure_cell(f, row, what);
            figure_number(f, row, r->value / (k < 0 ? 1e9 : 1e12));
            figure_cell_hint(f, row, r->derivation);
            figure_cell(f, row, r->derivation ? r->derivation : "factors not published");
            figure_cell(f, row, confidence_name(r->confidence));
            figure_cell(f, row, r->source ? r->source : c->source ? c->source : "");
        }
    }
}

static void say_findings(struct figure *f, const struct selection *s)
{
    int p = s->panels - 1;
    const struct entry *old = NULL, *new = NULL, *low = NULL, *high = NULL;
    for (int i = 0; i < s->n; i++) {
        const struct entry *e = &s->entry[i];
        if (!(e->roof[p].peak > 0)) continue;
        if (!old || e->chip->year < old->chip->year) old = e;
        if (!new || e->chip->year > new->chip->year) new = e;
        if (!low || roof_ridge(&e->roof[p]) < roof_ridge(&low->roof[p])) low = e;
        if (!high || roof_ridge(&e->roof[p]) > roof_ridge(&high->roof[p])) high = e;
    }
    if (!old) {
        figure_say(f, "title", "%s: no chip states a rate of this precision", s->group->nav);
        return;
    }
    double before = roof_ridge(&old->roof[p]), after = roof_ridge(&new->roof[p]);
    if (low == high) {
        figure_say(f, "title", "%s has its ridge at %.3g FLOP/B", chip_label(low->chip).text,
                   roof_ridge(&low->roof[p]));
        figure_say(f, "finding", "To be limited by arithmetic, a kernel must use each byte %.3g times on the %s.",
                   roof_ridge(&low->roof[p]), chip_label(low->chip).text);
        return;
    }
    if (old->chip->year == new->chip->year)
        figure_say(f, "title", "%s: ridges from %.3g to %.3g FLOP/B", s->group->nav, roof_ridge(&low->roof[p]),
                   roof_ridge(&high->roof[p]));
    else
        figure_say(f, "title", "From %s (%d) to %s (%d) the ridge %s from %.3g to %.3g FLOP/B",
                   chip_label(old->chip).text, old->chip->year, chip_label(new->chip).text, new->chip->year,
                   after > 1.1 * before   ? "rose"
                   : after < before / 1.1 ? "fell"
                                          : "went",
                   before, after);
    json_t *change =
        old->chip->year == new->chip->year
            ? json_string("")
            : figure_text(f, " From %s to %s peak changed %.1f-fold, bandwidth %.1f-fold.", chip_label(old->chip).text,
                          chip_label(new->chip).text, new->roof[p].peak / old->roof[p].peak,
                          new->roof[p].bandwidth / old->roof[p].bandwidth);
    figure_say(
        f, "finding",
        "To be limited by arithmetic, a kernel must use each byte %.3g times on the %s and %.3g times on the %s.%s",
        roof_ridge(&high->roof[p]), chip_label(high->chip).text, roof_ridge(&low->roof[p]), chip_label(low->chip).text,
        change ? json_string_value(change) : "");
    json_decref(change);
}

static json_t *narrow_variant(struct figure *f, const struct selection *s)
{
    if (s->panels == 1)
        return figure_pack(f, "{s:{s:[{s:s, s:s}]}, s:[{s:i}]}", "option", "grid", "left", "12%", "width", "55%",
                           "texts", "x", 120);
    return figure_pack(f,
                       "{s:i, s:{s:[{s:s,s:s,s:i,s:i,s:n},{s:s,s:s,s:i,s:i,s:n}], s:[{},{}], s:[{},{s:{s:b}}]}, "
                       "s:[{s:i,s:i},{s:i,s:i}]}",
                       "height", 600, "option", "grid", "left", "12%", "width", "55%", "top", TOP, "height", 210,
                       "bottom", "left", "12%", "width", "55%", "top", 346, "height", 210, "bottom", "xAxis", "yAxis",
                       "axisLabel", "show", 1, "texts", "x", 120, "y", 8, "x", 120, "y", 322);
}

static json_t *build(const struct study *s, const struct group *g, gable_error *e)
{
    struct selection chosen = {0};
    if (s->chips) choose(s->chips, g, &chosen);
    if (!chosen.n) return NULL;
    struct window w = window_of(&chosen);
    int total = 0;
    for (int i = 0; i < s->chips->n; i++) total += belongs(g, &s->chips->chip[i]);
    struct figure f = figure_start("1.1", g->id, g->nav, HEIGHT);
    figure_say(&f, "subtitle",
               "Declared dense peaks; each roof is one line, its ridge point a dot; thick: the study\u2019s chips");
    add_key(&f, &chosen);
    for (int p = 0; p < chosen.panels; p++) draw_panel(&f, &chosen, &w, p);
    if (chosen.n < total)
        figure_say(&f, "note",
                   "%d of %d %s: the study\u2019s and the newest whose roofs do not coincide%s; the table has all.",
                   chosen.n, total, g->noun, g->is_stacked ? ", with HBM" : "");
    figure_set(&f, "narrow", narrow_variant(&f, &chosen));
    add_table(&f, s->chips, g);
    say_findings(&f, &chosen);
    figure_say(&f, "method",
               "Peak = units × operations per clock × clock, dense, no sparsity; bandwidth = bus width × transfer rate "
               "/ 8; ridge = peak / "
               "bandwidth. Each value\u2019s arithmetic is evaluated when the database is loaded and must give the "
               "stated value within 1 %%.");
    return figure_finish(&f, e);
}

static const struct group groups[] = {
    {.id = "chips-gpu",
     .nav = "Data-centre GPUs",
     .noun = "GPUs",
     .has_kind = {[CHIP_GPU] = true},
     .is_stacked = true,
     .panels = {{"float32, vector units", {DTYPE_F32}}, {"float16, fastest units", {DTYPE_F16, DTYPE_BF16}}}},
    {.id = "chips-cpu",
     .nav = "CPUs",
     .noun = "CPUs",
     .has_kind = {[CHIP_CPU] = true},
     .panels = {{"float32", {DTYPE_F32}}}},
    {.id = "chips-asic",
     .nav = "ASICs",
     .noun = "ASICs",
     .has_kind = {[CHIP_ASIC] = true},
     .panels = {{"bfloat16 or float16", {DTYPE_BF16, DTYPE_F16}}}},
    {.id = "chips-soc",
     .nav = "SoCs and edge",
     .noun = "SoCs, edge and microcontroller chips",
     .has_kind = {[CHIP_SOC] = true, [CHIP_MCU] = true},
     .panels = {{"float32", {DTYPE_F32}}, {"float16", {DTYPE_F16}}}},
};

json_t *figure_chips_gpu(const struct study *s, gable_error *e) { return build(s, &groups[0], e); }

json_t *figure_chips_cpu(const struct study *s, gable_error *e) { return build(s, &groups[1], e); }

json_t *figure_chips_asic(const struct study *s, gable_error *e) { return build(s, &groups[2], e); }

json_t *figure_chips_soc(const struct study *s, gable_error *e) { return build(s, &groups[3], e); }
