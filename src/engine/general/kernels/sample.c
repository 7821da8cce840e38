/* GridSample: each output takes values around a place of the input that the grid names in [-1, 1] per axis. Taps and
   their weights are found once for a place, then used for every channel. */
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { AXES_MAX = 3, TAPS_MAX = 4, ALL_TAPS_MAX = 64 };
enum sampling { SAMPLING_NEAREST, SAMPLING_LINEAR, SAMPLING_CUBIC };
enum outside { OUTSIDE_ZERO, OUTSIDE_BORDER, OUTSIDE_MIRROR };

struct tap {
    int64_t at;
    double weight;
};
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

/* Element `at` of an axis, which may lie outside; false where it counts as 0. */
static bool settle(const struct grid *g, int axis, double at, int64_t *out)
{
    double last = (double)(g->size[axis] - 1);
    if (at < 0 || at > last) {
        if (g->outside == OUTSIDE_ZERO) return false;
        if (g->outside == OUTSIDE_MIRROR) { /* about the border's centres, or its outer edges */
            double low = g->is_aligned ? 0 : -0.5, span = g->is_aligned ? last : last + 1;
            double turn = span > 0 ? fmod(fabs(at - low), 2 * span) : 0;
            at = low + (turn > span ? 2 * span - turn : turn);
        }
        at = at < 0 ? 0 : at > last ? last : at;
    }
    *out = (int64_t)at;
    return true;
}

/* [Keys 1981] with a = -0.75 */
static double cubic(double t)
{
    const double a = -0.75;
    if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
}

/* Taps of one axis around the place that v names; how many. */
static int axis_taps(const struct grid *g, int axis, double v, struct tap *tap)
{
    double size = (double)g->size[axis], place = g->is_aligned ? (v + 1) / 2 * (size - 1) : ((v + 1) * size - 1) / 2;
    if (!(fabs(place) < 0x1p40)) place = -0x1p40; /* what no number reaches */
    double first = floor(place);
    int n = g->sampling == SAMPLING_NEAREST ? 1 : g->sampling == SAMPLING_LINEAR ? 2 : 4, found = 0;
    if (g->sampling == SAMPLING_NEAREST) first = nearbyint(place);
    if (g->sampling == SAMPLING_CUBIC) first -= 1;
    for (int i = 0; i < n; i++) {
        double at = first + i, away = fabs(place - at), weight = n == 1 ? 1 : n == 2 ? 1 - away : cubic(away);
        int64_t index;
        if (settle(g, axis, at, &index)) tap[found++] = (struct tap){index * g->step[axis], weight};
    }
    return found;
}

/* The taps of a place: those of its axes, each with each. */
static int all_taps(const struct grid *g, int64_t place, struct tap *tap)
{
    int n = 1;
    tap[0] = (struct tap){0, 1};
    for (int axis = g->axes - 1; axis >= 0; axis--) { /* the grid lists the innermost axis first */
        struct tap of_axis[TAPS_MAX], before[ALL_TAPS_MAX];
        int more = axis_taps(g, axis, value_real(g->grid, place * g->axes + g->axes - 1 - axis), of_axis);
        for (int i = 0; i < n; i++) before[i] = tap[i];
        for (int i = 0; i < n; i++)
            for (int k = 0; k < more; k++)
                tap[i * more + k] = (struct tap){before[i].at + of_axis[k].at, before[i].weight * of_axis[k].weight};
        n *= more;
    }
    return n;
}

#define SAMPLE(name, T)                                                                                           \
    static void sample_##name(const struct grid *g, int64_t picture, int64_t place, const struct tap *tap, int n) \
    {                                                                                                             \
        const T *x = (const T *)g->x->data + picture * g->channels * g->in_places;                                \
        T *y = (T *)g->y + picture * g->channels * g->out_places + place;                                         \
        for (int64_t k = 0; k < g->channels; k++, x += g->in_places, y += g->out_places) {                        \
            double sum = 0;                                                                                       \
            for (int i = 0; i < n; i++) sum += tap[i].weight * (double)x[tap[i].at];                              \
            *y = (T)sum;                                                                                          \
        }                                                                                                         \
    }
SAMPLE(F32, float)
SAMPLE(F64, double)

static void sample_places(void *arg, int64_t first, int64_t end)
{
    const struct grid *g = arg;
    for (int64_t i = first; i < end; i++) {
        struct tap tap[ALL_TAPS_MAX];
        int n = all_taps(g, i, tap);
        (g->x->dtype == DTYPE_F32 ? sample_F32 : sample_F64)(g, i / g->out_places, i % g->out_places, tap, n);
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
    call_parallel(c, dim[0] * g.out_places, GRAIN / (8 * g.channels + 64) + 1, sample_places, &g);
    return s;
}

const struct kernel kernels_sample[] = {{.op = "GridSample", .domain = "", .run = run_sample, .in_f32 = true}, {0}};
