#include "bench/measure.h"
#include "bench/subject.h"
#include "machine/arrays.h"

gable_status bench_check(const struct cpus *cpus, const struct bench_options *o, gable_error *e)
{
    struct graph *g = NULL;
    size_t needed = 0, there = arrays_available("");
    gable_status s = subject_graph(o, &g, e);
    if (!s) s = subject_engine(o, g, cpus)->plan_bytes(g, cpus, &o->engine, &needed, e);
    if (!s && there && needed > there)
        s = error_set(e, GABLE_NO_MEMORY, "%s at batch %d needs %.1f MiB and %.1f MiB are there; take a smaller batch",
                      g->name, o->batch, (double)needed / (1 << 20), (double)there / (1 << 20));
    graph_free(g);
    return s;
}
