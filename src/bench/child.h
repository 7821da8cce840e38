/* A process of its own that measures: a new layout, its own peak memory; it survives its own crash. Its work runs on a
   new thread: of an OpenMP pool that the parent has used, the child's first thread would wait for threads that fork has
   left behind. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H
#include "base/cpus.h"
#include "bench/transport.h"

struct child_line { /* to the parent */
    int fd;
    double last_s;
};
/* A sampling's progress; at most ten times a second anything is written. */
void child_tell(void *line, double share);

struct child { /* embedded in what the work needs */
    const struct cpus *cpus;
    const char *what;                                            /* for the progress */
    double silence_s;                                            /* ended when it says nothing for so long; 0: 300 */
    void (*progress)(void *arg, const char *what, double share); /* in the parent; may be NULL */
    void *progress_arg;
    const volatile bool *interrupted; /* may be NULL */
    /* In the child: measures, and sends its runs and facts through the line; an error is sent by the caller. */
    gable_status (*work)(const struct child *c, struct child_line *line, gable_error *e);
};
/* The answer: runs and facts; *silent says why it is not whole, CODE_NONE else. The caller releases it. Where the child
   sent an error, that is what is returned, and there is nothing to release. */
gable_status child_run(const struct child *c, struct transport *answer, enum bench_code *silent, gable_error *e);
#endif
