/* The parallel regions that the calling thread starts on OpenMP's threads, ours and oneDNN's alike, seen from within:
   both are built on GCC's runtime, whose one entry is ours (regions.c) and starts them there. */
#ifndef ENGINE_REGIONS_H
#define ENGINE_REGIONS_H

struct regions_watch {
    /* Called on each thread when its part is done; CLOCK_MONOTONIC. */
    void (*worked)(struct regions_watch *w, int thread, double begin_ns, double end_ns);
};
/* From here on; NULL: nobody looks, and nothing is read from a clock. */
void regions_watch(struct regions_watch *w);
#endif
