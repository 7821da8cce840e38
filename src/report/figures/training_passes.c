/* Forward, data gradient, weight gradient, update: FLOPs of one training step in multiples of the forward pass. */
#include "report/figures/training_steps.h"

#include <math.h>

enum { ROW = 26 };

static double flops_of(const struct study_training *t, enum train_pass p) { return (double)t->passes[p].cost.flops; }
static double backward_of(const struct study_training *t)
{
    return (flops_of(t, PASS_DATA) + flops_of(t, PASS_WEIGHT)) / flops_of(t, PASS_FORWARD);
}

static void draw(struct figure *f, const struct study *s)
{
    json_t *names = json_array();
    for (int i = s->n_models - 1, row = 0; i >= 0; i--, row++) {
        const struct study_training *t = &s->models[i].training;
        double all = 0;
        for (int p = 0; p < PASS_N; p++) all += flops_of(t, (enum train_pass)p);
        figure_append(f, names, json_string(s->models[i].label));
        figure_add(f, "ends",
                   figure_pack(f, "{s:[f,f], s:o, s:s, s:s}", "at", fmax(3, all / flops_of(t, PASS_FORWARD)),
                               (double)row, "text",
                               figure_text(f, "1 : %.2f   %s", backward_of(t), figure_quantity(all, "FLOP").text),
                               "color", "@ink", "model", s->models[i].id));
    }
    figure_grid(f, 122, 126, 18, 40);
    figure_option(f, "xAxis", figure_whole_axis(f, 0, "Multiples of the forward pass", "@times", 3));
    figure_option(f, "yAxis", figure_category_axis(f, 0, names, true));
    for (int p = 0; p < PASS_N; p++) {
        json_t *items = json_array();
        for (int i = s->n_models - 1; i >= 0; i--) {
            const struct study_training *t = &s->models[i].training;
            double share = flops_of(t, (enum train_pass)p) / flops_of(t, PASS_FORWARD);
            json_t *facts = figure_facts(f);
            figure_fact(f, facts, "Pass", "%s", pass_looks[p].name);
            figure_fact(f, facts, "FLOPs", "%s", figure_quantity(flops_of(t, (enum train_pass)p), "FLOP").text);
            figure_fact(f, facts, "Of forward", "%.3f×", share);
            figure_append(f, items, figure_bar(f, share, s->models[i].label, s->models[i].id, NULL, facts));
        }
        figure_bars(f, 0, "step", pass_looks[p].color, 15, items);
    }
    add_one_to_two(f, s->n_models, -17);
    figure_set(f, "narrow", figure_pack(f, "{s:{s:[{s:i, s:i}]}}", "option", "grid", "left", 112, "right", 118));
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "one row per model and pass", true,
                 "Model|Pass|MACs|FLOPs|FLOPs : forward|Bytes, unfused|Bytes : forward");
    for (int i = 0; i < s->n_models; i++)
        for (int p = 0; p < PASS_N; p++) {
            const struct study_training *t = &s->models[i].training;
            json_t *row = figure_row(f, s->models[i].id);
            figure_cell(f, row, s->models[i].label);
            figure_cell(f, row, pass_looks[p].name);
            figure_exact(f, row, t->passes[p].cost.macs);
            figure_exact(f, row, t->passes[p].cost.flops);
            figure_number(f, row, flops_of(t, (enum train_pass)p) / flops_of(t, PASS_FORWARD));
            figure_exact(f, row, t->passes[p].bytes);
            figure_number(f, row, (double)t->passes[p].bytes / (double)t->passes[PASS_FORWARD].bytes);
        }
}

static void say_findings(struct figure *f, const struct study *s)
{
    int low = 0, high = 0;
    double mean = 0;
    for (int i = 0; i < s->n_models; i++) {
        double ratio = backward_of(&s->models[i].training);
        mean += ratio / s->n_models;
        if (ratio < backward_of(&s->models[low].training)) low = i;
        if (ratio > backward_of(&s->models[high].training)) high = i;
    }
    double least = backward_of(&s->models[low].training), most = backward_of(&s->models[high].training);
    int odd = 2 - least >= most - 2 ? low : high;
    const struct study_training *t = &s->models[odd].training;
    struct text why = {0};
    say_causes(s, odd, NULL, &why);
    figure_say(f, "title", "Backward costs %.2f times the forward FLOPs of %s, %.2f times those of %s", least,
               s->models[low].label, most, s->models[high].label);
    figure_say(
        f, "finding",
        "On the mean of %d models backward costs %.2f times forward, not 2. %s is furthest from it, by %s%.2f%s%s. "
        "The update adds %.1f\u00a0%% of a forward pass there.",
        s->n_models, mean, s->models[odd].label, sign_of(backward_of(t) - 2), fabs(backward_of(t) - 2),
        why.len ? ". Of that, " : "", why.len ? why.data : "",
        100 * flops_of(t, PASS_UPDATE) / flops_of(t, PASS_FORWARD));
    text_release(&why);
}

json_t *figure_training_passes(const struct study *s, gable_error *e)
{
    if (!s->n_models || !(flops_of(&s->models[0].training, PASS_FORWARD) > 0)) return NULL;
    struct figure f = figure_start("1.5", "training-passes", "Forward and backward", ROW * s->n_models + 58);
    figure_say(&f, "subtitle", "FLOPs of one training step at batch %d, counted exactly; %s", s->training_batch,
               "dashed: the 1 : 2 of forward and backward that is often assumed");
    add_pass_keys(&f);
    draw(&f, s);
    add_table(&f, s);
    say_findings(&f, s);
    figure_say(
        &f, "method",
        "Every node's gradients by its formula in docs/METRICS.md: of each input that needs one, of each parameter; "
        "the first layer's unneeded data gradient is not counted. Update: %s.",
        optimizer_words(STUDY_OPTIMIZER));
    return figure_finish(&f, e);
}
