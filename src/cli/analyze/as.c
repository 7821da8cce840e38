/* gable analyze --as: the same model under other tools' conventions. */
#include "cli/analyze/analyze.h"

#include "base/json.h"
#include "base/units.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

/* What the tool does not count, and why its number may be another: told, never imitated. */
static void silent_rows(struct table *t, int row, const struct convention_total *total)
{
    char text[160];
    if (total->n_missed) {
        snprintf(text, sizeof text, "not seen: MACs of %d node%s, the first %.60s (%.20s)", total->n_missed,
                 total->n_missed > 1 ? "s" : "", total->missed->name, total->missed->op_type);
        TABLE_ROW(t, row, "", quantity_exact(total->missed_macs).text, "", text);
    }
    if (total->n_lacking) {
        snprintf(text, sizeof text, "rules that are not here: for %d node%s, the first %.60s (%.20s)", total->n_lacking,
                 total->n_lacking > 1 ? "s" : "", total->lacking->name, total->lacking->op_type);
        TABLE_ROW(t, row, "", "?", "", text);
    }
}

static void tool_rows(struct table *t, const struct convention *c, const struct graph *g)
{
    struct convention_total total;
    convention_count(c, g, &total);
    if (total.crash) {
        char text[120];
        snprintf(text, sizeof text, "fails: %.40s called by keyword (%.50s)", c->crashes, total.crash->name);
        table_bold(t, TABLE_ROW(t, -1, c->tool, "-", c->unit, text));
        return;
    }
    char value[48];
    snprintf(value, sizeof value, "%s%s", total.n_lacking ? ">= " : "", quantity_exact(total.value).text);
    int row = TABLE_ROW(t, -1, c->tool, value, c->unit, c->note);
    table_bold(t, row);
    for (int i = 0; i < total.n_terms; i++) {
        const struct convention_term *term = &total.terms[i];
        const int factor = term->rule->factor;
        char sum[80];
        snprintf(sum, sizeof sum, "%d x %s", factor, term->rule->what);
        TABLE_ROW(t, row, "", quantity_exact(count_mul(factor, term->n)).text, "", sum);
    }
    silent_rows(t, row, &total);
}

/* The rows were checked against what the tools print for the zoo's architectures. */
bool analyze_conventions_are_checked(const struct subject *s) { return !onnx_is_path(s->word); }

static void print_limits(const struct subject *s)
{
    if (analyze_conventions_are_checked(s)) return;
    printf("\nA file does not say which of its nodes were modules or calls, nor what its exporter folded or took "
           "apart: of "
           "a\nfile these are what the tools' rows give, its layers taken for modules unless their names say "
           "otherwise.\n");
}

void analyze_print_conventions(const struct subject *s, const struct convention *only)
{
    const struct analysis *a = s->analysis;
    struct table *t = table_new();
    table_column(t, "tool", TABLE_TREE);
    table_column(t, "counts", TABLE_RIGHT);
    table_column(t, "unit", TABLE_LEFT);
    table_column(t, "made of", TABLE_CUT);
    for (int i = 0; convention_at(i); i++)
        if (!only || only == convention_at(i)) tool_rows(t, convention_at(i), s->graph);
    printf("%s, batch %d: %s MACs, %s FLOPs by gable's own count\n\n", s->graph->name, a->batch,
           quantity_exact(a->total.macs).text, quantity_exact(a->total.flops).text);
    table_print(t, stdout);
    print_limits(s);
    if (!analyze_is_complete(s)) {
        printf("\nNo tool's rows count what has no rule here.\n");
        analyze_print_coverage(s);
    }
}

static json_t *convention_json(const struct convention *c, const struct graph *g)
{
    struct convention_total total;
    convention_count(c, g, &total);
    json_t *terms = json_array();
    for (int i = 0; i < total.n_terms; i++)
        json_array_append_new(terms, json_pack("{s:s, s:o, s:i}", "what", total.terms[i].rule->what, "count",
                                               json_count(total.terms[i].n), "factor", total.terms[i].rule->factor));
    json_t *o =
        json_pack("{s:s, s:o, s:s, s:o}", "tool", c->tool, "value", total.crash ? json_null() : json_count(total.value),
                  "unit", *c->unit == 'M' ? "mac" : "flop", "terms", terms);
    json_object_set_new(o, "missed",
                        json_pack("{s:i, s:o}", "nodes", total.n_missed, "macs", json_count(total.missed_macs)));
    json_object_set_new(o, "nodes_without_rule", json_integer(total.n_lacking));
    json_object_set_new(o, "complete", json_boolean(!total.n_lacking && !total.crash));
    json_object_set_new(o, "fails_at", total.crash ? json_text(total.crash->name) : json_null());
    return o;
}

json_t *analyze_json_conventions(const struct subject *s, const struct convention *only)
{
    json_t *conventions = json_array();
    for (int i = 0; convention_at(i); i++)
        if (!only || only == convention_at(i))
            json_array_append_new(conventions, convention_json(convention_at(i), s->graph));
    return conventions;
}
