/* Where each buffer lies in the arena: the largest first, each at the lowest place that is free while it lives. */
#include "engine/train/plan.h"

#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    const struct buffer *const *x = a, *const *y = b;
    if ((*x)->image_floats != (*y)->image_floats) return (*x)->image_floats < (*y)->image_floats ? 1 : -1;
    return *x < *y ? -1 : *x > *y;
}
static int by_place(const void *a, const void *b)
{
    const struct buffer *const *x = a, *const *y = b;
    return (*x)->at < (*y)->at ? -1 : (*x)->at > (*y)->at;
}
static void place_one(struct buffer *b, struct buffer *const *placed, int n, struct buffer **meets)
{
    int n_meets = 0;
    for (int i = 0; i < n; i++)
        if (placed[i]->first <= b->last && b->first <= placed[i]->last) meets[n_meets++] = placed[i];
    qsort(meets, (size_t)n_meets, sizeof(struct buffer *), by_place);
    b->at = 0;
    for (int i = 0; i < n_meets; i++) {
        if (b->at + b->image_floats <= meets[i]->at) break;
        size_t end = meets[i]->at + meets[i]->image_floats;
        if (end > b->at) b->at = end;
    }
}

gable_status train_place(struct train_plan *p, gable_error *e)
{
    size_t n = (size_t)p->n_buffers;
    struct buffer **order = arena_array(p->memory, n + 1, sizeof *order);
    struct buffer **meets = arena_array(p->memory, n + 1, sizeof *meets);
    if (!order || !meets) return error_set(e, GABLE_NO_MEMORY, "no memory to place %d buffers", p->n_buffers);
    for (size_t i = 0; i < n; i++) order[i] = &p->buffers[i];
    qsort(order, n, sizeof(struct buffer *), by_size);
    for (size_t i = 0; i < n; i++) {
        struct buffer *b = order[i];
        place_one(b, order, (int)i, meets);
        if (b->at + b->image_floats > p->arena_floats) p->arena_floats = b->at + b->image_floats;
        if (b->is_saved) p->saved_floats += b->image_floats;
    }
    return GABLE_OK;
}
