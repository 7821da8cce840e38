/* The parallel regions that the calling thread starts on OpenMP's threads, ours and oneDNN's alike, seen from within:
   the one entry of GCC's runtime, which oneDNN is built on too, is ours. */
#ifndef ENGINE_REGIONS_H
#define ENGINE_REGIONS_H

/* work(arg) on so many threads; returns when all are done. The flags say where threads may be, which a crew decides. */
void regions_run(void (*work)(void *), void *arg, unsigned threads, unsigned flags) __asm__("GOMP_parallel");

struct regions_watch {
    /* Called on each thread when its part is done; CLOCK_MONOTONIC. */
    void (*worked)(struct regions_watch *w, int thread, double begin_ns, double end_ns);
};
/* From here on; NULL: nobody looks, and nothing is read from a clock. */
void regions_watch(struct regions_watch *w);
#endif
