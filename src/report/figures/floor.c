/* Where the time should go (the floor from the roof) against where it goes, by operator kind. */
#include "report/figures/parts.h"
#include "report/findings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROW = 36 };

struct slow {
    int model;
    const struct run *run;
    struct losses losses;
    double times; /* whole / floor */
};

static int slowest_first(const void *a, const void *b)
{
    const struct slow *p = a, *q = b;
    return (p->times < q->times) - (p->times > q->times);
}

/* The sound runs of batch b that have groups with a floor, slowest against its floor first. */
static int collect(const struct study *s, int b, struct slow *out)
{
    int n = 0;
    for (int i = 0; i < s->n_models; i++) {
        const struct run *r = sound_run(s, i, b);
        if (!r || r->n_groups < 1) continue;
        struct slow x = {.model = i, .run = r, .losses = finding_losses(r)};
        if (!(x.losses.floor_total > 0)) continue;
        x.times = (x.losses.time_total + x.losses.between_ns) / x.losses.floor_total;
        out[n++] = x;
    }
    qsort(out, (size_t)n, sizeof *out, slowest_first);
    return n;
}

static json_t *facts_of(struct figure *f, const struct slow *x, int k)
{
    const struct losses *l = &x->losses;
    json_t *facts = figure_facts(f);
    figure_fact(f, facts, "Operators", "%s", op_kind_label((enum op_kind)k));
    figure_fact(f, facts, "Time floor", "%s", figure_quantity(l->floor_ns[k] / 1e9, "s").text);
    figure_fact(f, facts, "Measured", "%s", figure_quantity(l->time_ns[k] / 1e9, "s").text);
    figure_fact(f, facts, "Lost", "%s", figure_quantity(l->lost_ns[k] / 1e9, "s").text);
    return facts;
}

static bool has_kind(const struct slow *all, int n, int k)
{
    for (int i = 0; i < n; i++)
        if (all[i].losses.time_ns[k] > 0) return true;
    return false;
}

static void add_stack(struct figure *f, const struct study *s, const struct slow *all, int n, bool is_measured)
{
    for (int k = 0; k < KIND_N; k++) {
        if (!has_kind(all, n, k)) continue;
        json_t *items = json_array();
        for (int i = 0; i < n; i++) {
            const struct losses *l = &all[i].losses;
            double value = (is_measured ? l->time_ns[k] : l->floor_ns[k]) / l->floor_total;
            figure_append(f, items,
                          figure_bar(f, value, s->models[all[i].model].label, s->models[all[i].model].id, NULL,
                                     facts_of(f, &all[i], k)));
        }
        figure_bars(f, 0, is_measured ? "measured" : "floor", kind_color((enum op_kind)k), is_measured ? 13 : 6, items);
    }
    if (!is_measured) return;
    json_t *items = json_array();
    for (int i = 0; i < n; i++) {
        json_t *facts = figure_facts(f);
        figure_fact(f, facts, "Between operators", "%s", figure_quantity(all[i].losses.between_ns / 1e9, "s").text);
        figure_append(f, items,
                      figure_bar(f, all[i].losses.between_ns / all[i].losses.floor_total, s->models[all[i].model].label,
                                 s->models[all[i].model].id, NULL, facts));
    }
    figure_bars(f, 0, "measured", "@grid", 13, items);
}

static void draw_axes(struct figure *f, const struct study *s, const struct slow *all, int n)
{
    json_t *names = json_array();
    for (int i = 0; i < n; i++) {
        const struct slow *x = &all[i];
        figure_append(f, names, json_string(s->models[x->model].label));
        figure_add(
            f, "ends",
            figure_pack(f, "{s:[f,f], s:i, s:o, s:s, s:s}", "at", fmax(1, x->times), (double)i, "dy", 5, "text",
                        figure_text(f, "%.1f×  %s", x->times, figure_quantity(x->run->median_ns / 1e9, "s").text),
                        "color", "@ink", "model", s->models[x->model].id));
    }
    figure_add(
        f, "ends",
        figure_pack(f, "{s:[f,f], s:i, s:s, s:s}", "at", 1.0, 0.0, "dy", -9, "text", "time floor", "color", "@muted"));
    double longest = fmax(1, all[0].times);
    figure_grid(f, 122, 6, 4, 40);
    figure_option(
        f, "xAxis",
        figure_linear_axis(f, 0, "Multiples of the model\u2019s own time floor", "@times", 0, 1.24 * longest));
    figure_option(f, "yAxis", figure_category_axis(f, 0, names, true));
    figure_set(
        f, "narrow",
        figure_pack(f, "{s:{s:[{s:i}], s:[{s:f}]}}", "option", "grid", "left", 112, "xAxis", "max", 1.55 * longest));
    json_t *line = json_array();
    figure_append(f, line, figure_pack(f, "{s:[[f,f],[f,f]]}", "coords", 1.0, -0.5, 1.0, n - 0.5));
    figure_lines(f, line, false, &(struct stroke){.color = "@ink", .width = 1, .z = 6});
}

static void add_table(struct figure *f, const struct study *s, const struct slow *all, int n)
{
    figure_table(f, "milliseconds by kind of operator", true,
                 "Model|Operators|Floor ms|Measured ms|Lost ms|× floor|Of the model\u2019s time %");
    for (int i = 0; i < n; i++) {
        const struct losses *l = &all[i].losses;
        const struct study_model *m = &s->models[all[i].model];
        double whole = l->time_total + l->between_ns;
        for (int k = 0; k < KIND_N; k++) {
            if (!(l->time_ns[k] > 0)) continue;
            json_t *row = figure_row(f, m->id);
            figure_cell(f, row, m->label);
            figure_cell(f, row, op_kind_label((enum op_kind)k));
            figure_number(f, row, l->floor_ns[k] / 1e6);
            figure_number(f, row, l->time_ns[k] / 1e6);
            figure_number(f, row, l->lost_ns[k] / 1e6);
            figure_number(f, row, l->floor_ns[k] > 0 ? l->time_ns[k] / l->floor_ns[k] : NAN);
            figure_number(f, row, 100 * l->time_ns[k] / whole);
        }
        json_t *row = figure_row(f, m->id);
        figure_cell(f, row, m->label);
        figure_cell(f, row, "(between operators)");
        figure_number(f, row, 0);
        figure_number(f, row, l->between_ns / 1e6);
        figure_number(f, row, l->between_ns / 1e6);
        figure_number(f, row, NAN);
        figure_number(f, row, 100 * l->between_ns / whole);
    }
}

static void say_findings(struct figure *f, const struct study *s, const struct slow *all, int n)
{
    const struct slow *x = &all[0], *best = &all[n - 1];
    const struct losses *l = &x->losses;
    double whole = l->time_total + l->between_ns;
    const char *name = s->models[x->model].label;
    if (l->between_ns > l->lost_ns[l->worst])
        figure_say(f, "title", "%s takes %.1f times its floor; most of the loss lies between the operators", name,
                   x->times);
    else if (x->times < 1.1)
        figure_say(f, "title", "Every model stays within %.0f\u00a0%% of its time floor", 100 * (x->times - 1));
    else
        figure_say(f, "title", "%s takes %.1f times its floor, %.0f\u00a0%% of its time in %s", name, x->times,
                   100 * l->time_ns[l->worst] / whole, kind_phrase(l->worst));
    double lost[KIND_N] = {0}, total = 0;
    int worst = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < KIND_N; k++)
            lost[k] += all[i].losses.lost_ns[k] / (all[i].losses.time_total + all[i].losses.between_ns);
    for (int k = 0; k < KIND_N; k++) {
        total += lost[k];
        if (lost[k] > lost[worst]) worst = k;
    }
    figure_say(f, "finding",
               "In %s, %s take %.0f\u00a0%% of the time measured but are %.0f\u00a0%% of the floor. Over "
               "%d models most "
               "is lost in %s (%.0f\u00a0%% of all that is lost inside operators); %s comes nearest to its floor, at "
               "%.2f times.",
               name, kind_phrase(l->worst), 100 * l->time_ns[l->worst] / whole,
               100 * l->floor_ns[l->worst] / l->floor_total, n, kind_phrase((enum op_kind)worst),
               total > 0 ? 100 * lost[worst] / total : 0.0, s->models[best->model].label, best->times);
}

json_t *figure_floor(const struct study *s, gable_error *e)
{
    int b = best_batch(s);
    struct slow *all = b < 0 ? NULL : calloc((size_t)s->n_models, sizeof *all);
    int n = all ? collect(s, b, all) : 0;
    if (!n) {
        free(all);
        return NULL;
    }
    struct figure f = figure_start("1.4", "floor", "Where the time goes", ROW * n + 44);
    figure_say(&f, "subtitle",
               "One batch of %d by kind of operator; thin bar: time floor from the roof, thick bar: time measured",
               s->batches[b]);
    for (int k = 0; k < KIND_N; k++)
        if (has_kind(all, n, k))
            figure_key(&f, "square", kind_color((enum op_kind)k) + 1, op_kind_label((enum op_kind)k));
    figure_key(&f, "square", "grid", "between operators");
    draw_axes(&f, s, all, n);
    add_stack(&f, s, all, n, false);
    add_stack(&f, s, all, n, true);
    note_unsound(&f, s);
    add_table(&f, s, all, n);
    say_findings(&f, s, all, n);
    figure_say(
        &f, "method",
        "A fused group\u2019s floor = max(FLOPs counted / peak, bytes / bandwidth) under the run\u2019s own roof; it "
        "belongs to the kind of "
        "its main operator. Times of groups come from a separate instrumented run; what the groups do not cover is "
        "shown as between operators, never spread over them.");
    free(all);
    return figure_finish(&f, e);
}
