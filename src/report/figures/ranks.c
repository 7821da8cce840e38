/* Spearman's rank correlations: the smallest batch above the diagonal, the largest that has enough runs below it. */
#include "bench/rank.h"
#include "report/figures/parts.h"
#include "report/findings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LATENCY = PREDICTORS, VARIABLES };
static const char *const names[VARIABLES] = {"FLOPs", "Parameters", "DRAM bytes", "Time floor", "CPU latency"};
enum { LEAST_MODELS = 4 }; /* fewer points have no rank correlation worth a cell */

static double variable(const struct study *s, int v, int model, int b)
{
    return v == LATENCY ? sound_run(s, model, b)->median_ns : predictor_value(s, model, b, (enum predictor)v);
}

static struct rank_correlation correlate(const struct study *s, int v, int w, int b)
{
    struct rank_correlation c = {.rho = NAN, .p = NAN};
    double *x = calloc((size_t)s->n_models, sizeof *x), *y = calloc((size_t)s->n_models, sizeof *y);
    for (int i = 0; x && y && i < s->n_models; i++) {
        if (!sound_run(s, i, b)) continue;
        x[c.n] = variable(s, v, i, b);
        y[c.n++] = variable(s, w, i, b);
    }
    if (x && y && c.n >= LEAST_MODELS) {
        c = rank_correlate(x, y, c.n);
    }
    free(x);
    free(y);
    return c;
}

static json_t *filled(struct figure *f, const struct study *s, int row, int column, int b)
{
    struct rank_correlation c = correlate(s, row, column, b);
    bool is_known = isfinite(c.rho), is_significant = is_known && c.p < 0.05;
    double strength = is_known ? 0.05 + 0.95 * c.rho * c.rho : 0; /* opacity on the paper: one ramp, light and dark */
    json_t *facts = figure_facts(f);
    figure_fact(f, facts, "Batch", "%d", s->batches[b]);
    if (is_known) figure_fact(f, facts, "Spearman\u2019s ρ", "%.3f", c.rho);
    if (is_known && isfinite(c.p)) figure_fact(f, facts, "p, two-sided", c.p < 0.001 ? "< 0.001" : "%.3f", c.p);
    figure_fact(f, facts, "Models (n)", "%d", c.n);
    json_t *number = !is_known   ? json_string("n\u00a0<\u00a04")
                     : c.rho < 0 ? figure_text(f, "\u2212%.2f", -c.rho)
                                 : figure_text(f, "%.2f", c.rho);
    json_t *name = figure_text(f, "%s and %s", names[row], names[column]);
    return figure_pack(f, "{s:[i,i,f], s:o, s:o, s:{s:s, s:f}, s:{s:i, s:s, s:s, s:o}}", "value", column, row,
                       is_known ? c.rho : 0.0, "name", name, "facts", facts, "itemStyle", "color",
                       c.rho < 0 ? "@heatN" : "@heat", "opacity", strength, "label", "opacity", 1, "color",
                       c.rho < 0         ? "@ink"
                       : strength > 0.78 ? "@onheat"
                       : strength > 0.5  ? "@onheatMid"
                                         : "@ink",
                       "fontWeight", is_significant ? "bold" : "normal", "formatter", number);
}

/* The diagonal's two ends say which triangle is which. */
static json_t *diagonal(struct figure *f, const struct study *s, int i, int above, int below, const char *word)
{
    json_t *text = i == 0               ? figure_text(f, "%s%d \u2192", word, s->batches[above])
                   : i == VARIABLES - 1 ? figure_text(f, "\u2190 %s%d", word, s->batches[below])
                                        : json_string("");
    return figure_pack(f, "{s:[i,i,f], s:{s:s}, s:{s:s, s:o}}", "value", i, i, 1.0, "itemStyle", "color", "@paper",
                       "label", "color", "@muted", "formatter", text);
}

static json_t *category_axis(struct figure *f, bool is_row)
{
    json_t *labels = json_array();
    for (int v = 0; v < VARIABLES; v++) figure_append(f, labels, json_string(names[v]));
    json_t *axis = figure_category_axis(f, 0, labels, is_row);
    json_object_set_new(axis, "position", json_string(is_row ? "left" : "top"));
    json_object_set_new(axis, "z", json_integer(5));
    json_object_set_new(axis, "splitLine",
                        figure_pack(f, "{s:b, s:{s:s, s:i}}", "show", 1, "lineStyle", "color", "@paper", "width", 3));
    return axis;
}

static void draw_cells(struct figure *f, const struct study *s, int above, int below)
{
    json_t *data = json_array(), *narrow = json_array();
    for (int row = 0; row < VARIABLES; row++)
        for (int column = 0; column < VARIABLES; column++) {
            bool is_end = row == column && (row == 0 || row == VARIABLES - 1);
            figure_append(f, data,
                          row == column ? diagonal(f, s, row, above, below, "batch ")
                                        : filled(f, s, row, column, row < column ? above : below));
            figure_append(f, narrow, is_end ? diagonal(f, s, row, above, below, "b\u00a0") : json_object());
        }
    figure_option(f, "series",
                  figure_pack(f, "{s:s, s:o, s:{s:b, s:i}, s:{s:b}}", "type", "heatmap", "data", data, "label", "show",
                              1, "fontSize", 12, "emphasis", "disabled", 1));
    figure_set(f, "narrow",
               figure_pack(f, "{s:i, s:{s:[{s:i, s:i}], s:[{s:{s:i}}], s:[{s:o}]}, s:[{s:i}]}", "height", 300, "option",
                           "grid", "left", 74, "top", 62, "xAxis", "axisLabel", "rotate", 40, "series", "data", narrow,
                           "rules", "y", 62));
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "Spearman\u2019s rank correlation", true, "Batch|Of|With|rho|p|n");
    for (int b = 0; b < s->n_batches; b++)
        for (int v = 0; v < VARIABLES; v++)
            for (int w = v + 1; w < VARIABLES; w++) {
                struct rank_correlation c = correlate(s, v, w, b);
                json_t *row = figure_row(f, NULL);
                figure_exact(f, row, s->batches[b]);
                figure_cell(f, row, names[v]);
                figure_cell(f, row, names[w]);
                figure_number(f, row, c.rho);
                figure_number(f, row, c.p);
                figure_exact(f, row, c.n);
            }
}

static void say_findings(struct figure *f, const struct study *s, int above, int below)
{
    struct rank_correlation c[PREDICTORS], flops = correlate(s, BY_FLOPS, LATENCY, above);
    int best = 0, weak = 0;
    for (int v = 0; v < PREDICTORS; v++) {
        c[v] = correlate(s, v, LATENCY, above);
        if (c[v].rho > c[best].rho) best = v;
        if (c[v].rho < c[weak].rho) weak = v;
    }
    if (!isfinite(flops.rho)) {
        figure_say(f, "title", "%d valid runs at batch %d are too few for a rank correlation", flops.n,
                   s->batches[above]);
        figure_say(f, "finding", "A rank correlation is stated from %d models on.", LEAST_MODELS);
        return;
    }
    bool is_firm = c[best].p < 0.05;
    if (best == weak || c[best].rho - c[weak].rho < 0.005)
        figure_say(f, "title", "All four rank CPU latency at batch %d alike (ρ\u00a0=\u00a0%.2f)", s->batches[above],
                   flops.rho);
    else if (!is_firm)
        figure_say(f, "title",
                   "Nothing here ranks CPU latency at batch %d reliably: %s come closest (ρ\u00a0=\u00a0%.2f, "
                   "p\u00a0=\u00a0%.2f)",
                   s->batches[above], predictor_name((enum predictor)best), c[best].rho, c[best].p);
    else
        figure_say(f, "title", "%s %s CPU latency at batch %d best (ρ\u00a0=\u00a0%.2f), %s worst (%.2f)",
                   best == BY_FLOOR ? "The time floor" : names[best], best == BY_FLOOR ? "ranks" : "rank",
                   s->batches[above], c[best].rho, predictor_name((enum predictor)weak), c[weak].rho);
    struct rank_correlation late = correlate(s, BY_FLOPS, LATENCY, below),
                            params = correlate(s, BY_PARAMS, LATENCY, below);
    char significance[32]; /* never "p = 0.000" */
    snprintf(significance, sizeof significance, flops.p < 0.001 ? "p\u00a0<\u00a00.001" : "p\u00a0=\u00a0%.3f",
             flops.p);
    if (isfinite(late.rho))
        figure_say(f, "finding",
                   "FLOPs rank latency with ρ\u00a0=\u00a0%.2f at batch %d (n\u00a0=\u00a0%d, %s) and %.2f at "
                   "batch %d (n\u00a0=\u00a0%d); parameters with %.2f at batch %d.",
                   flops.rho, s->batches[above], flops.n, significance, late.rho, s->batches[below], late.n, params.rho,
                   s->batches[below]);
    else
        figure_say(f, "finding", "FLOPs rank latency with ρ\u00a0=\u00a0%.2f at batch %d (n\u00a0=\u00a0%d, %s).",
                   flops.rho, s->batches[above], flops.n, significance);
}

json_t *figure_ranks(const struct study *s, gable_error *e)
{
    int above = 0, below = s->n_batches - 1;
    if (best_batch(s) < 0) return NULL;
    for (int b = 0; b < s->n_batches; b++) /* 64, as long as it is there */
        if (s->batches[b] == 64) below = b;
    struct figure f = figure_start("1.3", "ranks", "Rank correlations", 268);
    if (above == below)
        figure_say(&f, "subtitle", "Spearman\u2019s rank correlation ρ over the models; bold where p < 0.05; batch %d",
                   s->batches[above]);
    else
        figure_say(
            &f, "subtitle",
            "Spearman\u2019s rank correlation ρ over the models; bold where p < 0.05; above the diagonal batch %d, "
            "below it batch %d",
            s->batches[above], s->batches[below]);
    figure_grid(&f, 84, 0, 26, 2);
    figure_add(&f, "rules", figure_pack(&f, "{s:i, s:s, s:i}", "y", 26, "color", "paper", "width", 2));
    figure_option(&f, "xAxis", category_axis(&f, false));
    figure_option(&f, "yAxis", category_axis(&f, true));
    draw_cells(&f, s, above, below);
    note_unsound(&f, s);
    add_table(&f, s);
    say_findings(&f, s, above, below);
    figure_say(
        &f, "method",
        "Pearson\u2019s correlation of the ranks, ties by mid-rank; p by permutation for n ≤ 9, else Student\u2019s t "
        "with n − 2 degrees of freedom; valid runs only, one batch size at a time. Time floor: the sum over fused "
        "groups of max(FLOPs / peak, bytes / bandwidth).");
    return figure_finish(&f, e);
}
