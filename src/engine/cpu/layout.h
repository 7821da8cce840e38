/* Where a tensor lies. Channels come in blocks of `vl` floats, pixels inside; a tensor is a table: channel -> (buffer,
   offset). So concatenation, split and channel shuffle only make tables, and nothing is copied. */
#ifndef ENGINE_CPU_LAYOUT_H
#define ENGINE_CPU_LAYOUT_H
#include "base/arena.h"

#include <stdbool.h>

struct place {
    int buffer;
    int offset; /* floats from the buffer's start; the lane is offset % vl */
};
struct layout {
    int channels, height, width;
    int input;      /* >= 0: this model input as the caller wrote it, planes in channel order; there is no table then */
    bool is_stored; /* a step has written it to the model's output, and nobody reads it */
    bool is_head;   /* rank 2: `channels` features of every image of the batch, [block][image][vl] */
    int pixels;     /* floats between two blocks of an own buffer / vl: height * width, or the batch */
    int gate;       /* >= 0: still to be multiplied by the gate of this step, which scales its reader's weights */
    int writer;     /* step that wrote it, -1 for inputs and views */
    struct place *place;
};
/* The distinct blocks under a tensor, in order of first use. */
struct blocks {
    int n;
    struct place *at; /* offsets are multiples of vl */
};

struct layout *layout_new(struct arena *a, int channels, int height, int width); /* empty table; NULL: no memory */
/* Fills the table for a buffer of its own, channels in order. */
void layout_own(struct layout *l, int vl, int buffer);
/* In order, in one buffer, from a block's first lane. */
bool layout_is_plain(const struct layout *l, int vl);
/* No two channels in one place. */
bool layout_is_distinct(const struct layout *l);
struct blocks layout_blocks(struct arena *a, const struct layout *l, int vl); /* n 0: no memory */
int blocks_find(const struct blocks *b, struct place p, int vl);              /* its index, -1 for none */
int blocks_needed(int channels, int vl);
#endif
