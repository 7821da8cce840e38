/* gable analyze --chip --what-if: which change removes how much of the time floor. */
#include "cli/analyze/analyze.h"

#include "base/json.h"
#include "base/units.h"
#include "cli/table.h"
#include "counts/whatif.h"

#include <math.h>
#include <stdio.h>

static const char *bound_of(double floor_s, double memory_s) { return memory_s > floor_s / 2 ? "memory" : "compute"; }

/* "memory, 83 % of it" */
static struct cell cell_bound(double floor_s, double memory_s)
{
    struct cell c = {"-"};
    bool is_memory = memory_s > floor_s / 2;
    if (floor_s > 0)
        snprintf(c.text, sizeof c.text, "%s, %.0f %% of it", bound_of(floor_s, memory_s),
                 100 * (is_memory ? memory_s : floor_s - memory_s) / floor_s);
    return c;
}

static void outcome_row(struct table *t, const struct whatif *w, const struct outcome *o)
{
    char times[24], nodes[48], share[24];
    snprintf(times, sizeof times, "%.2fx", o->floor_s > 0 ? w->floor_s / o->floor_s : 1);
    snprintf(nodes, sizeof nodes, "%d of %d", o->n_touched, w->n_nodes);
    snprintf(share, sizeof share, "%.1f %%", w->floor_s > 0 ? 100 * o->touched_s / w->floor_s : 0);
    int row = TABLE_ROW(t, -1, o->change ? o->change->text : "all together", quantity(o->floor_s, "s").text,
                        quantity(w->floor_s - o->floor_s, "s").text, times, nodes, share,
                        o->mostly == KIND_N ? "" : op_kind_label(o->mostly), cell_bound(o->floor_s, o->memory_s).text);
    if (!o->change) table_bold(t, row);
}

gable_status analyze_print_whatif(const struct subject *s, const struct changes *c, gable_error *e)
{
    struct whatif w;
    if (whatif_find(s, c, &w, e)) return e->status;
    printf("%s on %s: at least %s per image at batch %d, node by node, bound by %s; what would change that\n\n",
           s->graph->name, s->chip->name, quantity(w.floor_s, "s").text, s->analysis->batch,
           cell_bound(w.floor_s, w.memory_s).text);
    struct table *t = table_new();
    table_column(t, "change", TABLE_LEFT);
    table_column(t, "floor", TABLE_RIGHT);
    table_column(t, "removes", TABLE_RIGHT);
    table_column(t, "faster", TABLE_RIGHT);
    table_column(t, "touches", TABLE_RIGHT);
    table_column(t, "their share", TABLE_RIGHT);
    table_column(t, "mostly", TABLE_CUT);
    table_column(t, "then bound by", TABLE_CUT);
    for (int i = 0; i < w.n; i++) outcome_row(t, &w, &w.outcomes[i]);
    if (w.n > 1) outcome_row(t, &w, &w.together);
    table_print(t, stdout);
    printf("\nFloors per image: each node (with fuse each fused group) takes the longer of its FLOPs and its bytes; no "
           "launch "
           "costs.\n");
    return GABLE_OK;
}

static json_t *outcome_json(const struct whatif *w, const struct outcome *o)
{
    json_t *j = json_pack(
        "{s:o, s:o, s:o, s:o, s:i, s:o, s:s}", "change", json_text(o->change ? o->change->text : "all together"),
        "floor_s", json_number(o->floor_s), "removed_s", json_number(w->floor_s - o->floor_s), "times",
        json_number(o->floor_s > 0 ? w->floor_s / o->floor_s : NAN), "nodes", o->n_touched, "share",
        json_number(w->floor_s > 0 ? o->touched_s / w->floor_s : NAN), "bound", bound_of(o->floor_s, o->memory_s));
    json_object_set_new(j, "mostly", o->mostly == KIND_N ? json_null() : json_text(op_kind_name(o->mostly)));
    return j;
}

json_t *analyze_json_whatif(const struct subject *s, const struct changes *c, gable_error *e)
{
    struct whatif w;
    if (whatif_find(s, c, &w, e)) return json_null();
    json_t *list = json_array();
    for (int i = 0; i < w.n; i++) json_array_append_new(list, outcome_json(&w, &w.outcomes[i]));
    return json_pack("{s:o, s:s, s:i, s:o, s:o}", "floor_s", json_number(w.floor_s), "bound",
                     bound_of(w.floor_s, w.memory_s), "nodes", w.n_nodes, "changes", list, "together",
                     outcome_json(&w, &w.together));
}
