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
    int image;       /* index in the batch */
    double *clock;   /* per group: time is added; NULL where none is taken */
    int part, parts; /* threads that share this image; 1: alone */
};
static inline void worker_barrier(const struct worker *w)
{
    if (w->parts > 1) team_barrier(w->team);
}
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
/* Whether threads take the same panels of a product as of the depthwise convolution after it: then what one core wrote
   it also reads, and no barrier is needed between the two. Large planes are cut by rows instead. */
static inline bool worker_keeps_panels(const struct worker *w, const struct product *c)
{
    bool is_small = 2L * c->out->pixels * w->kernels->vl <= w->plan->l2_floats;
    bool is_even = c->panels.n % w->parts == 0 || c->panels.n >= 8 * w->parts;
    return w->parts > 1 && c->feeds_depthwise && is_small && is_even;
}
/* The planes of a model input for the current image. */
static inline float *worker_input(const struct worker *w, const struct layout *l)
{
    return w->inputs[l->input] + (long)w->image * l->channels * l->height * l->width;
}
#endif
