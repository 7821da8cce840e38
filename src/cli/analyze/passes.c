/* gable analyze --passes: what the graph's clean-up rewrites, and what that changes in the totals. */
#include "cli/analyze/analyze.h"

#include "base/json.h"
#include "cli/table.h"
#include "passes/passes.h"

#include <stdio.h>

enum { ROWS_SHOWN = 40 };

struct cleaned {
    struct graph *graph;
    struct rewrites rewrites;
    struct analysis *analysis;
};

/* The model once more: its graph is rewritten in place. */
static gable_status clean(const struct subject *s, struct cleaned *c, gable_error *e)
{
    gable_status status = model_open(s->word, &s->options, &c->graph, e);
    if (!status) status = passes_run(c->graph, &c->rewrites, e);
    return status ? status : analysis_new(c->graph, NULL, &c->analysis, e);
}

static void cleaned_release(struct cleaned *c)
{
    analysis_free(c->analysis);
    graph_free(c->graph);
}

static int count_of(const struct rewrites *r, const char *pass)
{
    int n = 0;
    for (int i = 0; i < r->n; i++) n += r->at[i].pass == pass;
    return n;
}

static void print_rules(const struct rewrites *r)
{
    const struct pass *p;
    struct table *t = table_new();
    table_column(t, "rule", TABLE_LEFT);
    table_column(t, "times", TABLE_RIGHT);
    table_column(t, "what it does", TABLE_CUT);
    for (int i = 0; (p = pass_at(i)); i++) {
        char times[16];
        snprintf(times, sizeof times, "%d", count_of(r, p->name));
        TABLE_ROW(t, -1, p->name, times, p->purpose);
    }
    table_print(t, stdout);
}

static void print_rewrites(const struct rewrites *r)
{
    struct table *t = table_new();
    static const char *const titles[] = {"rule", "nodes", "become", "because"};
    for (size_t i = 0; i < COUNT_OF(titles); i++) table_column(t, titles[i], i == 0 ? TABLE_LEFT : TABLE_CUT);
    for (int i = 0; i < r->n && i < ROWS_SHOWN; i++)
        TABLE_ROW(t, -1, r->at[i].pass, r->at[i].nodes, r->at[i].into, r->at[i].why);
    table_print(t, stdout);
    if (r->n > ROWS_SHOWN) printf("and %d more; --json lists all\n", r->n - ROWS_SHOWN);
}

static void print_change(const char *what, const char *before, const char *after)
{
    printf("%-22s %s -> %s\n", what, before, after);
}

gable_status analyze_print_passes(const struct subject *s, gable_error *e)
{
    struct cleaned c = {0};
    gable_status status = clean(s, &c, e);
    if (!status) {
        const struct analysis *a = s->analysis, *b = c.analysis;
        char before[16], after[16];
        printf("%s, cleaned up:\n\n", s->graph->name);
        print_rules(&c.rewrites);
        printf("\n");
        if (c.rewrites.n) print_rewrites(&c.rewrites);
        snprintf(before, sizeof before, "%d", s->graph->n_nodes);
        snprintf(after, sizeof after, "%d", c.graph->n_nodes);
        printf("\n");
        print_change("nodes", before, after);
        print_change("FLOPs", cell_count(a->total.flops).text, cell_count(b->total.flops).text);
        print_change("bytes, node by node", cell_bytes(a->bytes.unfused).text, cell_bytes(b->bytes.unfused).text);
        print_change("activations", cell_bytes(a->memory.activations).text, cell_bytes(b->memory.activations).text);
        print_change("peak live", cell_bytes(a->memory.peak_live).text, cell_bytes(b->memory.peak_live).text);
    }
    cleaned_release(&c);
    return status;
}

json_t *analyze_json_passes(const struct subject *s, gable_error *e)
{
    struct cleaned c = {0};
    json_t *list = json_array(), *answer = NULL;
    if (!clean(s, &c, e)) {
        for (int i = 0; i < c.rewrites.n; i++) {
            const struct rewrite *r = &c.rewrites.at[i];
            json_array_append_new(list,
                                  json_pack("{s:s, s:o, s:i, s:o, s:s}", "rule", r->pass, "nodes", json_text(r->nodes),
                                            "n_nodes", r->n_nodes, "become", json_text(r->into), "because", r->why));
        }
        answer = json_pack("{s:O, s:i, s:o, s:o, s:o}", "rewrites", list, "nodes", c.graph->n_nodes, "flops",
                           json_count(c.analysis->total.flops), "bytes_unfused", json_count(c.analysis->bytes.unfused),
                           "peak_live_bytes", json_count(c.analysis->memory.peak_live));
    }
    json_decref(list);
    cleaned_release(&c);
    return answer;
}
