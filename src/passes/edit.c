#include "passes/edit.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

bool edit_begin(struct edit *e)
{
    const struct graph *g = e->g;
    size_t tensors = (size_t)g->n_tensors + 1;
    e->n_tensors = g->n_tensors;
    e->n_uses = arena_array(e->scratch, tensors, sizeof *e->n_uses);
    e->user = arena_array(e->scratch, tensors, sizeof *e->user);
    e->instead = arena_array(e->scratch, tensors, sizeof *e->instead);
    e->is_dead = arena_array(e->scratch, (size_t)g->n_nodes + 1, sizeof *e->is_dead);
    if (!e->n_uses || !e->user || !e->instead || !e->is_dead) return false;
    for (int i = 0; i < g->n_nodes; i++) {
        const struct tensor *t;
        for (int k = 0; (t = node_reads(g->nodes[i], k)); k++) {
            e->n_uses[t->index]++;
            e->user[t->index] = g->nodes[i];
        }
    }
    for (int i = 0; i < g->n_outputs; i++) e->n_uses[g->outputs[i]->index]++;
    return true;
}

int edit_uses(const struct edit *e, const struct tensor *t)
{
    return t->index < e->n_tensors ? e->n_uses[t->index] : 0;
}

struct tensor *edit_now(const struct edit *e, struct tensor *t)
{
    while (t->index < e->n_tensors && e->instead[t->index]) t = e->instead[t->index];
    return t;
}

static void read_instead(struct edit *e, struct node *n)
{
    for (int i = 0; i < n->n_in; i++) n->in[i] = edit_now(e, n->in[i]);
    for (int i = 0; i < n->n_attributes; i++) {
        struct graph *body = n->attributes[i].type == ATTRIBUTE_GRAPH ? n->attributes[i].graph : NULL;
        for (int k = 0; body && k < body->n_captures; k++)
            body->captures[k].outer = edit_now(e, body->captures[k].outer);
    }
}

/* What a body does not read any more, it need not capture: its parent may drop it too. */
static void drop_captures(struct graph *g, const bool *is_used)
{
    int n = 0;
    for (int i = 0; i < g->n_captures; i++)
        if (is_used[g->captures[i].inner->index]) g->captures[n++] = g->captures[i];
    g->n_captures = n;
}

/* Tensors that nothing reads or makes any more are no part of the graph: a weight that nobody uses would be counted. */
static void drop_tensors(struct edit *e, bool *is_used)
{
    struct graph *g = e->g;
    int n = 0;
    for (int i = 0; i < g->n_nodes; i++) {
        const struct tensor *t;
        for (int k = 0; (t = node_reads(g->nodes[i], k)); k++) is_used[t->index] = true;
        for (int k = 0; k < g->nodes[i]->n_out; k++) is_used[g->nodes[i]->out[k]->index] = true;
    }
    for (int i = 0; i < g->n_inputs; i++) is_used[g->inputs[i]->index] = true;
    for (int i = 0; i < g->n_outputs; i++) is_used[g->outputs[i]->index] = true;
    drop_captures(g, is_used);
    for (int i = 0; i < g->n_tensors; i++)
        if (is_used[i]) g->tensors[n++] = g->tensors[i];
    g->n_tensors = n;
    for (int i = 0; i < n; i++) g->tensors[i]->index = i;
}

bool edit_end(struct edit *e)
{
    struct graph *g = e->g;
    int n = 0;
    bool *is_used = arena_array(e->scratch, (size_t)g->n_tensors + 1, sizeof *is_used);
    if (!is_used) return false;
    for (int i = 0; i < g->n_nodes; i++) {
        if (e->is_dead[i]) continue;
        read_instead(e, g->nodes[i]);
        g->nodes[n++] = g->nodes[i];
    }
    g->n_nodes = n;
    for (int i = 0; i < n; i++) g->nodes[i]->index = i;
    drop_tensors(e, is_used);
    return true;
}

struct node *edit_only_user(const struct edit *e, const struct tensor *t)
{
    struct node *user = edit_uses(e, t) == 1 && !t->is_output ? e->user[t->index] : NULL;
    return user && !e->is_dead[user->index] ? user : NULL;
}

struct node *edit_made_by(const struct edit *e, const struct tensor *t, const char *op)
{
    struct node *n = t->producer;
    return n && !e->is_dead[n->index] && !*n->domain && !strcmp(n->op_type, op) ? n : NULL;
}

bool edit_scalar(const struct tensor *t, double *value)
{
    if (t->producer || !tensor_is_initializer(t) || tensor_elements(t) != 1 || (!t->ints && !t->reals)) return false;
    *value = t->reals ? t->reals[0] : (double)t->ints[0];
    return true;
}

bool edit_is_scalar(const struct tensor *t, double value)
{
    double is;
    return edit_scalar(t, &is) && fabs(is - value) <= 1e-3 * fabs(value);
}

bool edit_is_closed(const struct edit *e, struct node *const *nodes, int n)
{
    for (int i = 0; i < n - 1; i++)
        for (int k = 0; k < nodes[i]->n_out; k++) {
            const struct tensor *t = nodes[i]->out[k], *read;
            int inside = 0;
            for (int j = 0; j < n; j++)
                for (int m = 0; (read = node_reads(nodes[j], m)); m++) inside += read == t;
            if (inside != edit_uses(e, t) || t->is_output) return false;
        }
    for (int i = 0; i < n; i++)
        if (e->is_dead[nodes[i]->index]) return false;
    return true;
}

gable_status edit_note(struct edit *e, struct node *const *nodes, int n, const char *into, const char *why,
                       gable_error *error)
{
    enum { SHOWN = 4 };
    struct rewrites *log = e->log;
    struct text names = {0};
    for (int i = 0; i < n && i < SHOWN; i++) text_addf(&names, "%s%.80s", i ? ", " : "", nodes[i]->name);
    if (n > SHOWN) text_add(&names, ", ...");
    if (log->n == log->room) {
        int room = log->room ? 2 * log->room : 16;
        struct rewrite *more = arena_array(e->g->arena, (size_t)room, sizeof *more);
        if (more && log->n) memcpy(more, log->at, (size_t)log->n * sizeof *more);
        log->at = more;
        log->room = more ? room : 0;
    }
    const char *copy = names.data ? arena_string(e->g->arena, names.data) : NULL;
    const char *result = arena_string(e->g->arena, into);
    text_release(&names);
    if (!log->at || !copy || !result) {
        log->n = 0;
        return error_set(error, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    }
    log->at[log->n++] = (struct rewrite){.pass = e->pass, .nodes = copy, .n_nodes = n, .into = result, .why = why};
    return GABLE_OK;
}

bool edit_become(struct edit *e, struct node *n, const char *op, int n_in, struct tensor *const *in)
{
    struct tensor **inputs = arena_array(e->g->arena, (size_t)n_in + 1, sizeof *inputs);
    const char *name = arena_string(e->g->arena, op);
    if (!inputs || !name) return false;
    for (int i = 0; i < n_in; i++) inputs[i] = in[i];
    n->op_type = name;
    n->op = NULL;
    n->in = inputs;
    n->n_in = n_in;
    n->n_attributes = 0;
    return true;
}

gable_status edit_fuse(struct edit *e, struct node *const *nodes, int n, const char *op, int n_in,
                       struct tensor *const *in, const char *why, gable_error *error)
{
    struct node *last = nodes[n - 1];
    const char *into = arena_printf(e->g->arena, "%.80s (%s)", last->name, op);
    gable_status s = into ? edit_note(e, nodes, n, into, why, error) : GABLE_NO_MEMORY;
    if (!into || !edit_become(e, last, op, n_in, in))
        return error_set(error, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    for (int i = 0; i < n - 1; i++) e->is_dead[nodes[i]->index] = true;
    return s;
}
