/* Softmax, LogSoftmax, Hardmax: along one axis; before opset 13 along all from that axis on. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/lines.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/smooth.h"
#include "engine/general/tables.h"

#include <math.h>

enum form { FORM_SOFT, FORM_LOG, FORM_HARD };
struct softmax {
    const struct value *x;
    struct value *y;
    struct lines lines;
    enum form form;
};

#define LINE(name, type, exponential, logarithm)                                          \
    static HOT void name(const type *x, type *y, int64_t n, int64_t step, enum form form) \
    {                                                                                     \
        int64_t best = 0;                                                                 \
        type sum = 0;                                                                     \
        for (int64_t k = 1; k < n; k++)                                                   \
            if (x[k * step] > x[best * step]) best = k;                                   \
        type most = x[best * step];                                                       \
        if (form == FORM_HARD) {                                                          \
            for (int64_t k = 0; k < n; k++) y[k * step] = k == best;                      \
            return;                                                                       \
        }                                                                                 \
        for (int64_t k = 0; k < n; k++) {                                                 \
            type e = exponential(x[k * step] - most);                                     \
            sum += e;                                                                     \
            if (form == FORM_SOFT) y[k * step] = e;                                       \
        }                                                                                 \
        type down = form == FORM_SOFT ? 1 / sum : most + logarithm(sum);                  \
        if (form == FORM_SOFT)                                                            \
            for (int64_t k = 0; k < n; k++) y[k * step] *= down;                          \
        else                                                                              \
            for (int64_t k = 0; k < n; k++) y[k * step] = x[k * step] - down;             \
    }
LINE(line_f32, float, expf, logf)
LINE(line_f64, double, exp, log)

/* A row that lies together, the usual Softmax: maximum and sum in lanes, so that all three loops become vectors. */
enum { LANES = 16 };
static HOT void soft_row(const float *x, float *y, int64_t n)
{
    float most[LANES], sum[LANES], top, total = 0;
    int64_t whole = n / LANES * LANES;
    SIDE_BY_SIDE (j, LANES) most[j] = x[0];
    SIDE_BY_SIDE (j, LANES) sum[j] = 0;
    for (int64_t i = 0; i < whole; i += LANES)
        SIDE_BY_SIDE (j, LANES) most[j] = x[i + j] > most[j] ? x[i + j] : most[j];
    top = x[0];
    for (int64_t i = whole; i < n; i++) top = x[i] > top ? x[i] : top;
    for (int j = 0; j < LANES; j++) top = most[j] > top ? most[j] : top;
    EACH (i, n) y[i] = smooth_exp(x[i] - top);
    for (int64_t i = 0; i < whole; i += LANES)
        SIDE_BY_SIDE (j, LANES) sum[j] += y[i + j];
    for (int64_t i = whole; i < n; i++) total += y[i];
    for (int j = 0; j < LANES; j++) total += sum[j];
    float down = 1 / total;
    EACH (i, n) y[i] *= down;
}

static void softmax_lines(void *arg, int64_t first, int64_t end)
{
    const struct softmax *s = arg;
    for (int64_t i = first; i < end; i++) {
        int64_t at = lines_at(&s->lines, i, 0);
        if (s->x->dtype == DTYPE_F32 && s->form == FORM_SOFT && s->lines.inner == 1)
            soft_row((const float *)s->x->data + at, (float *)s->y->data + at, s->lines.places);
        else if (s->x->dtype == DTYPE_F32)
            line_f32((const float *)s->x->data + at, (float *)s->y->data + at, s->lines.places, s->lines.inner,
                     s->form);
        else
            line_f64((const double *)s->x->data + at, (double *)s->y->data + at, s->lines.places, s->lines.inner,
                     s->form);
    }
}

static gable_status run(struct call *c, enum form form)
{
    const struct value *x = c->in[0];
    bool is_flat = c->opset < 13;
    int axis;
    if (x->dtype != DTYPE_F32 && x->dtype != DTYPE_F64)
        return call_refuse(c, "takes f32 and f64, not %s", dtype_name(x->dtype));
    gable_status s = operand_axis(c, is_flat ? 1 : -1, x->rank, &axis);
    if (!s) s = call_like(c, 0, x);
    if (s || x->n == 0) return s;
    struct softmax all = {x, c->out[0], lines_of(x, axis), form};
    if (is_flat) all.lines = (struct lines){value_count(x, 0, axis), value_count(x, axis, x->rank), 1};
    call_parallel(c, all.lines.outer * all.lines.inner, 1 + GRAIN / (8 * all.lines.places), softmax_lines, &all);
    return GABLE_OK;
}
static gable_status run_soft(struct call *c) { return run(c, FORM_SOFT); }
static gable_status run_log(struct call *c) { return run(c, FORM_LOG); }
static gable_status run_hard(struct call *c) { return run(c, FORM_HARD); }

const struct kernel kernels_softmax[] = {
    {.op = "Softmax", .domain = "", .run = run_soft, .in_f32 = true},
    {.op = "LogSoftmax", .domain = "", .run = run_log, .in_f32 = true},
    {.op = "Hardmax", .domain = "", .run = run_hard, .in_f32 = true},
    {0},
};
