/* An open CPU session: a plan with its memory, its threads and what it tells about its groups. */
#ifndef ENGINE_CPU_SESSION_H
#define ENGINE_CPU_SESSION_H
#include "engine/cpu/plan.h"

#include <stdatomic.h>

struct cpu_session {
    struct session base;
    struct plan *plan;
    float **arena, **scratch; /* per thread */
    float *head, *weights;
    float **inputs, **outputs;
    double **group_ns; /* per thread: [n_groups] side by side, [n_groups] together: the clock of run_timed */
    bool is_timed;
    struct slice_log *logs; /* per thread, of a traced pass; else NULL */
    int images;             /* of the batch that are run: all, fewer while the planner times its choices */
    int side_images;        /* images that threads run side by side; the rest is shared by all, one by one */
    int n_chunks;           /* of side_images */
    atomic_int next_chunk;  /* of side_images */
    double side_ns;         /* wall time of the images side by side, of the last timed pass */
};
static inline struct cpu_session *cpu_session(struct session *s) { return CONTAINER_OF(s, struct cpu_session, base); }

/* Memory for the plan, which the session then owns (also when this fails), weights packed, threads started. */
gable_status session_new(struct plan *p, const struct weights *w, const int *cpus, struct session **out,
                         gable_error *e);
void session_free(struct session *s); /* NULL is fine */
/* How `images` images of the batch are shared between the threads. */
void session_schedule(struct cpu_session *s, int images);
void session_run(struct session *s);
void session_run_timed(struct session *s, double *group_ns);
void session_run_traced(struct session *s, struct slice_log *logs);
/* Names, kernels, FLOPs and bytes of every group: session->groups. */
gable_status session_describe(struct cpu_session *s, gable_error *e);
#endif
