/* Scatter, ScatterElements, ScatterND: writing at places that data say, replacing what is there or joined with it. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/move.h"

#include <inttypes.h>
#include <string.h>

/* y[i] = y[i] joined with x[i], n elements in a row */
typedef void join_loop(void *y, const void *x, int64_t n);
#define JOIN(op, name, T, expression)                              \
    static void op##_##name(void *to, const void *from, int64_t n) \
    {                                                              \
        T *y = to;                                                 \
        const T *x = from;                                         \
        for (int64_t i = 0; i < n; i++) {                          \
            const T v = y[i], w = x[i];                            \
            y[i] = (T)(expression);                                \
        }                                                          \
    }
#define JOINS(name, T, U)                            \
    JOIN(add, name, T, (U)v + (U)w)                  \
    JOIN(mul, name, T, (U)v *(U)w)                   \
    JOIN(max, name, T, ((v > w) | (v != v)) ? v : w) \
    JOIN(min, name, T, ((v < w) | (v != v)) ? v : w)
JOINS(F64, double, double)
JOINS(F32, float, float)
JOINS(S64, int64_t, uint64_t)
JOINS(S32, int32_t, uint64_t)
JOINS(S16, int16_t, uint64_t)
JOINS(S8, int8_t, uint64_t)
JOINS(U64, uint64_t, uint64_t)
JOINS(U32, uint32_t, uint64_t)
JOINS(U16, uint16_t, uint64_t)
JOINS(U8, uint8_t, uint64_t)

#define AT(op, name) [DTYPE_##name] = op##_##name
#define NUMBERS(op)                                                                                        \
    AT(op, F64), AT(op, F32), AT(op, S64), AT(op, S32), AT(op, S16), AT(op, S8), AT(op, U64), AT(op, U32), \
        AT(op, U16), AT(op, U8)
static const struct {
    const char *name;
    join_loop *loop[DTYPE_N];
} joins[] = {{"add", {NUMBERS(add)}}, {"mul", {NUMBERS(mul)}}, {"max", {NUMBERS(max)}}, {"min", {NUMBERS(min)}}};

/* NULL replaces. */
static gable_status find_join(struct call *c, join_loop **loop)
{
    const struct attribute *a = node_attribute(c->node, "reduction");
    enum dtype d = c->in[0]->dtype;
    *loop = NULL;
    if (!a || !a->s || !strcmp(a->s, "none")) return GABLE_OK;
    for (size_t i = 0; i < COUNT_OF(joins); i++)
        if (!strcmp(joins[i].name, a->s)) *loop = joins[i].loop[d];
    if (*loop) return GABLE_OK;
    return call_refuse(c, "values of type %s have no reduction %.20s", dtype_name(d), a->s);
}

struct scatter {
    char *to;
    const char *from;
    const int64_t *index;
    join_loop *join;
    int64_t axis_stride, step;
    size_t bytes;
};
static void scatter_run(const void *arg, const int64_t *offset, int64_t out, int64_t n)
{
    const struct scatter *s = arg;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = offset[0] + i * s->step + s->index[out + i] * s->axis_stride;
        char *to = s->to + (size_t)at * s->bytes;
        const char *from = s->from + (size_t)(out + i) * s->bytes;
        if (s->join)
            s->join(to, from, 1);
        else
            memcpy(to, from, s->bytes);
    }
}

/* Output 0 starts as the input. */
static gable_status copy_input(struct call *c)
{
    gable_status s = call_like(c, 0, c->in[0]);
    int64_t bytes = s ? 0 : c->in[0]->n * (int64_t)value_element_bytes(c->in[0]->dtype);
    if (!s) move_rows(c, c->out[0]->data, bytes, c->in[0]->data, bytes, bytes, 1);
    return s;
}

static gable_status check_elements(struct call *c)
{
    const struct value *x = c->in[0], *i = c->in[1], *u = c->in[2];
    if (u->dtype != x->dtype)
        return call_refuse(c, "updates of type %s for a value of %s", dtype_name(u->dtype), dtype_name(x->dtype));
    if (i->rank != x->rank || !value_same_shape(i, u))
        return call_refuse(c, "indices and updates must have one shape, of %d dimensions", x->rank);
    return GABLE_OK;
}

/* In order, on one thread: of two writes to a place the later counts. */
static gable_status run_scatter_elements(struct call *c)
{
    const struct value *x = c->in[0], *i = c->in[1];
    int axis;
    int64_t stride = 1;
    struct scatter j = {.from = c->in[2]->data, .bytes = value_element_bytes(x->dtype)};
    struct walk w = {.operands = 1, .rank = x->rank};
    gable_status s = operand_axis(c, 0, x->rank, &axis);
    if (!s) s = find_join(c, &j.join);
    if (!s) s = check_elements(c);
    for (int a = 0; a < x->rank && !s; a++)
        if (a != axis && i->dim[a] > x->dim[a])
            s = call_refuse(c, "%" PRId64 " indices along dimension %d of %" PRId64, i->dim[a], a, x->dim[a]);
    if (!s) s = operand_indices(c, 1, x->dim[axis], &j.index);
    if (!s) s = copy_input(c);
    if (s) return s;
    for (int a = x->rank - 1; a >= 0 && i->n > 0; a--) {
        w.dim[a] = i->dim[a];
        w.stride[0][a] = a == axis ? 0 : stride;
        if (a == axis) j.axis_stride = stride;
        stride *= x->dim[a];
    }
    if (i->n > 0) {
        walk_merge(&w);
        j.step = walk_step(&w, 0);
        j.to = c->out[0]->data;
        walk_serial(&w, scatter_run, &j, 0, i->n);
    }
    return operand_own(c, c->out[0]);
}

static gable_status check_nd(struct call *c, int64_t *width)
{
    const struct value *x = c->in[0], *i = c->in[1], *u = c->in[2];
    if (i->dtype != DTYPE_S64 && i->dtype != DTYPE_S32)
        return call_refuse(c, "its indices are of type %s", dtype_name(i->dtype));
    if (u->dtype != x->dtype)
        return call_refuse(c, "updates of type %s for a value of %s", dtype_name(u->dtype), dtype_name(x->dtype));
    *width = i->rank ? i->dim[i->rank - 1] : -1;
    if (*width < 0 || *width > x->rank)
        return call_refuse(c, "tuples of %" PRId64 " indices into %d dimensions", *width, x->rank);
    bool is_shaped = u->rank == i->rank - 1 + x->rank - (int)*width;
    for (int k = 0; k < i->rank - 1 && is_shaped; k++) is_shaped = u->dim[k] == i->dim[k];
    for (int k = i->rank - 1; k < u->rank && is_shaped; k++)
        is_shaped = u->dim[k] == x->dim[k - (i->rank - 1) + (int)*width];
    return is_shaped ? GABLE_OK : call_refuse(c, "the updates' shape is not that of its indices and blocks");
}

static gable_status run_scatter_nd(struct call *c)
{
    const struct value *x = c->in[0], *i = c->in[1], *u = c->in[2];
    int64_t width = 0;
    join_loop *join;
    gable_status s = check_nd(c, &width);
    if (!s) s = find_join(c, &join);
    if (!s) s = copy_input(c);
    if (s || u->n == 0) return s ? s : operand_own(c, c->out[0]);
    int64_t block = value_count(x, (int)width, x->rank), n = u->n / block;
    size_t bytes = value_element_bytes(x->dtype) * (size_t)block;
    for (int64_t t = 0; t < n && !s; t++) {
        int64_t at = 0;
        for (int k = 0; k < width && !s; k++) {
            int64_t size = x->dim[k], index = value_int(i, t * width + k);
            if (index < -size || index >= size)
                s = call_refuse(c, "index %" PRId64 " is outside %" PRId64 " places", index, size);
            else
                at = at * size + (index < 0 ? index + size : index);
        }
        char *to = (char *)c->out[0]->data + (size_t)at * bytes;
        const char *from = (const char *)u->data + (size_t)t * bytes;
        if (!s && join) join(to, from, block);
        if (!s && !join) memcpy(to, from, bytes);
    }
    gable_status owned = operand_own(c, c->out[0]);
    return s ? s : owned;
}

const struct kernel kernels_scatter[] = {
    {.op = "Scatter", .domain = "", .run = run_scatter_elements},
    {.op = "ScatterElements", .domain = "", .run = run_scatter_elements, .in_f32 = true},
    {.op = "ScatterND", .domain = "", .run = run_scatter_nd, .in_f32 = true},
    {0},
};
