/* Which product gathers a normalisation's moments while what it wrote is still in a cache: the one whose stage comes
   just before. */
#include "engine/train/lower.h"

static void fuse(const struct stage *a, const struct stage *b)
{
    struct part *product = a->part, *norm = b->part;
    bool are_forward = a->pass == PASS_FORWARD && b->pass == PASS_FORWARD && !a->is_recomputed && !b->is_recomputed;
    if (!are_forward || !product || !norm || norm->type != &part_norm || norm->in[0] != product->out) return;
    if (product->type != &part_convolution && product->type != &part_depthwise) return;
    product->moments_of = norm;
    norm->has_moments = true;
}
void train_fuse(struct train_plan *p)
{
    for (int i = 0; i + 1 < p->n_stages; i++) fuse(&p->stages[i], &p->stages[i + 1]);
    for (int i = 0; i < p->n_parts; i++) {
        const struct part *norm = p->parts[i];
        size_t planes = (size_t)p->batch * (size_t)norm->out->blocks;
        size_t bytes = planes * MOMENTS * (size_t)p->vl * sizeof(float);
        if (norm->type == &part_norm && bytes > p->partial_bytes) p->partial_bytes = bytes;
    }
}
