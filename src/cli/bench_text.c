/* The tables and sentences of gable bench. */
#include "cli/bench.h"
#include "cli/cells.h"

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/table.h"
#include "engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct cell state_of(const struct run *r)
{
    struct text t = {0};
    if (!r->valid) text_addf(&t, "INVALID: %s", bench_code_name(r->reason));
    for (int c = 1; c < CODE_N; c++)
        if (r->notes & CODE_BIT(c) && (r->valid || c != (int)r->reason))
            text_addf(&t, "%s%s", t.len ? ", " : "", bench_code_name((enum bench_code)c));
    struct cell cell = cell_format("%.120s", t.data ? t.data : "");
    text_release(&t);
    return cell;
}

static void add_columns(struct table *t, const char *const *titles, size_t n, int left, int cut)
{
    for (size_t i = 0; i < n; i++)
        table_column(t, titles[i], (int)i == cut ? TABLE_CUT : (int)i < left ? TABLE_LEFT : TABLE_RIGHT);
}

void bench_print_table(const struct run *r, int n)
{
    static const char *const titles[] = {"model", "batch",   "median", "95 % interval", "images/s",
                                         "rate",  "of roof", "bound",  "notes"};
    struct table *t = table_new();
    add_columns(t, titles, COUNT_OF(titles), 1, 8);
    for (int i = 0; i < n; i++) {
        const struct run *x = &r[i];
        TABLE_ROW(t, -1, x->model, cell_format("%d", x->batch).text, cell_time(x->median_ns).text, cell_width(x).text,
                  isnan(x->median_ns) ? "-" : quantity(x->batch / (1e-9 * x->median_ns), "").text,
                  quantity(x->flops_per_s, "FLOP/s").text, cell_percent(x->efficiency).text,
                  isnan(x->median_ns) ? "-" : bound_name(x->bound), state_of(x).text);
    }
    table_print(t, stdout);
    for (int i = 0; i < n; i++)
        if (strcmp(r[i].engine, engine_at(0)->name) != 0)
            printf("%s ran on the engine '%s' (%s): '%s' has no plan for it.\n", r[i].model, r[i].engine,
                   r[i].algorithms, engine_at(0)->name);
}

static void group_row(struct table *t, const struct run *r, const struct run_group *g)
{
    TABLE_ROW(t, -1, g->name, op_kind_name(g->kind), cell_time(g->median_ns).text,
              cell_format("%.1f %%", 100 * g->median_ns / r->instrumented_ns).text,
              quantity(g->flops_counted, "FLOP").text, quantity(g->flops_executed, "FLOP").text,
              quantity_bytes(g->bytes).text, g->median_ns > 0 ? cell_percent(g->floor_ns / g->median_ns).text : "-",
              g->kernel);
}

void bench_print_groups(const struct run *r)
{
    static const char *const titles[] = {"group",    "kind",  "time",        "share", "counted",
                                         "executed", "bytes", "of its roof", "kernel"};
    struct table *t = table_new();
    add_columns(t, titles, COUNT_OF(titles), 2, 8);
    for (int i = 0; i < r->n_groups; i++) group_row(t, r, &r->groups[i]);
    double rest = r->instrumented_ns - r->sum_ns;
    TABLE_ROW(t, -1, "(between operators)", "", fabs(rest) < 1 ? "0 s" : cell_time(rest).text,
              cell_format("%.1f %%", 100 * rest / r->instrumented_ns).text, "", "", "", "", "");
    printf("\n%s at batch %d, by fused group (a run of its own: %s a pass)\n", r->model, r->batch,
           cell_time(r->instrumented_ns).text);
    table_print(t, stdout);
}

void bench_print_sentence(const struct run *r)
{
    char sentence[512];
    run_sentence(r, sentence, sizeof sentence);
    term_line(sentence);
}

json_t *bench_json(const struct run *r, int n)
{
    json_t *answer = json_answer("bench"), *runs = json_array();
    for (int i = 0; i < n; i++) {
        json_t *one = run_json(&r[i], false);
        char sentence[512];
        run_sentence(&r[i], sentence, sizeof sentence);
        json_object_set_new(one, "sentence", json_text(sentence));
        json_array_append_new(runs, one);
    }
    json_object_set_new(answer, "runs", runs);
    return answer;
}
