#include "roof/roof.h"

double roof_ridge(const struct roof *r) { return r->peak / r->bandwidth; }

double roof_attainable(const struct roof *r, double intensity)
{
    double slope = intensity * r->bandwidth;
    return slope < r->peak ? slope : r->peak;
}

double roof_floor_s(const struct roof *r, double flops, double bytes)
{
    double compute = flops / r->peak, memory = bytes / r->bandwidth;
    return compute > memory ? compute : memory;
}

enum bound roof_bound(const struct roof *r, double flops, double bytes)
{
    return flops / r->peak < bytes / r->bandwidth ? BOUND_MEMORY : BOUND_COMPUTE;
}

const char *bound_name(enum bound b)
{
    static const char *const names[BOUND_N] = {[BOUND_MEMORY] = "memory", [BOUND_COMPUTE] = "compute"};
    return names[b];
}

static bool is_dram(const struct ceiling *c) { return c->level[0] == 'D'; }

bool roof_of_ceilings(const struct ceiling *c, int n, enum dtype d, int threads, struct roof *out)
{
    *out = (struct roof){0};
    for (int i = 0; i < n; i++) {
        if (!c[i].valid || c[i].threads != threads) continue;
        double *best = c[i].kind == CEILING_COMPUTE ? &out->peak : &out->bandwidth;
        if (c[i].kind == CEILING_COMPUTE ? c[i].dtype != d : !is_dram(&c[i])) continue;
        if (c[i].value > *best) *best = c[i].value;
    }
    return out->peak > 0 && out->bandwidth > 0;
}
