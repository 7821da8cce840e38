/* CumSum: running sums along an axis, from the front or the back, with or without the place itself. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/lines.h"
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"

#include <string.h>

/* One block of places x inner elements; step is inner, or -inner from the back. */
typedef void run_sums(const void *x, void *y, struct lines l, int64_t first, int64_t step, bool is_exclusive);
#define SUMS(name, T, U)                                                                             \
    static void sums_##name(const void *from, void *to, struct lines l, int64_t first, int64_t step, \
                            bool is_exclusive)                                                       \
    {                                                                                                \
        const T *x = (const T *)from + first;                                                        \
        T *y = (T *)to + first;                                                                      \
        for (int64_t p = 0; p < l.places; p++, x += step, y += step) {                               \
            const T *add = is_exclusive ? x - step : x;                                              \
            if (p == 0 && is_exclusive)                                                              \
                memset(y, 0, (size_t)l.inner * sizeof *y);                                           \
            else if (p == 0)                                                                         \
                memcpy(y, x, (size_t)l.inner * sizeof *y);                                           \
            else                                                                                     \
                EACH (i, l.inner) y[i] = (T)((U)y[i - step] + (U)add[i]);                            \
        }                                                                                            \
    }
SUMS(F64, double, double)
SUMS(F32, float, float)
SUMS(S64, int64_t, uint64_t)
SUMS(S32, int32_t, uint64_t)
SUMS(U64, uint64_t, uint64_t)
SUMS(U32, uint32_t, uint64_t)

struct sums {
    struct lines lines;
    run_sums *run;
    const void *x;
    void *y;
    bool is_exclusive, is_reverse;
};
static void sum_blocks(void *arg, int64_t first, int64_t end)
{
    const struct sums *s = arg;
    struct lines l = s->lines;
    for (int64_t o = first; o < end; o++) {
        int64_t start = o * l.places * l.inner, last = start + (l.places - 1) * l.inner;
        s->run(s->x, s->y, l, s->is_reverse ? last : start, s->is_reverse ? -l.inner : l.inner, s->is_exclusive);
    }
}

static gable_status run_cumsum(struct call *c)
{
    static run_sums *const runs[DTYPE_N] = {FLOATS(sums), AT(sums, S64), AT(sums, S32), AT(sums, U64), AT(sums, U32)};
    const struct value *x = c->in[0];
    int axis;
    int64_t listed = 0;
    struct sums s = {.run = runs[x->dtype], .x = x->data};
    if (!s.run) return loops_refuse_dtype(c, x->dtype);
    gable_status status = operand_int(c, 1, &listed);
    if (!status && !call_axis(listed, x->rank, &axis))
        status = call_refuse(c, "axis %lld is outside a value of %d dimensions", (long long)listed, x->rank);
    if (!status) status = call_like(c, 0, x);
    if (status || x->n == 0) return status;
    s.lines = lines_of(x, axis);
    s.y = c->out[0]->data;
    s.is_exclusive = node_int(c->node, "exclusive", 0) != 0;
    s.is_reverse = node_int(c->node, "reverse", 0) != 0;
    call_parallel(c, s.lines.outer, GRAIN / (s.lines.places * s.lines.inner + 16) + 1, sum_blocks, &s);
    return GABLE_OK;
}

const struct kernel kernels_cumsum[] = {{.op = "CumSum", .domain = "", .run = run_cumsum, .in_f32 = true}, {0}};
