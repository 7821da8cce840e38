/* Where the time, the FLOPs and the bytes of training are: rings by operator kind, forward and backward, on the mean of
   models. */
#include "report/figures/training_steps.h"
#include "report/findings.h"

#include <math.h>
#include <stdio.h>

enum { ROW_HEIGHT = 196, HEAD = 28, MIDDLE = 80, NARROW_ROW = 150, NARROW_MIDDLE = 62 };
enum metric { BY_TIME, BY_COUNT, BY_TRAFFIC, METRICS };
static const double named_from = 0.03; /* smaller slices are one: the rest */
static const char *const metrics[METRICS] = {"Time, measured", "FLOPs", "Bytes, unfused"};
static const char *const short_names[METRICS] = {"time", "FLOPs", "bytes"};
static const char *const passes[] = {"Forward", "Backward"};

static bool amounts_of(const struct study *s, int model, int metric, struct step_amounts *out)
{
    struct measured_step m;
    if (metric != BY_TIME) {
        const struct study_training *t = &s->models[model].training;
        *out = metric == BY_COUNT ? t->flops : t->bytes;
        return true;
    }
    if (!measured_step(s, model, &m)) return false;
    *out = m.ns;
    return true;
}
static double amount_of(const struct step_amounts *a, int k, bool is_backward)
{
    return is_backward ? a->of[k][PASS_DATA] + a->of[k][PASS_WEIGHT] : a->of[k][PASS_FORWARD];
}
static double share_of(const struct step_amounts *a, int k, bool is_backward)
{
    double whole = 0;
    for (int i = 0; i < KIND_N; i++) whole += amount_of(a, i, is_backward);
    return whole > 0 ? amount_of(a, k, is_backward) / whole : 0;
}
/* Mean of the shares of the models that have them. */
static double mean_of(const struct study *s, int k, bool is_backward, int metric)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < s->n_models; i++) {
        struct step_amounts a;
        if (!amounts_of(s, i, metric, &a)) continue;
        sum += share_of(&a, k, is_backward);
        n++;
    }
    return n ? sum / n : 0;
}
static int first_metric(const struct study *s) { return measured_steps(s) ? BY_TIME : BY_COUNT; }
static bool is_named(const struct study *s, int k)
{
    for (int b = 0; b < 2; b++)
        for (int m = first_metric(s); m < METRICS; m++)
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
    int first = first_metric(s), columns = METRICS - first, x = 1000 * (2 * (metric - first) + 1) / (2 * columns);
    int middle = HEAD + pass * ROW_HEIGHT + MIDDLE;
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
            "{s:s, s:[o,i], s:[i,i], s:o, s:b, s:{s:s, s:f}, s:{s:s, s:i, s:i}, s:{s:i, s:i, s:{s:s}}, s:{s:b}, "
            "s:b}",
            "type", "pie", "center", figure_text(f, "%.2f%%", x / 10.0), middle, "radius", 44, 66, "data", data,
            "clockwise", 1, "itemStyle", "borderColor", "@paper", "borderWidth", 1.5, "label", "color", "@ink",
            "fontSize", 11, "bleedMargin", -30, "labelLine", "length", 6, "length2", 6, "lineStyle", "color", "@faint",
            "emphasis", "disabled", 1, "animation", 0));
    figure_add(f, "texts",
               figure_pack(f, "{s:i, s:i, s:i, s:s, s:s, s:s}", "x", x, "of", 1000, "y", middle - 7, "text",
                           passes[pass], "color", "ink", "align", "center"));
    figure_add(f, "texts",
               figure_pack(f, "{s:i, s:i, s:i, s:s, s:s, s:s}", "x", x, "of", 1000, "y", middle + 9, "text",
                           short_names[metric], "color", "muted", "align", "center"));
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "one row per model and kind", true,
                 "Model|Operators|ms forward|% of forward|ms data gradient|ms weight gradient|% of backward|"
                 "FLOPs forward|% of forward|FLOPs data gradient|FLOPs weight gradient|% of backward|"
                 "Bytes forward|% of forward|Bytes backward|% of backward");
    for (int i = 0; i < s->n_models; i++)
        for (int k = 0; k < KIND_N; k++) {
            const struct study_training *t = &s->models[i].training;
            const struct work *w = t->kinds[k];
            struct step_amounts ns;
            bool is_timed = amounts_of(s, i, BY_TIME, &ns);
            if (!w[PASS_FORWARD].bytes && !w[PASS_FORWARD].cost.flops) continue;
            json_t *row = figure_row(f, s->models[i].id);
            figure_cell(f, row, s->models[i].label);
            figure_cell(f, row, op_kind_label((enum op_kind)k));
            figure_number(f, row, is_timed ? ns.of[k][PASS_FORWARD] / 1e6 : NAN);
            figure_number(f, row, is_timed ? 100 * share_of(&ns, k, false) : NAN);
            figure_number(f, row, is_timed ? ns.of[k][PASS_DATA] / 1e6 : NAN);
            figure_number(f, row, is_timed ? ns.of[k][PASS_WEIGHT] / 1e6 : NAN);
            figure_number(f, row, is_timed ? 100 * share_of(&ns, k, true) : NAN);
            figure_exact(f, row, w[PASS_FORWARD].cost.flops);
            figure_number(f, row, 100 * share_of(&t->flops, k, false));
            figure_exact(f, row, w[PASS_DATA].cost.flops);
            figure_exact(f, row, w[PASS_WEIGHT].cost.flops);
            figure_number(f, row, 100 * share_of(&t->flops, k, true));
            figure_exact(f, row, w[PASS_FORWARD].bytes);
            figure_number(f, row, 100 * share_of(&t->bytes, k, false));
            figure_exact(f, row, count_add(w[PASS_DATA].bytes, w[PASS_WEIGHT].bytes));
            figure_number(f, row, 100 * share_of(&t->bytes, k, true));
        }
}

/* The kind with the largest value, of which more is `than` than `of`. */
static int largest(const struct study *s, int of, int than)
{
    int found = 0;
    double most = -INFINITY;
    for (int k = 0; k < KIND_N; k++) {
        double beyond = mean_of(s, k, true, of) - (than < METRICS ? mean_of(s, k, true, than) : 0);
        if (beyond > most) most = beyond, found = k;
    }
    return found;
}
static void say_findings(struct figure *f, const struct study *s)
{
    int seen = first_metric(s) == BY_TIME ? BY_TIME : BY_TRAFFIC;
    int odd = largest(s, seen, BY_COUNT), busy = largest(s, BY_COUNT, METRICS); /* of backward */
    const char *what = kind_phrase((enum op_kind)odd), *verb = seen == BY_TIME ? "time" : "bytes";
    figure_say(f, "title", "%c%s: %.0f\u00a0%% of the backward FLOPs, %.0f\u00a0%% of the backward %s",
               *what >= 'a' && *what <= 'z' ? *what - 32 : *what, what + 1, 100 * mean_of(s, odd, true, BY_COUNT),
               100 * mean_of(s, odd, true, seen), verb);
    figure_say(f, "finding",
               "On the mean of the models %s hold %.0f\u00a0%% of the backward FLOPs and %.0f\u00a0%% of the forward "
               "ones; %s take %.0f\u00a0%% of the %s backward and %.0f\u00a0%% forward.",
               kind_phrase((enum op_kind)busy), 100 * mean_of(s, busy, true, BY_COUNT),
               100 * mean_of(s, busy, false, BY_COUNT), what, 100 * mean_of(s, odd, true, seen), verb,
               100 * mean_of(s, odd, false, seen));
}

/* Below 520 px: a column a pass, a row a metric, smaller rings. */
static void add_narrow(struct figure *f, int columns)
{
    for (int i = 0; i < 2 * columns; i++) {
        int pass = i / columns, x = 1 + 2 * pass, middle = HEAD + i % columns * NARROW_ROW + NARROW_MIDDLE;
        for (int line = 0; line < 2; line++)
            figure_narrow(f, "texts", figure_pack(f, "{s:i, s:i, s:i}", "x", x, "of", 4, "y", middle - 7 + 16 * line));
        figure_narrow(f, "series",
                      figure_pack(f, "{s:[o,i], s:[i,i], s:{s:i, s:i}}", "center", figure_text(f, "%d%%", 25 * x),
                                  middle, "radius", 33, 47, "labelLine", "length", 5, "length2", 4));
    }
    json_t *narrow = json_object_get(f->spec, "narrow"), *series = json_object_get(narrow, "series");
    json_object_set_new(narrow, "option", figure_pack(f, "{s:O}", "series", series));
    json_object_del(narrow, "series");
    json_object_set_new(narrow, "height", json_integer(HEAD + columns * NARROW_ROW - 20));
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
        for (int metric = first_metric(s); metric < METRICS; metric++) add_ring(&f, s, pass, metric);
    add_narrow(&f, METRICS - first_metric(s));
    add_table(&f, s);
    say_findings(&f, s);
    if (measured_steps(s)) say_train_command(&f, s);
    figure_say(
        &f, "method",
        "Time: the medians of a step\u2019s stages, each under the kind of its node with the most FLOPs (a "
        "normalisation with the activation fused behind it is one stage). FLOPs by each node's formula, forward and "
        "for "
        "every gradient it needs; bytes: what each pass of a node reads and writes, once, without fusion. The update "
        "belongs to no operator and is left out.");
    return figure_finish(&f, e);
}
