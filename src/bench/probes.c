#include "bench/probes.h"

#include "bench/defaults.h"

#include <math.h>

static bool has_probe(struct probes *p)
{
    if (p->probe || p->has_none) return p->probe != NULL;
    struct team *team = p->borrowed;
    if (!team && !team_new(p->n, p->cpus, &p->own, NULL)) team = p->own;
    p->has_none = !team || probe_new(team, &p->probe, NULL);
    return !p->has_none;
}

static double clean_rate(struct probes *p, struct watch *w, double (*rate)(struct probe *, double))
{
    double best = 0;
    for (int i = 0; i < 3; i++) {
        uint32_t faults;
        watch_before(w);
        double value = rate(p->probe, BENCH_PROBE_S);
        best = fmax(best, value);
        if (!watch_after(w, (int64_t)(1e9 * BENCH_PROBE_S), &faults)) return value;
    }
    return best;
}

bool probes_read(struct probes *p, struct watch *w, double *flops, double *bytes)
{
    if (!has_probe(p)) return false;
    *flops = clean_rate(p, w, probe_flops);
    *bytes = clean_rate(p, w, probe_bytes);
    return *flops > 0 && *bytes > 0;
}

void probes_release(struct probes *p)
{
    probe_free(p->probe);
    team_free(p->own);
}
