/* gable analyze --by tree: the modules as the source framework names them, each with what is below it. */
#include "cli/analyze/analyze.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/units.h"
#include "cli/table.h"
#include "ops/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deeper than this, what is left of a name is one module. */
enum { LEVELS_MAX = LIMIT_NESTING };

struct branch {
    const char *word; /* of its path, the last: borrowed from a node's name */
    uint64_t hash;    /* of the whole path */
    int len, level, parent, row;
    int calls;               /* of a node with exactly this path */
    const struct node *node; /* the first of them; NULL for a module that only holds others, and for a body */
    char remark[40];         /* of a body: how often it runs */
    struct cost cost;
    count params;
};
struct tree {
    struct branch *branches;
    int *slots; /* a branch's number and one, by its path's hash; twice as many as there is room for branches */
    uint64_t secret;
    int n, room, levels;
};

/* Where the branch of a path is noted, or would be. Under one parent only the last word makes the difference. */
static int *slot_of(const struct tree *t, const struct branch *b)
{
    size_t room = 2 * (size_t)t->room, i = hash_slot(b->hash, room);
    for (; t->slots[i]; i = (i + 1) & (room - 1)) {
        const struct branch *o = &t->branches[t->slots[i] - 1];
        if (o->parent == b->parent && o->len == b->len && !memcmp(o->word, b->word, (size_t)b->len)) break;
    }
    return &t->slots[i];
}

static bool grow(struct tree *t)
{
    int room = t->room ? 2 * t->room : 256;
    struct branch *branches = calloc((size_t)room, sizeof *branches);
    int *slots = calloc(2 * (size_t)room, sizeof *slots);
    if (!branches || !slots) {
        free(branches);
        free(slots);
        return false;
    }
    if (t->n) memcpy(branches, t->branches, (size_t)t->n * sizeof *branches);
    free(t->branches);
    free(t->slots);
    t->branches = branches;
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

/* Modules are parted by slashes where a name has some, as exporters and calls of functions write them ("/layer1/conv",
   whose words may hold dots), else by dots. */
static const char *end_of_word(const char *at, char sign, int level)
{
    const char *end = level < LEVELS_MAX ? strchr(at, sign) : NULL;
    return end ? end : at + strlen(at);
}

/* The branch below `parent` (-1: none) of the next word; -1 when memory is out. */
static int step_down(struct tree *t, int parent, const char *word, int len)
{
    const struct branch *from = parent < 0 ? NULL : &t->branches[parent];
    uint64_t before = from ? hash_more(t->secret, from->hash, "/", 1) : t->secret;
    const struct branch b = {.word = word,
                             .hash = hash_more(t->secret, before, word, (size_t)len),
                             .len = len,
                             .level = from ? from->level + 1 : 1,
                             .parent = parent};
    return branch_of(t, &b);
}

static bool add_bodies(struct tree *t, int parent, const struct node *n, count times);

/* Adds a node's cost to every module below `parent` that its path goes through, and its bodies below itself. */
static bool add_node(struct tree *t, int parent, const struct node_cost *c, count times)
{
    const char *at = c->node->name + (c->node->name[0] == '/'), *end = at;
    char sign = strchr(at, '/') ? '/' : '.';
    int level = parent < 0 ? 0 : t->branches[parent].level;
    for (; level < t->levels; at = end + 1) {
        end = end_of_word(at, sign, ++level);
        parent = step_down(t, parent, at, (int)(end - at));
        if (parent < 0) return false;
        t->branches[parent].cost = cost_add(t->branches[parent].cost, c->cost);
        t->branches[parent].params = count_add(t->branches[parent].params, c->params);
        if (!*end) break;
    }
    if (parent < 0 || *end) return true;
    struct branch *leaf = &t->branches[parent];
    if (leaf->calls++ > 0) return true;
    leaf->node = c->node;
    return level == t->levels || add_bodies(t, parent, c->node, times);
}

static const char *name_of_body(const struct node *n, const struct graph *body)
{
    for (int i = 0; i < n->n_attributes; i++)
        if (n->attributes[i].type == ATTRIBUTE_GRAPH && n->attributes[i].graph == body) return n->attributes[i].name;
    return "body";
}

/* A body as a level of its own: what its nodes do in all passes that are counted. */
static bool add_bodies(struct tree *t, int parent, const struct node *n, count times)
{
    struct body_run runs[BODIES_MAX];
    int n_runs = control_runs(n, runs);
    for (int k = 0; k < n_runs; k++) {
        const struct graph *body = runs[k].body;
        count passes = count_mul(times, runs[k].passes);
        const char *name = name_of_body(n, body);
        int i = step_down(t, parent, name, (int)strlen(name));
        if (i < 0) return false;
        snprintf(t->branches[i].remark, sizeof t->branches[i].remark, n_runs > 1 ? "this or the other" : "%s passes",
                 quantity_exact(runs[k].passes).text);
        if (n_runs == 1 && runs[k].passes == 1)
            snprintf(t->branches[i].remark, sizeof t->branches[i].remark, "one pass");
        for (int j = 0; j < body->n_nodes; j++) {
            struct cost once = op_cost(body->nodes[j]);
            struct node_cost c = {.node = body->nodes[j],
                                  .cost = {count_mul(once.macs, passes), count_mul(once.flops, passes)}};
            t->branches[i].cost = cost_add(t->branches[i].cost, c.cost);
            if (!add_node(t, i, &c, passes)) return false;
        }
    }
    return true;
}

static void print_branch(struct tree *t, int i, struct table *table, const struct analysis *a)
{
    struct branch *b = &t->branches[i];
    char name[64], kind[64];
    snprintf(name, sizeof name, "%.*s", b->len, b->word);
    snprintf(kind, sizeof kind, "%s", b->remark);
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
    struct tree t = {.secret = hash_secret(), .levels = depth ? depth : LEVELS_MAX};
    struct table *table = table_new();
    bool ok = true;
    for (int i = 0; i < s->graph->n_nodes && ok; i++) ok = add_node(&t, -1, &s->analysis->nodes[i], 1);
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
