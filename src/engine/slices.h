/* What each thread did when: stretches of work on one group, of a pass that is traced. */
#ifndef ENGINE_SLICES_H
#define ENGINE_SLICES_H
#include <stddef.h>

struct slice {
    int group;               /* of the session */
    int image;               /* of the batch; beyond it: the whole batch */
    double begin_ns, end_ns; /* CLOCK_MONOTONIC */
};
struct slice_log {           /* of one thread; slice[room] is the caller's */
    double begin_ns, end_ns; /* of the thread's part of the pass */
    int n, room;
    int lost; /* for which there was no room */
    struct slice *slice;
};
/* A stretch that goes on where the last one ended, in the same group and image, is one with it. */
static inline void slices_note(struct slice_log *l, int group, int image, double begin_ns, double end_ns)
{
    struct slice *last = l->n ? &l->slice[l->n - 1] : NULL;
    if (last && last->group == group && last->image == image && last->end_ns == begin_ns)
        last->end_ns = end_ns;
    else if (l->slice && l->n < l->room)
        l->slice[l->n++] = (struct slice){group, image, begin_ns, end_ns};
    else
        l->lost++;
}
#endif
