/* gable analyze --as: the same model under other tools' conventions. */
#include "cli/analyze/analyze.h"

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

static void tool_rows(struct table *t, const struct convention *c, const struct graph *g)
{
    struct convention_total total;
    convention_count(c, g, &total);
    int row = TABLE_ROW(t, -1, c->tool, quantity_exact(total.value).text, c->unit, c->note);
    table_bold(t, row);
    for (int i = 0; i < total.n_terms; i++) {
        const struct convention_term *term = &total.terms[i];
        char sum[80];
        snprintf(sum, sizeof sum, "%d x %s", term->rule->factor, term->rule->what);
        TABLE_ROW(t, row, "", quantity_exact(count_mul(term->rule->factor, term->n)).text, "", sum);
    }
}

/* Operators for which some tools have rules that are not here, with their number in the graph; "" where there are none.
 */
static void add_others(const struct graph *g, struct text *out)
{
    static const char *const others[] = {"Softmax",
                                         "LayerNormalization",
                                         "InstanceNormalization",
                                         "GroupNormalization",
                                         "Gelu",
                                         "LSTM",
                                         "GRU",
                                         "RNN",
                                         "Resize",
                                         "Upsample",
                                         "Einsum",
                                         "ConvTranspose"};
    int n_products = 0;
    for (size_t k = 0; k < COUNT_OF(others); k++) {
        int n = 0;
        for (int i = 0; i < g->n_nodes; i++) n += !strcmp(g->nodes[i]->op_type, others[k]);
        if (n) text_addf(out, "%s%s (%d)", out->len ? ", " : "", others[k], n);
    }
    for (int i = 0; i < g->n_nodes; i++)
        n_products += !strcmp(g->nodes[i]->op_type, "MatMul") && !tensor_is_initializer(g->nodes[i]->in[1]);
    if (n_products) text_addf(out, "%sproducts of two activations (%d)", out->len ? ", " : "", n_products);
}

/* The rows were checked against what the tools print for the zoo's architectures. */
bool analyze_conventions_are_checked(const struct subject *s) { return !onnx_is_path(s->word); }

static void print_limits(const struct subject *s)
{
    struct text others = {0};
    if (analyze_conventions_are_checked(s)) return;
    printf("\nA file does not say which of its nodes were modules or calls, nor what its exporter folded or took "
           "apart: of "
           "a file\nthese are what the tools' rows give, not what they would print for the model in its framework.\n");
    add_others(s->graph, &others);
    if (others.len) printf("Some tools count these by rules that are not here: %s.\n", others.data);
    text_release(&others);
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
    return json_pack("{s:s, s:o, s:s, s:o}", "tool", c->tool, "value", json_count(total.value), "unit", c->unit,
                     "terms", terms);
}

json_t *analyze_json_conventions(const struct subject *s, const struct convention *only)
{
    json_t *conventions = json_array();
    for (int i = 0; convention_at(i); i++)
        if (!only || only == convention_at(i))
            json_array_append_new(conventions, convention_json(convention_at(i), s->graph));
    return conventions;
}
