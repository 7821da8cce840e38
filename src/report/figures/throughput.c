/* Images per second by batch, one line per model; the knee is the smallest batch that reaches nine tenths of the best.
 */
#include "report/figures/parts.h"

#include <math.h>

static double rate_of(const struct run *r) { return r->batch / (r->median_ns / 1e9); }

/* Batch index of the knee among the sound runs, -1 where fewer than two are. */
static int knee_of(const struct study *s, int model)
{
    double best = 0;
    int n = 0;
    for (int b = 0; b < s->n_batches; b++) {
        const struct run *r = sound_run(s, model, b);
        if (!r) continue;
        best = fmax(best, rate_of(r));
        n++;
    }
    for (int b = 0; b < s->n_batches && n > 1; b++) {
        const struct run *r = sound_run(s, model, b);
        if (r && rate_of(r) >= 0.9 * best) return b;
    }
    return -1;
}

static json_t *facts_of(struct figure *f, const struct run *r, bool is_knee)
{
    json_t *facts = figure_facts(f);
    figure_fact(f, facts, "Batch", "%d", r->batch);
    figure_fact(f, facts, "Throughput", "%s", figure_quantity(rate_of(r), "images/s").text);
    figure_fact(f, facts, "Per image", "%s", figure_quantity(1 / rate_of(r), "s").text);
    if (is_knee) figure_fact(f, facts, "Knee", "nine tenths of its best are reached here");
    if (*run_fault(r)) figure_fact(f, facts, "Invalid", "%s", run_fault(r));
    return facts;
}

static void draw_model(struct figure *f, const struct study *s, int i, json_t *paths, json_t *points)
{
    json_t *path = json_array();
    const struct run *last = NULL;
    int knee = knee_of(s, i);
    for (int b = 0; b < s->n_batches; b++) {
        const struct run *r = shown_run(s, i, b);
        if (!r) continue;
        figure_append(f, path, figure_pair(f, r->batch, rate_of(r)));
        json_t *point = figure_point(f, &(struct point){.name = s->models[i].label,
                                                        .model = s->models[i].id,
                                                        .x = r->batch,
                                                        .y = rate_of(r),
                                                        .color = batch_color(s, b),
                                                        .is_hollow = *run_fault(r) != '\0',
                                                        .symbol = model_symbol(i),
                                                        .facts = facts_of(f, r, b == knee)});
        json_object_set_new(point, "symbolSize", json_integer(b == knee ? 13 : 8));
        figure_append(f, points, point);
        last = r;
    }
    if (json_array_size(path) > 1)
        figure_append(f, paths, figure_pack(f, "{s:O, s:s}", "coords", path, "model", s->models[i].id));
    json_decref(path);
    if (last)
        figure_add(f, "ends",
                   figure_pack(f, "{s:[f,f], s:s, s:s, s:s}", "at", (double)last->batch, rate_of(last), "text",
                               s->models[i].label, "color", "@ink", "model", s->models[i].id));
}

static void add_table(struct figure *f, const struct study *s)
{
    figure_table(f, "images per second", true, "Model|Batch|Images/s|ms per image|Of its best %|Knee|State");
    for (int i = 0; i < s->n_models; i++) {
        double best = 0;
        for (int b = 0; b < s->n_batches; b++)
            if (sound_run(s, i, b)) best = fmax(best, rate_of(sound_run(s, i, b)));
        for (int b = 0; b < s->n_batches; b++) {
            const struct run *r = shown_run(s, i, b);
            if (!r) continue;
            json_t *row = figure_row(f, s->models[i].id);
            figure_cell(f, row, s->models[i].label);
            figure_exact(f, row, r->batch);
            figure_number(f, row, rate_of(r));
            figure_number(f, row, 1e3 / rate_of(r));
            figure_number(f, row, best > 0 && !*run_fault(r) ? 100 * rate_of(r) / best : NAN);
            figure_cell(f, row, b == knee_of(s, i) ? "knee" : "");
            figure_cell(f, row, *run_fault(r) ? run_fault(r) : "valid");
        }
    }
}

struct gain {
    int n, most, least; /* models */
    double most_gain, least_gain;
};
/* Throughput at the last batch over that at the first, both sound. */
static struct gain gain_of(const struct study *s)
{
    struct gain g = {.most = -1, .least = -1, .least_gain = INFINITY};
    for (int i = 0; i < s->n_models; i++) {
        const struct run *first = sound_run(s, i, 0), *last = sound_run(s, i, s->n_batches - 1);
        if (!first || !last) continue;
        double times = rate_of(last) / rate_of(first);
        g.n++;
        if (times > g.most_gain) g.most = i, g.most_gain = times;
        if (times < g.least_gain) g.least = i, g.least_gain = times;
    }
    return g;
}

static void say_findings(struct figure *f, const struct study *s)
{
    struct gain g = gain_of(s);
    int first = s->batches[0], last = s->batches[s->n_batches - 1], knees[2] = {0}; /* at the first batch; later */
    for (int i = 0; i < s->n_models; i++)
        if (knee_of(s, i) >= 0) knees[knee_of(s, i) > 0]++;
    if (!g.n) {
        figure_say(f, "title", "No model has valid runs at both batch %d and %d", first, last);
        figure_say(f, "finding", "Without two valid runs of one model nothing is said about batching.");
        return;
    }
    if (g.most_gain < 1.05)
        figure_say(f, "title", "Batching gains nothing here: at most %.2f times from batch %d to %d", g.most_gain,
                   first, last);
    else if (g.n == 1)
        figure_say(f, "title", "Batch %d multiplies the throughput that %s has at batch %d by %.1f", last,
                   s->models[g.most].label, first, g.most_gain);
    else
        figure_say(f, "title", "Batch %d instead of %d multiplies throughput by %.1f for %s, by %.1f for %s", last,
                   first, g.most_gain, s->models[g.most].label, g.least_gain, s->models[g.least].label);
    figure_say(f, "finding",
               "%d of %d models are within a tenth of their best throughput at batch %d already; %d need a larger one.",
               knees[0], knees[0] + knees[1], first, knees[1]);
}

json_t *figure_throughput(const struct study *s, gable_error *e)
{
    double low = INFINITY, high = 0;
    char machine[160];
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) {
            const struct run *r = shown_run(s, i, b);
            if (!r) continue;
            low = fmin(low, rate_of(r));
            high = fmax(high, rate_of(r));
        }
    if (!(high > 0) || s->n_batches < 2) return NULL;
    struct figure f = figure_start("1.3", "throughput", "Throughput by batch", 380);
    say_machine(s, machine, sizeof machine);
    figure_say(&f, "subtitle",
               "Images per second against images per batch, %s; the large mark is the knee: nine tenths of the "
               "model\u2019s best",
               machine);
    figure_grid(&f, FIGURE_TICKS, 140, FIGURE_PLOT_TOP, FIGURE_PLOT_BOTTOM);
    json_t *x = figure_log_axis(&f, 0, "Images per batch (log scale)", "@plain", s->batches[0] / 1.25,
                                s->batches[s->n_batches - 1] * 1.25);
    json_t *ticks = json_array(); /* the batches themselves */
    for (int b = 0; b < s->n_batches; b++) figure_append(&f, ticks, json_integer(s->batches[b]));
    json_object_set(json_object_get(x, "axisTick"), "customValues", ticks);
    json_object_set_new(json_object_get(x, "axisLabel"), "customValues", ticks);
    figure_option(&f, "xAxis", x);
    figure_option(&f, "yAxis",
                  figure_y_axis(&f,
                                figure_log_axis(&f, 0, "Images per second (log scale)", "@eng",
                                                figure_log_low(low, 1.1), figure_log_high(high, 1.1)),
                                FIGURE_TICKS));
    json_t *paths = json_array(), *points = json_array();
    for (int i = 0; i < s->n_models; i++) draw_model(&f, s, i, paths, points);
    figure_lines(&f, paths, true,
                 &(struct stroke){.color = "@batch64", .width = 1.2, .opacity = 0.7, .avoid = 1, .z = 2});
    figure_points(&f, points, 0, 8, 4);
    note_unsound(&f, s);
    add_table(&f, s);
    say_findings(&f, s);
    figure_say(&f, "method",
               "Throughput = batch / median latency of one batch. Gains compare valid runs of the same model only.");
    return figure_finish(&f, e);
}
