/* Which chip lets which model reach its peak: the attainable share of peak, memory- or compute-bound by hue. */
#include "report/figures/chips.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROW = 24, TOP = 96, COLUMNS = 16 };

struct column {
    struct chip_name name;
    struct roof roof;
    enum dtype dtype;
};

static int by_ridge(const void *a, const void *b)
{
    const struct column *p = a, *q = b;
    double x = roof_ridge(&p->roof), y = roof_ridge(&q->roof);
    return (x > y) - (x < y);
}

/* This machine and the study's chips, in the order of their ridges. */
static int columns_of(const struct study *s, struct column out[COLUMNS])
{
    int n = 0;
    if (s->roof.peak > 0 && s->roof.bandwidth > 0)
        out[n++] = (struct column){.name = {"this machine"}, .roof = s->roof, .dtype = DTYPE_F32};
    for (int i = 0; s->chips && i < s->chips->n && n < COLUMNS; i++) {
        const struct chip *c = &s->chips->chip[i];
        struct column column = {.name = chip_label(c)};
        if (c->is_in_study && chip_float_roof(c, &column.roof, &column.dtype)) out[n++] = column;
    }
    qsort(out, (size_t)n, sizeof *out, by_ridge);
    return n;
}

/* Bytes shrink with the type, FLOPs stay. */
static double intensity_of(const struct study *s, int i, int b, enum dtype d)
{
    const struct study_cost *c = &s->models[i].costs[b];
    return (double)c->cost.flops / ((double)c->bytes.fused * dtype_bits(d) / 32);
}

static double share_of(const struct study *s, int i, int b, const struct column *c)
{
    return roof_attainable(&c->roof, intensity_of(s, i, b, c->dtype)) / c->roof.peak;
}

static json_t *cell(struct figure *f, const struct study *s, int b, const struct column *c, int x, int i)
{
    double intensity = intensity_of(s, i, b, c->dtype), share = share_of(s, i, b, c);
    bool is_memory = intensity < roof_ridge(&c->roof);
    json_t *facts = figure_facts(f), *name = figure_text(f, "%s on %s", s->models[i].label, c->name.text);
    figure_fact(f, facts, "Verdict", is_memory ? "memory-bound by %.1f times" : "compute-bound by %.1f times",
                is_memory ? roof_ridge(&c->roof) / intensity : intensity / roof_ridge(&c->roof));
    figure_fact(f, facts, "Type", "%s", dtype_label(c->dtype));
    figure_fact(f, facts, "Intensity", "%.1f FLOP/B", intensity);
    figure_fact(f, facts, "Ridge", "%.1f FLOP/B", roof_ridge(&c->roof));
    figure_fact(f, facts, "Attainable", "%s", figure_quantity(share * c->roof.peak, "FLOP/s").text);
    return figure_pack(f, "{s:[i,i,f], s:o, s:s, s:o, s:{s:s, s:f}, s:{s:i, s:s, s:o}}", "value", x,
                       s->n_models - 1 - i, share, "name", name, "model", s->models[i].id, "facts", facts, "itemStyle",
                       "color", is_memory ? "@heatN" : "@heat", "opacity", is_memory ? 0.25 + 0.75 * (1 - share) : 0.9,
                       "label", "opacity", 1, "color", is_memory ? "@ink" : "@onheat", "formatter",
                       is_memory ? figure_text(f, "%.0f", 100 * share) : figure_text(f, "100"));
}

static void draw(struct figure *f, const struct study *s, int b, const struct column *columns, int n)
{
    json_t *chips = json_array(), *names = json_array(), *data = json_array();
    for (int x = 0; x < n; x++) {
        figure_append(f, chips,
                      columns[x].dtype == DTYPE_F32
                          ? json_string(columns[x].name.text)
                          : figure_text(f, "%s, %s", columns[x].name.text, dtype_label(columns[x].dtype)));
        for (int i = 0; i < s->n_models; i++) figure_append(f, data, cell(f, s, b, &columns[x], x, i));
    }
    for (int i = s->n_models - 1; i >= 0; i--) figure_append(f, names, json_string(s->models[i].label));
    json_t *across = figure_category_axis(f, 0, chips, false), *down = figure_category_axis(f, 0, names, true);
    json_object_set_new(across, "position", json_string("top"));
    json_object_set_new(json_object_get(across, "axisLabel"), "rotate", json_integer(-38));
    json_t *gap = figure_pack(f, "{s:b, s:{s:s, s:i}}", "show", 1, "lineStyle", "color", "@paper", "width", 2);
    json_object_set(across, "splitLine", gap);
    json_object_set_new(down, "splitLine", gap);
    json_object_set_new(across, "z", json_integer(5));
    json_object_set_new(down, "z", json_integer(5));
    figure_grid(f, 122, 48, TOP, 4);
    figure_option(f, "xAxis", across);
    figure_option(f, "yAxis", down);
    figure_option(f, "series",
                  figure_pack(f, "{s:s, s:o, s:{s:b, s:i}, s:{s:b}}", "type", "heatmap", "data", data, "label", "show",
                              1, "fontSize", 11, "emphasis", "disabled", 1));
}

static void add_table(struct figure *f, const struct study *s, const struct column *columns, int n)
{
    figure_table(f, "every model, chip and batch", true,
                 "Model|Chip|Type|Batch|FLOP/B|Ridge FLOP/B|Attainable GFLOP/s|Of peak %|Bound by|By × ");
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++)
            for (int x = 0; x < n; x++) {
                double intensity = intensity_of(s, i, b, columns[x].dtype), ridge = roof_ridge(&columns[x].roof);
                json_t *row = figure_row(f, s->models[i].id);
                figure_cell(f, row, s->models[i].label);
                figure_cell(f, row, columns[x].name.text);
                figure_cell(f, row, dtype_label(columns[x].dtype));
                figure_exact(f, row, s->batches[b]);
                figure_number(f, row, intensity);
                figure_number(f, row, ridge);
                figure_number(f, row, share_of(s, i, b, &columns[x]) * columns[x].roof.peak / 1e9);
                figure_number(f, row, 100 * share_of(s, i, b, &columns[x]));
                figure_cell(f, row, bound_name(intensity < ridge ? BOUND_MEMORY : BOUND_COMPUTE));
                figure_number(f, row, intensity < ridge ? ridge / intensity : intensity / ridge);
            }
}

static void say_findings(struct figure *f, const struct study *s, int b, const struct column *columns, int n)
{
    int memory = 0, all = n * s->n_models, hard = 0, easy = 0;
    double mean[COLUMNS] = {0};
    for (int x = 0; x < n; x++) {
        for (int i = 0; i < s->n_models; i++) {
            memory += intensity_of(s, i, b, columns[x].dtype) < roof_ridge(&columns[x].roof);
            mean[x] += share_of(s, i, b, &columns[x]) / s->n_models;
        }
        if (mean[x] < mean[hard]) hard = x;
        if (mean[x] > mean[easy]) easy = x;
    }
    if (memory == 0 || memory == all)
        figure_say(f, "title", "Every model is %s-bound on every chip", memory ? "memory" : "compute");
    else
        figure_say(f, "title",
                   "%.0f\u00a0%% of the verdicts are memory-bound; %s lets the models reach %.0f\u00a0%% of its peak, "
                   "%s %.0f\u00a0%%",
                   100.0 * memory / all, columns[easy].name.text, 100 * mean[easy], columns[hard].name.text,
                   100 * mean[hard]);
    figure_say(f, "finding",
               "At batch %d, %d of %d pairs of model and chip are memory-bound. On the mean of %d models %s allows "
               "%.0f\u00a0%% of its peak and "
               "%s %.0f\u00a0%%: a chip with a higher ridge needs more work per byte to show its peak.",
               s->batches[b], memory, all, s->n_models, columns[easy].name.text, 100 * mean[easy],
               columns[hard].name.text, 100 * mean[hard]);
}

json_t *figure_verdicts(const struct study *s, gable_error *e)
{
    struct column columns[COLUMNS];
    int n = columns_of(s, columns), b = s->n_batches - 1;
    if (!n || !s->n_models || b < 0) return NULL;
    struct figure f = figure_start("1.2", "verdicts", "Verdicts", TOP + ROW * s->n_models + 8);
    figure_say(&f, "subtitle",
               "Attainable share of peak in %% at batch %d, float32 where not said otherwise; chips in the order of "
               "their ridges",
               s->batches[b]);
    figure_key(&f, "square", "heat", "compute-bound: the whole peak");
    figure_key(&f, "square", "heatN", "memory-bound: the stronger, the less of the peak");
    draw(&f, s, b, columns, n);
    figure_set(&f, "narrow",
               figure_pack(&f, "{s:{s:[{s:i, s:i}], s:[{s:{s:i, s:i}}], s:[{s:{s:i}}]}}", "option", "grid", "left", 106,
                           "right", 26, "xAxis", "axisLabel", "rotate", -62, "fontSize", 10, "series", "label",
                           "fontSize", 9));
    add_table(&f, s, columns, n);
    say_findings(&f, s, b, columns, n);
    figure_say(&f, "method",
               "Attainable = min(peak, intensity × bandwidth); share = attainable / peak; bound by memory where the "
               "intensity is below the "
               "ridge. With 16-bit types the same tensors take half the bytes, so intensity doubles. Roofs of chips "
               "are declared, this "
               "machine\u2019s is measured.");
    return figure_finish(&f, e);
}
