/* Where chooses between two values, Clip holds one between two bounds. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/walk.h"

#include <math.h>
#include <string.h>

struct choice {
    const uint8_t *which;
    const char *a, *b;
    char *y;
    int step[3]; /* of which, a, b: 0 or 1 */
};

#define CHOOSE(bits)                                                                                            \
    HOT static void choose_##bits(const void *arg, const int64_t *offset, int64_t out, int64_t n)               \
    {                                                                                                           \
        typedef uint##bits##_t T;                                                                               \
        const struct choice *w = arg;                                                                           \
        const uint8_t *which = w->which + offset[0];                                                            \
        const T *a = (const T *)(const void *)w->a + offset[1], *b = (const T *)(const void *)w->b + offset[2]; \
        T *y = (T *)(void *)w->y + out;                                                                         \
        int64_t step = w->step[0], a_step = w->step[1], b_step = w->step[2];                                    \
        if (step && a_step && b_step) {                                                                         \
            EACH (i, n) y[i] = which[i] ? a[i] : b[i];                                                          \
        } else if (step && a_step) {                                                                            \
            const T one = *b;                                                                                   \
            EACH (i, n) y[i] = which[i] ? a[i] : one;                                                           \
        } else if (step && b_step) {                                                                            \
            const T one = *a;                                                                                   \
            EACH (i, n) y[i] = which[i] ? one : b[i];                                                           \
        } else {                                                                                                \
            EACH (i, n) y[i] = which[i * step] ? a[i * a_step] : b[i * b_step];                                 \
        }                                                                                                       \
    }
CHOOSE(8)
CHOOSE(16)
CHOOSE(32)
CHOOSE(64)

static gable_status run_Where(struct call *c)
{
    const struct value *which = c->in[0], *a = c->in[1], *b = c->in[2];
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
    if (which->dtype != DTYPE_BOOL) return call_refuse(c, "its condition is of type %s", dtype_name(which->dtype));
    if (a->dtype != b->dtype)
        return call_refuse(c, "its two values are of types %s and %s", dtype_name(a->dtype), dtype_name(b->dtype));
    gable_status s = walk_shape(c, 3, c->in, &rank, dim);
    if (!s) s = call_make(c, 0, a->dtype, rank, dim);
    if (s) return s;
    struct walk w;
    walk_broadcast(&w, 3, c->in, rank, dim);
    struct choice choice = {which->data, a->data, b->data, c->out[0]->data, {0}};
    for (int k = 0; k < 3; k++) choice.step[k] = (int)walk_step(&w, k);
    size_t bytes = value_element_bytes(a->dtype);
    walk_parallel(c, &w, bytes == 1 ? choose_8 : bytes == 2 ? choose_16 : bytes == 4 ? choose_32 : choose_64, &choice);
    return operand_own(c, c->out[0]);
}

/* The bounds lie in p as two values of the type itself: doubles do not hold every int64_t. */
#define CLIP(name, T, lowest, highest)                                                             \
    HOT static void clip_##name(const void *from, void *to, int64_t n, const double *p)            \
    {                                                                                              \
        const T *bound = (const T *)(const void *)p, *x = from, least = bound[0], most = bound[1]; \
        T *y = to;                                                                                 \
        EACH (i, n) {                                                                              \
            T v = x[i];                                                                            \
            v = v < least ? least : v;                                                             \
            y[i] = v > most ? most : v;                                                            \
        }                                                                                          \
    }
/* clang-format off */
#define CLIPPED(X) /* dtype, C type, what bounds it where no bound is given */ \
    X(F32, float, -INFINITY, INFINITY) X(F64, double, -INFINITY, INFINITY) \
    X(S64, int64_t, INT64_MIN, INT64_MAX) X(S32, int32_t, INT32_MIN, INT32_MAX) \
    X(S16, int16_t, INT16_MIN, INT16_MAX) X(S8, int8_t, INT8_MIN, INT8_MAX) \
    X(U64, uint64_t, 0, UINT64_MAX) X(U32, uint32_t, 0, UINT32_MAX) X(U16, uint16_t, 0, UINT16_MAX) X(U8, uint8_t, 0, UINT8_MAX)
/* clang-format on */
CLIPPED(CLIP)

/* What is given as inputs goes before attributes, which are floats. */
#define BOUND(name, T, least, most)                                                   \
    case DTYPE_##name: {                                                              \
        T limit[] = {least, most};                                                    \
        for (int i = 0; i < 2; i++) {                                                 \
            if (attribute[i]) limit[i] = (T)(attribute[i]->f);                        \
            if (call_has(c, i + 1)) memcpy(&limit[i], c->in[i + 1]->data, sizeof(T)); \
        }                                                                             \
        memcpy(p, limit, sizeof limit);                                               \
        return loops_map(c, clip_##name, c->in[0], DTYPE_##name, p);                  \
    }
static gable_status run_Clip(struct call *c)
{
    const enum dtype d = c->in[0]->dtype;
    const bool is_real = d == DTYPE_F32 || d == DTYPE_F64;
    const struct attribute *attribute[] = {node_attribute(c->node, "min"), node_attribute(c->node, "max")};
    double p[2];
    for (int i = 0; i < 2; i++) {
        if (!is_real) attribute[i] = NULL;
        if (!call_has(c, i + 1)) continue;
        if (c->in[i + 1]->n != 1 || c->in[i + 1]->dtype != d)
            return call_refuse(c, "bound %d must be one value of type %s", i + 1, dtype_name(d));
    }
    switch (d) {
        CLIPPED(BOUND)
    default: return loops_refuse_dtype(c, d);
    }
}

/* Bounds must be there, as values or attributes: not made within the chain. */
static bool element_clip(const struct call *c, struct element *e)
{
    const char *const names[] = {"min", "max"};
    float bound[] = {-INFINITY, INFINITY};
    for (int i = 0; i < 2; i++) {
        const struct attribute *a = node_attribute(c->node, names[i]);
        if (a) bound[i] = (float)a->f;
        if (!call_has(c, i + 1)) continue;
        if (c->in[i + 1]->n != 1 || c->in[i + 1]->dtype != DTYPE_F32 || !c->in[i + 1]->data) return false;
        bound[i] = *(const float *)c->in[i + 1]->data;
    }
    *e = (struct element){.unary = clip_F32};
    memcpy(e->p, bound, sizeof bound);
    return true;
}

const struct kernel kernels_where[] = {
    {.op = "Where", .domain = "", .run = run_Where},
    {.op = "Clip", .domain = "", .run = run_Clip, .in_f32 = true, .element = element_clip},
    {0},
};
