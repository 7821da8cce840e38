#include "engine/cpu/session.h"

#include "engine/cpu/memory.h"

#include <stdlib.h>
#include <string.h>

struct preparation { /* what threads do together before the first pass */
    struct cpu_session *session;
    const struct weights *weights;
    atomic_int next_step;
};
/* First touch: a thread's arena belongs to its own memory node, weights are spread over all. */
static void touch(void *arg, int part, int parts)
{
    struct preparation *q = arg;
    struct cpu_session *s = q->session;
    const struct plan *p = s->plan;
    size_t arena = (size_t)p->arena_floats + (size_t)(plan_slots(p) - 1) * (size_t)p->tail_floats;
    size_t weights = (size_t)p->weight_floats, first = weights * (size_t)part / (size_t)parts;
    memset(s->arena[part], 0, arena * sizeof(float));
    memset(s->scratch[part], 0, (size_t)p->scratch_floats * sizeof(float));
    memset(s->weights + first, 0, (weights * (size_t)(part + 1) / (size_t)parts - first) * sizeof(float));
    if (part == 0) memset(s->head, 0, (size_t)p->head_floats * sizeof(float));
}
static void pack(void *arg, int part, int parts)
{
    struct preparation *q = arg;
    struct plan *p = q->session->plan;
    (void)part;
    (void)parts;
    for (int i; (i = atomic_fetch_add(&q->next_step, 1)) < p->n_steps;) {
        struct step *s = &p->steps[i];
        if (s->type->pack) s->type->pack(p, s, q->weights, q->session->weights + s->weights_at);
    }
}

static bool allocate_edges(struct cpu_session *s)
{
    const struct graph *g = s->plan->graph;
    s->inputs = calloc((size_t)g->n_inputs, sizeof *s->inputs);
    s->outputs = calloc((size_t)g->n_outputs, sizeof *s->outputs);
    if (!s->inputs || !s->outputs) return false;
    for (int i = 0; i < g->n_inputs; i++) {
        size_t n = (size_t)tensor_elements(g->inputs[i]);
        if (!(s->inputs[i] = memory_floats(n))) return false;
        memset(s->inputs[i], 0, n * sizeof(float));
    }
    for (int i = 0; i < g->n_outputs; i++) {
        size_t n = (size_t)tensor_elements(g->outputs[i]);
        if (!(s->outputs[i] = memory_floats(n))) return false;
        memset(s->outputs[i], 0, n * sizeof(float));
    }
    return true;
}
static bool allocate(struct cpu_session *s)
{
    const struct plan *p = s->plan;
    size_t threads = (size_t)p->threads;
    size_t arena = (size_t)p->arena_floats + (size_t)(plan_slots(p) - 1) * (size_t)p->tail_floats;
    s->arena = calloc(threads, sizeof *s->arena);
    s->scratch = calloc(threads, sizeof *s->scratch);
    s->group_ns = calloc(threads, sizeof *s->group_ns);
    s->head = memory_floats((size_t)p->head_floats);
    s->weights = memory_floats((size_t)p->weight_floats);
    if (!s->arena || !s->scratch || !s->group_ns || !s->head || !s->weights) return false;
    for (size_t i = 0; i < threads; i++) {
        s->arena[i] = memory_floats(arena);
        s->scratch[i] = memory_floats((size_t)p->scratch_floats);
        s->group_ns[i] = calloc(2 * (size_t)p->grouping.n_groups + 1, sizeof **s->group_ns);
        if (!s->arena[i] || !s->scratch[i] || !s->group_ns[i]) return false;
    }
    return allocate_edges(s);
}

/* As many images side by side as threads can share evenly, in chunks of those that take the tail together. */
void session_schedule(struct cpu_session *s, int images)
{
    const struct plan *p = s->plan;
    int per_thread = images / p->threads, slots = plan_slots(p);
    s->images = images;
    s->side_images = per_thread * p->threads;
    s->n_chunks = p->threads * ((per_thread + slots - 1) / slots);
}

static gable_status start(struct cpu_session *s, const struct weights *w, const int *cpus, gable_error *e)
{
    gable_status status = team_new(s->plan->threads, cpus, &s->base.team, e);
    if (status) return status;
    s->base.tids = team_tids(s->base.team);
    s->base.cpus = team_cpus(s->base.team);
    struct preparation q = {.session = s, .weights = w};
    team_run(s->base.team, touch, &q);
    team_run(s->base.team, pack, &q);
    session_schedule(s, s->plan->batch);
    return session_describe(s, e);
}

gable_status session_new(struct plan *p, const struct weights *w, const int *cpus, struct session **out, gable_error *e)
{
    struct cpu_session *s = calloc(1, sizeof *s);
    if (!s) {
        plan_free(p);
        return error_set(e, GABLE_NO_MEMORY, "no memory for a session");
    }
    s->plan = p;
    s->base = (struct session){.engine = &engine_cpu,
                               .graph = p->graph,
                               .batch = p->batch,
                               .threads = p->threads,
                               .isa = p->kernels->isa,
                               .n_groups = p->grouping.n_groups,
                               .weight_bytes = (size_t)p->weight_floats * sizeof(float),
                               .arena_bytes = plan_arena_bytes(p),
                               .planned_bytes = plan_total_bytes(p)};
    gable_status status = allocate(s)
                              ? start(s, w, cpus, e)
                              : error_set(e, GABLE_NO_MEMORY, "%s at batch %d takes %.1f MiB and the system gave less",
                                          p->graph->name, p->batch, (double)s->base.planned_bytes / (1 << 20));
    if (status) {
        session_free(&s->base);
        return status;
    }
    *out = &s->base;
    return GABLE_OK;
}

static void free_each(float **p, int n)
{
    for (int i = 0; p && i < n; i++) free(p[i]);
    free(p);
}
void session_free(struct session *session)
{
    if (!session) return;
    struct cpu_session *s = cpu_session(session);
    team_free(s->base.team);
    free_each(s->arena, s->plan->threads);
    free_each(s->scratch, s->plan->threads);
    free_each(s->inputs, s->plan->graph->n_inputs);
    free_each(s->outputs, s->plan->graph->n_outputs);
    for (int i = 0; s->group_ns && i < s->plan->threads; i++) free(s->group_ns[i]);
    free(s->group_ns);
    free(s->head);
    free(s->weights);
    plan_free(s->plan);
    free(s);
}
