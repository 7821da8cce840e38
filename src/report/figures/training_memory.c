/* The memory of one training step by part. */
#include "report/figures/parts.h"

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

static void draw(struct figure *f, const struct study *s)
{
    json_t *names = json_array();
    double most = 0;
    for (int i = s->n_models - 1, row = 0; i >= 0; i--, row++) {
        double total = (double)s->models[i].training.memory.total;
        most = fmax(most, total / GIB);
        figure_append(f, names, json_string(s->models[i].label));
        figure_add(f, "ends",
                   figure_pack(f, "{s:[f,f], s:o, s:s, s:s}", "at", total / GIB, (double)row, "text",
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
    figure_set(f, "narrow", figure_pack(f, "{s:{s:[{s:i}]}}", "option", "grid", "left", 112));
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "bytes, one row per model", true, "Model|Weights|Gradients|Optimizer|Saved|Working|Total|Saved %");
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
    }
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
    figure_say(
        &f, "method",
        "Saved: each tensor, mask and statistic that a gradient reads, once; working: other activations and gradients "
        "alive at the step of the peak, in the nodes' order. No recomputation.");
    return figure_finish(&f, e);
}
