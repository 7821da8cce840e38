/* How much of a total is known: printed with it, never left out. */
#include "cli/analyze/analyze.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_SHOWN = 3, OPERATORS_SHOWN = 8 };

static enum certainty certainty_of(const struct node *n) { return node_certainty(n); }

static bool is_same_operator(const struct node *a, const struct node *b)
{
    return !strcmp(a->op_type, b->op_type) && !strcmp(a->domain, b->domain);
}

/* No earlier node of that certainty has the same operator. */
static bool is_first(const struct graph *g, int i)
{
    for (int k = 0; k < i; k++)
        if (certainty_of(g->nodes[k]) == certainty_of(g->nodes[i]) && is_same_operator(g->nodes[k], g->nodes[i]))
            return false;
    return true;
}

static int count_same(const struct graph *g, int first)
{
    int n = 0;
    for (int i = first; i < g->n_nodes; i++) n += is_same_operator(g->nodes[i], g->nodes[first]);
    return n;
}

static void add_operator(struct text *out, const struct node *n)
{
    text_addf(out, "%.60s%s%.60s", n->domain, *n->domain ? "::" : "", n->op_type);
}

/* "3 nodes of my::Foo (a, b, c)" */
static void add_nodes(struct text *out, const struct graph *g, int first)
{
    int n = count_same(g, first), shown = 0;
    text_addf(out, "%d node%s of ", n, n == 1 ? "" : "s");
    add_operator(out, g->nodes[first]);
    text_add(out, " (");
    for (int i = first; i < g->n_nodes && shown < NAMES_SHOWN; i++)
        if (is_same_operator(g->nodes[i], g->nodes[first]))
            text_addf(out, "%s%.60s", shown++ ? ", " : "", g->nodes[i]->name);
    text_add(out, n > shown ? ", ...)" : ")");
}

static void add_list(struct text *out, const struct graph *g, enum certainty c)
{
    int shown = 0;
    for (int i = 0; i < g->n_nodes; i++) {
        if (certainty_of(g->nodes[i]) != c || !is_first(g, i)) continue;
        if (shown == OPERATORS_SHOWN) {
            text_add(out, ", and others");
            return;
        }
        if (shown++) text_add(out, ", ");
        add_nodes(out, g, i);
    }
}

bool analyze_is_complete(const struct subject *s) { return coverage_is_complete(&s->analysis->coverage); }

bool analyze_is_exact(const struct subject *s)
{
    const struct coverage *c = &s->analysis->coverage;
    return c->n[COST_UNKNOWN] == 0 && c->n[COST_BOUND] == 0 && c->n[COST_MOST] == 0;
}

static void add_coverage(const struct subject *s, struct text *out)
{
    const struct coverage *c = &s->analysis->coverage;
    const struct graph *g = s->graph;
    /* never rounded up to 100 */
    int percent = c->n_nodes ? (int)(100 * (int64_t)c->n[COST_EXACT] / c->n_nodes) : 100;
    text_addf(out, "coverage: %d %% of %d node%s ha%s an exact rule", percent, c->n_nodes, c->n_nodes == 1 ? "" : "s",
              c->n_nodes == 1 ? "s" : "ve");
    if (c->n[COST_TAUGHT]) {
        text_add(out, "\n  by --rule: ");
        add_list(out, g, COST_TAUGHT);
    }
    if (c->n[COST_BOUND]) {
        text_add(out, "\n  a lower bound: ");
        add_list(out, g, COST_BOUND);
    }
    if (c->n[COST_MOST]) {
        text_add(out, "\n  an upper bound, as data decide the shapes: ");
        add_list(out, g, COST_MOST);
    }
    if (c->n[COST_UNKNOWN]) {
        text_addf(out, "\n  >= %s MACs, >= %s FLOPs: ", cell_count(s->analysis->total.macs).text,
                  cell_count(s->analysis->total.flops).text);
        add_list(out, g, COST_UNKNOWN);
        text_add(out, c->n[COST_UNKNOWN] == 1 ? " has no rule; give one with --rule FILE"
                                              : " have no rule; give one with --rule FILE");
    }
    text_add(out, "\n");
}

void analyze_print_coverage(const struct subject *s)
{
    struct text text = {0};
    add_coverage(s, &text);
    for (const char *line = text.data; line && *line;) {
        struct text safe = {0};
        size_t n = strcspn(line, "\n");
        struct text raw = {0};
        text_add_n(&raw, line, n);
        text_add_safe(&safe, raw.data ? raw.data : "", 0);
        printf("%s\n", safe.data ? safe.data : "");
        text_release(&safe);
        text_release(&raw);
        line += n + (line[n] == '\n');
    }
    text_release(&text);
}

static json_t *operators_json(const struct graph *g, enum certainty c)
{
    json_t *list = json_array();
    for (int i = 0; i < g->n_nodes; i++) {
        if (certainty_of(g->nodes[i]) != c || !is_first(g, i)) continue;
        json_t *names = json_array();
        for (int k = i; k < g->n_nodes; k++)
            if (is_same_operator(g->nodes[k], g->nodes[i])) json_array_append_new(names, json_text(g->nodes[k]->name));
        json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "domain", json_text(g->nodes[i]->domain), "op",
                                              json_text(g->nodes[i]->op_type), "nodes", names));
    }
    return list;
}

json_t *analyze_json_coverage(const struct subject *s)
{
    const struct coverage *c = &s->analysis->coverage;
    return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}", "nodes", c->n_nodes, "exact", c->n[COST_EXACT], "rule",
                     operators_json(s->graph, COST_TAUGHT), "lower_bound", operators_json(s->graph, COST_BOUND),
                     "upper_bound", operators_json(s->graph, COST_MOST), "unknown",
                     operators_json(s->graph, COST_UNKNOWN));
}

int analyze_strict(const struct subject *s, int n)
{
    for (int i = 0; i < n; i++) {
        gable_error e = {0};
        if (analyze_is_complete(&s[i])) continue;
        error_set(&e, GABLE_FAILED, "%d of %d nodes have no rule; --strict asks for all",
                  s[i].analysis->coverage.n[COST_UNKNOWN], s[i].graph->n_nodes);
        error_within(&e, "%.200s", s[i].graph->name);
        return cli_fail(&e);
    }
    return 0;
}
