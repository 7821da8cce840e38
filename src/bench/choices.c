#include "bench/choices.h"

#include "bench/measure.h"
#include "bench/subject.h"
#include "graph/fingerprint.h"

#include <stdio.h>

gable_status choices_key(const struct cpus *cpus, const struct bench_options *o, char out[CHOICES_KEY], gable_error *e)
{
    const struct engine *engine = NULL;
    struct topology t;
    struct graph *g = NULL;
    char device[128];
    size_t caches = 0;
    gable_status s = subject_graph(o, &g, e);
    if (!s) engine = subject_engine(o, g, cpus);
    if (!s) s = engine->describe(cpus, device, sizeof device, e);
    if (!s) {
        topology_read(&t);
        for (int i = 0; i < t.n_caches; i++) caches = caches * 31 + t.cache[i].bytes;
        snprintf(out, CHOICES_KEY, "plan %s|%s|%.100s|%zx|%d threads|isa %d|winograd %d|%016llx", GABLE_VERSION,
                 engine->name, device, caches, o->engine.threads ? o->engine.threads : cpus->n_cores,
                 (int)o->engine.isa, (int)o->engine.winograd, (unsigned long long)graph_fingerprint(g));
    }
    graph_free(g);
    return s;
}
