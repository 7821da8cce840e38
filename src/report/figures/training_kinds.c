/* Where the FLOPs and the bytes of training are: rings by operator kind, forward and backward, on the mean of models.
 */
#include "report/figures/parts.h"
#include "report/findings.h"

#include <math.h>
#include <stdio.h>

enum { ROW_HEIGHT = 196, HEAD = 28, METRICS = 2 };
static const double named_from = 0.03; /* smaller slices are one: the rest */
static const char *const metrics[METRICS] = {"FLOPs", "Bytes, unfused"};
static const char *const passes[] = {"Forward", "Backward"};

static double amount(const struct work *w, int metric) { return metric ? (double)w->bytes : (double)w->cost.flops; }
static double amount_of(const struct study_training *t, int k, bool is_backward, int metric)
{
    const struct work *w = t->kinds[k];
    return is_backward ? amount(&w[PASS_DATA], metric) + amount(&w[PASS_WEIGHT], metric)
                       : amount(&w[PASS_FORWARD], metric);
}
static double share_of(const struct study_training *t, int k, bool is_backward, int metric)
{
    double whole = 0;
    for (int i = 0; i < KIND_N; i++) whole += amount_of(t, i, is_backward, metric);
    return whole > 0 ? amount_of(t, k, is_backward, metric) / whole : 0;
}
/* Mean of the models' shares. */
static double mean_of(const struct study *s, int k, bool is_backward, int metric)
{
    double sum = 0;
    for (int i = 0; i < s->n_models; i++) sum += share_of(&s->models[i].training, k, is_backward, metric);
    return sum / s->n_models;
}
static bool is_named(const struct study *s, int k)
{
    for (int b = 0; b < 2; b++)
        for (int m = 0; m < METRICS; m++)
            if (mean_of(s, k, b, m) >= named_from) return true;
    return false;
}

static void add_slice(struct figure *f, json_t *data, const char *name, const char *color, double share,
                      const char *pass, int metric)
{
    json_t *facts = figure_facts(f);
    figure_fact(f, facts, "Pass", "%s", pass);
    figure_fact(f, facts, metrics[metric], "%.1f\u00a0%%", 100 * share);
    figure_append(f, data,
                  figure_pack(f, "{s:s, s:f, s:o, s:{s:s}, s:{s:o, s:b}}", "name", name, "value", share, "facts", facts,
                              "itemStyle", "color", color, "label", "formatter",
                              figure_text(f, "%.0f\u00a0%%", 100 * share), "show", share >= 0.02));
}

static void add_ring(struct figure *f, const struct study *s, int pass, int metric)
{
    json_t *data = json_array();
    double rest = 0;
    int middle = HEAD + pass * ROW_HEIGHT + 80, x = 1000 * (2 * metric + 1) / (2 * METRICS);
    for (int k = 0; k < KIND_N; k++) {
        double share = mean_of(s, k, pass, metric);
        if (is_named(s, k))
            add_slice(f, data, op_kind_label((enum op_kind)k), kind_color((enum op_kind)k), share, passes[pass],
                      metric);
        else
            rest += share;
    }
    if (rest > 0) add_slice(f, data, "the rest", "@other", rest, passes[pass], metric);
    figure_option(
        f, "series",
        figure_pack(
            f,
            "{s:s, s:[s,i], s:[i,i], s:o, s:b, s:{s:s, s:f}, s:{s:s, s:i, s:i}, s:{s:i, s:i, s:{s:s}}, s:{s:b}, "
            "s:b}",
            "type", "pie", "center", metric ? "75%" : "25%", middle, "radius", 46, 70, "data", data, "clockwise", 1,
            "itemStyle", "borderColor", "@paper", "borderWidth", 1.5, "label", "color", "@ink", "fontSize", 11,
            "bleedMargin", -30, "labelLine", "length", 6, "length2", 6, "lineStyle", "color", "@faint", "emphasis",
            "disabled", 1, "animation", 0));
    figure_add(f, "texts",
               figure_pack(f, "{s:i, s:i, s:i, s:s, s:s, s:s}", "x", x, "of", 1000, "y", middle - 7, "text",
                           passes[pass], "color", "ink", "align", "center"));
    figure_add(f, "texts",
               figure_pack(f, "{s:i, s:i, s:i, s:s, s:s, s:s}", "x", x, "of", 1000, "y", middle + 9, "text",
                           metric ? "bytes" : "FLOPs", "color", "muted", "align", "center"));
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "one row per model and kind", true,
                 "Model|Operators|FLOPs forward|% of forward|FLOPs data gradient|FLOPs weight gradient|% of "
                 "backward|Bytes forward|% of forward|Bytes backward|% of backward");
    for (int i = 0; i < s->n_models; i++)
        for (int k = 0; k < KIND_N; k++) {
            const struct study_training *t = &s->models[i].training;
            const struct work *w = t->kinds[k];
            if (!w[PASS_FORWARD].bytes && !w[PASS_FORWARD].cost.flops) continue;
            json_t *row = figure_row(f, s->models[i].id);
            figure_cell(f, row, s->models[i].label);
            figure_cell(f, row, op_kind_label((enum op_kind)k));
            figure_exact(f, row, w[PASS_FORWARD].cost.flops);
            figure_number(f, row, 100 * share_of(t, k, false, 0));
            figure_exact(f, row, w[PASS_DATA].cost.flops);
            figure_exact(f, row, w[PASS_WEIGHT].cost.flops);
            figure_number(f, row, 100 * share_of(t, k, true, 0));
            figure_exact(f, row, w[PASS_FORWARD].bytes);
            figure_number(f, row, 100 * share_of(t, k, false, 1));
            figure_exact(f, row, count_add(w[PASS_DATA].bytes, w[PASS_WEIGHT].bytes));
            figure_number(f, row, 100 * share_of(t, k, true, 1));
        }
}

static void say_findings(struct figure *f, const struct study *s)
{
    int odd = 0, busy = 0; /* most bytes beyond its FLOPs, most FLOPs: both backward */
    for (int k = 0; k < KIND_N; k++) {
        if (mean_of(s, k, true, 1) - mean_of(s, k, true, 0) > mean_of(s, odd, true, 1) - mean_of(s, odd, true, 0))
            odd = k;
        if (mean_of(s, k, true, 0) > mean_of(s, busy, true, 0)) busy = k;
    }
    const char *what = kind_phrase((enum op_kind)odd);
    figure_say(f, "title", "%c%s: %.0f\u00a0%% of the backward FLOPs, %.0f\u00a0%% of the backward bytes",
               *what >= 'a' && *what <= 'z' ? *what - 32 : *what, what + 1, 100 * mean_of(s, odd, true, 0),
               100 * mean_of(s, odd, true, 1));
    figure_say(
        f, "finding",
        "On the mean of %d models %s hold %.0f\u00a0%% of the backward FLOPs and %.0f\u00a0%% of the forward ones; "
        "%s move %.0f\u00a0%% of the bytes backward and %.0f\u00a0%% forward.",
        s->n_models, kind_phrase((enum op_kind)busy), 100 * mean_of(s, busy, true, 0), 100 * mean_of(s, busy, false, 0),
        what, 100 * mean_of(s, odd, true, 1), 100 * mean_of(s, odd, false, 1));
}

/* Below 520 px a ring is 40 px smaller, and the two stand nearer. */
static void add_narrow(struct figure *f)
{
    json_t *series = json_array();
    for (int i = 0; i < 2 * METRICS; i++) figure_append(f, series, figure_pack(f, "{s:[i,i]}", "radius", 36, 54));
    figure_set(f, "narrow", figure_pack(f, "{s:{s:o}}", "option", "series", series));
}

json_t *figure_training_kinds(const struct study *s, gable_error *e)
{
    if (!s->n_models || !s->models[0].training.passes[PASS_FORWARD].cost.flops) return NULL;
    struct figure f = figure_start("1.5", "training-kinds", "By operator, backward", HEAD + 2 * ROW_HEIGHT - 26);
    figure_say(&f, "subtitle",
               "One training step at batch %d by kind of operator: mean of the models\u2019 shares; kinds below "
               "%.0f\u00a0%% everywhere are the rest",
               s->training_batch, 100 * named_from);
    for (int k = 0; k < KIND_N; k++)
        if (is_named(s, k)) figure_key(&f, "square", kind_color((enum op_kind)k) + 1, op_kind_label((enum op_kind)k));
    figure_key(&f, "square", "other", "the rest");
    for (int pass = 0; pass < 2; pass++)
        for (int metric = 0; metric < METRICS; metric++) add_ring(&f, s, pass, metric);
    add_narrow(&f);
    add_table(&f, s);
    say_findings(&f, s);
    figure_say(
        &f, "method",
        "FLOPs by each node's formula, forward and for every gradient it needs; bytes: what each pass of a node reads "
        "and writes, once, without fusion. The update belongs to no operator and is left out.");
    return figure_finish(&f, e);
}
