#include "bench/floor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double best_of(const struct machine *m, int level, int threads)
{
    char name[CEILING_NAME];
    double best = 0;
    snprintf(name, sizeof name, "L%d", level);
    for (int i = 0; i < m->n_ceilings; i++) {
        const struct ceiling *c = &m->ceilings[i];
        if (c->kind == CEILING_BANDWIDTH && c->valid && c->threads == threads && !strcmp(c->level, name))
            best = fmax(best, c->value);
    }
    return best;
}

void cache_roofs_of(const struct machine *m, int threads, struct cache_roofs *out)
{
    *out = (struct cache_roofs){0};
    for (int i = 0; i < m->topology.n_caches; i++) {
        const struct cache *c = &m->topology.cache[i];
        double bandwidth = best_of(m, c->level, threads);
        if (c->level < 2 || !(bandwidth > 0)) continue;
        if (c->level == 2) {
            out->near = bandwidth;
            out->near_bytes = c->bytes;
        }
        out->last = bandwidth;
        out->last_bytes = c->bytes * (size_t)(c->instances > 0 ? c->instances : 1);
    }
}

double floor_ns(const struct roof *roof, const struct cache_roofs *caches, const struct floor_plan *plan,
                const struct floor_work *work)
{
    double last = (double)caches->last_bytes, near = (double)caches->near_bytes;
    double dram = roof->bandwidth, cached = fmax(dram, caches->last);
    bool fits = plan->arena_bytes <= last, is_near = work->activation_bytes / plan->shares <= near;
    double activations = !fits ? dram : is_near ? fmax(cached, caches->near) : cached;
    double weights = plan->arena_bytes + plan->weight_bytes <= last ? cached : dram;
    return 1e9 * fmax(work->flops / roof->peak, work->weight_bytes / weights + work->activation_bytes / activations);
}
