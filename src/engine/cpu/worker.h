/* What a thread knows while it runs steps: its part of the work and the image it works on. */
#ifndef ENGINE_CPU_WORKER_H
#define ENGINE_CPU_WORKER_H
#include "engine/cpu/plan.h"

struct worker {
    const struct plan *plan;
    const struct kernels *kernels;
    struct team *team;
    float *arena; /* of the current image */
    float *head;
    float *scratch, *shared_scratch; /* own, and thread 0's */
    float *const *inputs, *const *outputs;
    float *const *slots; /* arenas of the images that share the tail; slots[0] == arena */
    int n_slots;
    int image;             /* index in the batch */
    double *clock;         /* per group: time is added; NULL where none is taken */
    double *since;         /* when the clock was read last */
    struct slice_log *log; /* with the clock, where the pass is traced; else NULL */
    int part, parts;       /* threads that share this image; 1: alone */
};
static inline void worker_barrier(const struct worker *w)
{
    if (w->parts > 1) team_barrier(w->team);
}
/* Adds what has passed since the clock was read last to a group; nothing where no clock is taken. */
void worker_clock(const struct worker *w, int group);
/* Share of n units: *first .. the value returned. */
static inline long worker_share(const struct worker *w, long n, long *first)
{
    *first = n * w->part / w->parts;
    return n * (w->part + 1) / w->parts;
}
static inline float *worker_place(const struct worker *w, struct place at)
{
    const struct buffer *b = &w->plan->buffers[at.buffer];
    return (b->is_head ? w->head : w->arena) + b->at + at.offset;
}
static inline float *worker_buffer(const struct worker *w, int buffer)
{
    return w->arena + w->plan->buffers[buffer].at;
}
/* The planes of a model input for the current image. */
static inline float *worker_input(const struct worker *w, const struct layout *l)
{
    return w->inputs[l->input] + (long)w->image * l->channels * l->height * l->width;
}
#endif
