/* The probes of a run: what the machine gives now, on the run's own threads or on a team made beside them. */
#ifndef BENCH_PROBES_H
#define BENCH_PROBES_H
#include "base/team.h"
#include "bench/watch.h"
#include "machine/machine.h"

struct probes {
    struct team *borrowed; /* the run's threads where they are a team; or NULL: `n` threads are started on `cpus` */
    int n;
    const int *cpus;
    struct team *own;
    struct probe *probe; /* made when first asked for */
    bool has_none;
};
/* FLOP/s and byte/s, undisturbed where three tries allow it; false where there is no room for probes. */
bool probes_read(struct probes *p, struct watch *w, double *flops, double *bytes);
void probes_release(struct probes *p);
#endif
