/* counting_doc PAGE [--write]: the tables of docs/COUNTING.md, between <!-- NAME --> and <!-- end -->, from the
   program's own counts. Without --write it says where the page differs and exits 1. */
#include "base/file.h"
#include "base/text.h"
#include "engine/plan/groups.h"
#include "ops/analysis.h"
#include "ops/convention.h"
#include "zoo/zoo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One model, counted. */
struct counted {
    struct graph *g;
    struct analysis *a;
};

static struct counted count_model(const char *id)
{
    struct counted c = {0};
    gable_error e = {0};
    if (zoo_build(id, NULL, &c.g, &e) || analysis_new(c.g, NULL, &c.a, &e)) {
        fprintf(stderr, "counting_doc: %s: %s\n", e.where, e.why);
        exit(1);
    }
    return c;
}

static void counted_release(struct counted *c)
{
    analysis_free(c->a);
    graph_free(c->g);
}

/* Millions with three digits, exact to the rounding. */
static void add_millions(struct text *t, count value)
{
    count rounded = (value + 500) / 1000;
    text_addf(t, " %" PRId64 ".%03" PRId64 " |", rounded / 1000, rounded % 1000);
}

static void add_models(struct text *t)
{
    text_add(t, "| model | parameters |");
    for (int i = 0; convention_at(i); i++) text_addf(t, " %s, %s |", convention_at(i)->tool, convention_at(i)->unit);
    text_add(t, " gable, FLOPs |\n|---|---:|");
    for (int i = 0; convention_at(i); i++) text_add(t, "---:|");
    text_add(t, "---:|\n");
    for (int m = 0; m < zoo_size(); m++) {
        struct counted c = count_model(zoo_at(m)->id);
        text_addf(t, "| %s | %" PRId64 " |", zoo_at(m)->id, c.a->params);
        for (int i = 0; convention_at(i); i++) {
            struct convention_total total;
            convention_count(convention_at(i), c.g, &total);
            if (total.crash)
                text_add(t, " fails |");
            else if (total.n_lacking)
                text_add(t, " |");
            else
                add_millions(t, total.value);
        }
        add_millions(t, c.a->total.flops);
        text_add(t, "\n");
        counted_release(&c);
    }
}

static void add_rules(struct text *t)
{
    text_add(t, "| convention | unit | counts | note |\n|---|---|---|---|\n");
    for (int i = 0; convention_at(i); i++) {
        const struct convention *c = convention_at(i);
        text_addf(t, "| %s | %s |", c->tool, c->unit);
        for (int k = 0; k < CONVENTION_RULES && c->rules[k].ops; k++)
            text_addf(t, "%s %d x %s", k ? " +" : "", c->rules[k].factor, c->rules[k].what);
        if (c->crashes) text_addf(t, "; fails where a model calls %s by keyword", c->crashes);
        text_addf(t, " | %s |\n", c->note);
    }
}

/* What a weight gradient costs by a formula that forgets to divide by the groups. */
static count undivided(const struct node_cost *c)
{
    bool is_conv = !strcmp(c->node->op_type, "Conv");
    return count_mul(c->backward.weight.macs, is_conv ? node_int(c->node, "group", 1) : 1);
}

static void add_backward(struct text *t)
{
    text_add(t,
             "| model | forward, MACs | backward, data | backward, weights | backward : forward | weights, not divided "
             "by groups | : forward then |\n|---|---:|---:|---:|---:|---:|---:|\n");
    for (int m = 0; m < zoo_size(); m++) {
        struct counted c = count_model(zoo_at(m)->id);
        const count forward = c.a->total.macs, data = c.a->backward.data.macs, weight = c.a->backward.weight.macs;
        count without = 0;
        for (int i = 0; i < c.g->n_nodes; i++) without = count_add(without, undivided(&c.a->nodes[i]));
        text_addf(t, "| %s |", zoo_at(m)->id);
        add_millions(t, forward);
        add_millions(t, data);
        add_millions(t, weight);
        text_addf(t, " %.3f |", (double)(data + weight) / (double)forward);
        add_millions(t, without);
        text_addf(t, " %.2f |\n", (double)(data + without) / (double)forward);
        counted_release(&c);
    }
}

static const struct {
    const char *name;
    void (*add)(struct text *t);
} tables[] = {{"models", add_models}, {"rules", add_rules}, {"backward", add_backward}};

/* The page with every table made anew; false where a mark has no table or no end. */
static bool make_page(const char *page, struct text *out)
{
    static const char begin[] = "<!-- ", end[] = "<!-- end -->";
    for (const char *at = page, *mark;; at = strstr(mark, end)) {
        mark = at ? strstr(at == page ? at : at + sizeof end - 1, begin) : NULL;
        if (!at) return false;
        if (!mark) {
            text_add(out, at);
            return true;
        }
        const char *line = strchr(mark, '\n');
        size_t k = 0;
        while (k < COUNT_OF(tables) && strncmp(mark + sizeof begin - 1, tables[k].name, strlen(tables[k].name)) != 0)
            k++;
        if (!line || k == COUNT_OF(tables)) return false;
        text_add_n(out, at, (size_t)(line + 1 - at));
        tables[k].add(out);
    }
}

static int compare(const char *path, const char *page, const char *made)
{
    int line = 1;
    size_t i = 0;
    for (; page[i] && page[i] == made[i]; i++) line += page[i] == '\n';
    if (page[i] == made[i]) return 0;
    fprintf(stderr, "%s:%d differs from the program's counts: run counting_doc %s --write\n", path, line, path);
    return 1;
}

int main(int argc, char **argv)
{
    char *page = NULL;
    size_t len;
    struct text made = {0};
    gable_error e = {0};
    bool writes = argc == 3 && !strcmp(argv[2], "--write");
    if (argc != 2 && !writes) return fprintf(stderr, "counting_doc PAGE [--write]\n"), 2;
    int exit_status = 1;
    if (file_read(argv[1], 1 << 20, &page, &len, &e))
        fprintf(stderr, "counting_doc: %s: %s\n", e.where, e.why);
    else if (!make_page(page, &made) || made.failed)
        fprintf(stderr, "%s: a mark without a table or an end\n", argv[1]);
    else if (!writes)
        exit_status = compare(argv[1], page, made.data);
    else if (!file_write(argv[1], made.data, made.len, &e))
        exit_status = 0;
    free(page);
    text_release(&made);
    return exit_status;
}
