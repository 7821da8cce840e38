/* gable analyze: the card of totals, the tables by type and by layer, the comparison of several models. */
#include "cli/analyze/analyze.h"

#include "base/units.h"
#include "cli/table.h"
#include "onnx/onnx.h"

#include <stdio.h>

/* A row of the card: a count, its exact value, what it counts. */
static void card_row(struct table *t, const char *name, struct cell value, count exact, const char *what)
{
    TABLE_ROW(t, -1, name, value.text, quantity_exact(exact).text, what);
}

static void traffic_row(struct table *t, const char *name, count bytes, count flops, const char *what)
{
    TABLE_ROW(t, -1, name, cell_bytes(bytes).text, quantity_exact(bytes).text, cell_intensity(flops, bytes).text, what);
}

/* A count that is one only from below, or above, or only about, is marked. */
static struct cell cell_least(const struct subject *s, count value)
{
    struct cell c = cell_count(value);
    const int *n = s->analysis->coverage.n;
    const char *mark = !n[COST_MOST] ? ">=" : n[COST_BOUND] || n[COST_UNKNOWN] ? "~" : "<=";
    if (!analyze_is_exact(s)) snprintf(c.text, sizeof c.text, "%s %.40s", mark, cell_count(value).text);
    return c;
}

/* "input 3x224x224 f32 (torchvision 0.14.1)": one image of each input. */
static void print_inputs(const struct graph *g)
{
    for (int i = 0; i < g->n_inputs; i++) {
        const struct shape *s = &g->inputs[i]->shape;
        struct shape image = {s->rank ? s->rank - 1 : 0, s->rank ? s->dim + 1 : s->dim};
        printf("%s%s %s", i ? ", " : "input ", cell_shape(&image).text, dtype_name(g->inputs[i]->dtype));
    }
    printf(" (%s)\n\n", g->source);
}

void analyze_print_card(const struct subject *s)
{
    const struct analysis *a = s->analysis;
    const struct memory *m = &a->memory;
    char statistics[96], peak[128], groups[64];
    snprintf(statistics, sizeof statistics, "trained%s; without %s statistics",
             onnx_is_path(s->word) ? ", as the file holds them" : "", quantity_exact(a->buffers).text);
    snprintf(peak, sizeof peak, "most bytes alive at once, at %.90s", a->nodes[m->peak_node].node->name);
    snprintf(groups, sizeof groups, "between %d fused groups", a->n_groups);
    printf("%s, batch %d, ", s->graph->name, a->batch);
    print_inputs(s->graph);
    struct table *t = table_new();
    table_column(t, "", TABLE_LEFT);
    table_column(t, "value", TABLE_RIGHT);
    table_column(t, "exactly", TABLE_RIGHT);
    table_column(t, "counted as", TABLE_CUT);
    card_row(t, "MACs", cell_least(s, a->total.macs), a->total.macs, "multiply-adds of convolutions, products");
    card_row(t, "FLOPs", cell_least(s, a->total.flops), a->total.flops, "2 x MACs + all other operations");
    card_row(t, "parameters", cell_count(a->params), a->params, statistics);
    card_row(t, "weights", cell_bytes(m->weights), m->weights, "bytes of parameters and statistics");
    card_row(t, "activations", cell_bytes(m->activations), m->activations, "bytes of all nodes' outputs");
    card_row(t, "peak live", cell_bytes(m->peak_live), m->peak_live, peak);
    table_print(t, stdout);
    analyze_print_coverage(s);
    analyze_print_held(s);
    printf("\n");
    t = table_new();
    table_column(t, "DRAM bytes", TABLE_LEFT);
    table_column(t, "value", TABLE_RIGHT);
    table_column(t, "exactly", TABLE_RIGHT);
    table_column(t, "FLOP/byte", TABLE_RIGHT);
    table_column(t, "modelled as", TABLE_CUT);
    traffic_row(t, "unfused", a->bytes.unfused, a->total.flops, "each node on its own");
    traffic_row(t, "fused", a->bytes.fused, a->total.flops, groups);
    traffic_row(t, "ideal", a->bytes.ideal, a->total.flops, "inputs, weights, outputs once");
    table_print(t, stdout);
    printf("\n");
}

void analyze_print_types(const struct subject *s)
{
    const struct analysis *a = s->analysis;
    struct table *t = table_new();
    table_column(t, "by type", TABLE_LEFT);
    static const char *const titles[] = {"nodes", "MACs", "FLOPs", "share", "bytes", "share", "params"};
    for (size_t i = 0; i < COUNT_OF(titles); i++) table_column(t, titles[i], TABLE_RIGHT);
    for (int k = 0; k < KIND_N; k++) {
        const struct kind_total *total = &a->kinds[k];
        char nodes[16];
        if (!total->nodes) continue;
        snprintf(nodes, sizeof nodes, "%d", total->nodes);
        TABLE_ROW(t, -1, op_kind_label((enum op_kind)k), nodes,
                  total->cost.macs ? cell_count(total->cost.macs).text : "",
                  total->cost.flops ? cell_count(total->cost.flops).text : "",
                  cell_share(total->cost.flops, a->total.flops).text, total->bytes ? cell_bytes(total->bytes).text : "",
                  cell_share(total->bytes, a->bytes.unfused).text, total->params ? cell_count(total->params).text : "");
    }
    table_print(t, stdout);
    printf("\nbytes: modelled DRAM traffic of each node on its own (unfused).\n");
}

static struct quantity group_floor(const struct subject *s, int group)
{
    const struct analysis *a = s->analysis;
    return quantity(roof_floor_s(&s->roof, (double)a->group_cost[group].flops, (double)a->group_bytes[group]), "s");
}

static const char *group_bound(const struct subject *s, int group)
{
    const struct analysis *a = s->analysis;
    return bound_name(roof_bound(&s->roof, (double)a->group_cost[group].flops, (double)a->group_bytes[group]));
}

void analyze_print_layers(const struct subject *s)
{
    const struct analysis *a = s->analysis;
    struct table *t = table_new();
    table_column(t, "layer", TABLE_CUT);
    table_column(t, "class", TABLE_LEFT);
    table_column(t, "output", TABLE_LEFT);
    static const char *const titles[] = {"MACs", "FLOPs", "FLOP/byte"};
    for (size_t i = 0; i < COUNT_OF(titles); i++) table_column(t, titles[i], TABLE_RIGHT);
    if (s->chip) {
        table_column(t, "floor", TABLE_RIGHT);
        table_column(t, "bound", TABLE_LEFT);
    }
    for (int i = 0, group = -1; i < s->graph->n_nodes; i++) {
        const struct node_cost *c = &a->nodes[i];
        count bytes = count_add(count_add(c->read_bytes, c->weight_bytes), c->write_bytes);
        TABLE_ROW(t, -1, c->node->name, c->node->module ? c->node->module : c->node->op_type,
                  cell_shape(&c->node->out[0]->shape).text, c->cost.macs ? cell_count(c->cost.macs).text : "",
                  c->cost.flops ? cell_count(c->cost.flops).text : "",
                  bytes ? cell_intensity(c->cost.flops, bytes).text : "",
                  s->chip && c->group > group ? group_floor(s, c->group).text : "",
                  s->chip && c->group > group ? group_bound(s, c->group) : "");
        if (c->group > group) group = c->group;
    }
    table_print(t, stdout);
    if (s->chip) printf("\nfloor, bound: of the fused group that begins with the layer, on %s.", s->chip->name);
    printf("\nFLOP/byte: each node on its own (unfused). Empty: nothing computed, nothing moved.\n");
}

static const char *whole_bound(const struct subject *s)
{
    const struct analysis *a = s->analysis;
    return bound_name(roof_bound(&s->roof, (double)a->total.flops, (double)a->bytes.fused));
}

void analyze_print_comparison(const struct subject *s, int n)
{
    struct table *t = table_new();
    table_column(t, "model", TABLE_LEFT);
    static const char *const titles[] = {"batch", "MACs", "FLOPs", "params", "weights", "peak live", "FLOP/byte"};
    for (size_t i = 0; i < COUNT_OF(titles); i++) table_column(t, titles[i], TABLE_RIGHT);
    if (s[0].chip) {
        table_column(t, "floor", TABLE_RIGHT);
        table_column(t, "bound", TABLE_LEFT);
    }
    for (int i = 0; i < n; i++) {
        const struct analysis *a = s[i].analysis;
        char batch[16];
        snprintf(batch, sizeof batch, "%d", a->batch);
        TABLE_ROW(t, -1, s[i].graph->name, batch, cell_least(&s[i], a->total.macs).text,
                  cell_least(&s[i], a->total.flops).text, cell_count(a->params).text,
                  cell_bytes(a->memory.weights).text, cell_bytes(a->memory.peak_live).text,
                  cell_intensity(a->total.flops, a->bytes.fused).text,
                  s[i].chip ? quantity(analyze_floor(&s[i], a->bytes.fused), "s").text : "",
                  s[i].chip ? whole_bound(&s[i]) : "");
    }
    print_inputs(s[0].graph);
    table_print(t, stdout);
    printf("\nFLOPs: 2 x MACs + all other operations. Peak live: most bytes of activations at\n"
           "once. FLOP/byte: FLOPs over DRAM bytes between fused groups.\n");
    for (int i = 0; i < n; i++)
        if (!analyze_is_exact(&s[i])) {
            printf("%s: ", s[i].graph->name);
            analyze_print_coverage(&s[i]);
        }
    if (s[0].chip)
        printf("floor: least time for those FLOPs and bytes on %s,\nat %s and %s (ridge %.1f FLOP/byte).\n",
               s[0].chip->name, quantity(s[0].roof.peak, "FLOP/s").text, quantity(s[0].roof.bandwidth, "B/s").text,
               roof_ridge(&s[0].roof));
}
