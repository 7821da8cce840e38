#include "engine/general/kernels/bake.h"

#include "engine/general/kernels/operands.h"
#include "engine/general/runtime.h"

#include <stdlib.h>
#include <string.h>

struct bake {
    union {
        struct baked_convolution convolution;
        struct baked_product product;
    } shape; /* that it was packed for */
    struct baked *baked;
};

void bake_free(void *state)
{
    struct bake *b = state;
    if (b) baked_free(b->baked);
    free(b);
}

static struct onednn *onednn_of(struct runtime *r)
{
    gable_error ignored;
    if (!r->onednn && onednn_new(&r->onednn, &ignored)) r->onednn = NULL;
    return r->onednn;
}

/* The node's state, emptied where it was for another shape; *is_new where nothing has been packed yet. NULL where
   nothing can be kept. */
static struct bake *state_for(struct call *c, const void *shape, size_t bytes, bool *is_new)
{
    struct bake *b = *c->state;
    if (!call_is_constant(c, 1) || !onednn_of(c->runtime)) return NULL;
    *is_new = !b || memcmp(&b->shape, shape, bytes) != 0;
    if (!b) b = *c->state = calloc(1, sizeof *b);
    if (!b || !*is_new) return b;
    baked_free(b->baked);
    b->baked = NULL;
    memcpy(&b->shape, shape, bytes);
    return b;
}

/* Failing to pack is no failure, and leaves nothing: the usual way needs less memory. */
struct baked *bake_convolution(struct call *c, const struct baked_convolution *s)
{
    gable_error ignored;
    bool is_new;
    struct bake *b = state_for(c, s, sizeof *s, &is_new);
    if (b && is_new) baked_convolution_new(c->runtime->onednn, s, c->in[1]->data, &b->baked, &ignored);
    return b ? b->baked : NULL;
}

struct baked *bake_product(struct call *c, const struct baked_product *s)
{
    gable_error ignored;
    bool is_new;
    struct bake *b = state_for(c, s, sizeof *s, &is_new);
    if (b && is_new) baked_product_new(c->runtime->onednn, s, c->in[1]->data, &b->baked, &ignored);
    return b ? b->baked : NULL;
}

gable_status bake_run(struct call *c, struct baked *b, const float *x, const float *bias, float *y)
{
    void *scratch = call_scratch(c, baked_scratch_bytes(b));
    if (!scratch) return operand_no_memory(c);
    baked_run(b, x, bias, y, scratch);
    return GABLE_OK;
}
