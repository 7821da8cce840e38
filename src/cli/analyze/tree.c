/* gable analyze --by tree: the modules as the source framework names them, each with what is below it. */
#include "cli/analyze/analyze.h"

#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct branch {
    const char *path; /* borrowed from a node's name */
    int len, parent, row;
    int calls;               /* of a node with exactly this path */
    const struct node *node; /* the first of them; NULL for a module that only holds others */
    struct cost cost;
    count params;
};
struct tree {
    struct branch *branches;
    int n, room;
};

/* The branch of a path under a parent, made where it is not there yet; -1 when memory is out. The newest are searched
   first: nodes of one module stand together. */
static int branch_of(struct tree *t, const char *path, int len, int parent)
{
    for (int i = t->n - 1; i >= 0; i--)
        if (t->branches[i].parent == parent && t->branches[i].len == len &&
            !memcmp(t->branches[i].path, path, (size_t)len))
            return i;
    if (t->n == t->room) {
        int room = t->room ? 2 * t->room : 256;
        struct branch *grown = realloc(t->branches, (size_t)room * sizeof *grown);
        if (!grown) return -1;
        t->branches = grown;
        t->room = room;
    }
    t->branches[t->n] = (struct branch){.path = path, .len = len, .parent = parent};
    return t->n++;
}

/* Adds a node's cost to every module that its path goes through. */
static bool add_node(struct tree *t, const struct node_cost *c)
{
    const char *path = c->node->name;
    int parent = -1;
    struct branch *leaf = NULL;
    for (const char *end = path; end;) {
        end = strchr(end, '.');
        int len = end ? (int)(end - path) : (int)strlen(path);
        int i = branch_of(t, path, len, parent);
        if (i < 0) return false;
        leaf = &t->branches[i];
        leaf->cost = cost_add(leaf->cost, c->cost);
        leaf->params = count_add(leaf->params, c->params);
        parent = i;
        if (end) end++;
    }
    if (leaf && leaf->calls++ == 0) leaf->node = c->node;
    return true;
}

static int depth_of(const struct tree *t, int i)
{
    int depth = 1;
    while ((i = t->branches[i].parent) >= 0) depth++;
    return depth;
}

static void print_branch(struct tree *t, int i, struct table *table, const struct analysis *a)
{
    struct branch *b = &t->branches[i];
    int skip = b->parent >= 0 ? t->branches[b->parent].len + 1 : 0;
    char name[64], kind[64] = "";
    snprintf(name, sizeof name, "%.*s", b->len - skip, b->path + skip);
    if (b->node) {
        const char *what = b->node->module ? b->node->module : b->node->op_type;
        if (b->calls > 1)
            snprintf(kind, sizeof kind, "%.40s, %d calls", what, b->calls);
        else
            snprintf(kind, sizeof kind, "%.40s", what);
    }
    b->row =
        TABLE_ROW(table, b->parent < 0 ? -1 : t->branches[b->parent].row, name, kind,
                  b->node ? cell_shape(&b->node->out[0]->shape).text : "", b->params ? cell_count(b->params).text : "",
                  b->cost.macs ? cell_count(b->cost.macs).text : "", cell_share(b->cost.macs, a->total.macs).text);
}

void analyze_print_tree(const struct subject *s, int depth)
{
    struct tree t = {0};
    bool ok = true;
    for (int i = 0; i < s->graph->n_nodes && ok; i++) ok = add_node(&t, &s->analysis->nodes[i]);
    struct table *table = table_new();
    table_column(table, "module", TABLE_TREE);
    table_column(table, "class", TABLE_LEFT);
    table_column(table, "output", TABLE_LEFT);
    static const char *const titles[] = {"params", "MACs", "share"};
    for (size_t i = 0; i < COUNT_OF(titles); i++) table_column(table, titles[i], TABLE_RIGHT);
    for (int i = 0; i < t.n && ok; i++)
        if (depth == 0 || depth_of(&t, i) <= depth) print_branch(&t, i, table, s->analysis);
    table_print(table, stdout);
    free(t.branches);
}
