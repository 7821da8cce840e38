/* The tables and the sentence of gable train. */
#include "cli/cells.h"
#include "cli/train.h"

#include "base/units.h"
#include "cli/table.h"

#include <math.h>
#include <stdio.h>

static struct cell ratio(double a, double b)
{
    return b > 0 && isfinite(a / b) ? cell_format("%.2f", a / b) : cell_format("-");
}
static void columns(struct table *t, const char *const *titles, size_t n, size_t left)
{
    for (size_t i = 0; i < n; i++) table_column(t, titles[i], i < left ? TABLE_LEFT : TABLE_RIGHT);
}
/* Recomputing counts as backward: that is when it happens. */
static double backward_ns(const struct trained *t)
{
    double again = t->runs[TRAINED_AGAIN].median_ns;
    return t->runs[PASS_DATA].median_ns + t->runs[PASS_WEIGHT].median_ns + (again > 1 ? again : 0);
}
static double backward_flops(const struct trained *t)
{
    return (double)t->runs[PASS_DATA].flops_counted + (double)t->runs[PASS_WEIGHT].flops_counted;
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
void train_print_table(const struct trained *t, int n)
{
    static const char *const titles[] = {"model", "batch", "pass", "median",  "95 % interval", ": fwd",
                                         "FLOPs", ": fwd", "rate", "of roof", "notes"};
    struct table *table = table_new();
    columns(table, titles, COUNT_OF(titles), 3);
    for (int i = 0; i < n; i++) {
        run_row(table, &t[i], TRAINED_STEP);
        for (int p = 0; p < PASS_N; p++) run_row(table, &t[i], p);
        if (t[i].runs[TRAINED_AGAIN].median_ns > 1) run_row(table, &t[i], TRAINED_AGAIN);
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
    for (int i = 0; i < t->n_stages; i++) all += t->stages[i].median_ns;
    for (int k = 0; k < KIND_N; k++) {
        const double *ns = t->kinds_ns[k];
        double sum = ns[PASS_FORWARD] + ns[PASS_DATA] + ns[PASS_WEIGHT] + ns[PASS_UPDATE];
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
    for (int i = 0; i < t->n_stages; i++) {
        const struct stage_time *s = &t->stages[i];
        TABLE_ROW(table, -1, s->name, s->is_recomputed ? "recompute" : train_pass_name(s->pass), op_kind_name(s->kind),
                  s->kernel, cell_time(s->median_ns).text,
                  cell_format("%.1f %%", 100 * s->median_ns / t->runs[TRAINED_STEP].instrumented_ns).text);
    }
    table_print(table, stdout);
}

/* The type that moves the ratio of times furthest from the ratio of FLOPs, in the direction of the whole. */
static int reason_of(const struct trained *t, double flops_ratio, double time_ratio)
{
    double whole = 0, most = 0, excess[KIND_N];
    int found = -1;
    for (int k = 0; k < KIND_N; k++) {
        const double *ns = t->kinds_ns[k];
        excess[k] = k == KIND_OTHER ? 0 : ns[PASS_DATA] + ns[PASS_WEIGHT] - flops_ratio * ns[PASS_FORWARD];
        whole += excess[k];
    }
    if (whole * (time_ratio - flops_ratio) < 0) return -1; /* the stages' own run says otherwise */
    for (int k = 0; k < KIND_N; k++)
        if (excess[k] * whole > most) {
            most = excess[k] * whole;
            found = k;
        }
    return found;
}
void train_sentence(const struct trained *t, char *out, size_t room)
{
    const struct run *step = &t->runs[TRAINED_STEP], *forward = &t->runs[PASS_FORWARD];
    double in_flops = backward_flops(t) / (double)forward->flops_counted, in_time = backward_ns(t) / forward->median_ns;
    if (!isfinite(in_time)) {
        snprintf(out, room, "%s at batch %d: no step was timed to the end.", step->model, step->batch);
        return;
    }
    if (!step->valid) { /* its counts are exact all the same */
        snprintf(out, room, "%s at batch %d: forward : backward is 1 : %.2f in FLOPs; its times are not valid: %s.",
                 step->model, step->batch, in_flops, bench_code_sentence(step->reason));
        return;
    }
    int n = snprintf(out, room,
                     "%s at batch %d: a step takes %s, %.3g images/s; forward : backward is 1 : %.2f in FLOPs and "
                     "1 : %.2f in time",
                     step->model, step->batch, cell_time(step->median_ns).text, step->batch / (1e-9 * step->median_ns),
                     in_flops, in_time);
    int k = reason_of(t, in_flops, in_time);
    const double *ns = t->kinds_ns[k < 0 ? 0 : k];
    if (n < 0 || (size_t)n >= room) return;
    if (k >= 0 && fabs(in_time / in_flops - 1) > 0.03 && ns[PASS_FORWARD] > 0)
        snprintf(out + n, room - (size_t)n, ", above all for %s (1 : %.2f in time).", op_kind_label((enum op_kind)k),
                 (ns[PASS_DATA] + ns[PASS_WEIGHT]) / ns[PASS_FORWARD]);
    else
        snprintf(out + n, room - (size_t)n, ".");
}
