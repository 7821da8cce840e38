#include "bench/trace.h"

#include "bench/subject.h"

#include <stdlib.h>
#include <string.h>

enum { WARMUP = 3, ROOM = 1024, ROOM_OF_ONE = 1 << 15 };

static gable_status give_room(struct slice_log *logs, int n, int more, gable_error *e)
{
    for (int i = 0; i < n; i++) {
        struct slice *grown = realloc(logs[i].slice, (size_t)(logs[i].room + more) * sizeof *grown);
        if (!grown) return error_set(e, GABLE_NO_MEMORY, "no memory for the trace");
        logs[i].slice = grown;
        logs[i].room += more;
    }
    return GABLE_OK;
}
/* A pass that is traced, again where it has more slices than there is room for. */
static gable_status run_until_it_fits(struct session *s, struct slice_log *logs, gable_error *e)
{
    gable_status status = GABLE_OK;
    for (int lost = 1; lost && !status;) {
        s->engine->run_traced(s, logs);
        lost = 0;
        for (int i = 0; i < s->threads; i++) lost = logs[i].lost > lost ? logs[i].lost : lost;
        if (lost) status = give_room(logs, s->threads, 2 * lost, e);
    }
    return status;
}
/* Every pass finds the room that the first one took, and memory that was touched before. */
static gable_status warm_up(struct session *s, struct slice_log *logs, int n, gable_error *e)
{
    gable_status status = give_room(logs, n, ROOM, e);
    for (int i = 0; i < WARMUP; i++) s->engine->run(s);
    if (!status) status = run_until_it_fits(s, logs, e);
    for (int i = s->threads; i < n && !status; i++)
        status = give_room(&logs[i], 1, logs[i % s->threads].room - logs[i].room, e);
    for (int i = 0; i < n && !status; i++) memset(logs[i].slice, 0, (size_t)logs[i].room * sizeof *logs[i].slice);
    return status;
}

static struct slice_log *new_logs(int n, gable_error *e)
{
    struct slice_log *logs = calloc((size_t)n, sizeof *logs);
    if (!logs) error_set(e, GABLE_NO_MEMORY, "no memory for the trace");
    return logs;
}
static gable_status finish(const struct traced *t, struct slice_log *logs, gable_status status, json_t **out,
                           gable_error *e)
{
    if (!status && !(*out = trace_json(t))) status = error_set(e, GABLE_NO_MEMORY, "no memory for the trace");
    for (int i = 0; i < t->n_passes * t->session->threads; i++) free(logs[i].slice);
    free(logs);
    return status;
}

static gable_status trace_session(struct session *s, const struct run *r, json_t **out, gable_error *e)
{
    int n = TRACE_PASSES * s->threads;
    struct slice_log *logs = new_logs(n, e);
    const struct traced t = {.session = s, .run = r, .n_passes = TRACE_PASSES, .logs = logs};
    if (!logs) return GABLE_NO_MEMORY;
    gable_status status = warm_up(s, logs, n, e);
    for (int i = 0; i < TRACE_PASSES && !status; i++) s->engine->run_traced(s, logs + i * s->threads);
    return finish(&t, logs, status, out, e);
}

gable_status trace_pass(struct session *s, json_t **out, gable_error *e)
{
    struct slice_log *logs = new_logs(s->threads, e);
    const struct traced t = {.session = s, .n_passes = 1, .logs = logs};
    if (!logs) return GABLE_NO_MEMORY;
    gable_status status = give_room(logs, s->threads, ROOM_OF_ONE, e);
    if (!status) status = run_until_it_fits(s, logs, e);
    if (!status && s->failure.status) {
        *e = s->failure;
        status = e->status;
    }
    return finish(&t, logs, status, out, e);
}

gable_status trace_point(const struct cpus *cpus, const struct bench_options *o, const struct run *r, json_t **out,
                         gable_error *e)
{
    struct bench_options as_run = *o;
    struct graph *g = NULL;
    struct session *s = NULL;
    as_run.engine.choices = r->choices;
    gable_status status = subject_graph(o, &g, e);
    if (!status) status = subject_session(&as_run, g, cpus, &s, e);
    if (!status) {
        subject_fill(s, o);
        status = trace_session(s, r, out, e);
    }
    if (s) s->engine->close(s);
    graph_free(g);
    return status;
}
