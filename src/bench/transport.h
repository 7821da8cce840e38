/* What a measuring child tells its parent through a pipe: progress, then one error or one run. Both are the same
   program, so structs travel as they are, each message with its length. */
#ifndef BENCH_TRANSPORT_H
#define BENCH_TRANSPORT_H
#include "bench/record.h"

bool transport_send_progress(int fd, double share);
bool transport_send_error(int fd, const gable_error *e);
bool transport_send_run(int fd, const struct run *r);

struct transport { /* zero is ready */
    char *bytes;
    size_t len, room;
    bool has_progress, has_error, has_run, is_broken;
    double progress; /* 0 to 1 */
    gable_error error;
    struct run run; /* once has_run, its arrays are the receiver's */
};
/* One read and all whole messages in it; false at the end, or when what came is no message of ours. */
bool transport_receive(struct transport *t, int fd);
void transport_release(struct transport *t); /* not the run */
#endif
