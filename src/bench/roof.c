#include "bench/bench.h"

#include <stdlib.h>

/* The best of what came, whether it was steady or not. */
static bool rough_roof(struct machine *m, int threads, struct roof *out)
{
    for (int i = 0; i < m->n_ceilings; i++) m->ceilings[i].valid = m->ceilings[i].value > 0;
    return roof_of_ceilings(m->ceilings, m->n_ceilings, DTYPE_F32, threads, out);
}

gable_status bench_roof(const struct cpus *cpus, struct bench_options *o, const volatile bool *interrupted,
                        gable_error *e)
{
    struct machine_options options = {
        .threads = o->engine.threads, .quick = o->quick, .only_roof = true, .progress = o->progress_machine};
    int threads = o->engine.threads ? o->engine.threads : cpus->n_cores;
    struct machine *m = malloc(sizeof *m);
    if (!m) return error_set(e, GABLE_NO_MEMORY, "no memory for the machine");
    gable_status s = machine_measure(cpus, &options, interrupted, m, e);
    bool is_sure = !s && roof_of_ceilings(m->ceilings, m->n_ceilings, DTYPE_F32, threads, &o->roof);
    if (!s && !is_sure && options.quick) { /* a busy machine needs the longer one */
        options.quick = false;
        s = machine_measure(cpus, &options, interrupted, m, e);
        is_sure = !s && roof_of_ceilings(m->ceilings, m->n_ceilings, DTYPE_F32, threads, &o->roof);
    }
    o->roof_is_rough = !is_sure;
    if (!s && !is_sure && !rough_roof(m, threads, &o->roof))
        s = error_set(e, GABLE_INVALID_RUN,
                      "this machine gave no fp32 and DRAM ceiling of %d threads; 'gable machine' "
                      "shows why",
                      threads);
    if (!s) cache_roofs_of(m, threads, &o->caches);
    free(m);
    return s;
}
