/* What a measuring child tells its parent through a pipe: progress, then one error, or runs and what else is known of
   them. Both are the same program, so structs travel as they are, each message with its length. */
#ifndef BENCH_TRANSPORT_H
#define BENCH_TRANSPORT_H
#include "bench/record.h"

bool transport_send_progress(int fd, double share);
bool transport_send_error(int fd, const gable_error *e);
bool transport_send_run(int fd, const struct run *r);
bool transport_send_facts(int fd, const void *facts, size_t bytes); /* plain data, once */

enum { TRANSPORT_RUNS = 8 };

struct transport { /* zero is ready */
    char *bytes;
    size_t len, room;
    bool has_progress, has_error, is_broken;
    double progress; /* 0 to 1 */
    gable_error error;
    int n_runs; /* 0 once they are handed over */
    struct run runs[TRANSPORT_RUNS];
    void *facts; /* NULL: none came */
    size_t facts_bytes;
};
/* One read and all whole messages in it; false at the end, or when what came is no message of ours. */
bool transport_receive(struct transport *t, int fd);
void transport_release(struct transport *t);
#endif
