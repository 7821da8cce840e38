/* The memory of one training step by part. */
#include "report/figures/training_steps.h"

#include <math.h>

enum { ROW = 24, PARTS = 5 };
static const double GIB = 1 << 30;
static const struct {
    const char *name, *color;
} parts[PARTS] = {
    {"weights", "@passForward"},           {"gradients", "@passData"}, {"optimizer", "@linear"},
    {"saved for backward", "@passWeight"}, {"working", "@passUpdate"},
};

static double part_of(const struct training_memory *m, int part)
{
    const count bytes[PARTS] = {m->weights, m->gradients, m->optimizer, m->saved, m->working};
    return (double)bytes[part];
}
static double saved_share(const struct study_model *m)
{
    return (double)m->training.memory.saved / (double)m->training.memory.total;
}

/* What the step of the engine really took, where it was measured. */
static double taken(const struct study *s, int model)
{
    struct measured_step m;
    return measured_step(s, model, &m) ? (double)m.step->peak_rss_bytes : 0;
}
static double planned(const struct study *s, int model)
{
    struct measured_step m;
    return measured_step(s, model, &m) ? (double)m.step->planned_bytes : 0;
}
static void mark_taken(struct figure *f, const struct study *s)
{
    json_t *points = json_array();
    for (int i = s->n_models - 1, row = 0; i >= 0; i--, row++) {
        if (!(taken(s, i) > 0)) continue;
        json_t *facts = figure_facts(f);
        figure_fact(f, facts, "Planned", "%s", quantity_bytes(planned(s, i)).text);
        figure_fact(f, facts, "Measured", "%s", quantity_bytes(taken(s, i)).text);
        figure_append(f, points,
                      figure_point(f, &(struct point){.name = s->models[i].label,
                                                      .model = s->models[i].id,
                                                      .x = taken(s, i) / GIB,
                                                      .y = row,
                                                      .color = "@ink",
                                                      .facts = facts}));
    }
    if (!measured_steps(s)) {
        json_decref(points);
        return;
    }
    figure_points(f, points, 0, 9, 8);
    figure_key(f, "dot", "ink", "measured peak");
}

static void draw(struct figure *f, const struct study *s)
{
    json_t *names = json_array();
    double most = 0;
    for (int i = s->n_models - 1, row = 0; i >= 0; i--, row++) {
        double total = (double)s->models[i].training.memory.total;
        most = fmax(most, fmax(total, taken(s, i)) / GIB);
        figure_append(f, names, json_string(s->models[i].label));
        figure_add(f, "ends",
                   figure_pack(f, "{s:[f,f], s:o, s:s, s:s}", "at", fmax(total, taken(s, i)) / GIB, (double)row, "text",
                               figure_text(f, "%s", quantity_bytes(total).text), "color", "@ink", "model",
                               s->models[i].id));
    }
    figure_grid(f, 122, 76, 4, 40);
    figure_option(f, "xAxis", figure_linear_axis(f, 0, "GiB at once", "@plain", 0, most));
    figure_option(f, "yAxis", figure_category_axis(f, 0, names, true));
    for (int p = 0; p < PARTS; p++) {
        json_t *items = json_array();
        for (int i = s->n_models - 1; i >= 0; i--) {
            double bytes = part_of(&s->models[i].training.memory, p);
            json_t *facts = figure_facts(f);
            figure_fact(f, facts, "Part", "%s", parts[p].name);
            figure_fact(f, facts, "Memory", "%s", quantity_bytes(bytes).text);
            figure_append(f, items, figure_bar(f, bytes / GIB, s->models[i].label, s->models[i].id, NULL, facts));
        }
        figure_bars(f, 0, "memory", parts[p].color, 14, items);
    }
    mark_taken(f, s);
    figure_set(f, "narrow", figure_pack(f, "{s:{s:[{s:i}]}}", "option", "grid", "left", 112));
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "bytes, one row per model", true,
                 "Model|Weights|Gradients|Optimizer|Saved|Working|Total|Saved %|"
                 "Planned by the engine|Measured");
    for (int i = 0; i < s->n_models; i++) {
        const struct training_memory *m = &s->models[i].training.memory;
        json_t *row = figure_row(f, s->models[i].id);
        figure_cell(f, row, s->models[i].label);
        figure_exact(f, row, m->weights);
        figure_exact(f, row, m->gradients);
        figure_exact(f, row, m->optimizer);
        figure_exact(f, row, m->saved);
        figure_exact(f, row, m->working);
        figure_exact(f, row, m->total);
        figure_number(f, row, 100 * saved_share(&s->models[i]));
        figure_exact(f, row, (count)planned(s, i));
        figure_exact(f, row, (count)taken(s, i));
    }
}

/* How far what was planned is from what was taken, at most. */
static double worst_plan(const struct study *s)
{
    double worst = 0;
    for (int i = 0; i < s->n_models; i++)
        if (taken(s, i) > 0) worst = fmax(worst, fabs(planned(s, i) / taken(s, i) - 1));
    return worst;
}

static void say_findings(struct figure *f, const struct study *s)
{
    int least = 0, most = 0, largest = 0;
    for (int i = 0; i < s->n_models; i++) {
        if (saved_share(&s->models[i]) < saved_share(&s->models[least])) least = i;
        if (saved_share(&s->models[i]) > saved_share(&s->models[most])) most = i;
        if (s->models[i].training.memory.total > s->models[largest].training.memory.total) largest = i;
    }
    const struct training_memory *m = &s->models[largest].training.memory;
    double fixed = (double)m->weights + (double)m->gradients + (double)m->optimizer;
    double memory = (double)s->machine.topology.memory_bytes, each = ((double)m->total - fixed) / s->training_batch;
    figure_say(f, "title", "What backward needs of forward is %.0f to %.0f\u00a0%% of the memory of training",
               100 * saved_share(&s->models[least]), 100 * saved_share(&s->models[most]));
    if (memory > fixed && each > 0)
        figure_say(f, "finding",
                   "%s needs most, %s at batch %d: %s for each image and %s whatever the batch. By that count this "
                   "machine's %s hold a batch of %.0f, without a library's workspace.",
                   s->models[largest].label, quantity_bytes((double)m->total).text, s->training_batch,
                   quantity_bytes(each).text, quantity_bytes(fixed).text, quantity_bytes(memory).text,
                   floor((memory - fixed) / each));
    else
        figure_say(f, "finding", "%s needs most, %s at batch %d.", s->models[largest].label,
                   quantity_bytes((double)m->total).text, s->training_batch);
}

json_t *figure_training_memory(const struct study *s, gable_error *e)
{
    if (!s->n_models || !s->models[0].training.memory.total) return NULL;
    struct figure f = figure_start("1.5", "training-memory", "Memory of training", ROW * s->n_models + 44);
    figure_say(&f, "subtitle", "Bytes alive at the peak of one training step at batch %d, float32, %s",
               s->training_batch, optimizer_name(STUDY_OPTIMIZER));
    for (int p = 0; p < PARTS; p++) figure_key(&f, "square", parts[p].color + 1, parts[p].name);
    draw(&f, s);
    add_table(&f, s);
    say_findings(&f, s);
    if (measured_steps(s)) say_train_command(&f, s);
    figure_say(
        &f, "method",
        "Saved: each tensor, mask and statistic that a gradient reads, once; working: other activations and gradients "
        "alive at the step of the peak, in the nodes' order. No recomputation. The measured peak is the engine's own "
        "step: it fuses, so it may save less, and lays out channels in vectors, so it may take more.");
    if (measured_steps(s))
        figure_say(&f, "note",
                   "The engine fuses and may save less than the count. What it planned and what was measured in its "
                   "process are at most %.1f\u00a0%% apart.",
                   100 * worst_plan(s));
    return figure_finish(&f, e);
}
