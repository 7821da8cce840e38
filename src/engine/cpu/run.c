/* One pass. Batches: threads carry an image each through the whole network in a small arena of their own, so that
   activations stay in their caches; late layers take several images, so that weights are read once for them; images
   that do not divide by the threads, and single images, are shared by all threads. The classifier takes the batch. */
#include "engine/cpu/denormals.h"
#include "engine/cpu/session.h"
#include "engine/cpu/worker.h"

#include <string.h>
#include <time.h>

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void worker_clock(const struct worker *w, int group)
{
    if (!w->clock) return;
    double now = now_ns();
    w->clock[group] += now - *w->since;
    if (w->log) slices_note(w->log, group, w->image, *w->since, now);
    *w->since = now;
}

static void run_step(const struct worker *w, const struct step *s)
{
    if (w->n_slots == 1) {
        s->type->run(w, s);
        return;
    }
    if (s->type->run_slots) {
        s->type->run_slots(w, s);
        return;
    }
    for (int i = 0; i < w->n_slots; i++) {
        struct worker one = *w;
        one.arena = w->slots[i];
        one.image += i;
        s->type->run(&one, s);
    }
}
/* Steps first..last - 1 of the images (is_head: of the batch). */
static void run_steps(const struct worker *w, int first, int last, bool is_head)
{
    const struct plan *p = w->plan;
    if (w->clock) *w->since = now_ns();
    for (int i = first; i < last; i++) {
        if (p->steps[i].is_head != is_head) continue;
        run_step(w, &p->steps[i]);
        worker_clock(w, p->steps[i].group);
    }
}

/* What the tail needs of an image, from the working arena to the image's slot. */
static void set_aside(const struct plan *p, const float *arena, float *slot)
{
    for (int i = 0; i < p->n_buffers; i++) {
        const struct buffer *b = &p->buffers[i];
        if (!b->is_head && b->first < p->tail && b->last >= p->tail)
            memcpy(slot + b->at, arena + b->at, (size_t)b->floats * sizeof(float));
    }
}
/* Images first..first + n - 1, alone; slot 0 is the working arena, so its image comes last. */
static void run_chunk(struct worker *w, int first, int n)
{
    const struct plan *p = w->plan;
    float *slots[SLOTS_MAX] = {w->arena};
    for (int i = 1; i < n; i++) slots[i] = w->arena + p->arena_floats + (i - 1) * p->tail_floats;
    w->slots = slots;
    w->n_slots = 1;
    for (int i = n - 1; i >= 0; i--) {
        w->image = first + i;
        run_steps(w, 0, p->tail, false);
        if (i > 0) set_aside(p, w->arena, slots[i]);
    }
    w->n_slots = n;
    run_steps(w, p->tail, p->n_steps, false);
    w->slots = NULL;
}
static void run_side_by_side(struct cpu_session *s, struct worker *w)
{
    w->part = 0;
    w->parts = 1;
    for (int i; (i = atomic_fetch_add_explicit(&s->next_chunk, 1, memory_order_relaxed)) < s->n_chunks;) {
        int first = (int)((long)s->side_images * i / s->n_chunks);
        int last = (int)((long)s->side_images * (i + 1) / s->n_chunks);
        run_chunk(w, first, last - first);
    }
}
static void run_together(const struct cpu_session *s, struct worker *w)
{
    w->arena = s->arena[0];
    float *slots[1] = {w->arena};
    w->slots = slots;
    w->n_slots = 1;
    for (w->image = s->side_images; w->image < s->images; w->image++) run_steps(w, 0, s->plan->n_steps, false);
    w->slots = NULL;
}

/* The batch's rows into the outputs. */
static void store_rows(const struct worker *w)
{
    const struct plan *p = w->plan;
    int vl = w->kernels->vl;
    for (int i = 0; i < p->graph->n_outputs; i++) {
        const struct layout *l = p->outputs[i];
        if (!l) continue;
        long first, last = worker_share(w, p->batch, &first);
        for (long image = first; image < last; image++)
            for (int c = 0; c < l->channels; c++)
                w->outputs[i][image * l->channels + c] = worker_place(w, l->place[c])[image * vl];
    }
}

static void work(void *arg, int thread, int threads)
{
    struct cpu_session *s = arg;
    uint64_t mode = denormals_flush();
    double *clock = s->is_timed ? s->group_ns[thread] : NULL, start = clock ? now_ns() : 0, since = start;
    struct worker w = {.plan = s->plan,
                       .kernels = s->plan->kernels,
                       .team = s->base.team,
                       .arena = s->arena[thread],
                       .head = s->head,
                       .scratch = s->scratch[thread],
                       .shared_scratch = s->scratch[0],
                       .inputs = s->inputs,
                       .outputs = s->outputs,
                       .n_slots = 1,
                       .log = s->logs ? &s->logs[thread] : NULL,
                       .since = &since};
    if (s->side_images > 0) {
        w.clock = clock;
        run_side_by_side(s, &w);
        team_barrier(s->base.team);
        if (clock && thread == 0) s->side_ns = now_ns() - start;
    }
    w.clock = clock ? clock + s->base.n_groups : NULL;
    w.part = thread;
    w.parts = threads;
    run_together(s, &w);
    run_steps(&w, 0, s->plan->n_steps, true);
    store_rows(&w);
    worker_clock(&w, s->base.n_groups - 1);
    if (w.log) {
        w.log->begin_ns = start;
        w.log->end_ns = since;
    }
    denormals_restore(mode);
}

void session_run(struct session *session)
{
    struct cpu_session *s = cpu_session(session);
    atomic_store_explicit(&s->next_chunk, 0, memory_order_relaxed);
    team_run(s->base.team, work, s);
}

static void run_clocked(struct cpu_session *s)
{
    for (int t = 0; t < s->base.threads; t++) memset(s->group_ns[t], 0, 2 * (size_t)s->base.n_groups * sizeof(double));
    s->is_timed = true;
    s->side_ns = 0;
    session_run(&s->base);
    s->is_timed = false;
}

void session_run_traced(struct session *session, struct slice_log *logs)
{
    struct cpu_session *s = cpu_session(session);
    for (int t = 0; t < s->base.threads; t++) logs[t].n = logs[t].lost = 0;
    s->logs = logs;
    run_clocked(s);
    s->logs = NULL;
}

void session_run_timed(struct session *session, double *group_ns)
{
    struct cpu_session *s = cpu_session(session);
    int n = s->base.n_groups, threads = s->base.threads;
    run_clocked(s);
    double side = 0;
    for (int t = 0; t < threads; t++)
        for (int i = 0; i < n; i++) side += s->group_ns[t][i];
    for (int i = 0; i < n; i++) { /* waiting for the last thread is shared among the groups */
        group_ns[i] = s->group_ns[0][n + i];
        for (int t = 0; t < threads && side > 0; t++) group_ns[i] += s->group_ns[t][i] * s->side_ns / side;
    }
}
