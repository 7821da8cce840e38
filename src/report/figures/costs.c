/* FLOPs and MACs, parameters, activations, peak live memory: aligned bars that share one order of models. */
#include "report/figures/parts.h"

#include <math.h>
#include <stdio.h>

enum { ROW = 24, HEAD = 26 };

static double flops_of(const struct study_model *m) { return (double)m->costs[0].cost.flops / m->costs[0].batch; }

static double macs_of(const struct study_model *m) { return (double)m->costs[0].cost.macs / m->costs[0].batch; }

static double params_of(const struct study_model *m) { return (double)m->params; }

static double activations_of(const struct study_model *m)
{
    return (double)m->costs[0].memory.activations / m->costs[0].batch;
}

static double live_of(const struct study_model *m) { return (double)m->costs[0].memory.peak_live / m->costs[0].batch; }

static const struct panel {
    const char *title, *narrow_title;
    double (*value)(const struct study_model *m);
    double unit;
    double (*second)(const struct study_model *m); /* a thin bar below; may be NULL */
} panels[] = {
    {"GFLOP, GMAC (thin)", "GFLOP, GMAC (thin)", flops_of, 1e9, macs_of},
    {"M parameters", "M parameters", params_of, 1e6, NULL},
    {"Activations, MiB", "Activations, MiB", activations_of, 1048576, NULL},
    {"Peak live, MiB", "Peak live, MiB", live_of, 1048576, NULL},
};
enum { N_PANELS = COUNT_OF(panels), LEFT = 187, WIDTH = 186, GAP = 18 }; /* of 1000 */

static json_t *percent(struct figure *f, int of_thousand) { return figure_text(f, "%.1f%%", of_thousand / 10.0); }

static json_t *facts_of(struct figure *f, const struct study_model *m)
{
    json_t *facts = figure_facts(f);
    figure_fact(f, facts, "MACs", "%s", quantity_exact((count)macs_of(m)).text);
    figure_fact(f, facts, "FLOPs (2 × MACs and the rest)", "%s", quantity_exact((count)flops_of(m)).text);
    figure_fact(f, facts, "Parameters", "%s", quantity_exact(m->params).text);
    figure_fact(f, facts, "Weights", "%s", quantity_bytes((double)m->costs[0].memory.weights).text);
    figure_fact(f, facts, "Activations", "%s", quantity_bytes(activations_of(m)).text);
    figure_fact(f, facts, "Peak live memory", "%s", quantity_bytes(live_of(m)).text);
    return facts;
}

static void short_number(double value, char out[16])
{
    snprintf(out, 16, value >= 99.5 ? "%.0f" : value >= 9.95 ? "%.1f" : "%.2f", value);
}

static void add_bars(struct figure *f, const struct study *s, int p, double (*value)(const struct study_model *),
                     bool is_thin)
{
    json_t *items = json_array();
    for (int i = s->n_models - 1; i >= 0; i--) {
        const struct study_model *m = &s->models[i];
        char label[16];
        short_number(value(m) / panels[p].unit, label);
        figure_append(
            f, items,
            figure_bar(f, value(m) / panels[p].unit, m->label, m->id, is_thin ? NULL : label, facts_of(f, m)));
    }
    figure_bars(f, p, NULL, is_thin ? "@ceiling" : "@bar", is_thin ? 4 : panels[p].second ? 9 : 13, items);
}

static void add_panel(struct figure *f, const struct study *s, int p)
{
    double longest = 0;
    json_t *names = json_array();
    for (int i = s->n_models - 1; i >= 0; i--) {
        longest = fmax(longest, panels[p].value(&s->models[i]) / panels[p].unit);
        figure_append(f, names, json_string(s->models[i].label));
    }
    int left = LEFT + p * (WIDTH + GAP);
    figure_option(f, "grid",
                  figure_pack(f, "{s:o, s:o, s:i, s:i, s:s}", "left", percent(f, left), "width", percent(f, WIDTH),
                              "top", HEAD, "height", ROW * s->n_models, "outerBoundsMode", "none"));
    json_t *x = figure_linear_axis(f, p, "", "@plain", 0, longest > 0 ? 1.32 * longest : 1);
    json_object_set_new(json_object_get(x, "axisLabel"), "show", json_false());
    json_object_set_new(json_object_get(x, "splitLine"), "show", json_false());
    json_object_set_new(json_object_get(x, "axisLine"), "show", json_false());
    json_t *y = figure_category_axis(f, p, names, true);
    if (p) json_object_set_new(json_object_get(y, "axisLabel"), "show", json_false());
    json_object_set_new(y, "axisLine", figure_pack(f, "{s:b, s:{s:s}}", "show", 1, "lineStyle", "color", "@axis"));
    figure_option(f, "xAxis", x);
    figure_option(f, "yAxis", y);
    figure_add(f, "texts",
               figure_pack(f, "{s:i, s:i, s:i, s:s, s:s, s:b}", "x", left, "of", 1000, "y", 10, "text", panels[p].title,
                           "color", "ink", "bold", 1));
    add_bars(f, s, p, panels[p].value, false);
    if (panels[p].second) add_bars(f, s, p, panels[p].second, true);
}

/* Two panels beside each other, two rows of them. */
static json_t *narrow_variant(struct figure *f, const struct study *s)
{
    json_t *grids = json_array(), *axes = json_array(), *texts = json_array();
    int tall = HEAD + ROW * s->n_models + 14;
    for (int p = 0; p < N_PANELS; p++) {
        int left = p % 2 ? 690 : 330, top = p / 2 * tall;
        figure_append(f, grids,
                      figure_pack(f, "{s:o, s:s, s:i}", "left", percent(f, left), "width", "31%", "top", HEAD + top));
        figure_append(f, axes, figure_pack(f, "{s:{s:b}}", "axisLabel", "show", p % 2 == 0));
        figure_append(f, texts,
                      figure_pack(f, "{s:i, s:i, s:s}", "x", left, "y", top + 10, "text", panels[p].narrow_title));
    }
    return figure_pack(f, "{s:i, s:o, s:{s:o, s:o}}", "height", 2 * tall, "texts", texts, "option", "grid", grids,
                       "yAxis", axes);
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "per image, exact", true,
                 "Model|MACs|FLOPs|Parameters|Weights B|Activations B|Peak live B|FLOPs / (2 MACs)");
    for (int i = 0; i < s->n_models; i++) {
        const struct study_model *m = &s->models[i];
        json_t *row = figure_row(f, m->id);
        figure_cell(f, row, m->label);
        figure_exact(f, row, (count)macs_of(m));
        figure_exact(f, row, (count)flops_of(m));
        figure_exact(f, row, m->params);
        figure_exact(f, row, m->costs[0].memory.weights);
        figure_exact(f, row, (count)activations_of(m));
        figure_exact(f, row, (count)live_of(m));
        figure_number(f, row, macs_of(m) > 0 ? flops_of(m) / (2 * macs_of(m)) : NAN);
    }
}

/* The pair whose orders by FLOPs and by parameters differ most. */
static void say_findings(struct figure *f, const struct study *s)
{
    const struct study_model *few = &s->models[0], *many = &s->models[s->n_models - 1];
    const struct study_model *lean = NULL, *fat = NULL; /* lean: more FLOPs, fewer parameters */
    double most = 1;
    for (int i = 0; i < s->n_models; i++)
        for (int j = 0; j < s->n_models; j++) {
            const struct study_model *a = &s->models[i], *b = &s->models[j];
            double more = flops_of(a) / flops_of(b), fewer = params_of(b) / params_of(a);
            if (more > 1 && fewer > 1 && more * fewer > most) most = more * fewer, lean = a, fat = b;
        }
    if (lean)
        figure_say(f, "title", "%s has %.1f times the FLOPs of %s with %.0f\u00a0%% of its parameters", lean->label,
                   flops_of(lean) / flops_of(fat), fat->label, 100 * params_of(lean) / params_of(fat));
    else if (few != many)
        figure_say(f, "title", "FLOPs and parameters rank the models alike, from %s to %s", few->label, many->label);
    else
        figure_say(f, "title", "%s needs %s per image", few->label, figure_quantity(flops_of(few), "FLOP").text);
    figure_say(f, "finding",
               "One image costs %s (%s) to %s (%s), %.0f times as much. A FLOP is counted once per multiplication and "
               "once per addition, so FLOPs are at least twice the MACs; here they are %.3f to %.3f times 2 × MACs.",
               figure_quantity(flops_of(few), "FLOP").text, few->label, figure_quantity(flops_of(many), "FLOP").text,
               many->label, flops_of(many) / flops_of(few), flops_of(few) / fmax(1, 2 * macs_of(few)),
               flops_of(many) / fmax(1, 2 * macs_of(many)));
}

json_t *figure_costs(const struct study *s, gable_error *e)
{
    if (!s->n_models || !s->n_batches) return NULL;
    struct figure f = figure_start("1.2", "costs", "Compute and memory", HEAD + ROW * s->n_models + 6);
    figure_say(&f, "subtitle",
               "Per image at batch %d, float32, in the order of FLOPs; FLOPs = 2 × MACs and all other arithmetic",
               s->batches[0]);
    for (int p = 0; p < N_PANELS; p++) add_panel(&f, s, p);
    figure_set(&f, "narrow", narrow_variant(&f, s));
    add_table(&f, s);
    say_findings(&f, s);
    figure_say(
        &f, "method",
        "Counted from the graph, exactly: docs/METRICS.md gives each operator's formula. Activations: bytes of all "
        "outputs of nodes that are no views. Peak live: the most bytes of activations alive at one step in "
        "execution order, without in-place reuse.");
    return figure_finish(&f, e);
}
