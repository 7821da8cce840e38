#include "report/appendix.h"

#include "report/figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *label_of(const struct study *s, const struct run *r)
{
    for (int i = 0; i < s->n_models; i++)
        if (!strcmp(s->models[i].id, r->model)) return s->models[i].label;
    return r->model;
}

/* Names and values of nested JSON, one row each: "memory.thp | always". */
static void flatten(struct figure *f, const char *path, const json_t *value)
{
    const char *key;
    json_t *item;
    char name[256];
    if (json_is_object(value)) {
        json_object_foreach ((json_t *)value, key, item) {
            snprintf(name, sizeof name, "%s%s%s", path, *path ? "." : "", key);
            flatten(f, name, item);
        }
        return;
    }
    json_t *row = figure_row(f, NULL);
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    figure_cell(f, row, path);
    figure_cell(f, row,
                json_is_string(value) ? json_string_value(value)
                : json_is_null(value) ? "not known"
                : text                ? text
                                      : "");
    free(text);
}

static json_t *environment(const struct study *s, gable_error *e)
{
    struct figure f = figure_start("appendix", "environment", "Environment", 1);
    figure_say(&f, "title", "Where it was measured");
    figure_say(&f, "subtitle", "Recorded beside the runs; what could not be read is “not known”");
    figure_table(&f, "", true, "What|Value");
    flatten(&f, "", s->environment);
    return figure_finish(&f, e);
}

static void pass_cell(struct figure *f, json_t *row, const struct run *r)
{
    bool is_training = !strcmp(r->engine, training_engine);
    json_t *text = is_training ? figure_text(f, "training, %s", r->pass) : json_string("inference");
    figure_cell(f, row, json_string_value(text) ? json_string_value(text) : "");
    json_decref(text);
}

static void validity_row(struct figure *f, const struct study *s, const struct run *r)
{
    json_t *row = figure_row(f, r->model);
    char notes[512] = "";
    size_t at = 0;
    for (int c = CODE_NONE + 1; c < CODE_N && at < sizeof notes; c++)
        if (r->notes & CODE_BIT(c)) {
            int n = snprintf(notes + at, sizeof notes - at, "%s%s", at ? "; " : "",
                             bench_code_sentence((enum bench_code)c));
            if (n < 0) break;
            at += (size_t)n;
        }
    figure_cell(f, row, label_of(s, r));
    figure_exact(f, row, r->batch);
    pass_cell(f, row, r);
    figure_cell(f, row, r->valid ? "valid" : "invalid");
    figure_cell(f, row, r->valid ? "" : bench_code_sentence(r->reason));
    figure_exact(f, row, r->n_clean);
    figure_number(f, row, 100 * (r->high_ns - r->low_ns) / 2 / r->median_ns);
    figure_number(f, row, 100 * r->marked_share);
    figure_cell(f, row, notes);
}

static json_t *validity(const struct study *s, gable_error *e)
{
    struct figure f = figure_start("appendix", "validity", "Validity", 1);
    int invalid = 0;
    for (int i = 0; i < s->n_runs; i++) invalid += !s->runs[i].valid;
    if (invalid)
        figure_say(&f, "title", "%d of %d runs cannot be trusted", invalid, s->n_runs);
    else
        figure_say(&f, "title", "All %d runs can be trusted", s->n_runs);
    figure_say(&f, "subtitle", "Every run with its state, the invalid ones first; nothing is left out of this table");
    figure_table(&f, "", invalid == 0,
                 "Model|Batch|Pass|State|Why|Samples|95 % interval, ±%|Disturbed samples, %|Worth knowing");
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < s->n_runs; i++)
            if (s->runs[i].valid == (pass == 1)) validity_row(&f, s, &s->runs[i]);
    return figure_finish(&f, e);
}

static json_t *runs(const struct study *s, gable_error *e)
{
    struct figure f = figure_start("appendix", "runs", "All runs", 1);
    figure_say(&f, "title", "Every run’s numbers");
    figure_say(&f, "subtitle", "Times of one pass over the whole batch; raw samples stand in study.json");
    figure_table(&f, "", true,
                 "Model|Batch|Pass|Threads|Median, ms|95 % from, ms|to, ms|5th percentile, ms|95th, ms|Images/s|GFLOP|"
                 "GFLOP executed|GFLOP/s|FLOP/byte|Attainable, GFLOP/s|Share of roof, %");
    for (int i = 0; i < s->n_runs; i++) {
        const struct run *r = &s->runs[i];
        const double values[] = {r->median_ns / 1e6,
                                 r->low_ns / 1e6,
                                 r->high_ns / 1e6,
                                 r->p5_ns / 1e6,
                                 r->p95_ns / 1e6,
                                 r->batch / (r->median_ns / 1e9),
                                 (double)r->flops_counted / 1e9,
                                 (double)r->flops_executed / 1e9,
                                 r->flops_per_s / 1e9,
                                 r->intensity,
                                 r->attainable / 1e9,
                                 100 * r->efficiency};
        json_t *row = figure_row(&f, r->model);
        figure_cell(&f, row, label_of(s, r));
        figure_exact(&f, row, r->batch);
        pass_cell(&f, row, r);
        figure_exact(&f, row, r->threads);
        for (size_t k = 0; k < COUNT_OF(values); k++) figure_number(&f, row, values[k]);
    }
    return figure_finish(&f, e);
}

static json_t *costs(const struct study *s, gable_error *e)
{
    struct figure f = figure_start("appendix", "counts", "All counts", 1);
    figure_say(&f, "title", "Every model’s counts");
    figure_say(&f, "subtitle", "Exact integers by batch size; conventions below");
    figure_table(&f, "", true,
                 "Model|Batch|MACs|FLOPs|Parameters|Bytes, unfused|Bytes, fused|Bytes, ideal|Weights, bytes|"
                 "Activations, bytes|Peak live, bytes");
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) {
            const struct study_model *m = &s->models[i];
            const struct study_cost *c = &m->costs[b];
            const count values[] = {c->batch,           c->cost.macs,      c->cost.flops,
                                    m->params,          c->bytes.unfused,  c->bytes.fused,
                                    c->bytes.ideal,     c->memory.weights, c->memory.activations,
                                    c->memory.peak_live};
            json_t *row = figure_row(&f, m->id);
            figure_cell(&f, row, m->label);
            for (size_t k = 0; k < COUNT_OF(values); k++) figure_exact(&f, row, values[k]);
        }
    return figure_finish(&f, e);
}

gable_status appendix_add(const struct study *s, json_t *specs, gable_error *e)
{
    json_t *(*const tables[])(const struct study *, gable_error *) = {validity, environment, runs, costs};
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        json_t *spec = tables[i](s, e);
        if (!spec) return GABLE_FAILED;
        if (json_array_append_new(specs, spec)) return error_set(e, GABLE_NO_MEMORY, "no memory for the appendix");
    }
    return GABLE_OK;
}
