/* GridSample: each output takes values around a place of the input that the grid names in [-1, 1] per axis. Taps and
   their weights are found for a row of places at once, axis by axis, then used for every channel. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { AXES_MAX = 3, TAPS_MAX = 4, ALL_TAPS_MAX = 64, PLACES = 64 };
enum sampling { SAMPLING_NEAREST, SAMPLING_LINEAR, SAMPLING_CUBIC };
enum outside { OUTSIDE_ZERO, OUTSIDE_BORDER, OUTSIDE_MIRROR };

struct grid {
    int axes;
    int64_t size[AXES_MAX], step[AXES_MAX]; /* of the input, axis 0 outermost */
    enum sampling sampling;
    enum outside outside;
    bool is_aligned; /* -1 and 1 are centres of the border's elements, not their outer edges */
    int64_t channels, in_places, out_places;
    const struct value *x, *grid;
    void *y;
};
/* Of a row of places, tap by tap: offsets in a channel, weights. */
struct axis_taps {
    int n;
    int32_t at[TAPS_MAX][PLACES];
    double weight[TAPS_MAX][PLACES];
};
struct taps {
    int n;
    int32_t at[ALL_TAPS_MAX][PLACES];
    double weight[ALL_TAPS_MAX][PLACES];
    float short_weight[ALL_TAPS_MAX][PLACES];
};

/* Elements `at` of an axis, which may lie outside: where they are found; those that count as 0 get no weight. */
static HOT void settle(const struct grid *g, int axis, const double *at, int32_t *out, double *weight)
{
    const int32_t step = (int32_t)g->step[axis];
    const double last = (double)(g->size[axis] - 1), low = g->is_aligned ? 0 : -0.5;
    const double span = g->is_aligned ? last : last + 1, turn = span > 0 ? 2 * span : 1;
    double found[PLACES];
    memcpy(found, at, sizeof found);
    if (g->outside == OUTSIDE_ZERO)
        EACH (i, PLACES) weight[i] = at[i] < 0 || at[i] > last ? 0 : weight[i];
    if (g->outside == OUTSIDE_MIRROR)
        EACH (i, PLACES) { /* about the border's centres, or its outer edges */
            double far = fabs(at[i] - low), rest = far - turn * floor(far / turn);
            found[i] = at[i] < 0 || at[i] > last ? low + (rest > span ? turn - rest : rest) : at[i];
        }
    EACH (i, PLACES) {
        double v = found[i] < 0 ? 0 : found[i] > last ? last : found[i];
        out[i] = (int32_t)v * step;
    }
}

/* [Keys 1981] with a = -0.75 */
static inline double cubic(double t)
{
    const double a = -0.75;
    double near = ((a + 2) * t - (a + 3)) * t * t + 1, far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
    return t <= 1 ? near : far;
}

/* Taps of one axis around the places that v names. */
static HOT void find_axis_taps(const struct grid *g, int axis, const double *v, struct axis_taps *t)
{
    const double size = (double)g->size[axis], scale = g->is_aligned ? (size - 1) / 2 : size / 2;
    const double shift = g->is_aligned ? scale : scale - 0.5;
    double place[PLACES], first[PLACES], at[PLACES];
    EACH (i, PLACES) {
        double p = v[i] * scale + shift;
        place[i] = fabs(p) < 0x1p40 ? p : -0x1p40; /* what no number reaches */
    }
    if (g->sampling == SAMPLING_NEAREST)
        EACH (i, PLACES) first[i] = nearbyint(place[i]);
    if (g->sampling == SAMPLING_LINEAR)
        EACH (i, PLACES) first[i] = floor(place[i]);
    if (g->sampling == SAMPLING_CUBIC)
        EACH (i, PLACES) first[i] = floor(place[i]) - 1;
    t->n = g->sampling == SAMPLING_NEAREST ? 1 : g->sampling == SAMPLING_LINEAR ? 2 : TAPS_MAX;
    for (int k = 0; k < t->n; k++) {
        EACH (i, PLACES) at[i] = first[i] + k;
        EACH (i, PLACES) {
            double away = fabs(place[i] - at[i]), weight = t->n == 1 ? 1 : t->n == 2 ? 1 - away : cubic(away);
            t->weight[k][i] = weight;
        }
        settle(g, axis, at, t->at[k], t->weight[k]);
    }
}

/* Each of the taps so far with each of one axis more; from the last to the first, for they take their place. */
static HOT void join_taps(struct taps *t, const struct axis_taps *more)
{
    for (int from = t->n - 1; from >= 0; from--)
        for (int k = more->n - 1; k >= 0; k--) {
            int to = from * more->n + k;
            EACH (i, PLACES) {
                t->at[to][i] = t->at[from][i] + more->at[k][i];
                t->weight[to][i] = t->weight[from][i] * more->weight[k][i];
            }
        }
    t->n *= more->n;
}

/* The taps of n places from `first` on; places beyond are those of a grid of zeros. */
static void find_taps(const struct grid *g, int64_t first, int64_t n, struct taps *t)
{
    struct axis_taps of_axis;
    t->n = 1;
    memset(t->at[0], 0, sizeof t->at[0]);
    for (int i = 0; i < PLACES; i++) t->weight[0][i] = 1;
    for (int axis = 0; axis < g->axes; axis++) {
        double v[PLACES] = {0};
        int64_t from = first * g->axes + g->axes - 1 - axis; /* the grid lists the innermost axis first */
        for (int64_t i = 0; i < n; i++)
            v[i] = g->grid->dtype == DTYPE_F32 ? (double)((const float *)g->grid->data)[from + i * g->axes]
                                               : ((const double *)g->grid->data)[from + i * g->axes];
        find_axis_taps(g, axis, v, &of_axis);
        join_taps(t, &of_axis);
    }
    for (int k = 0; k < t->n; k++)
        for (int i = 0; i < PLACES; i++) t->short_weight[k][i] = (float)t->weight[k][i];
}

/* What has no weight is not looked at: it may be infinite. */
#define SAMPLE(name, T, weights)                                                                             \
    static HOT void sample_##name(const struct grid *g, int64_t picture, int64_t place, int64_t n,           \
                                  const struct taps *t)                                                      \
    {                                                                                                        \
        const T *x = (const T *)g->x->data + picture * g->channels * g->in_places;                           \
        T *y = (T *)g->y + picture * g->channels * g->out_places + place;                                    \
        for (int64_t channel = 0; channel < g->channels; channel++, x += g->in_places, y += g->out_places) { \
            T sum[PLACES] = {0};                                                                             \
            for (int k = 0; k < t->n; k++) {                                                                 \
                const T *w = t->weights[k];                                                                  \
                const int32_t *at = t->at[k];                                                                \
                EACH (i, PLACES) {                                                                           \
                    const T v = x[at[i]];                                                                    \
                    sum[i] += w[i] != 0 ? w[i] * v : 0;                                                      \
                }                                                                                            \
            }                                                                                                \
            memcpy(y, sum, (size_t)n * sizeof *y);                                                           \
        }                                                                                                    \
    }
SAMPLE(F32, float, short_weight)
SAMPLE(F64, double, weight)

static int64_t rows_of(const struct grid *g) { return (g->out_places + PLACES - 1) / PLACES; } /* of one picture */

static void sample_rows(void *arg, int64_t first, int64_t end)
{
    const struct grid *g = arg;
    struct taps t;
    for (int64_t i = first; i < end; i++) {
        int64_t picture = i / rows_of(g), place = i % rows_of(g) * PLACES;
        int64_t n = g->out_places - place < PLACES ? g->out_places - place : PLACES;
        find_taps(g, picture * g->out_places + place, n, &t);
        (g->x->dtype == DTYPE_F32 ? sample_F32 : sample_F64)(g, picture, place, n, &t);
    }
}

static int find(const char *text, int n, const char *const *names)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(text, names[i])) return i;
    return -1;
}

static gable_status read_modes(struct call *c, struct grid *g)
{
    static const char *const samplings[] = {"nearest", "bilinear", "bicubic", "nearest", "linear", "cubic"};
    static const char *const outsides[] = {"zeros", "border", "reflection"};
    const char *mode = operand_text(c, "mode", "bilinear"), *padding = operand_text(c, "padding_mode", "zeros");
    int sampling = find(mode, COUNT_OF(samplings), samplings), outside = find(padding, COUNT_OF(outsides), outsides);
    if (sampling < 0) return call_refuse(c, "knows no mode %.40s", mode);
    if (outside < 0) return call_refuse(c, "knows no padding_mode %.40s", padding);
    g->sampling = (enum sampling)(sampling % 3);
    g->outside = (enum outside)outside;
    g->is_aligned = node_int(c->node, "align_corners", 0) != 0;
    return GABLE_OK;
}

static gable_status read_grid(struct call *c, struct grid *g)
{
    const struct value *x = c->in[0], *grid = c->in[1];
    g->x = x, g->grid = grid;
    g->axes = x->rank - 2;
    if (x->dtype != DTYPE_F32 && x->dtype != DTYPE_F64) return loops_refuse_dtype(c, x->dtype);
    if (grid->dtype != DTYPE_F32 && grid->dtype != DTYPE_F64) return loops_refuse_dtype(c, grid->dtype);
    if (g->axes < 1 || g->axes > AXES_MAX)
        return call_refuse(c, "samples pictures of 1 to %d axes, not %d", AXES_MAX, g->axes);
    if (grid->rank != x->rank || grid->dim[0] != x->dim[0] || grid->dim[x->rank - 1] != g->axes)
        return call_refuse(c, "needs a grid of batch x places x %d", g->axes);
    for (int64_t i = g->axes, step = 1; i-- > 0; step *= g->size[i]) {
        g->size[i] = x->dim[i + 2];
        g->step[i] = step;
        if (step > 0 && g->size[i] > INT32_MAX / step)
            return call_refuse(c, "samples pictures of less than 2^31 elements");
        if (g->size[i] == 0 && grid->n > 0) return call_refuse(c, "an axis without elements has nothing to sample");
    }
    return GABLE_OK;
}

static gable_status run_sample(struct call *c)
{
    struct grid g = {.axes = 0};
    int64_t dim[SHAPE_RANK_MAX] = {0};
    gable_status s = operand_tensors(c, 2);
    if (!s) s = read_modes(c, &g);
    if (!s) s = read_grid(c, &g);
    if (s) return s;
    for (int i = 0; i < c->in[0]->rank; i++) dim[i] = i < 2 ? c->in[0]->dim[i] : c->in[1]->dim[i - 1];
    s = call_make(c, 0, c->in[0]->dtype, c->in[0]->rank, dim);
    if (s || c->out[0]->n == 0) return s;
    g.channels = dim[1];
    g.in_places = value_count(c->in[0], 2, c->in[0]->rank);
    g.out_places = value_count(c->out[0], 2, c->out[0]->rank);
    g.y = c->out[0]->data;
    call_parallel(c, dim[0] * rows_of(&g), GRAIN / (PLACES * (g.channels + 16)) + 1, sample_rows, &g);
    return s;
}

const struct kernel kernels_sample[] = {{.op = "GridSample", .domain = "", .run = run_sample, .in_f32 = true}, {0}};
