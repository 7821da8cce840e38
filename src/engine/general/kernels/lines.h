/* A value seen along one axis: lines of so many places, `inner` elements apart, `outer` times `inner` of them. */
#ifndef ENGINE_GENERAL_KERNELS_LINES_H
#define ENGINE_GENERAL_KERNELS_LINES_H
#include "engine/general/kernel.h"

struct lines {
    int64_t outer, places, inner;
};
static inline struct lines lines_of(const struct value *v, int axis)
{
    if (v->n == 0) return (struct lines){0, v->dim[axis], 0};
    return (struct lines){value_count(v, 0, axis), v->dim[axis], value_count(v, axis + 1, v->rank)};
}
/* Element `place` of line i. */
static inline int64_t lines_at(const struct lines *l, int64_t i, int64_t place)
{
    return (i / l->inner * l->places + place) * l->inner + i % l->inner;
}
#endif
