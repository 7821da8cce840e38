/* ArgMax and ArgMin: where along an axis the greatest or smallest value is; of equal ones the first, or the last. A NaN
   is greater and smaller than anything. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/lines.h"
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"

/* Searches a line whose places are `step` apart. */
typedef int64_t search(const void *x, int64_t n, int64_t step, bool is_last);

/* The extreme first, in lanes that become vectors; then where it is. */
enum { LANES = 64 };
#define BEST(op, name, T, better)                               \
    HOT_##name static T op##_best_##name(const T *x, int64_t n) \
    {                                                           \
        T lane[LANES];                                          \
        int64_t i = 0;                                          \
        for (int j = 0; j < LANES; j++) lane[j] = x[0];         \
        for (; i + LANES <= n; i += LANES)                      \
            SIDE_BY_SIDE (j, LANES) {                           \
                const T v = x[i + j], w = lane[j];              \
                lane[j] = (better) ? v : w;                     \
            }                                                   \
        for (; i < n; i++) {                                    \
            const T v = x[i], w = lane[0];                      \
            lane[0] = (better) ? v : w;                         \
        }                                                       \
        for (int j = 1; j < LANES; j++) {                       \
            const T v = lane[j], w = lane[0];                   \
            lane[0] = (better) ? v : w;                         \
        }                                                       \
        return lane[0];                                         \
    }
#define SEARCH(op, name, T, better)                                                                \
    BEST(op, name, T, better)                                                                      \
    static int64_t op##_##name(const void *from, int64_t n, int64_t step, bool is_last)            \
    {                                                                                              \
        const T *x = from;                                                                         \
        T w = x[0];                                                                                \
        int64_t at = 0;                                                                            \
        if (step == 1 && n >= LANES) {                                                             \
            w = op##_best_##name(x, n);                                                            \
            for (at = is_last ? n - 1 : 0; x[at] != w && w == w; at += is_last ? -1 : 1) continue; \
            if (w == w) return at;                                                                 \
            w = x[0], at = 0;                                                                      \
        }                                                                                          \
        for (int64_t i = 1; i < n; i++) {                                                          \
            const T v = x[i * step];                                                               \
            if ((better) || (is_last && (v == w || (v != v && w != w)))) w = v, at = i;            \
        }                                                                                          \
        return at;                                                                                 \
    }
#define HOT_F64
#define HOT_F32 HOT
#define HOT_S64
#define HOT_S32
#define HOT_S16
#define HOT_S8
#define HOT_U64
#define HOT_U32
#define HOT_U16
#define HOT_U8
#define REALS(name, T)                                         \
    SEARCH(greatest, name, T, (v > w) | ((v != v) & (w == w))) \
    SEARCH(smallest, name, T, (v < w) | ((v != v) & (w == w)))
#define WHOLES(name, T)              \
    SEARCH(greatest, name, T, v > w) \
    SEARCH(smallest, name, T, v < w)
REALS(F64, double)
REALS(F32, float)
WHOLES(S64, int64_t)
WHOLES(S32, int32_t)
WHOLES(S16, int16_t)
WHOLES(S8, int8_t)
WHOLES(U64, uint64_t)
WHOLES(U32, uint32_t)
WHOLES(U16, uint16_t)
WHOLES(U8, uint8_t)

struct extremes {
    struct lines lines;
    search *search;
    const char *x;
    size_t bytes;
    int64_t *y;
    bool is_last;
};
static void search_lines(void *arg, int64_t first, int64_t end)
{
    const struct extremes *e = arg;
    for (int64_t i = first; i < end; i++) {
        const char *line = e->x + (size_t)lines_at(&e->lines, i, 0) * e->bytes;
        e->y[i] = e->search(line, e->lines.places, e->lines.inner, e->is_last);
    }
}

static gable_status find(struct call *c, search *const *searches)
{
    const struct value *x = c->in[0];
    struct extremes e = {.search = searches[x->dtype], .x = x->data, .bytes = value_element_bytes(x->dtype)};
    bool is_kept = node_int(c->node, "keepdims", 1) != 0;
    int axis, rank = 0;
    int64_t dim[SHAPE_RANK_MAX];
    if (!e.search) return loops_refuse_dtype(c, x->dtype);
    gable_status s = operand_axis(c, 0, x->rank, &axis);
    for (int i = 0; i < x->rank && !s; i++)
        if (i != axis || is_kept) dim[rank++] = i == axis ? 1 : x->dim[i];
    if (!s) s = call_make(c, 0, DTYPE_S64, rank, dim);
    if (s || c->out[0]->n == 0) return s;
    if (x->n == 0) return call_refuse(c, "axis %d has no value to find", axis);
    e.lines = lines_of(x, axis);
    e.y = c->out[0]->data;
    e.is_last = node_int(c->node, "select_last_index", 0) != 0;
    call_parallel(c, c->out[0]->n, GRAIN / (e.lines.places + 16) + 1, search_lines, &e);
    return GABLE_OK;
}

static gable_status run_arg_max(struct call *c)
{
    static search *const searches[DTYPE_N] = {NUMBERS(greatest)};
    return find(c, searches);
}
static gable_status run_arg_min(struct call *c)
{
    static search *const searches[DTYPE_N] = {NUMBERS(smallest)};
    return find(c, searches);
}

const struct kernel kernels_extreme[] = {
    {.op = "ArgMax", .domain = "", .run = run_arg_max, .in_f32 = true},
    {.op = "ArgMin", .domain = "", .run = run_arg_min, .in_f32 = true},
    {0},
};
