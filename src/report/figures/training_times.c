/* Forward, data gradient, weight gradient, update: measured time of a training step beside its FLOPs, and why backward
   does not take twice as long as forward. */
#include "report/figures/training_steps.h"

#include <math.h>

enum { ROW = 34 };
static const double farthest = 8; /* forward passes that are drawn */

static double flops_share(const struct study *s, int model, int pass)
{
    const struct work *w = s->models[model].training.passes;
    return (double)w[pass].cost.flops / (double)w[PASS_FORWARD].cost.flops;
}
static double time_share(const struct measured_step *m, int pass)
{
    return amounts_of_pass(&m->ns, (enum train_pass)pass) / amounts_of_pass(&m->ns, PASS_FORWARD);
}

static json_t *bar(struct figure *f, const struct study *s, int model, int pass, const struct measured_step *m)
{
    double share = m ? time_share(m, pass) : flops_share(s, model, pass);
    json_t *facts = figure_facts(f);
    figure_fact(f, facts, "Pass", "%s", pass_looks[pass].name);
    if (m) {
        const struct run *r = m->passes[pass];
        figure_fact(f, facts, "Time", "%s", figure_quantity(r->median_ns / 1e9, "s").text);
        figure_fact(f, facts, "95\u00a0% interval", "%s to %s", figure_quantity(r->low_ns / 1e9, "s").text,
                    figure_quantity(r->high_ns / 1e9, "s").text);
    }
    figure_fact(f, facts, m ? "Of forward\u2019s time" : "Of forward\u2019s FLOPs", "%.3f×", share);
    return figure_bar(f, fmin(share, farthest), s->models[model].label, s->models[model].id, NULL, facts);
}
static void add_bars(struct figure *f, const struct study *s, int pass, bool is_time)
{
    json_t *items = json_array();
    for (int i = s->n_models - 1; i >= 0; i--) {
        struct measured_step m;
        if (measured_step(s, i, &m)) figure_append(f, items, bar(f, s, i, pass, is_time ? &m : NULL));
    }
    figure_bars(f, 0, is_time ? "time" : "flops", pass_looks[pass].color, is_time ? 13 : 5, items);
}
static void draw(struct figure *f, const struct study *s)
{
    json_t *names = json_array();
    double most = 3;
    int n = 0;
    for (int i = s->n_models - 1; i >= 0; i--) {
        struct measured_step m;
        if (!measured_step(s, i, &m)) continue;
        double end = fmin(farthest, 1 + amounts_ratio(&m.ns) + time_share(&m, PASS_UPDATE));
        most = fmax(most, end);
        figure_append(f, names, json_string(s->models[i].label));
        figure_add(f, "ends",
                   figure_pack(f, "{s:[f,f], s:o, s:s, s:s}", "at", fmax(3, end), (double)n++, "text",
                               figure_text(f, "1 : %.2f   %s", amounts_ratio(&m.ns),
                                           figure_quantity(m.step->median_ns / 1e9, "s").text),
                               "color", "@ink", "model", s->models[i].id));
    }
    figure_grid(f, 122, 126, 18, 40);
    figure_option(f, "xAxis", figure_whole_axis(f, 0, "Multiples of the forward pass", "@times", most));
    figure_option(f, "yAxis", figure_category_axis(f, 0, names, true));
    for (int p = 0; p < PASS_N; p++) add_bars(f, s, p, true);
    for (int p = 0; p < PASS_N; p++) add_bars(f, s, p, false);
    add_one_to_two(f, n, -21);
    figure_set(f, "narrow", figure_pack(f, "{s:{s:[{s:i, s:i}]}}", "option", "grid", "left", 112, "right", 118));
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "times in ms, one row per model", false,
                 "Model|Step|Forward|Data gradients|Weight gradients|Update|Backward : forward, time|FLOPs|"
                 "Why not 2 (in forward passes)");
    for (int i = 0; i < s->n_models; i++) {
        struct measured_step m;
        struct text why = {0};
        if (!measured_step(s, i, &m)) continue;
        json_t *row = figure_row(f, s->models[i].id);
        say_causes(s, i, &m, &why);
        figure_cell(f, row, s->models[i].label);
        figure_number(f, row, m.step->median_ns / 1e6);
        for (int p = 0; p < PASS_N; p++) figure_number(f, row, m.passes[p]->median_ns / 1e6);
        figure_number(f, row, amounts_ratio(&m.ns));
        figure_number(f, row, amounts_ratio(&s->models[i].training.flops));
        figure_cell(f, row, why.data ? why.data : "");
        text_release(&why);
    }
}

static void say_findings(struct figure *f, const struct study *s)
{
    struct measured_step m;
    double low = INFINITY, high = 0, mean = 0, update = 0, in_flops = 0;
    int least = -1, most = -1, n = 0;
    for (int i = 0; i < s->n_models; i++) {
        if (!measured_step(s, i, &m)) continue;
        double ratio = amounts_ratio(&m.ns);
        mean += ratio;
        in_flops += amounts_ratio(&s->models[i].training.flops);
        update = fmax(update, m.passes[PASS_UPDATE]->median_ns / m.step->median_ns);
        if (ratio < low) low = ratio, least = i;
        if (ratio > high) high = ratio, most = i;
        n++;
    }
    int odd = 2 - low >= high - 2 ? least : most;
    struct text why = {0};
    if (measured_step(s, odd, &m)) say_causes(s, odd, &m, &why);
    if (n > 1)
        figure_say(f, "title", "Backward takes %.2f times the forward time of %s, %.2f times that of %s", low,
                   s->models[least].label, high, s->models[most].label);
    else
        figure_say(f, "title", "Backward takes %.2f times the forward time of %s", low, s->models[least].label);
    figure_say(f, "finding",
               "On the mean of %d model%s backward is %.2f times forward in time and %.2f in FLOPs; the update takes "
               "%.1f\u00a0%% of a step at most. %s is furthest from 1 : 2%s%s.",
               n, n == 1 ? "" : "s", mean / n, in_flops / n, 100 * update, s->models[odd].label, why.len ? ": " : "",
               why.len ? why.data : "");
    text_release(&why);
}

json_t *figure_training_times(const struct study *s, gable_error *e)
{
    int n = measured_steps(s);
    if (!n) return NULL;
    struct figure f = figure_start("1.5", "training-times", "Time of a step", ROW * n + 58);
    figure_say(&f, "subtitle", "Measured time of one training step at batch %d (thick) and its FLOPs (thin), %s; %s",
               s->training_batch, "each in multiples of its own forward pass",
               "dashed: 1 : 2. A bar that is longer in time than in FLOPs runs at a lower rate than forward");
    add_pass_keys(&f);
    draw(&f, s);
    add_table(&f, s);
    say_findings(&f, s);
    if (n < s->n_models)
        figure_say(&f, "note", "%d of %d models have no valid step: the appendix says why.", s->n_models - n,
                   s->n_models);
    say_train_command(&f, s);
    figure_say(
        &f, "method",
        "Each model trains in a process of its own: whole steps are sampled like any run, then steps with a clock "
        "between their stages; a pass is the sum of its stages\u2019 medians. Batch %d keeps a report to minutes; the "
        "ratio "
        "in FLOPs does not depend on it. Causes: per kind, "
        "what each gradient takes beside its own forward; they add up to the ratio less 2.",
        s->training_batch);
    return figure_finish(&f, e);
}
