/* The tables and the sentence of gable train. */
#include "cli/cells.h"
#include "cli/train.h"

#include "base/text.h"
#include "base/units.h"
#include "bench/deviation.h"
#include "cli/table.h"

#include <math.h>
#include <stdio.h>

enum { CAUSES = 4, CAUSE_ROOM = 256 };
static const double CAUSE_LEAST = 0.03; /* forward passes */

static struct cell ratio(double a, double b)
{
    return b > 0 && isfinite(a / b) ? cell_format("%.2f", a / b) : cell_format("-");
}
static void columns(struct table *t, const char *const *titles, size_t n, size_t left)
{
    for (size_t i = 0; i < n; i++) table_column(t, titles[i], i < left ? TABLE_LEFT : TABLE_RIGHT);
}
static void run_row(struct table *table, const struct trained *t, int i)
{
    const struct run *r = &t->runs[i], *forward = &t->runs[PASS_FORWARD];
    bool has_work = r->flops_counted > 0;
    TABLE_ROW(table, -1, i == TRAINED_STEP ? r->model : "", i == TRAINED_STEP ? cell_format("%d", r->batch).text : "",
              r->pass, cell_time(r->median_ns).text, cell_width(r).text, ratio(r->median_ns, forward->median_ns).text,
              has_work ? quantity((double)r->flops_counted, "FLOP").text : "",
              has_work ? ratio((double)r->flops_counted, (double)forward->flops_counted).text : "",
              has_work && r->flops_per_s > 0 ? quantity(r->flops_per_s, "FLOP/s").text : "",
              has_work ? cell_percent(r->efficiency).text : "",
              r->valid ? "" : cell_format("INVALID: %s", bench_code_name(r->reason)).text);
}
void train_say_engine(const char *model, const char *engine, const char *why)
{
    if (*why) fprintf(stderr, "gable: %s is trained by the %s engine: %s\n", model, engine, why);
}

void train_print_table(const struct trained *t, int n)
{
    static const char *const titles[] = {"model", "batch", "pass", "median",  "95 % interval", ": fwd",
                                         "FLOPs", ": fwd", "rate", "of roof", "notes"};
    struct table *table = table_new();
    columns(table, titles, COUNT_OF(titles), 3);
    for (int i = 0; i < n; i++) {
        run_row(table, &t[i], TRAINED_STEP);
        for (int p = 0; p < PASS_N; p++) run_row(table, &t[i], p);
        if (trained_has(&t[i], TRAINED_AGAIN)) run_row(table, &t[i], TRAINED_AGAIN);
    }
    table_print(table, stdout);
}

void train_print_kinds(const struct trained *t)
{
    static const char *const titles[] = {"time by type", "forward",        "data", "weights",
                                         "update",       "backward : fwd", "share"};
    struct table *table = table_new();
    double all = 0;
    columns(table, titles, COUNT_OF(titles), 1);
    for (int k = 0; k < KIND_N; k++)
        for (int p = 0; p < PASS_N; p++) all += trained_kind_ns(t, (enum op_kind)k, (enum train_pass)p);
    for (int k = 0; k < KIND_N; k++) {
        double ns[PASS_N], sum = 0;
        for (int p = 0; p < PASS_N; p++) sum += ns[p] = trained_kind_ns(t, (enum op_kind)k, (enum train_pass)p);
        if (sum <= 0) continue;
        TABLE_ROW(table, -1, op_kind_label((enum op_kind)k), cell_time(ns[PASS_FORWARD]).text,
                  cell_time(ns[PASS_DATA]).text, cell_time(ns[PASS_WEIGHT]).text, cell_time(ns[PASS_UPDATE]).text,
                  ratio(ns[PASS_DATA] + ns[PASS_WEIGHT], ns[PASS_FORWARD]).text, cell_percent(sum / all).text);
    }
    table_print(table, stdout);
}

void train_print_memory(const struct trained *t)
{
    const struct trainer_memory *m = &t->memory;
    const struct {
        const char *name;
        size_t bytes;
        const char *what;
    } rows[] = {{"weights", m->weights, "parameters and statistics"},
                {"gradients", m->gradients, "of parameters"},
                {"optimizer", m->optimizer, t->runs[TRAINED_STEP].algorithms},
                {"saved", m->saved, "activations that backward reads"},
                {"working", m->working, "other activations and gradients at the peak"},
                {"workspace", m->workspace, "of the kernels"},
                {"edges", m->edges, "images, labels, outputs"},
                {"library", m->library, "oneDNN's code and objects, the plan"},
                {"planned", m->total, "all of these"},
                {"measured", t->runs[TRAINED_STEP].peak_rss_bytes, "the most that was resident, beyond the program"}};
    struct table *table = table_new();
    table_column(table, "memory", TABLE_LEFT);
    table_column(table, "bytes", TABLE_RIGHT);
    table_column(table, "what it is", TABLE_LEFT);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        TABLE_ROW(table, -1, rows[i].name, quantity_bytes((double)rows[i].bytes).text, rows[i].what);
    table_print(table, stdout);
    printf("largest batch in what is free: %d\n", m->batch_most);
}

void train_print_layers(const struct trained *t)
{
    static const char *const titles[] = {"layer", "pass", "type", "kernel", "time", "share"};
    struct table *table = table_new();
    columns(table, titles, COUNT_OF(titles), 4);
    for (int r = 0; r < TRAINED_RUNS; r++)
        for (int i = 0; i < t->runs[r].n_groups; i++) {
            const struct run_group *g = &t->runs[r].groups[i];
            TABLE_ROW(table, -1, g->name, trained_name(r), op_kind_name(g->kind), g->kernel,
                      cell_time(g->median_ns).text,
                      cell_format("%.1f %%", 100 * g->median_ns / t->runs[TRAINED_STEP].instrumented_ns).text);
        }
    table_print(table, stdout);
}

/* The largest causes of a ratio that is not 1 : 2, as many as are worth saying. */
static void add_causes(struct text *out, const struct trained *t)
{
    const struct run *runs[TRAINED_RUNS];
    struct deviation found[DEVIATIONS];
    for (int i = 0; i < TRAINED_RUNS; i++) runs[i] = &t->runs[i];
    const struct step_amounts ns = amounts_of_runs(runs, AMOUNT_NS), flops = amounts_of_runs(runs, AMOUNT_FLOPS),
                              bytes = amounts_of_runs(runs, AMOUNT_BYTES);
    int n = deviation_find(&ns, found), said = 0;
    for (; said < n && said < CAUSES && fabs(found[said].adds) >= CAUSE_LEAST; said++) {
        char words[CAUSE_ROOM];
        deviation_say(&found[said], &flops, &bytes, &ns, op_kind_several, words, sizeof words);
        text_addf(out, "%s %+.2f: %s", said ? ";" : " Not 2 since", found[said].adds, words);
    }
    if (said) text_add(out, ".");
}
void train_sentence(const struct trained *t, char *out, size_t room)
{
    const struct run *step = &t->runs[TRAINED_STEP], *forward = &t->runs[PASS_FORWARD];
    const struct run *runs[TRAINED_RUNS];
    for (int i = 0; i < TRAINED_RUNS; i++) runs[i] = &t->runs[i];
    const struct step_amounts ns = amounts_of_runs(runs, AMOUNT_NS);
    double in_flops = ((double)runs[PASS_DATA]->flops_counted + (double)runs[PASS_WEIGHT]->flops_counted) /
                      (double)forward->flops_counted;
    struct text s = {0};
    text_addf(&s, "%s at batch %d: ", step->model, step->batch);
    if (!isfinite(step->median_ns))
        text_addf(&s, "no step was timed to the end: %s.", bench_code_sentence(step->reason));
    else if (!step->valid) /* its counts are exact all the same */
        text_addf(&s, "forward : backward is 1 : %.2f in FLOPs; its times are not valid: %s.", in_flops,
                  bench_code_sentence(step->reason));
    else
        text_addf(&s, "a step takes %s, %.3g images/s; forward : backward is 1 : %.2f in FLOPs and 1 : %.2f in time.",
                  cell_time(step->median_ns).text, step->batch / (1e-9 * step->median_ns), in_flops,
                  amounts_ratio(&ns));
    if (step->valid) add_causes(&s, t);
    snprintf(out, room, "%s", s.data ? s.data : "");
    text_release(&s);
}
