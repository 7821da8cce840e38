#include "engine/general/program.h"

#include "engine/general/chain.h"
#include "engine/general/tables.h"
#include "ops/ops.h"

#include <string.h>

#define TABLE(name) kernels_##name,
static const struct kernel *const tables[] = {KERNEL_TABLES(TABLE)};
#undef TABLE

const struct kernel *kernel_find(const char *domain, const char *op)
{
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        for (const struct kernel *k = tables[i]; k->op; k++)
            if (!strcmp(k->op, op) && !strcmp(k->domain, domain)) return k;
    return NULL;
}

/* What is known while a program is made. */
struct making {
    struct arena *arena;
    struct program *p;
    int *last;                 /* per tensor: the step that reads it last; -1 for none */
    int *idle, n_idle;         /* slots that are free again */
    int *first_end, *next_end; /* per step, per tensor: lists of what ends where */
    gable_error *e;
};
enum { NEVER = 1 << 30 }; /* no step is that late: such values stay until the run ends */

static gable_status no_memory(gable_error *e)
{
    return error_set(e, GABLE_NO_MEMORY, "the program does not fit its memory limit");
}

static bool has_slot(const struct tensor *t) { return t->producer || t->role != ROLE_ABSENT; }

static void note_reader(struct making *m, const struct tensor *t, int step)
{
    m->p->is_wanted[t->index] = true;
    if (m->last[t->index] < step) m->last[t->index] = step;
}

/* A body reads what it captures while its node runs. */
static void note_bodies(struct making *m, const struct node *n)
{
    for (int i = 0; i < n->n_attributes; i++) {
        const struct graph *body = n->attributes[i].type == ATTRIBUTE_GRAPH ? n->attributes[i].graph : NULL;
        for (int k = 0; body && k < body->n_captures; k++) note_reader(m, body->captures[k].outer, n->index);
    }
}

static void note_readers(struct making *m)
{
    const struct graph *g = m->p->graph;
    for (int i = 0; i < g->n_tensors; i++) {
        m->last[i] = -1;
        if (g->tensors[i]->producer) continue;
        m->last[i] = NEVER; /* inputs and initializers are there for every run */
    }
    for (int i = 0; i < g->n_nodes; i++) {
        for (int k = 0; k < g->nodes[i]->n_in; k++) note_reader(m, g->nodes[i]->in[k], i);
        note_bodies(m, g->nodes[i]);
    }
    for (int i = 0; i < g->n_outputs; i++) note_reader(m, g->outputs[i], NEVER);
}

static int slot_take(struct making *m) { return m->n_idle ? m->idle[--m->n_idle] : m->p->n_slots++; }

/* What no step reads ends with the step that makes it. */
static void list_ends(struct making *m)
{
    const struct graph *g = m->p->graph;
    for (int i = 0; i < g->n_nodes; i++) m->first_end[i] = -1;
    for (int i = 0; i < g->n_tensors; i++) {
        const struct tensor *t = g->tensors[i];
        int at = m->last[i] >= 0 ? m->last[i] : t->producer ? t->producer->index : NEVER;
        if (at == NEVER || !has_slot(t)) continue;
        m->next_end[i] = m->first_end[at];
        m->first_end[at] = i;
    }
}

static gable_status end_after(struct making *m, struct step *s)
{
    int n = 0, *ends;
    for (int t = m->first_end[s->node->index]; t >= 0; t = m->next_end[t]) n++;
    ends = arena_array(m->arena, (size_t)n + 1, sizeof *ends);
    if (!ends) return no_memory(m->e);
    s->n_ends = n;
    s->ends = ends;
    for (int t = m->first_end[s->node->index]; t >= 0; t = m->next_end[t]) {
        *ends++ = t;
        m->idle[m->n_idle++] = m->p->slot_of[t];
    }
    return GABLE_OK;
}

static gable_status make_bodies(struct making *m, struct step *s)
{
    gable_status status = GABLE_OK;
    for (int i = 0; i < s->node->n_attributes && !status; i++) {
        const struct attribute *a = &s->node->attributes[i];
        struct program *body = NULL;
        if (a->type != ATTRIBUTE_GRAPH || !a->graph) continue;
        status = program_new(m->arena, a->graph, m->p, &body, m->e);
        if (status) return error_within(m->e, "%.40s", a->name);
        body->next = s->bodies;
        s->bodies = body;
    }
    return status;
}

static gable_status make_step(struct making *m, int i)
{
    const struct node *n = m->p->graph->nodes[i];
    struct step *s = &m->p->steps[i];
    *s = (struct step){.node = n, .kernel = kernel_find(n->domain, n->op_type)};
    if (!s->kernel)
        return error_set(m->e, GABLE_BAD_INPUT, "no kernel runs the operator %s%s%.60s", n->domain,
                         n->domain[0] ? "." : "", n->op_type);
    const struct op *op = op_find(n->domain, n->op_type);
    gable_status status = op ? op_check_arity(op, n, m->e) : GABLE_OK; /* bodies that an analysis passes over too */
    if (status) return status;
    for (int k = 0; k < n->n_out; k++)
        if (has_slot(n->out[k])) m->p->slot_of[n->out[k]->index] = slot_take(m);
    status = make_bodies(m, s);
    return status ? status : end_after(m, s);
}

static gable_status make_steps(struct making *m)
{
    struct program *p = m->p;
    gable_status s = GABLE_OK;
    for (int i = 0; i < p->graph->n_tensors; i++) {
        const struct tensor *t = p->graph->tensors[i];
        p->slot_of[i] = !t->producer && has_slot(t) ? slot_take(m) : -1;
        p->is_constant[i] = tensor_is_initializer(t);
    }
    for (int i = 0; i < p->graph->n_captures; i++) {
        const struct capture *c = &p->graph->captures[i];
        p->is_constant[c->inner->index] = p->parent && p->parent->is_constant[c->outer->index];
    }
    for (int i = 0; i < p->n_steps && !s; i++) {
        s = make_step(m, i);
        if (s) error_within(m->e, "node %.60s (%.40s)", p->graph->nodes[i]->name, p->graph->nodes[i]->op_type);
    }
    if (!s) chain_plan(p, m->last);
    return s;
}

static bool allocate(struct making *m)
{
    const struct graph *g = m->p->graph;
    size_t tensors = (size_t)g->n_tensors + 1, nodes = (size_t)g->n_nodes + 1;
    m->p->n_steps = g->n_nodes;
    m->p->steps = arena_array(m->arena, nodes, sizeof *m->p->steps);
    m->p->slot_of = arena_array(m->arena, tensors, sizeof *m->p->slot_of);
    m->p->is_wanted = arena_array(m->arena, tensors, sizeof *m->p->is_wanted);
    m->p->is_constant = arena_array(m->arena, tensors, sizeof *m->p->is_constant);
    m->last = arena_array(m->arena, tensors, sizeof *m->last);
    m->idle = arena_array(m->arena, tensors, sizeof *m->idle);
    m->next_end = arena_array(m->arena, tensors, sizeof *m->next_end);
    m->first_end = arena_array(m->arena, nodes, sizeof *m->first_end);
    return m->p->steps && m->p->slot_of && m->p->is_wanted && m->p->is_constant && m->last && m->idle && m->next_end &&
           m->first_end;
}

/* Places for values and for the operands of the widest node; all absent. */
static bool allocate_places(struct making *m)
{
    struct program *p = m->p;
    int widest_in = 0, widest_out = 0;
    for (int i = 0; i < p->n_steps; i++) {
        const struct node *n = p->steps[i].node;
        if (n->n_in > widest_in) widest_in = n->n_in;
        if (n->n_out > widest_out) widest_out = n->n_out;
    }
    p->values = arena_array(m->arena, (size_t)p->n_slots + 1, sizeof *p->values);
    p->in = arena_array(m->arena, (size_t)widest_in + 1, sizeof *p->in);
    p->out = arena_array(m->arena, (size_t)widest_out + 1, sizeof *p->out);
    return p->values && p->in && p->out;
}

gable_status program_new(struct arena *a, const struct graph *g, struct program *parent, struct program **out,
                         gable_error *e)
{
    struct making m = {.arena = a, .p = arena_alloc(a, sizeof *m.p), .e = e};
    if (!m.p) return no_memory(e);
    *m.p = (struct program){.graph = g, .parent = parent};
    if (!allocate(&m)) return no_memory(e);
    note_readers(&m);
    list_ends(&m);
    gable_status s = make_steps(&m);
    if (!s && !allocate_places(&m)) s = no_memory(e);
    if (!s) *out = m.p;
    return s;
}

void program_end(struct program *p)
{
    for (int i = 0; p && i < p->n_slots; i++) value_release(&p->values[i]);
    for (int i = 0; p && i < p->n_steps; i++) {
        struct step *s = &p->steps[i];
        if (s->state && s->kernel->free_state) s->kernel->free_state(s->state);
        s->state = NULL;
        for (struct program *b = s->bodies; b; b = b->next) program_end(b);
    }
}
