/* Where the FLOPs and where the bytes are: two stacked bars per model, by operator kind. */
#include "report/figures/parts.h"
#include "report/findings.h"

#include <math.h>
#include <stdio.h>

enum { ROW = 24, HEAD = 24, FOOT = 40 };

struct sums {
    double flops, bytes;
};
static struct sums sums_of(const struct study_cost *c)
{
    struct sums t = {0};
    for (int k = 0; k < KIND_N; k++) {
        t.flops += (double)c->kinds[k].cost.flops;
        t.bytes += (double)c->kinds[k].bytes;
    }
    return t;
}

static double share_of(const struct study_cost *c, int k, bool is_bytes)
{
    struct sums t = sums_of(c);
    double whole = is_bytes ? t.bytes : t.flops;
    return whole > 0 ? (is_bytes ? (double)c->kinds[k].bytes : (double)c->kinds[k].cost.flops) / whole : 0;
}

/* Mean of the models' shares. */
static double mean_share(const struct study *s, int b, int k, bool is_bytes)
{
    double sum = 0;
    for (int i = 0; i < s->n_models; i++) sum += share_of(&s->models[i].costs[b], k, is_bytes);
    return sum / s->n_models;
}

static void add_panel(struct figure *f, const struct study *s, int b, int panel)
{
    json_t *names = json_array();
    for (int i = s->n_models - 1; i >= 0; i--) figure_append(f, names, json_string(s->models[i].label));
    figure_option(f, "grid",
                  figure_pack(f, "{s:s, s:s, s:i, s:i, s:s}", "left", panel ? "61.5%" : "19%", "width", "37%", "top",
                              HEAD, "height", ROW * s->n_models, "outerBoundsMode", "none"));
    json_t *y = figure_category_axis(f, panel, names, true);
    if (panel) json_object_set_new(json_object_get(y, "axisLabel"), "show", json_false());
    figure_option(f, "xAxis", figure_linear_axis(f, panel, "", "@percent", 0, 1));
    figure_option(f, "yAxis", y);
    figure_add(f, "texts",
               figure_pack(f, "{s:i, s:i, s:i, s:s, s:s, s:b}", "x", panel ? 615 : 190, "of", 1000, "y", 9, "text",
                           panel ? "Bytes, unfused" : "FLOPs", "color", "ink", "bold", 1));
    for (int k = 0; k < KIND_N; k++) {
        if (mean_share(s, b, k, false) + mean_share(s, b, k, true) <= 0) continue;
        json_t *items = json_array();
        for (int i = s->n_models - 1; i >= 0; i--) {
            const struct study_cost *c = &s->models[i].costs[b];
            json_t *facts = figure_facts(f);
            figure_fact(f, facts, "Operators", "%s", op_kind_label((enum op_kind)k));
            figure_fact(f, facts, "FLOPs", "%s (%.1f\u00a0%%)",
                        figure_quantity((double)c->kinds[k].cost.flops, "FLOP").text, 100 * share_of(c, k, false));
            figure_fact(f, facts, "Bytes", "%s (%.1f\u00a0%%)", quantity_bytes((double)c->kinds[k].bytes).text,
                        100 * share_of(c, k, true));
            figure_append(f, items,
                          figure_bar(f, share_of(c, k, panel), s->models[i].label, s->models[i].id, NULL, facts));
        }
        figure_bars(f, panel, panel ? "bytes" : "flops", kind_color((enum op_kind)k), 15, items);
    }
}

static void add_table(struct figure *f, const struct study *s, int b)
{
    figure_table(f, "one row per model and kind", true,
                 "Model|Operators|Nodes|MACs|FLOPs|FLOPs %|Bytes|Bytes %|Parameters");
    for (int i = 0; i < s->n_models; i++)
        for (int k = 0; k < KIND_N; k++) {
            const struct study_cost *c = &s->models[i].costs[b];
            if (!c->kinds[k].nodes) continue;
            json_t *row = figure_row(f, s->models[i].id);
            figure_cell(f, row, s->models[i].label);
            figure_cell(f, row, op_kind_label((enum op_kind)k));
            figure_exact(f, row, c->kinds[k].nodes);
            figure_exact(f, row, c->kinds[k].cost.macs);
            figure_exact(f, row, c->kinds[k].cost.flops);
            figure_number(f, row, 100 * share_of(c, k, false));
            figure_exact(f, row, c->kinds[k].bytes);
            figure_number(f, row, 100 * share_of(c, k, true));
            figure_exact(f, row, c->kinds[k].params);
        }
}

static void say_findings(struct figure *f, const struct study *s, int b)
{
    int heavy = 0, busy = 0; /* most bytes beyond its FLOPs; most FLOPs */
    for (int k = 0; k < KIND_N; k++) {
        double beyond = mean_share(s, b, k, true) - mean_share(s, b, k, false);
        if (beyond > mean_share(s, b, heavy, true) - mean_share(s, b, heavy, false)) heavy = k;
        if (mean_share(s, b, k, false) > mean_share(s, b, busy, false)) busy = k;
    }
    const char *what = kind_phrase((enum op_kind)heavy), *most = kind_phrase((enum op_kind)busy);
    figure_say(f, "title", "%c%s are %.0f\u00a0%% of the FLOPs and %.0f\u00a0%% of the bytes",
               *what >= 'a' && *what <= 'z' ? *what - 32 : *what, what + 1, 100 * mean_share(s, b, heavy, false),
               100 * mean_share(s, b, heavy, true));
    figure_say(
        f, "finding",
        "On the mean of %d models, %s hold %.0f\u00a0%% of the FLOPs and %.0f\u00a0%% of the bytes; %s move most "
        "for what they compute. Bytes are counted before fusion, when every operator reads and writes its tensors.",
        s->n_models, most, 100 * mean_share(s, b, busy, false), 100 * mean_share(s, b, busy, true), what);
}

json_t *figure_kinds(const struct study *s, gable_error *e)
{
    if (!s->n_models || !s->n_batches) return NULL;
    int b = s->n_batches - 1;
    struct figure f = figure_start("1.2", "kinds", "By operator", HEAD + ROW * s->n_models + FOOT - 14);
    figure_say(&f, "subtitle",
               "Share of each model\u2019s FLOPs and of its bytes by kind of operator, batch %d, float32",
               s->batches[b]);
    for (int k = 0; k < KIND_N; k++)
        if (mean_share(s, b, k, false) + mean_share(s, b, k, true) > 0)
            figure_key(&f, "square", kind_color((enum op_kind)k) + 1, op_kind_label((enum op_kind)k));
    for (int panel = 0; panel < 2; panel++) add_panel(&f, s, b, panel);
    figure_set(&f, "narrow",
               figure_pack(&f, "{s:{s:[{s:s, s:s}, {s:s, s:s}]}, s:[{s:i}, {s:i}]}", "option", "grid", "left", "33%",
                           "width", "31%", "left", "67%", "width", "31%", "texts", "x", 330, "x", 670));
    add_table(&f, s, b);
    say_findings(&f, s, b);
    figure_say(
        &f, "method",
        "Each node's FLOPs by its formula in docs/METRICS.md; bytes: inputs, weights and outputs once per node, no "
        "fusion. Views move nothing.");
    return figure_finish(&f, e);
}
