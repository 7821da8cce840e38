/* Operators that make values from shapes and numbers: constants, ranges, one-hot rows, diagonals, triangles. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/move.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Every element of v is the element at `one`. */
static void fill(struct call *c, struct value *v, const void *one)
{
    struct walk w = {.operands = 1, .rank = 1, .dim = {v->n}};
    struct value from = {.kind = VALUE_TENSOR, .dtype = v->dtype, .n = 1, .data = (void *)(uintptr_t)one};
    if (v->n > 0) move_walk(c, &w, &from, v);
}

/* A number as an element of type d, of at most 8 bytes. */
static void element_of(enum dtype d, double real, int64_t whole, bool is_whole, void *out)
{
    struct value from = {.kind = VALUE_TENSOR, .dtype = is_whole ? DTYPE_S64 : DTYPE_F64, .n = 1};
    struct value to = {.kind = VALUE_TENSOR, .dtype = d, .n = 1, .data = out};
    from.data = is_whole ? (void *)&whole : (void *)&real;
    value_convert(&from, &to);
}

static gable_status run_constant_of_shape(struct call *c)
{
    const struct attribute *a = node_attribute(c->node, "value");
    const struct tensor *t = a && a->type == ATTRIBUTE_TENSOR ? a->t : NULL;
    int rank = -1;
    int64_t dim[SHAPE_RANK_MAX], element = 0;
    gable_status s = operand_ints(c, NULL, 0, SHAPE_RANK_MAX, dim, &rank);
    if (!s && t && !t->ints && !t->reals) s = call_refuse(c, "the value is not one number");
    if (!s) s = call_make(c, 0, t ? t->dtype : DTYPE_F32, rank, dim);
    if (s) return s;
    if (t && c->out[0]->dtype == DTYPE_STRING) return call_refuse(c, "the value is not one number");
    if (t) element_of(t->dtype, t->reals ? t->reals[0] : 0, t->ints ? t->ints[0] : 0, t->ints != NULL, &element);
    fill(c, c->out[0], &element);
    return GABLE_OK;
}

/* How many steps from first before limit. */
static gable_status range_length(struct call *c, bool is_real, int64_t *n)
{
    double steps = ceil((value_real(c->in[1], 0) - value_real(c->in[0], 0)) / value_real(c->in[2], 0));
    *n = 0;
    if (is_real) {
        if (!(steps < 0x1p62)) return call_refuse(c, "the range has no end");
        *n = steps > 0 ? (int64_t)steps : 0;
        return GABLE_OK;
    }
    int64_t first = value_int(c->in[0], 0), limit = value_int(c->in[1], 0), step = value_int(c->in[2], 0), span;
    if (step == 0) return call_refuse(c, "a step of 0 never ends");
    if ((step > 0) != (limit > first) || limit == first) return GABLE_OK;
    if (__builtin_sub_overflow(limit, first, &span) || step == INT64_MIN)
        return call_refuse(c, "the range from %" PRId64 " to %" PRId64 " is too long", first, limit);
    if (step < 0) span = -span, step = -step;
    *n = (span - 1) / step + 1;
    return GABLE_OK;
}

static gable_status run_range(struct call *c)
{
    const enum dtype d = c->in[0]->dtype;
    int64_t n = 0, whole;
    gable_status s = GABLE_OK;
    for (int i = 0; i < 3 && !s; i++) s = operand_int(c, i, &whole);
    for (int i = 1; i < 3 && !s; i++)
        if (c->in[i]->dtype != d) s = call_refuse(c, "its inputs are of different types");
    bool is_real = d == DTYPE_F32 || d == DTYPE_F64;
    if (!s) s = range_length(c, is_real, &n);
    if (!s) s = call_make(c, 0, d, 1, &n);
    if (s) return s;
    double first = value_real(c->in[0], 0), step = value_real(c->in[2], 0);
    uint64_t at = (uint64_t)value_int(c->in[0], 0), by = (uint64_t)value_int(c->in[2], 0);
    char *to = c->out[0]->data;
    size_t bytes = value_element_bytes(d);
    for (int64_t i = 0; i < n; i++, at += by)
        element_of(d, first + (double)i * step, (int64_t)at, !is_real, to + (size_t)i * bytes);
    return s;
}

static gable_status run_eye_like(struct call *c)
{
    const struct value *x = c->in[0];
    int64_t k = node_int(c->node, "k", 0), one = 0;
    const struct attribute *asked = node_attribute(c->node, "dtype");
    enum dtype d = asked ? operand_dtype(asked->i) : x->dtype;
    if (x->rank != 2) return call_refuse(c, "a value of %d dimensions has no diagonal", x->rank);
    if (d == DTYPE_UNDEFINED || d == DTYPE_STRING) return call_refuse(c, "dtype asks for what is no type of number");
    gable_status s = call_make(c, 0, d, 2, x->dim);
    if (s) return s;
    size_t bytes = value_element_bytes(d);
    memset(c->out[0]->data, 0, (size_t)c->out[0]->n * bytes);
    element_of(d, 0, 1, true, &one);
    for (int64_t r = 0; r < x->dim[0] && k < x->dim[1]; r++)
        if (r + k >= 0 && r + k < x->dim[1])
            memcpy((char *)c->out[0]->data + (size_t)(r * x->dim[1] + r + k) * bytes, &one, bytes);
    return s;
}

/* Rows of `off` with one place of `on`; an index outside makes none. */
static gable_status run_one_hot(struct call *c)
{
    const struct value *index = c->in[0], *pair = c->in[2];
    int axis, rank = index->rank + 1;
    int64_t depth = 0, dim[SHAPE_RANK_MAX], inner = 1;
    gable_status s = operand_int(c, 1, &depth);
    if (!s && pair->n != 2) s = call_refuse(c, "needs two values, off and on");
    if (!s && (depth < 1 || index->dtype == DTYPE_STRING)) s = call_refuse(c, "a depth of %" PRId64, depth);
    if (!s && rank > SHAPE_RANK_MAX) s = call_refuse(c, "the output would have %d dimensions", rank);
    if (!s) s = operand_axis(c, -1, rank, &axis);
    if (s) return s;
    for (int i = 0; i < rank; i++) dim[i] = i < axis ? index->dim[i] : i == axis ? depth : index->dim[i - 1];
    s = call_make(c, 0, pair->dtype, rank, dim);
    if (s || index->n == 0) return s;
    size_t bytes = value_element_bytes(pair->dtype);
    fill(c, c->out[0], pair->data);
    for (int i = axis + 1; i < rank; i++) inner *= dim[i];
    for (int64_t i = 0; i < index->n; i++) {
        int64_t place = value_int(index, i);
        if (place < -depth || place >= depth) continue;
        place += place < 0 ? depth : 0;
        memcpy((char *)c->out[0]->data + (size_t)((i / inner * depth + place) * inner + i % inner) * bytes,
               (const char *)pair->data + bytes, bytes);
    }
    return s;
}

/* Row r keeps columns from r + k on (upper), or up to r + k. */
static gable_status run_trilu(struct call *c)
{
    const struct value *x = c->in[0];
    bool is_upper = node_int(c->node, "upper", 1) != 0;
    int64_t k = 0;
    gable_status s = x->rank < 2 ? call_refuse(c, "a value of %d dimensions has no triangles", x->rank) : GABLE_OK;
    if (!s && call_has(c, 1)) s = operand_int(c, 1, &k);
    if (!s && x->dtype == DTYPE_STRING) s = call_refuse(c, "strings have no zero");
    if (!s) s = call_like(c, 0, x);
    if (s || x->n == 0) return s;
    int64_t rows = x->dim[x->rank - 2], columns = x->dim[x->rank - 1], all = x->n / columns;
    int64_t bytes = (int64_t)value_element_bytes(x->dtype);
    k = k > columns ? columns : k < -rows ? -rows : k;
    for (int64_t r = 0; r < all; r++) {
        int64_t edge = r % rows + k + (is_upper ? 0 : 1); /* where zeros end, or begin */
        edge = edge < 0 ? 0 : edge > columns ? columns : edge;
        int64_t first = is_upper ? edge : 0, end = is_upper ? columns : edge;
        char *to = (char *)c->out[0]->data + r * columns * bytes;
        memset(to, 0, (size_t)(columns * bytes));
        memcpy(to + first * bytes, (const char *)x->data + (r * columns + first) * bytes,
               (size_t)((end - first) * bytes));
    }
    return s;
}

const struct kernel kernels_make[] = {
    {.op = "ConstantOfShape", .domain = "", .run = run_constant_of_shape},
    {.op = "Range", .domain = "", .run = run_range},
    {.op = "EyeLike", .domain = "", .run = run_eye_like},
    {.op = "OneHot", .domain = "", .run = run_one_hot},
    {.op = "Trilu", .domain = "", .run = run_trilu},
    {0},
};
