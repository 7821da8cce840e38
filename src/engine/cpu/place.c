#include "engine/cpu/place.h"

#include <limits.h>

/* Lowest place where buffer b meets no buffer placed before it that lives at the same time. */
static long first_fit(const struct plan *p, const bool *is_placed, int b)
{
    const struct buffer *mine = &p->buffers[b];
    long at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < p->n_buffers; i++) {
            const struct buffer *other = &p->buffers[i];
            if (!is_placed[i] || other->last < mine->first || mine->last < other->first) continue;
            if (at < other->at + other->floats && other->at < at + mine->floats) {
                at = other->at + other->floats;
                moved = true;
            }
        }
    }
    return at;
}

static void measure_tail(struct plan *p)
{
    for (int i = 0; i < p->n_buffers; i++) {
        const struct buffer *b = &p->buffers[i];
        if (!b->is_head && b->last >= p->tail && b->at + b->floats > p->tail_floats) p->tail_floats = b->at + b->floats;
    }
}

gable_status place_buffers(struct plan *p, gable_error *e)
{
    bool *is_placed = arena_array(p->memory, (size_t)p->n_buffers + 1, sizeof *is_placed);
    if (!is_placed) return error_set(e, GABLE_NO_MEMORY, "no memory to place %d buffers", p->n_buffers);
    for (int i = 0; i < p->n_buffers; i++) { /* in order of first use */
        struct buffer *b = &p->buffers[i];
        if (b->is_head) {
            b->at = p->head_floats;
            p->head_floats += b->floats;
            continue;
        }
        b->at = first_fit(p, is_placed, i);
        is_placed[i] = true;
        if (b->at + b->floats > p->arena_floats) p->arena_floats = b->at + b->floats;
    }
    measure_tail(p);
    if (p->head_floats > INT_MAX)
        return error_set(e, GABLE_NO_MEMORY,
                         "%s at batch %d: what all images share takes %.1f GiB, the engine's limit is 8 GiB; take a "
                         "smaller batch",
                         p->graph->name, p->batch, (double)p->head_floats * sizeof(float) / (1 << 30));
    if (p->arena_floats > INT_MAX)
        return error_set(e, GABLE_NO_MEMORY, "one image takes %.1f GiB of activations, the engine's limit is 8 GiB",
                         (double)p->arena_floats * sizeof(float) / (1 << 30));
    return GABLE_OK;
}
