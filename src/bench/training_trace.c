#include "bench/training_trace.h"

#include "bench/trace.h"
#include "bench/trace_events.h"
#include "bench/training_parts.h"
#include "engine/regions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARMUP = 3, ROOM = 1 << 14, TRACK_STEP = 1, TRACK_PARTS, TRACK_THREADS = TRACK_PARTS + TRAINED_RUNS };

struct tracing {
    struct regions_watch regions;
    struct training_subject subject;
    const struct trained *measured; /* its roof */
    struct trace_events events;
    double *stage_ns;
    struct slice_log *logs; /* per thread */
};

static void worked(struct regions_watch *w, int thread, double begin_ns, double end_ns)
{
    struct tracing *t = CONTAINER_OF(w, struct tracing, regions);
    if (thread < t->subject.bench.trainer->threads) slices_note(&t->logs[thread], 0, 0, begin_ns, end_ns);
}

static gable_status make_room(struct tracing *t, int more, gable_error *e)
{
    for (int i = 0; i < t->subject.bench.trainer->threads; i++) {
        struct slice_log *l = &t->logs[i];
        struct slice *grown = realloc(l->slice, (size_t)(l->room + more) * sizeof *grown);
        if (!grown) return error_set(e, GABLE_NO_MEMORY, "no memory for the trace");
        memset(grown + l->room, 0, (size_t)more * sizeof *grown);
        l->slice = grown;
        l->room += more;
    }
    return GABLE_OK;
}

/* One step; *lost: work for which there was no room. */
static gable_status step(struct tracing *t, int *lost, gable_error *e)
{
    struct bench_trainer *b = &t->subject.bench;
    *lost = 0;
    for (int i = 0; i < b->trainer->threads; i++) t->logs[i].n = t->logs[i].lost = 0;
    regions_watch(&t->regions);
    gable_status s = trainer_step_timed(b->trainer, &b->loss, t->stage_ns, e);
    regions_watch(NULL);
    for (int i = 0; i < b->trainer->threads; i++) *lost = t->logs[i].lost > *lost ? t->logs[i].lost : *lost;
    return s;
}

static gable_status warm_up(struct tracing *t, gable_error *e)
{
    int lost = 0;
    gable_status s = make_room(t, ROOM, e);
    for (int i = 0; i < WARMUP && !s; i++) {
        s = step(t, &lost, e);
        if (!s && lost) s = make_room(t, 2 * lost, e);
    }
    return s;
}

static void add_names(struct tracing *t)
{
    const struct trainer *trainer = t->subject.bench.trainer;
    char name[200];
    snprintf(name, sizeof name, "%.100s, training, batch %d, engine %.20s", trainer->graph->name, trainer->batch,
             trainer->engine->name);
    trace_name_process(&t->events, name);
    trace_name_track(&t->events, TRACK_STEP, "step");
    for (int i = 0; i < TRAINED_RUNS; i++)
        if (i != TRAINED_STEP && (i != TRAINED_AGAIN || trained_has(t->measured, i)))
            trace_name_track(&t->events, TRACK_PARTS + i, trained_name(i));
    for (int i = 0; i < trainer->threads; i++) {
        snprintf(name, sizeof name, "thread %d on CPU %d", i, trainer->cpus[i]);
        trace_name_track(&t->events, TRACK_THREADS + i, name);
    }
}

static json_t *stage_args(const struct tracing *t, const struct trainer_stage *x, double ns)
{
    struct stage_work w = training_stage_work(t->subject.bench.trainer, x, t->subject.bench.work);
    const struct roof *roof = &t->measured->runs[TRAINED_STEP].roof;
    json_t *args = json_pack("{s:s, s:o, s:o, s:o}", "part", trained_name(training_run_of(x)), "kernel",
                             json_text(x->kernel), "FLOPs", json_number(w.executed), "bytes", json_number(w.bytes));
    if (ns > 0) json_object_set_new(args, "FLOP/s", json_number(w.executed / (1e-9 * ns)));
    if (ns > 0) json_object_set_new(args, "bytes/s", json_number(w.bytes / (1e-9 * ns)));
    if (roof->peak > 0)
        json_object_set_new(args, "bound", json_string(bound_name(roof_bound(roof, w.executed, w.bytes))));
    return args;
}

/* Stages follow each other: the counters are their rates. */
static double add_stages(struct tracing *t, double at_ns)
{
    const struct trainer *trainer = t->subject.bench.trainer;
    for (int i = 0; i < trainer->n_stages; i++) {
        const struct trainer_stage *x = &trainer->stages[i];
        struct stage_work w = training_stage_work(trainer, x, t->subject.bench.work);
        double ns = t->stage_ns[i];
        trace_slice(&t->events, TRACK_PARTS + training_run_of(x), x->name, op_kind_name(x->kind), at_ns, at_ns + ns,
                    stage_args(t, x, ns));
        trace_counter(&t->events, "FLOP/s", at_ns, ns > 0 ? w.executed / (1e-9 * ns) : 0);
        trace_counter(&t->events, "bytes/s", at_ns, ns > 0 ? w.bytes / (1e-9 * ns) : 0);
        at_ns += ns;
    }
    trace_counter(&t->events, "FLOP/s", at_ns, 0);
    trace_counter(&t->events, "bytes/s", at_ns, 0);
    return at_ns;
}

/* What a thread did belongs to the stage that its middle lies in. */
static void add_thread(struct tracing *t, int thread, double began_ns, double end_ns)
{
    const struct trainer *trainer = t->subject.bench.trainer;
    const struct slice_log *l = &t->logs[thread];
    double stage_end = began_ns + t->stage_ns[0];
    for (int i = 0, stage = 0; i < l->n; i++) {
        double middle = (l->slice[i].begin_ns + l->slice[i].end_ns) / 2;
        if (middle < began_ns || middle > end_ns) continue;
        while (stage + 1 < trainer->n_stages && middle > stage_end) stage_end += t->stage_ns[++stage];
        const struct trainer_stage *x = &trainer->stages[stage];
        trace_slice(&t->events, TRACK_THREADS + thread, x->name, trained_name(training_run_of(x)), l->slice[i].begin_ns,
                    l->slice[i].end_ns, json_pack("{s:i}", "stage", stage));
    }
}

static void add_step(struct tracing *t, int number)
{
    const struct bench_trainer *b = &t->subject.bench;
    char name[32];
    double began = b->trainer->began_ns, end;
    if (number == 0) t->events.start_ns = began;
    end = add_stages(t, began);
    snprintf(name, sizeof name, "step %d", number + 1);
    trace_slice(&t->events, TRACK_STEP, name, "step", began, end, json_pack("{s:o}", "loss", json_number(b->loss)));
    for (int i = 0; i < b->trainer->threads; i++) add_thread(t, i, began, end);
}

static json_t *about(const struct tracing *t)
{
    const struct trainer *trainer = t->subject.bench.trainer;
    const struct run *r = &t->measured->runs[TRAINED_STEP];
    return json_pack("{s:s, s:o, s:i, s:i, s:s, s:s, s:o, s:o, s:b}", "made by", "gable " GABLE_VERSION, "model",
                     json_text(trainer->graph->name), "batch", trainer->batch, "threads", trainer->threads, "engine",
                     trainer->engine->name, "optimizer", optimizer_name(trainer->options.optimizer), "device",
                     json_text(r->device), "benchmark median ns", json_number(r->median_ns), "benchmark valid",
                     r->valid);
}

static gable_status trace_steps(struct tracing *t, json_t **out, gable_error *e)
{
    const struct trainer *trainer = t->subject.bench.trainer;
    int unseen;
    t->stage_ns = calloc((size_t)trainer->n_stages + 1, sizeof *t->stage_ns);
    t->logs = calloc((size_t)trainer->threads, sizeof *t->logs);
    t->events.list = json_array();
    if (!t->stage_ns || !t->logs || !t->events.list) return error_set(e, GABLE_NO_MEMORY, "no memory for the trace");
    gable_status s = warm_up(t, e);
    if (!s) add_names(t);
    for (int i = 0; i < TRACE_PASSES && !s; i++) {
        s = step(t, &unseen, e);
        if (!s) add_step(t, i);
    }
    if (s) return s;
    *out = trace_file(&t->events, about(t));
    t->events.list = NULL; /* handed over */
    return *out ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory for the trace");
}

gable_status training_trace(const struct cpus *cpus, const struct training_options *o, const struct trained *measured,
                            json_t **out, gable_error *e)
{
    struct tracing t = {.regions = {worked}, .measured = measured};
    gable_status s = training_open(&t.subject, cpus, o, e);
    if (!s) s = trace_steps(&t, out, e);
    for (int i = 0; t.logs && i < t.subject.bench.trainer->threads; i++) free(t.logs[i].slice);
    free(t.logs);
    free(t.stage_ns);
    json_decref(t.events.list);
    training_close(&t.subject);
    return s;
}
