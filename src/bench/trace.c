#include "bench/trace.h"

#include "bench/subject.h"

#include <stdlib.h>
#include <string.h>

enum { WARMUP = 3, ROOM = 1024 };

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
/* Untraced passes, then a traced one until its slices find room: the passes that are kept touch no new memory. */
static gable_status warm_up(struct session *s, struct slice_log *logs, int n, gable_error *e)
{
    gable_status status = give_room(logs, n, ROOM, e);
    for (int i = 0; i < WARMUP; i++) s->engine->run(s);
    for (int lost = 1; lost && !status;) {
        s->engine->run_traced(s, logs);
        lost = 0;
        for (int i = 0; i < s->threads; i++) lost = logs[i].lost > lost ? logs[i].lost : lost;
        if (lost) status = give_room(logs, n, 2 * lost, e);
    }
    for (int i = 0; i < n && !status; i++) memset(logs[i].slice, 0, (size_t)logs[i].room * sizeof *logs[i].slice);
    return status;
}

static gable_status trace_session(struct session *s, const struct run *r, json_t **out, gable_error *e)
{
    int n = TRACE_PASSES * s->threads;
    struct slice_log *logs = calloc((size_t)n, sizeof *logs);
    const struct traced t = {.session = s, .run = r, .n_passes = TRACE_PASSES, .logs = logs};
    gable_status status = logs ? warm_up(s, logs, n, e) : error_set(e, GABLE_NO_MEMORY, "no memory for the trace");
    for (int i = 0; i < TRACE_PASSES && !status; i++) s->engine->run_traced(s, logs + i * s->threads);
    if (!status && !(*out = trace_json(&t))) status = error_set(e, GABLE_NO_MEMORY, "no memory for the trace");
    for (int i = 0; logs && i < n; i++) free(logs[i].slice);
    free(logs);
    return status;
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
