/* gable run --trace: the one pass, with every thread's work. */
#include "bench/trace.h"
#include "cli/run.h"
#include "cli/trace.h"
#include "engine/crew.h"
#include "engine/general/node_groups.h"

/* What runs node by node here is no session: as much of one as a trace looks at. */
struct traced_run {
    struct session base;
    struct general *general;
    struct node_groups groups;
};

static void run_general(struct session *s, struct slice_log *logs)
{
    struct traced_run *t = CONTAINER_OF(s, struct traced_run, base);
    gable_error e = {0};
    if (general_run_traced(t->general, logs, &e)) t->base.failure = e;
}

static gable_status trace_general(struct run_model *m, const struct graph *g, json_t **out, gable_error *e)
{
    static const struct engine engine = {.name = "general", .run_traced = run_general};
    const struct crew *crew = general_crew(m->general);
    struct traced_run t = {.general = m->general};
    gable_status s = node_groups_make(g, &t.groups, e);
    if (s) return s;
    const struct shape *x = g->n_inputs ? &g->inputs[0]->shape : NULL;
    t.base = (struct session){.engine = &engine, .graph = g, .batch = 1};
    if (x && x->rank && x->dim[0] > 0 && x->dim[0] < 1 << 24) t.base.batch = (int)x->dim[0];
    t.base.threads = crew_size(crew);
    t.base.cpus = crew_cpus(crew);
    t.base.n_groups = t.groups.n;
    t.base.groups = t.groups.info;
    s = trace_pass(&t.base, out, e);
    node_groups_release(&t.groups);
    return s;
}

gable_status run_trace(struct run_model *m, const char *path, int *threads, gable_error *e)
{
    json_t *trace = NULL;
    gable_status s = m->general ? run_in_model(m, trace_general(m, m->cleaned ? m->cleaned : m->graph, &trace, e), e)
                                : trace_pass(m->planned, &trace, e);
    *threads = m->general ? crew_size(general_crew(m->general)) : m->planned->threads;
    if (s) return s;
    cli_hold_signals();
    return cli_release_signals(trace_write(trace, path, e), e);
}
