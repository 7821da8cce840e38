/* From peak to attained: what keeps each model from the peak, as parts of its time that add up to the whole. */
#include "report/figures/parts.h"
#include "report/findings.h"

#include <math.h>
#include <stdlib.h>

enum { ROW = 24 };

enum part { AT_PEAK, MEMORY, OFF_ROOF, MOVING, BETWEEN, PARTS };
static const struct {
    const char *name, *phrase, *color;
} parts[PARTS] = {
    {"at peak", "work at peak speed", "@bar"},
    {"waiting for memory", "memory-bound operators, even at their roof", "@barSoft"},
    {"off their roof", "operators that stay below their roof", "@lost"},
    {"moving data", "conversions and other data movement", "@move"},
    {"between operators", "gaps between operators", "@other"},
};

/* Each group's time t: the share the peak needs, then what its memory floor adds, then what it lost. Sums to t. */
static void split(const struct run *r, double out[PARTS])
{
    double sum = 0;
    for (int p = 0; p < PARTS; p++) out[p] = 0;
    for (int i = 0; i < r->n_groups; i++) {
        const struct run_group *g = &r->groups[i];
        if (!(g->median_ns > 0)) continue;
        double peak = fmin(g->median_ns, 1e9 * g->flops_executed / r->roof.peak);
        double floor = fmax(peak, fmin(g->median_ns, g->floor_ns));
        bool moves = g->kind == KIND_MOVE;
        out[AT_PEAK] += peak;
        out[moves ? MOVING : MEMORY] += floor - peak;
        out[moves ? MOVING : OFF_ROOF] += g->median_ns - floor;
        sum += g->median_ns;
    }
    out[BETWEEN] = fmax(0, r->median_ns - sum);
}

static double whole_of(const double part[PARTS])
{
    double sum = 0;
    for (int p = 0; p < PARTS; p++) sum += part[p];
    return sum;
}

struct row {
    int model;
    double share[PARTS];
};

static int most_at_peak(const void *a, const void *b)
{
    const struct row *p = a, *q = b;
    return (p->share[AT_PEAK] < q->share[AT_PEAK]) - (p->share[AT_PEAK] > q->share[AT_PEAK]);
}

static int collect(const struct study *s, int b, struct row *out)
{
    int n = 0;
    for (int i = 0; i < s->n_models; i++) {
        const struct run *r = sound_run(s, i, b);
        if (!r || r->n_groups < 1 || !(r->roof.peak > 0)) continue;
        out[n].model = i;
        split(r, out[n].share);
        double whole = whole_of(out[n].share);
        if (!(whole > 0)) continue;
        for (int p = 0; p < PARTS; p++) out[n].share[p] /= whole;
        n++;
    }
    qsort(out, (size_t)n, sizeof *out, most_at_peak);
    return n;
}

static void draw(struct figure *f, const struct study *s, const struct row *rows, int n)
{
    json_t *names = json_array();
    for (int i = 0; i < n; i++) figure_append(f, names, json_string(s->models[rows[i].model].label));
    figure_grid(f, 122, 18, 2, 40);
    figure_option(f, "xAxis", figure_linear_axis(f, 0, "Share of the measured time", "@percent", 0, 1));
    figure_option(f, "yAxis", figure_category_axis(f, 0, names, true));
    for (int p = 0; p < PARTS; p++) {
        json_t *items = json_array();
        figure_key(f, "square", parts[p].color + 1, parts[p].name);
        for (int i = 0; i < n; i++) {
            const struct study_model *m = &s->models[rows[i].model];
            json_t *facts = figure_facts(f);
            for (int q = 0; q < PARTS; q++)
                figure_fact(f, facts, parts[q].name, "%.1f\u00a0%%", 100 * rows[i].share[q]);
            json_t *bar = figure_bar(f, rows[i].share[p], m->label, m->id, NULL, facts);
            if (p == AT_PEAK && rows[i].share[p] > 0.09)
                json_object_set_new(bar, "label",
                                    figure_pack(f, "{s:b, s:s, s:o, s:s, s:i}", "show", 1, "position", "insideLeft",
                                                "formatter", figure_text(f, "%.0f\u00a0%%", 100 * rows[i].share[p]),
                                                "color", "@onheat", "fontSize", 11));
            figure_append(f, items, bar);
        }
        figure_bars(f, 0, "time", parts[p].color, 15, items);
    }
}

static void add_table(struct figure *f, const struct study *s, const struct row *rows, int n)
{
    figure_table(f, "share of the measured time, %", true,
                 "Model|At peak %|Waiting for memory %|Off their roof %|Moving data %|Between operators %");
    for (int i = 0; i < n; i++) {
        json_t *row = figure_row(f, s->models[rows[i].model].id);
        figure_cell(f, row, s->models[rows[i].model].label);
        for (int p = 0; p < PARTS; p++) figure_number(f, row, 100 * rows[i].share[p]);
    }
}

static void say_findings(struct figure *f, const struct study *s, const struct row *rows, int n)
{
    double mean[PARTS] = {0};
    int leads[PARTS] = {0}, worst = MEMORY; /* for how many models each loss is the largest */
    for (int i = 0; i < n; i++) {
        int most = MEMORY;
        for (int p = 0; p < PARTS; p++) mean[p] += rows[i].share[p] / n;
        for (int p = MEMORY; p < PARTS; p++)
            if (rows[i].share[p] > rows[i].share[most]) most = p;
        leads[most]++;
    }
    for (int p = MEMORY; p < PARTS; p++)
        if (leads[p] > leads[worst]) worst = p;
    figure_say(f, "title", "What keeps %d of %d models from the peak is time %s", leads[worst], n,
               worst == MEMORY     ? "waiting for memory"
               : worst == OFF_ROOF ? "in operators that stay below their roof"
               : worst == MOVING   ? "moving data"
                                   : "between operators");
    const struct row *low = &rows[n - 1], *high = &rows[0];
    figure_say(f, "finding",
               "On the mean of %d models %.0f\u00a0%% of the time is work at peak speed, %.0f\u00a0%% waits for memory "
               "even at the roof, "
               "%.0f\u00a0%% is lost below the roof, %.0f\u00a0%% moves data, %.0f\u00a0%% passes between operators. "
               "%s works at peak speed "
               "for %.0f\u00a0%% of its time, %s for %.0f\u00a0%%.",
               n, 100 * mean[AT_PEAK], 100 * mean[MEMORY], 100 * mean[OFF_ROOF], 100 * mean[MOVING],
               100 * mean[BETWEEN], s->models[high->model].label, 100 * high->share[AT_PEAK],
               s->models[low->model].label, 100 * low->share[AT_PEAK]);
}

json_t *figure_losses(const struct study *s, gable_error *e)
{
    int b = best_batch(s);
    struct row *rows = b < 0 ? NULL : calloc((size_t)s->n_models + 1, sizeof *rows);
    int n = rows ? collect(s, b, rows) : 0;
    if (!n) {
        free(rows);
        return NULL;
    }
    struct figure f = figure_start("1.4", "losses", "Losses by cause", ROW * n + 42);
    figure_say(&f, "subtitle", "Parts of the time of one batch of %d, from what the peak needs to what is measured",
               s->batches[b]);
    draw(&f, s, rows, n);
    note_unsound(&f, s);
    add_table(&f, s, rows, n);
    say_findings(&f, s, rows, n);
    figure_say(
        &f, "method",
        "Per fused group of measured time t: at peak = min(t, FLOPs counted / peak); waiting for memory = what its "
        "floor "
        "max(FLOPs / peak, bytes / bandwidth) adds to that; off its roof = t − floor. Groups that only move data are a "
        "part of their own; between operators = median of the whole − sum of the groups. A group faster than its "
        "floor (Winograd, cache) counts as wholly at peak or at memory speed.");
    free(rows);
    return figure_finish(&f, e);
}
