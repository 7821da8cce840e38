/* The CPUs that this process may use. Read once, first thing in main, before any library can bind the main thread. */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H
#include <stdbool.h>

enum { CPUS_MAX = 1024 };

struct cpus {
    int n_online;
    int n_allowed, allowed[CPUS_MAX]; /* by the affinity mask */
    int n_cores, cores[CPUS_MAX];     /* one allowed CPU of each physical core: where threads go */
    double quota;                     /* CPUs by the tightest cgroup limit (v2 or v1); 0 where there is none */
};
/* `root` is "" for this machine; tests give a folder that stands for / . The mask is asked of the kernel when root is
   "" and of ROOT/proc/self/status else. Never fails: what cannot be read is taken as one CPU. */
void cpus_read(const char *root, struct cpus *out);
#endif
