#include "engine/cpu/layout.h"

#include <stdlib.h>
#include <string.h>

int blocks_needed(int channels, int vl) { return (channels + vl - 1) / vl; }

struct layout *layout_new(struct arena *a, int channels, int height, int width)
{
    struct layout *l = arena_array(a, 1, sizeof *l);
    if (!l) return NULL;
    *l = (struct layout){.channels = channels, .height = height, .width = width, .input = -1, .gate = -1, .writer = -1};
    l->pixels = height * width;
    l->place = arena_array(a, (size_t)channels, sizeof *l->place);
    return l->place ? l : NULL;
}

void layout_own(struct layout *l, int vl, int buffer)
{
    for (int c = 0; c < l->channels; c++) l->place[c] = (struct place){buffer, c / vl * l->pixels * vl + c % vl};
}

bool layout_is_plain(const struct layout *l, int vl)
{
    if (l->input >= 0 || l->place[0].offset % vl != 0) return false;
    for (int c = 0; c < l->channels; c++)
        if (l->place[c].buffer != l->place[0].buffer ||
            l->place[c].offset != l->place[0].offset + c / vl * l->pixels * vl + c % vl)
            return false;
    return true;
}

static int place_order(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->buffer != y->buffer ? (x->buffer > y->buffer) - (x->buffer < y->buffer)
                                  : (x->offset > y->offset) - (x->offset < y->offset);
}
bool layout_is_distinct(const struct layout *l)
{
    size_t n = (size_t)l->channels;
    struct place *sorted = malloc(n * sizeof *sorted);
    if (!sorted) return false; /* then it is copied: slower, still right */
    memcpy(sorted, l->place, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, place_order);
    bool is_distinct = true;
    for (size_t i = 1; i < n; i++) is_distinct &= place_order(&sorted[i - 1], &sorted[i]) != 0;
    free(sorted);
    return is_distinct;
}

int blocks_find(const struct blocks *b, struct place p, int vl)
{
    for (int j = 0; j < b->n; j++)
        if (b->at[j].buffer == p.buffer && b->at[j].offset == p.offset - p.offset % vl) return j;
    return -1;
}

struct blocks layout_blocks(struct arena *a, const struct layout *l, int vl)
{
    struct blocks b = {0, arena_array(a, (size_t)l->channels, sizeof *b.at)};
    if (!b.at) return b;
    for (int c = 0; c < l->channels; c++) {
        struct place block = {l->place[c].buffer, l->place[c].offset - l->place[c].offset % vl};
        bool is_last = b.n > 0 && place_order(&b.at[b.n - 1], &block) == 0;
        if (!is_last && blocks_find(&b, block, vl) < 0) b.at[b.n++] = block;
    }
    return b;
}
