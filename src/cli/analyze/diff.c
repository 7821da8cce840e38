/* gable analyze --against: what the second model adds, removes, reshapes. */
#include "cli/analyze/diff.h"

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/table.h"
#include "ops/difference.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ROWS_MOST = 40, CELLS = 8 };

/* The totals that are compared, in one order everywhere. */
struct total {
    const char *name;
    count a, b;
};
enum { TOTALS = 6 };

static void find_totals(const struct analysis *a, const struct analysis *b, struct total t[TOTALS])
{
    const struct total totals[TOTALS] = {{"macs", a->total.macs, b->total.macs},
                                         {"flops", a->total.flops, b->total.flops},
                                         {"params", a->params, b->params},
                                         {"bytes_unfused", a->bytes.unfused, b->bytes.unfused},
                                         {"bytes_fused", a->bytes.fused, b->bytes.fused},
                                         {"peak_live", a->memory.peak_live, b->memory.peak_live}};
    memcpy(t, totals, sizeof totals);
}

static struct cell cell_signed(count before, count after)
{
    struct cell c = {""};
    if (before == COUNT_MAX || after == COUNT_MAX)
        snprintf(c.text, sizeof c.text, "too large");
    else if (after != before)
        snprintf(c.text, sizeof c.text, "%c%.40s", after > before ? '+' : '-',
                 cell_count(after > before ? after - before : before - after).text);
    return c;
}

static struct cell cell_growth(count before, count after)
{
    struct cell c = {""};
    if (before > 0 && before != COUNT_MAX && after != COUNT_MAX)
        snprintf(c.text, sizeof c.text, "%+.2f %%", 100 * ((double)after - (double)before) / (double)before);
    return c;
}

static const struct node_cost none = {0};

/* One table in both forms. */
struct sheet {
    bool is_markdown;
    struct table *t;
};

static struct sheet sheet_new(bool is_markdown, const char *const *titles, int n, int n_left)
{
    struct sheet s = {.is_markdown = is_markdown, .t = is_markdown ? NULL : table_new()};
    for (int i = 0; i < n; i++)
        if (is_markdown)
            printf("| %s %s", titles[i], i == n - 1 ? "|\n" : "");
        else
            table_column(s.t, titles[i], i < n_left ? TABLE_LEFT : TABLE_RIGHT);
    for (int i = 0; is_markdown && i < n; i++) printf("|%s%s", i < n_left ? "---" : "---:", i == n - 1 ? "|\n" : "");
    return s;
}

static void sheet_row(struct sheet *s, const char *const *cells, int n)
{
    if (!s->is_markdown) {
        table_row(s->t, -1, cells, n);
        return;
    }
    for (int i = 0; i < n; i++) {
        struct text safe = {0};
        text_add_safe(&safe, cells[i], 60);
        for (char *p = safe.data; p && *p; p++)
            if (*p == '|' || *p == '<' || *p == '`') *p = '?';
        printf("| %s %s", safe.data ? safe.data : "", i == n - 1 ? "|\n" : "");
        text_release(&safe);
    }
}

static void sheet_end(struct sheet *s)
{
    if (!s->is_markdown) table_print(s->t, stdout);
    printf("\n");
}

static void print_totals(const struct subject *a, const struct subject *b, bool is_markdown)
{
    const char *const titles[] = {"", a->graph->name, b->graph->name, "difference", ""};
    struct total totals[TOTALS];
    struct sheet s = sheet_new(is_markdown, titles, COUNT_OF(titles), 1);
    find_totals(a->analysis, b->analysis, totals);
    for (int i = 0; i < TOTALS; i++) {
        const struct total *t = &totals[i];
        struct quantity before = quantity_exact(t->a), after = quantity_exact(t->b);
        struct cell change = cell_signed(t->a, t->b), percent = cell_growth(t->a, t->b);
        const char *const cells[] = {t->name, before.text, after.text, change.text, percent.text};
        sheet_row(&s, cells, COUNT_OF(cells));
    }
    sheet_end(&s);
}

static void change_row(struct sheet *s, const struct change *c)
{
    const struct node_cost *a = c->a ? c->a : &none, *b = c->b ? c->b : &none;
    const struct node *n = c->b ? c->b->node : c->a ? c->a->node : NULL;
    if (!n) return; /* a change has one side at least */
    struct cell before = c->a ? cell_shape(&a->node->out[0]->shape) : (struct cell){"-"};
    struct cell after = c->b ? cell_shape(&b->node->out[0]->shape) : (struct cell){"-"};
    struct cell shapes,
        macs = cell_signed(a->cost.macs, b->cost.macs), flops = cell_signed(a->cost.flops, b->cost.flops),
        bytes = cell_signed(node_cost_bytes(a), node_cost_bytes(b)), params = cell_signed(a->params, b->params);
    if (c->kind == CHANGE_RESHAPED)
        snprintf(shapes.text, sizeof shapes.text, "%.21s > %.21s", before.text, after.text);
    else
        shapes = c->b ? after : before;
    const char *const cells[CELLS] = {change_name(c->kind), n->name,    n->op_type, shapes.text, macs.text,
                                      flops.text,           bytes.text, params.text};
    sheet_row(s, cells, CELLS);
}

static void print_changes(const struct difference *d, bool is_markdown)
{
    static const char *const titles[CELLS] = {"change", "node",  "operator", "output",
                                              "MACs",   "FLOPs", "bytes",    "params"};
    int shown = 0, changed = d->n - d->n_of[CHANGE_SAME];
    printf("%d nodes are the same, %d reshaped, %d added, %d removed.\n", d->n_of[CHANGE_SAME],
           d->n_of[CHANGE_RESHAPED], d->n_of[CHANGE_ADDED], d->n_of[CHANGE_REMOVED]);
    if (!changed) return;
    printf("\n");
    struct sheet s = sheet_new(is_markdown, titles, CELLS, 4);
    for (int i = 0; i < d->n && shown < ROWS_MOST; i++)
        if (d->change[i].kind != CHANGE_SAME) {
            change_row(&s, &d->change[i]);
            shown++;
        }
    sheet_end(&s);
    if (changed > shown) printf("%d more changes: --json lists all.\n", changed - shown);
}

static json_t *side_json(const struct node_cost *c)
{
    if (!c) return json_null();
    json_t *shape = json_array();
    for (int i = 0; i < c->node->out[0]->shape.rank; i++)
        json_array_append_new(shape, json_count(c->node->out[0]->shape.dim[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", json_text(c->node->name), "op",
                     json_text(c->node->op_type), "output_shape", shape, "macs", json_count(c->cost.macs), "flops",
                     json_count(c->cost.flops), "bytes", json_count(node_cost_bytes(c)), "params",
                     json_count(c->params));
}

static int print_json(const struct subject *a, const struct subject *b, const struct difference *d)
{
    struct total totals[TOTALS];
    json_t *answer = json_answer("analyze"), *all = json_object(), *changes = json_array();
    find_totals(a->analysis, b->analysis, totals);
    for (int i = 0; i < TOTALS; i++)
        json_object_set_new(all, totals[i].name,
                            json_pack("{s:o, s:o}", "a", json_count(totals[i].a), "b", json_count(totals[i].b)));
    for (int i = 0; i < d->n; i++)
        if (d->change[i].kind != CHANGE_SAME)
            json_array_append_new(changes, json_pack("{s:s, s:o, s:o}", "change", change_name(d->change[i].kind), "a",
                                                     side_json(d->change[i].a), "b", side_json(d->change[i].b)));
    json_object_set_new(answer, "a", json_text(a->graph->name));
    json_object_set_new(answer, "b", json_text(b->graph->name));
    json_object_set_new(answer, "complete", json_boolean(analyze_is_complete(a) && analyze_is_complete(b)));
    json_object_set_new(answer, "same", json_integer(d->n_of[CHANGE_SAME]));
    json_object_set_new(answer, "totals", all);
    json_object_set_new(answer, "changes", changes);
    return cli_print_json(answer);
}

int analyze_diff(const struct subject *a, const struct subject *b, enum diff_form form)
{
    struct difference d;
    gable_error e = {0};
    if (difference_find(a->analysis, b->analysis, &d, &e)) return cli_fail(&e);
    int exit_status = 0;
    if (form == DIFF_JSON) {
        exit_status = print_json(a, b, &d);
    } else {
        print_totals(a, b, form == DIFF_MARKDOWN);
        print_changes(&d, form == DIFF_MARKDOWN);
        if (!analyze_is_complete(a)) analyze_print_coverage(a);
        if (!analyze_is_complete(b)) analyze_print_coverage(b);
        exit_status = fflush(stdout) ? 1 : 0;
    }
    difference_release(&d);
    return exit_status;
}
