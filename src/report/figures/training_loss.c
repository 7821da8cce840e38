/* The losses of training runs over epochs: what the store holds of `gable train --data`, and the report's own. */
#include "learn/learned.h"
#include "report/figures/parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { COLUMNS = 120, TOLD = 3 };
static const double least = 1e-4; /* the lowest loss that is drawn: nobody reads further, and its logarithm ends */
static const char *const colors[STUDY_LEARNED] = {"@accent", "@bar", "@linear", "@norm", "@activation", "@faint"};

static const struct learn_epoch *last_of(const struct learned *l) { return &l->run.epochs[l->run.n_epochs - 1]; }
static bool learns(const struct learned *l) /* twice as well as guessing, and better than it began */
{
    return last_of(l)->accuracy * l->classes >= 2 && last_of(l)->loss < l->run.losses[0];
}
static int model_of(const struct study *s, const struct learned *l)
{
    for (int i = 0; i < s->n_models; i++)
        if (!strcmp(s->models[i].id, l->model)) return i;
    return -1;
}
static const char *label_of(const struct study *s, const struct learned *l)
{
    return model_of(s, l) < 0 ? l->model : s->models[model_of(s, l)].label;
}
static bool is_drawn(const struct learned *l) { return !strcmp(l->data, "synthetic"); }
static const char *data_of(const struct learned *l) { return is_drawn(l) ? "drawn images" : l->data; }

/* What can tell two runs of one model apart, the most telling first. */
enum facet {
    FACET_DATA,
    FACET_OPTIMIZER,
    FACET_BATCH,
    FACET_RATE,
    FACET_SIZE,
    FACET_FROZEN,
    FACET_SEED,
    FACET_DAY,
    FACET_N
};
static void facet_text(const struct learned *l, enum facet f, char *out, size_t room)
{
    time_t at = (time_t)l->started_utc;
    struct tm utc;
    switch (f) {
    case FACET_DATA: snprintf(out, room, "%s", data_of(l)); break;
    case FACET_OPTIMIZER: snprintf(out, room, "%s", l->optimizer); break;
    case FACET_BATCH: snprintf(out, room, "batch %d", l->batch); break;
    case FACET_RATE: snprintf(out, room, "rate %g", l->rate); break;
    case FACET_SIZE: snprintf(out, room, "%d × %d", l->height, l->width); break;
    case FACET_FROZEN: snprintf(out, room, l->frozen[0] ? "%s frozen" : "all trained", l->frozen); break;
    case FACET_SEED: snprintf(out, room, "seed %llu", (unsigned long long)l->seed); break;
    case FACET_DAY: strftime(out, room, "%Y-%m-%d %H:%M", gmtime_r(&at, &utc)); break;
    case FACET_N: break;
    }
}

/* The model, and behind it what no other run of it has; a number where nothing tells them apart. */
struct run_name {
    char text[192];
};
static struct run_name name_of(const struct study *s, const struct learned *l)
{
    struct run_name name;
    bool is_like[STUDY_LEARNED] = {false};
    int n_like = 0, earlier = 0;
    size_t n = (size_t)snprintf(name.text, sizeof name.text, "%.80s", label_of(s, l));
    for (int i = 0; i < s->n_learned; i++) {
        is_like[i] = &s->learned[i] != l && !strcmp(label_of(s, &s->learned[i]), label_of(s, l));
        n_like += is_like[i];
    }
    for (int f = 0; f < FACET_N && n_like > 0; f++) {
        char mine[80], other[80];
        int n_before = n_like;
        facet_text(l, (enum facet)f, mine, sizeof mine);
        for (int i = 0; i < s->n_learned; i++) {
            facet_text(&s->learned[i], (enum facet)f, other, sizeof other);
            if (!is_like[i] || !strcmp(mine, other)) continue;
            is_like[i] = false;
            n_like--;
        }
        if (n_like < n_before && n < sizeof name.text)
            n += (size_t)snprintf(name.text + n, sizeof name.text - n, ", %s", mine);
    }
    for (int i = 0; &s->learned[i] < l; i++) earlier += is_like[i];
    if (n_like > 0 && n < sizeof name.text) snprintf(name.text + n, sizeof name.text - n, ", run %d", earlier + 1);
    return name;
}

static json_t *facts_of(struct figure *f, const struct learned *l, int epoch)
{
    json_t *facts = figure_facts(f);
    figure_fact(f, facts, "Data", "%d%s %s, %d classes", l->n_examples, is_drawn(l) ? "" : " of", data_of(l),
                l->classes);
    figure_fact(f, facts, "Optimizer", "%s, rate %g, batch %d", l->optimizer, l->rate, l->batch);
    figure_fact(f, facts, "Epoch", "%d of %d, %d steps", epoch + 1, l->epochs, l->run.steps_per_epoch);
    figure_fact(f, facts, "Mean loss", "%.4g", l->run.epochs[epoch].loss);
    figure_fact(f, facts, "Right", "%.1f\u00a0%%", 100 * l->run.epochs[epoch].accuracy);
    return facts;
}

/* Means of the losses, so many columns at most, against epochs. */
static json_t *path_of(struct figure *f, const struct learned *l, double *end)
{
    const struct learning *run = &l->run;
    int n = run->n_losses < COLUMNS ? run->n_losses : COLUMNS;
    json_t *path = json_array();
    for (int i = 0; i < n; i++) {
        int first = (int)((long)run->n_losses * i / n), last = (int)((long)run->n_losses * (i + 1) / n);
        double sum = 0;
        for (int k = first; k < last; k++) sum += run->losses[k];
        *end = fmax(least, sum / (last - first));
        figure_append(f, path, figure_pair(f, (first + last) / 2.0 / run->steps_per_epoch, *end));
    }
    return path;
}
static void draw_run(struct figure *f, const struct study *s, int i)
{
    const struct learned *l = &s->learned[i];
    int model = model_of(s, l);
    double end = least;
    json_t *points = json_array();
    figure_line(f, path_of(f, l, &end),
                &(struct stroke){.color = colors[i], .width = 1.2, .opacity = 0.55, .avoid = 1, .z = 3});
    for (int k = 0; k < l->run.n_epochs; k++)
        figure_append(f, points,
                      figure_point(f, &(struct point){.name = name_of(s, l).text,
                                                      .model = model < 0 ? NULL : l->model,
                                                      .x = k + 0.5,
                                                      .y = fmax(least, l->run.epochs[k].loss),
                                                      .color = colors[i],
                                                      .symbol = model_symbol(model < 0 ? i : model),
                                                      .facts = facts_of(f, l, k)}));
    figure_points(f, points, 0, 9, 5);
    figure_add(f, "ends",
               figure_pack(f, "{s:[f,f], s:o, s:s, s:s}", "at", (double)l->run.n_losses / l->run.steps_per_epoch, end,
                           "text", figure_text(f, "%s: %.0f\u00a0%%", name_of(s, l).text, 100 * last_of(l)->accuracy),
                           "color", "@ink", "stroke", colors[i]));
}

struct span {
    double low, high;
    int epochs;
};
static struct span span_of(const struct study *s)
{
    struct span x = {.low = INFINITY, .epochs = 1};
    for (int i = 0; i < s->n_learned; i++) {
        const struct learning *run = &s->learned[i].run;
        for (int k = 0; k < run->n_losses; k++) {
            x.low = fmin(x.low, fmax(least, run->losses[k]));
            x.high = fmax(x.high, fmax(2 * least, run->losses[k]));
        }
        int epochs = (run->n_losses + run->steps_per_epoch - 1) / run->steps_per_epoch;
        if (epochs > x.epochs) x.epochs = epochs;
    }
    return x;
}
/* ln(classes), where all runs have the same: what a guess costs. */
static void draw_guess(struct figure *f, const struct study *s, const struct span *x)
{
    int classes = s->learned[0].classes;
    double loss = log(classes);
    for (int i = 1; i < s->n_learned; i++)
        if (s->learned[i].classes != classes) return;
    if (!(loss > x->low) || !(loss < x->high)) return;
    json_t *line = json_array();
    figure_append(f, line, figure_pack(f, "{s:[[f,f],[f,f]]}", "coords", 0.0, loss, (double)x->epochs, loss));
    figure_lines(f, line, false, &(struct stroke){.color = "@muted", .width = 1, .type = "dashed", .avoid = 1, .z = 2});
    figure_add(f, "lineLabels",
               figure_pack(f, "{s:[f,f], s:[f,f], s:f, s:s, s:o, s:s}", "from", 0.0, loss, "to", (double)x->epochs,
                           loss, "t", 1.0, "align", "right", "text",
                           figure_text(f, "guessing among %d: %.2f", classes, loss), "color", "@muted"));
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "one row per run and epoch", true,
                 "Model|Data|Examples|Classes|Pixels|Optimizer|Rate|Batch|Seed|Epoch|Steps|Loss|Right %");
    for (int i = 0; i < s->n_learned; i++)
        for (int k = 0; k < s->learned[i].run.n_epochs; k++) {
            const struct learned *l = &s->learned[i];
            json_t *row = figure_row(f, model_of(s, l) < 0 ? NULL : l->model);
            figure_cell(f, row, name_of(s, l).text);
            figure_cell(f, row, data_of(l));
            figure_exact(f, row, l->n_examples);
            figure_exact(f, row, l->classes);
            figure_append(f, row, figure_text(f, "%d × %d", l->height, l->width));
            figure_cell(f, row, l->optimizer);
            figure_number(f, row, l->rate);
            figure_exact(f, row, l->batch);
            figure_exact(f, row, (count)l->seed);
            figure_exact(f, row, k + 1);
            figure_exact(f, row, (count)(k + 1) * l->run.steps_per_epoch);
            figure_number(f, row, l->run.epochs[k].loss);
            figure_number(f, row, 100 * l->run.epochs[k].accuracy);
        }
}

static void say_run(const struct study *s, const struct learned *l, struct text *out)
{
    text_addf(
        out,
        "%s%s on %d%s %s: the mean loss of an epoch goes from %.3g to %.3g in %d step%s, and %.0f\u00a0%% "
        "of the last epoch\u2019s examples are classified correctly; guessing among %d classes gives %.0f\u00a0%%.",
        out->len ? " " : "", name_of(s, l).text, l->n_examples, is_drawn(l) ? "" : " of", data_of(l),
        l->run.epochs[0].loss, last_of(l)->loss, l->run.n_losses, l->run.n_losses == 1 ? "" : "s",
        100 * last_of(l)->accuracy, l->classes, 100.0 / l->classes);
}
static void say_title(struct figure *f, const struct study *s)
{
    const struct learned *first = &s->learned[0];
    double low = 1, high = 0, share = 100 * last_of(first)->accuracy;
    int n = 0;
    for (int i = 0; i < s->n_learned; i++) {
        n += learns(&s->learned[i]);
        low = fmin(low, last_of(&s->learned[i])->accuracy);
        high = fmax(high, last_of(&s->learned[i])->accuracy);
    }
    if (s->n_learned == 1 && n)
        figure_say(f, "title",
                   "The engine learns: %s classifies %.0f\u00a0%% of its examples correctly after %d epoch%s",
                   name_of(s, first).text, share, first->run.n_epochs, first->run.n_epochs == 1 ? "" : "s");
    else if (s->n_learned == 1)
        figure_say(f, "title", "%s does not learn: %.0f\u00a0%% of its examples are classified correctly",
                   name_of(s, first).text, share);
    else if (n == s->n_learned)
        figure_say(f, "title", "All %d training runs learn: at their ends they classify %.0f to %.0f\u00a0%% correctly",
                   n, 100 * low, 100 * high);
    else
        figure_say(f, "title", "%d of %d training runs learn%s", n, s->n_learned, n == 1 ? "s" : "");
}
static void say_findings(struct figure *f, const struct study *s)
{
    struct text t = {0};
    for (int i = 0; i < s->n_learned && i < TOLD; i++) say_run(s, &s->learned[i], &t);
    figure_say(f, "finding", "%s", t.data ? t.data : "");
    text_release(&t);
}
/* Of the first run: the report's own where it is there. */
static void say_command(struct figure *f, const struct study *s)
{
    const struct learned *l = &s->learned[0];
    figure_say(f, "command",
               "gable train %s --size %dx%d --batch %d --optimizer %s --rate %g --seed %llu --data %s --epochs %d",
               l->model, l->height, l->width, l->batch, l->optimizer, l->rate, (unsigned long long)l->seed, l->data,
               l->epochs);
}

json_t *figure_training_loss(const struct study *s, gable_error *e)
{
    if (!s->n_learned) return NULL;
    struct span x = span_of(s);
    struct figure f = figure_start("1.5", "training-loss", "Loss of training runs", 320);
    figure_say(
        &f, "subtitle",
        "Cross-entropy against epochs: of single steps (line) and the mean of each epoch (marks); at the end the "
        "share of examples classified correctly");
    figure_grid(&f, FIGURE_TICKS, 150, FIGURE_PLOT_TOP, FIGURE_PLOT_BOTTOM);
    figure_option(&f, "xAxis", figure_whole_axis(&f, 0, "Epochs", "@plain", x.epochs));
    figure_option(&f, "yAxis",
                  figure_y_axis(&f,
                                figure_log_axis(&f, 0, "Loss (log scale)", "@plain", figure_log_low(x.low, 1.1),
                                                figure_log_high(x.high, 1.1)),
                                FIGURE_TICKS));
    draw_guess(&f, s, &x);
    for (int i = 0; i < s->n_learned; i++) draw_run(&f, s, i);
    add_table(&f, s);
    say_title(&f, s);
    say_findings(&f, s);
    say_command(&f, s);
    figure_say(
        &f, "method",
        "Every report trains one small model for seconds on drawn images (each class a smooth pattern of its own "
        "under noise, a function of the seed), as proof that the engine which is timed above learns; other runs "
        "are those that gable train --data left in the store, the newest %d at most. A step\u2019s loss is the "
        "mean over its batch before the update; an example counts as correct where the largest output is its "
        "label, as it is met in training. Losses below %g are drawn there.",
        STUDY_LEARNED, least);
    return figure_finish(&f, e);
}
