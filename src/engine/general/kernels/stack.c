#include "engine/general/kernels/stack.h"

#include "engine/general/runtime.h"

#include <inttypes.h>
#include <string.h>

/* Runs of bytes that lie together in an item, and where they go. */
static void copy_in(struct stack *s, int64_t at, const struct value *item)
{
    size_t size = value_element_bytes(item->dtype);
    int64_t outer = value_count(item, 0, s->axis);
    size_t inner = (size_t)value_count(item, s->axis, item->rank) * size;
    for (int64_t i = 0; i < outer && inner; i++)
        memcpy((char *)s->v.data + (size_t)(i * s->room + at) * inner, (const char *)item->data + (size_t)i * inner,
               inner);
}

static gable_status stack_make(struct call *c, struct stack *s, const struct value *item, int64_t room,
                               struct value *out)
{
    int64_t dim[SHAPE_RANK_MAX];
    if (item->kind != VALUE_TENSOR || item->dtype == DTYPE_STRING)
        return call_refuse(c, "the body gives text or no tensor where its results are stacked");
    if (item->rank == SHAPE_RANK_MAX || s->axis > item->rank)
        return call_refuse(c, "results of %d dimensions cannot be stacked along axis %d", item->rank, s->axis);
    for (int i = 0; i < item->rank; i++) dim[i < s->axis ? i : i + 1] = item->dim[i];
    dim[s->axis] = room;
    s->room = room;
    return value_new(c->runtime->pool, item->dtype, item->rank + 1, dim, out, c->e);
}

static gable_status grow(struct call *c, struct stack *s, const struct value *item)
{
    struct value old = s->v;
    size_t each = (size_t)item->n * value_element_bytes(item->dtype), held = (size_t)s->room * each;
    gable_status status = stack_make(c, s, item, 2 * s->room, &s->v);
    if (!status && held) memcpy(s->v.data, old.data, held);
    value_release(&old);
    return status;
}

static bool fits(const struct stack *s, const struct value *item)
{
    if (item->kind != VALUE_TENSOR || item->dtype != s->v.dtype || item->rank + 1 != s->v.rank) return false;
    for (int i = 0; i < item->rank; i++)
        if (item->dim[i] != s->v.dim[i < s->axis ? i : i + 1]) return false;
    return true;
}

gable_status stack_put(struct call *c, struct stack *s, int64_t at, const struct value *item)
{
    gable_status status = GABLE_OK;
    if (s->v.kind == VALUE_ABSENT) status = stack_make(c, s, item, s->room > 0 ? s->room : 1, &s->v);
    if (!status && !fits(s, item))
        return call_refuse(c, "iteration %" PRId64 " gives another type or shape than the first", at);
    if (!status && at >= s->room) status = grow(c, s, item);
    if (!status) copy_in(s, at, item);
    return status;
}

void stack_take(struct stack *s, int64_t n, struct value *out)
{
    *out = s->v;
    s->v = (struct value){0};
    if (s->axis != 0 || out->kind == VALUE_ABSENT) return;
    out->dim[0] = n;
    out->n = value_count(out, 0, out->rank);
}

void stack_release(struct stack *s) { value_release(&s->v); }

gable_status stack_empty(struct call *c, int i, const struct tensor *item, int64_t n)
{
    int64_t dim[SHAPE_RANK_MAX] = {n};
    int rank = item->has_shape ? item->shape.rank : 0;
    if (rank == SHAPE_RANK_MAX) return call_refuse(c, "results of 64 dimensions cannot be stacked");
    for (int k = 0; k < rank; k++) dim[k + 1] = item->shape.dim[k] < 0 ? 0 : item->shape.dim[k];
    return call_make(c, i, item->dtype, rank + 1, dim);
}

gable_status slice_of(struct call *c, const struct value *x, int axis, int64_t at, struct value *out)
{
    struct value slice;
    size_t size = value_element_bytes(x->dtype);
    int64_t outer = value_count(x, 0, axis), length = x->dim[axis], dim[SHAPE_RANK_MAX] = {0};
    size_t inner = (size_t)value_count(x, axis + 1, x->rank) * size;
    for (int i = 0; i < x->rank; i++)
        if (i != axis) dim[i < axis ? i : i - 1] = x->dim[i];
    if (axis == 0) {
        value_share(x, out);
        out->data = (char *)x->data + (size_t)at * inner;
        out->n = value_count(x, 1, x->rank);
        out->rank = x->rank - 1;
        memcpy(out->dim, dim, sizeof dim);
        return GABLE_OK;
    }
    if (x->dtype == DTYPE_STRING) return call_refuse(c, "text is scanned along its first axis only");
    gable_status s = call_temporary(c, x->dtype, x->rank - 1, dim, &slice);
    if (s) return s;
    for (int64_t i = 0; i < outer && inner; i++)
        memcpy((char *)slice.data + (size_t)i * inner, (const char *)x->data + (size_t)(i * length + at) * inner,
               inner);
    value_share(&slice, out);
    return GABLE_OK;
}
