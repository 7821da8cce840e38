/* One piece of memory that the streams run over: a region per thread, each with room for three arrays, written first
   by the thread that will use it. */
#ifndef MACHINE_ARRAYS_H
#define MACHINE_ARRAYS_H
#include "base/team.h"
#include "machine/machine.h"

struct arrays {
    char *base;
    size_t bytes;
    size_t array_bytes; /* of one of the three, over all threads */
};
/* STREAM's rule: at least 4 times all last-level caches and a million elements; less where `available` bytes (0:
   unknown) would not hold three of them twice. *is_short tells. */
size_t arrays_dram_bytes(const struct topology *t, size_t available, bool *is_short);
/* What may still be allocated: MemAvailable and the cgroup's limit; 0 unknown. */
size_t arrays_available(const char *root);
gable_status arrays_new(struct team *team, size_t array_bytes, struct arrays *out, gable_error *e);
void arrays_release(struct arrays *a);
/* Array `which` of three of a thread, each of `bytes` (of one thread). */
char *arrays_at(const struct arrays *a, int part, int parts, int which, size_t bytes);
/* The largest bytes, in STREAM_GRAIN steps, of one thread's DRAM array. */
size_t arrays_share(const struct arrays *a, int parts);
#endif
