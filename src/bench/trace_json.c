/* Slices of groups as events, with what was done in them. */
#include "bench/trace.h"
#include "bench/trace_events.h"
#include "ops/ops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct group_work { /* of a group in one pass: what it does, the threads' time on it, and that of the longest at it */
    double macs, flops, bytes, ns, longest_ns;
};
struct change { /* of the counters at a moment */
    double at_ns, flops_per_s, bytes_per_s;
};
struct writer {
    const struct traced *t;
    struct trace_events events;
    struct group_work *work; /* per group; times of the pass that is written */
    double *thread_ns;       /* per group: of one thread */
    struct change *changes;  /* of one pass: two per slice */
};

static void add_names(struct writer *w)
{
    const struct session *s = w->t->session;
    char name[200];
    snprintf(name, sizeof name, "%.100s, batch %d, engine %.20s", s->graph->name, s->batch, s->engine->name);
    trace_name_process(&w->events, name);
    for (int i = 0; i < s->threads; i++) {
        bool is_watched = w->t->logs[i].end_ns > 0;
        if (s->cpus && is_watched)
            snprintf(name, sizeof name, "thread %d on CPU %d", i, s->cpus[i]);
        else
            snprintf(name, sizeof name, "thread %d%s", i, is_watched ? "" : " (not watched)");
        trace_name_track(&w->events, i + 1, name);
    }
}

static const struct run_group *floor_of(const struct traced *t, int group)
{
    return t->run && t->run->n_groups == t->session->n_groups ? &t->run->groups[group] : NULL;
}

/* What a slice did is its share of its group's work: by time, so that the slices of a pass add up to the pass. */
static json_t *slice_args(const struct writer *w, const struct slice *x)
{
    const struct session *s = w->t->session;
    const struct group_info *g = &s->groups[x->group];
    const struct group_work *all = &w->work[x->group];
    const struct run_group *run = floor_of(w->t, x->group);
    double share = all->ns > 0 ? (x->end_ns - x->begin_ns) / all->ns : 0;
    json_t *args = json_pack("{s:i, s:o, s:o, s:o, s:o}", "group", x->group, "kernel", json_text(g->kernel), "MACs",
                             json_number(round(share * all->macs)), "FLOPs", json_number(round(share * all->flops)),
                             "bytes", json_number(round(share * all->bytes)));
    if (x->image < s->batch) json_object_set_new(args, "image", json_integer(x->image));
    if (all->ns > 0) json_object_set_new(args, "group FLOP/s", json_number(all->flops / (1e-9 * all->longest_ns)));
    if (!run || !(w->t->run->roof.peak > 0)) return args;
    json_object_set_new(args, "bound", json_string(bound_name(roof_bound(&w->t->run->roof, all->flops, all->bytes))));
    if (all->ns > 0) json_object_set_new(args, "of roof", json_number(run->floor_ns / all->longest_ns));
    return args;
}

static const struct slice_log *log_of(const struct writer *w, int pass, int thread)
{
    return &w->t->logs[pass * w->t->session->threads + thread];
}

static void add_thread(struct writer *w, int pass, int thread)
{
    const struct slice_log *l = log_of(w, pass, thread);
    char name[32];
    if (!(l->end_ns > 0)) return;
    snprintf(name, sizeof name, "pass %d", pass + 1);
    trace_slice(&w->events, thread + 1, name, "pass", l->begin_ns, l->end_ns, json_object());
    for (int i = 0; i < l->n; i++) {
        const struct group_info *g = &w->t->session->groups[l->slice[i].group];
        trace_slice(&w->events, thread + 1, g->name, op_kind_name(g->kind), l->slice[i].begin_ns, l->slice[i].end_ns,
                    slice_args(w, &l->slice[i]));
    }
}

static int by_time(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}
/* The rate of all threads together: every slice works at its group's mean rate while it lasts. */
static void add_counters(struct writer *w, int pass)
{
    int n = 0;
    double flops = 0, bytes = 0;
    for (int t = 0; t < w->t->session->threads; t++) {
        const struct slice_log *l = log_of(w, pass, t);
        for (int i = 0; i < l->n; i++) {
            const struct group_work *g = &w->work[l->slice[i].group];
            if (!(g->ns > 0)) continue;
            struct change rise = {l->slice[i].begin_ns, g->flops / (1e-9 * g->ns), g->bytes / (1e-9 * g->ns)};
            w->changes[n++] = rise;
            w->changes[n++] = (struct change){l->slice[i].end_ns, -rise.flops_per_s, -rise.bytes_per_s};
        }
    }
    qsort(w->changes, (size_t)n, sizeof *w->changes, by_time);
    for (int i = 0; i < n; i++) {
        flops += w->changes[i].flops_per_s;
        bytes += w->changes[i].bytes_per_s;
        if (i + 1 < n && round(w->changes[i + 1].at_ns) == round(w->changes[i].at_ns)) continue;
        bool is_over = i + 1 == n; /* what rounding left */
        trace_counter(&w->events, "FLOP/s", w->changes[i].at_ns, is_over ? 0 : flops);
        trace_counter(&w->events, "bytes/s", w->changes[i].at_ns, is_over ? 0 : bytes);
    }
}

static void sum_pass(struct writer *w, int pass)
{
    int n = w->t->session->n_groups;
    for (int k = 0; k < n; k++) w->work[k].ns = w->work[k].longest_ns = 0;
    for (int t = 0; t < w->t->session->threads; t++) {
        const struct slice_log *l = log_of(w, pass, t);
        for (int k = 0; k < n; k++) w->thread_ns[k] = 0;
        for (int i = 0; i < l->n; i++) w->thread_ns[l->slice[i].group] += l->slice[i].end_ns - l->slice[i].begin_ns;
        for (int k = 0; k < n; k++) {
            w->work[k].ns += w->thread_ns[k];
            w->work[k].longest_ns = fmax(w->work[k].longest_ns, w->thread_ns[k]);
        }
    }
}
static void set_work(struct writer *w)
{
    const struct session *s = w->t->session;
    for (int k = 0; k < s->n_groups; k++) {
        const struct group_info *g = &s->groups[k];
        count macs = 0;
        for (int i = 0; i < g->n_nodes && g->flops_counted; i++) /* none where shapes are not known */
            macs = count_add(macs, op_cost(s->graph->nodes[g->nodes[i]]).macs);
        w->work[k] = (struct group_work){(double)macs, (double)g->flops_executed, (double)g->bytes, 0, 0};
    }
}

/* Of the longest pass: two changes for each slice of all threads. */
static size_t most_changes(const struct traced *t)
{
    size_t most = 0;
    for (int p = 0; p < t->n_passes; p++) {
        size_t n = 0;
        for (int i = 0; i < t->session->threads; i++) n += 2 * (size_t)t->logs[p * t->session->threads + i].n;
        if (n > most) most = n;
    }
    return most;
}

static json_t *about(const struct traced *t)
{
    const struct session *s = t->session;
    const struct run *r = t->run;
    json_t *j = json_pack("{s:s, s:o, s:i, s:i, s:s, s:o}", "made by", "gable " GABLE_VERSION, "model",
                          json_text(s->graph->name), "batch", s->batch, "threads", s->threads, "engine",
                          s->engine->name, "algorithms", json_text(s->algorithms));
    if (!r) return j;
    json_object_set_new(j, "device", json_text(r->device));
    json_object_set_new(j, "benchmark median ns", json_number(r->median_ns));
    json_object_set_new(j, "benchmark valid", json_boolean(r->valid));
    json_object_set_new(j, "roof FLOP/s", json_number(r->roof.peak));
    json_object_set_new(j, "roof bytes/s", json_number(r->roof.bandwidth));
    return j;
}

json_t *trace_json(const struct traced *t)
{
    struct writer w = {.t = t, .events = {json_array(), t->logs[0].begin_ns}};
    w.work = calloc((size_t)t->session->n_groups + 1, sizeof *w.work);
    w.thread_ns = calloc((size_t)t->session->n_groups + 1, sizeof *w.thread_ns);
    w.changes = calloc(most_changes(t) + 1, sizeof *w.changes);
    bool ok = w.events.list && w.work && w.thread_ns && w.changes;
    for (int i = 0; i < t->session->threads; i++) /* the thread that came first */
        if (t->logs[i].end_ns > 0 && t->logs[i].begin_ns < w.events.start_ns) w.events.start_ns = t->logs[i].begin_ns;
    if (ok) add_names(&w);
    if (ok) set_work(&w);
    for (int p = 0; ok && p < t->n_passes; p++) {
        sum_pass(&w, p);
        for (int i = 0; i < t->session->threads; i++) add_thread(&w, p, i);
        add_counters(&w, p);
    }
    free(w.work);
    free(w.thread_ns);
    free(w.changes);
    if (!ok) json_decref(w.events.list);
    return ok ? trace_file(&w.events, about(t)) : NULL;
}
