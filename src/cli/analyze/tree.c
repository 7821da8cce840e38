/* gable analyze --by tree: the modules as the source framework names them, each with what is below it. */
#include "cli/analyze/analyze.h"

#include "base/hash.h"
#include "base/limits.h"
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deeper than this, what is left of a name is one module. */
enum { LEVELS_MAX = LIMIT_NESTING };

struct branch {
    const char *path; /* borrowed from a node's name */
    uint64_t hash;
    int len, level, parent, row;
    int calls;               /* of a node with exactly this path */
    const struct node *node; /* the first of them; NULL for a module that only holds others */
    struct cost cost;
    count params;
};
struct tree {
    struct branch *branches;
    int *slots; /* a branch's number and one, by its path's hash; twice as many as there is room for branches */
    uint64_t secret;
    int n, room;
};

static int skipped(const struct tree *t, int parent) { return parent < 0 ? 0 : t->branches[parent].len + 1; }

/* Where the branch of a path is noted, or would be. Under one parent only the last word makes the difference. */
static int *slot_of(const struct tree *t, const struct branch *b)
{
    size_t room = 2 * (size_t)t->room, i = hash_slot(b->hash, room);
    int skip = skipped(t, b->parent);
    for (; t->slots[i]; i = (i + 1) & (room - 1)) {
        const struct branch *o = &t->branches[t->slots[i] - 1];
        if (o->parent == b->parent && o->len == b->len &&
            !memcmp(o->path + skip, b->path + skip, (size_t)(b->len - skip)))
            break;
    }
    return &t->slots[i];
}

static bool grow(struct tree *t)
{
    int room = t->room ? 2 * t->room : 256;
    struct branch *branches = realloc(t->branches, (size_t)room * sizeof *branches);
    if (branches) t->branches = branches;
    int *slots = branches ? calloc(2 * (size_t)room, sizeof *slots) : NULL;
    if (!slots) return false;
    free(t->slots);
    t->slots = slots;
    t->room = room;
    for (int i = 0; i < t->n; i++) *slot_of(t, &t->branches[i]) = i + 1;
    return true;
}

/* The branch like `b`, made where it is not there yet; -1 when memory is out. */
static int branch_of(struct tree *t, const struct branch *b)
{
    if (t->n == t->room && !grow(t)) return -1;
    int *slot = slot_of(t, b);
    if (*slot) return *slot - 1;
    t->branches[t->n++] = *b;
    *slot = t->n;
    return t->n - 1;
}

/* Adds a node's cost to every module that its path goes through, `levels` of them at most. */
static bool add_node(struct tree *t, const struct node_cost *c, int levels)
{
    struct branch b = {.path = c->node->name, .hash = t->secret, .parent = -1};
    struct branch *leaf = NULL;
    for (const char *at = b.path, *end = at; end && b.level < levels; at = end) {
        end = ++b.level < LEVELS_MAX ? strchr(at + (b.level > 1), '.') : NULL;
        b.len = end ? (int)(end - b.path) : (int)strlen(b.path);
        b.hash = hash_more(t->secret, b.hash, at, (size_t)(b.path + b.len - at));
        int i = branch_of(t, &b);
        if (i < 0) return false;
        leaf = &t->branches[i];
        leaf->cost = cost_add(leaf->cost, c->cost);
        leaf->params = count_add(leaf->params, c->params);
        b.parent = i;
    }
    if (leaf && !b.path[leaf->len] && leaf->calls++ == 0) leaf->node = c->node;
    return true;
}

static void print_branch(struct tree *t, int i, struct table *table, const struct analysis *a)
{
    struct branch *b = &t->branches[i];
    int skip = skipped(t, b->parent);
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
    struct tree t = {.secret = hash_secret()};
    struct table *table = table_new();
    bool ok = true;
    for (int i = 0; i < s->graph->n_nodes && ok; i++)
        ok = add_node(&t, &s->analysis->nodes[i], depth ? depth : LEVELS_MAX);
    table_column(table, "module", TABLE_TREE);
    table_column(table, "class", TABLE_LEFT);
    table_column(table, "output", TABLE_LEFT);
    static const char *const titles[] = {"params", "MACs", "share"};
    for (size_t i = 0; i < COUNT_OF(titles); i++) table_column(table, titles[i], TABLE_RIGHT);
    for (int i = 0; i < t.n && ok; i++) print_branch(&t, i, table, s->analysis);
    if (!ok) table_fail(table);
    table_print(table, stdout);
    free(t.branches);
    free(t.slots);
}
