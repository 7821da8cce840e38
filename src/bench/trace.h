/* A few passes of a point as a trace of events, in the format that Chrome made and Perfetto opens: which thread worked
   on which group when, and how much that was [docs/METRICS.md, Traces]. */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H
#include "bench/bench.h"

enum { TRACE_PASSES = 3 };
/* Opens the point as `r` ran it (its choices, its roof and floors) and traces consecutive passes after warm-up, in this
   process. A new reference. */
gable_status trace_point(const struct cpus *cpus, const struct bench_options *o, const struct run *r, json_t **out,
                         gable_error *e);
/* The session's next pass alone, as it comes. A new reference. */
gable_status trace_pass(struct session *s, json_t **out, gable_error *e);

/* What was noted, and of which session: logs[pass * session->threads + thread]. */
struct traced {
    const struct session *session;
    const struct run *run; /* its groups are the session's; none: floors are unknown */
    int n_passes;
    const struct slice_log *logs;
};
json_t *trace_json(const struct traced *t); /* NULL when memory is out */
#endif
