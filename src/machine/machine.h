/* This machine: what it is, and what it can do, measured. */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H
#include "base/cpus.h"
#include "roof/roof.h"

#include <jansson.h>

enum { MACHINE_CACHES = 4 };
struct cache {
    int level;     /* 1, 2, 3 */
    size_t bytes;  /* of one instance */
    int instances; /* on the allowed CPUs */
    int shared_by; /* PUs that share one */
};
/* Plain data. 0 and "" where unknown: absent is never a guess. */
struct topology {
    char cpu[96];
    char vendor[32];
    int family, model, stepping;
    int sockets, cores, pus, numa_nodes;
    int n_caches;
    struct cache cache[MACHINE_CACHES]; /* data and unified, ascending */
    size_t memory_bytes;
    double base_hz, max_hz;
    char isa[256]; /* "sse2 avx2 fma avx512f ..." that matter here, space separated */
    char hypervisor[48];
};
void topology_read(struct topology *out);

enum { MACHINE_CEILINGS = 96 };
struct machine {
    struct topology topology;
    struct cpus cpus;
    double clock_hz; /* median, deduced from a dependent chain beside the compute probes */
    int n_ceilings;
    struct ceiling ceilings[MACHINE_CEILINGS];
    double seconds; /* what measuring took */
    int64_t measured_utc;
};
struct machine_options { /* zero means the default */
    int threads;         /* all allowed cores; 1 is measured besides */
    bool quick;          /* a tenth of the time, wider intervals */
    bool only_roof;      /* fp32 of the best instruction set, DRAM, reads of the caches from L2 on */
    void (*progress)(void *arg, const char *what, int done, int total); /* may be NULL */
    void *progress_arg;
};
/* Under 30 s. Stops between two measurements when *interrupted becomes true (may be NULL). */
gable_status machine_measure(const struct cpus *cpus, const struct machine_options *options,
                             const volatile bool *interrupted, struct machine *out, gable_error *e);
json_t *machine_json(const struct machine *m);                                        /* a new reference */
gable_status machine_from_json(const json_t *j, struct machine *out, gable_error *e); /* what machine_json wrote */

/* The two probes that stand beside every second of samples (30 ms each by default): how fast is this machine now?
   Same kernels as the ceilings. */
struct team;
struct probe;
gable_status probe_new(struct team *team, struct probe **out, gable_error *e);
void probe_free(struct probe *p);
double probe_flops(struct probe *p, double seconds); /* FLOP/s of fp32, all threads of the team */
double probe_bytes(struct probe *p, double seconds); /* byte/s read from DRAM */
#endif
