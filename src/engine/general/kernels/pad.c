/* Pad: rows of the output from rows of the input, by a map of places for each axis; the innermost axis is a copy with
   its ends filled. Negative pads cut. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/move.h"

#include <inttypes.h>
#include <string.h>

enum pad_mode { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_WRAP };
struct pads {
    enum pad_mode mode;
    int rank;
    int64_t before[SHAPE_RANK_MAX], after[SHAPE_RANK_MAX];
    const int64_t *map[SHAPE_RANK_MAX]; /* per axis and place of the output: the input's place, -1 for the constant */
    int64_t in_stride[SHAPE_RANK_MAX], dim[SHAPE_RANK_MAX];
    int64_t copied_first, copied_end; /* of the innermost axis: where output and input run in step */
    const char *from, *constant;
    char *to;
    size_t bytes;
};

/* Place i of an axis of n, i possibly outside. */
static int64_t source(enum pad_mode mode, int64_t i, int64_t n)
{
    if (i >= 0 && i < n) return i;
    int64_t period = 2 * (n - 1);
    switch (mode) {
    case PAD_EDGE: return i < 0 ? 0 : n - 1;
    case PAD_WRAP: return (i % n + n) % n;
    case PAD_REFLECT:
        if (n == 1) return 0;
        i = (i % period + period) % period;
        return i < n ? i : period - i;
    case PAD_CONSTANT: break;
    }
    return -1;
}

static gable_status make_maps(struct call *c, struct pads *p, const struct value *x)
{
    int64_t stride = 1;
    for (int a = p->rank - 1; a >= 0; a--) {
        int64_t *map = call_scratch(c, (size_t)p->dim[a] * sizeof *map);
        if (!map) return operand_no_memory(c);
        if (x->dim[a] == 0 && p->mode != PAD_CONSTANT) return call_refuse(c, "axis %d has no place to pad from", a);
        for (int64_t i = 0; i < p->dim[a]; i++) map[i] = source(p->mode, i - p->before[a], x->dim[a]);
        p->map[a] = map;
        p->in_stride[a] = stride;
        stride *= x->dim[a];
    }
    int last = p->rank - 1;
    int64_t end = p->before[last] + x->dim[last];
    p->copied_first = p->before[last] > 0 ? p->before[last] : 0;
    p->copied_end = end < p->dim[last] ? end : p->dim[last];
    if (p->copied_first > p->dim[last]) p->copied_first = p->dim[last];
    if (p->copied_end < p->copied_first) p->copied_end = p->copied_first;
    return GABLE_OK;
}

static void place(const struct pads *p, char *to, const char *row, int64_t first, int64_t end)
{
    const int64_t *map = p->map[p->rank - 1];
    for (int64_t i = first; i < end; i++) {
        bool is_there = row && map[i] >= 0;
        memcpy(to + (size_t)i * p->bytes, is_there ? row + (size_t)map[i] * p->bytes : p->constant, p->bytes);
    }
}

static void pad_rows(void *arg, int64_t first, int64_t end)
{
    const struct pads *p = arg;
    int last = p->rank - 1;
    for (int64_t r = first; r < end; r++) {
        int64_t rest = r, offset = 0;
        bool is_there = true;
        for (int a = last - 1; a >= 0; a--) {
            int64_t from = p->map[a][rest % p->dim[a]];
            rest /= p->dim[a];
            is_there = is_there && from >= 0;
            offset += from * p->in_stride[a];
        }
        char *to = p->to + (size_t)(r * p->dim[last]) * p->bytes;
        const char *row = is_there ? p->from + offset * (int64_t)p->bytes : NULL;
        int64_t from = row ? p->copied_first : p->dim[last], until = row ? p->copied_end : p->dim[last];
        place(p, to, row, 0, from);
        if (until > from)
            memcpy(to + (size_t)from * p->bytes, row + (from - p->before[last]) * (int64_t)p->bytes,
                   (size_t)(until - from) * p->bytes);
        place(p, to, row, until, p->dim[last]);
    }
}

static gable_status read_mode(struct call *c, enum pad_mode *mode)
{
    static const char *const names[] = {"constant", "edge", "reflect", "wrap"};
    const struct attribute *a = node_attribute(c->node, "mode");
    *mode = PAD_CONSTANT;
    if (!a || !a->s) return GABLE_OK;
    for (int i = 0; i < (int)COUNT_OF(names); i++)
        if (!strcmp(a->s, names[i])) {
            *mode = (enum pad_mode)i;
            return GABLE_OK;
        }
    return call_refuse(c, "has no mode %.20s", a->s);
}

/* Pads of the axes listed, or of all; as an attribute in old models. */
static gable_status read_pads(struct call *c, struct pads *p, const struct value *x)
{
    int64_t pads[2 * SHAPE_RANK_MAX], axes[SHAPE_RANK_MAX];
    int n = -1, n_axes = -1;
    gable_status s = operand_ints(c, "pads", 1, 2 * SHAPE_RANK_MAX, pads, &n);
    if (!s) s = operand_ints(c, NULL, 3, SHAPE_RANK_MAX, axes, &n_axes);
    if (s) return s;
    int padded = n_axes >= 0 ? n_axes : x->rank;
    if (n != 2 * padded) return call_refuse(c, "lists %d pads for %d axes", n, padded);
    for (int i = 0; i < padded; i++) {
        int axis = i;
        if (n_axes >= 0 && !call_axis(axes[i], x->rank, &axis))
            return call_refuse(c, "axis %" PRId64 " is outside a value of %d dimensions", axes[i], x->rank);
        p->before[axis] = pads[i];
        p->after[axis] = pads[i + padded];
    }
    for (int a = 0; a < x->rank; a++) {
        if (p->before[a] < -x->dim[a] || p->after[a] < -x->dim[a] ||
            __builtin_add_overflow(x->dim[a], p->before[a], &p->dim[a]) ||
            __builtin_add_overflow(p->dim[a], p->after[a], &p->dim[a]) || p->dim[a] < 0)
            return call_refuse(c, "axis %d of %" PRId64 " cannot be padded by %" PRId64 " and %" PRId64, a, x->dim[a],
                               p->before[a], p->after[a]);
    }
    return GABLE_OK;
}

/* The constant is of the input's type; zero, or the attribute "value", where it is left out. */
static gable_status read_constant(struct call *c, const struct value *x, void *element)
{
    double value = node_float(c->node, "value", 0);
    struct value from = {.kind = VALUE_TENSOR, .dtype = DTYPE_F64, .n = 1, .data = &value};
    struct value to = {.kind = VALUE_TENSOR, .dtype = x->dtype, .n = 1, .data = element};
    if (call_has(c, 2) && (c->in[2]->n != 1 || c->in[2]->dtype != x->dtype))
        return call_refuse(c, "the constant must be one value of type %s", dtype_name(x->dtype));
    if (call_has(c, 2))
        memcpy(element, c->in[2]->data, value_element_bytes(x->dtype));
    else if (x->dtype != DTYPE_STRING)
        value_convert(&from, &to);
    return GABLE_OK;
}

static gable_status run_pad(struct call *c)
{
    const struct value *x = c->in[0];
    uint64_t constant = 0;
    struct pads p = {.rank = x->rank, .from = x->data, .bytes = value_element_bytes(x->dtype)};
    gable_status s = read_mode(c, &p.mode);
    if (!s) s = read_pads(c, &p, x);
    if (!s) s = read_constant(c, x, &constant);
    if (!s) s = call_make(c, 0, x->dtype, x->rank, p.dim);
    if (s || c->out[0]->n == 0) return s;
    if (x->rank == 0) {
        call_pass(c, 0, x);
        return GABLE_OK;
    }
    p.constant = (const char *)&constant;
    p.to = c->out[0]->data;
    s = make_maps(c, &p, x);
    if (s) return s;
    int64_t row = p.dim[x->rank - 1];
    call_parallel(c, c->out[0]->n / row, GRAIN / (row + 16) + 1, pad_rows, &p);
    return operand_own(c, c->out[0]);
}

const struct kernel kernels_pad[] = {{.op = "Pad", .domain = "", .run = run_pad}, {0}};
