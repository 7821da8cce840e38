/* Poolings over windows: MaxPool, AveragePool, LpPool. Each plane (image and channel) is one piece of work. */
#include "engine/general/kernels/geometry.h"
#include "engine/general/kernels/hot.h"
#include "engine/general/tables.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct pooling {
    struct geometry at;
    enum dtype dtype;
    int64_t in_pixels, out_pixels;
    const char *x;
    char *y;
    int64_t *places; /* of the maxima; NULL where they are not wanted */
    bool wants_places, is_column_major, counts_padding;
    int p;
};

/* The inputs that one window meets along each axis. */
struct reach {
    int64_t first[SPACE], end[SPACE], step[SPACE];
};
static struct reach reach_of(const struct geometry *g, const int64_t out[SPACE])
{
    struct reach r;
    for (int k = 0; k < SPACE; k++) {
        int64_t at = out[k] * g->stride[k] - g->begin[k], step = g->dilation[k];
        int64_t skipped = at < 0 ? (-at + step - 1) / step : 0, last = at + g->kernel[k] * step;
        r.first[k] = at + skipped * step;
        r.end[k] = last < g->in[k] ? last : g->in[k];
        r.step[k] = step;
    }
    return r;
}

/* Values of the window that lie within the padded input: what the mean divides by when padding counts. */
static int64_t padded_values(const struct geometry *g, const int64_t out[SPACE])
{
    int64_t n = 1;
    for (int k = 0; k < SPACE; k++) {
        int64_t room = g->in[k] + g->begin[k] + g->end[k] - out[k] * g->stride[k], step = g->dilation[k];
        int64_t fit = (room + step - 1) / step;
        n *= fit < g->kernel[k] ? fit : g->kernel[k];
    }
    return n;
}

#define FOR_WINDOWS(g, o)                                    \
    for (int64_t o[SPACE] = {0}; o[0] < (g)->out[0]; o[0]++) \
        for (o[1] = 0; o[1] < (g)->out[1]; o[1]++)           \
            for (o[2] = 0; o[2] < (g)->out[2]; o[2]++)
#define FOR_REACH(g, r, i)                                                                            \
    for (int64_t z = (r).first[0]; z < (r).end[0]; z += (r).step[0])                                  \
        for (int64_t y = (r).first[1]; y < (r).end[1]; y += (r).step[1])                              \
            for (int64_t x = (r).first[2], i = (z * (g)->in[1] + y) * (g)->in[2] + x; x < (r).end[2]; \
                 x += (r).step[2], i += (r).step[2])

static int64_t place_of(const struct pooling *p, int64_t plane, int64_t i)
{
    const struct geometry *g = &p->at;
    if (!p->is_column_major) return plane * p->in_pixels + i;
    int64_t x = i % g->in[2], y = i / g->in[2] % g->in[1], z = i / g->in[2] / g->in[1];
    return plane * p->in_pixels + (x * g->in[1] + y) * g->in[0] + z;
}

#define MAX_PLANE(name, type)                                                            \
    static HOT void name(const struct pooling *p, int64_t plane)                         \
    {                                                                                    \
        const struct geometry *g = &p->at;                                               \
        const type *in = (const type *)p->x + plane * p->in_pixels;                      \
        type *out = (type *)p->y + plane * p->out_pixels;                                \
        int64_t *place = p->places ? p->places + plane * p->out_pixels : NULL;           \
        FOR_WINDOWS(g, o)                                                                \
        {                                                                                \
            struct reach r = reach_of(g, o);                                             \
            int64_t best = (r.first[0] * g->in[1] + r.first[1]) * g->in[2] + r.first[2]; \
            FOR_REACH(g, r, i) if (in[i] > in[best]) best = i;                           \
            *out++ = in[best];                                                           \
            if (place) *place++ = place_of(p, plane, best);                              \
        }                                                                                \
    }
MAX_PLANE(max_f32, float)
MAX_PLANE(max_f64, double)
MAX_PLANE(max_s8, int8_t)
MAX_PLANE(max_u8, uint8_t)

#define SUM_PLANE(name, type)                                           \
    static HOT void name##_mean(const struct pooling *p, int64_t plane) \
    {                                                                   \
        const struct geometry *g = &p->at;                              \
        const type *in = (const type *)p->x + plane * p->in_pixels;     \
        type *out = (type *)p->y + plane * p->out_pixels;               \
        FOR_WINDOWS(g, o)                                               \
        {                                                               \
            struct reach r = reach_of(g, o);                            \
            type sum = 0;                                               \
            int64_t n = 0;                                              \
            FOR_REACH(g, r, i)                                          \
            {                                                           \
                sum += in[i];                                           \
                n++;                                                    \
            }                                                           \
            if (p->counts_padding) n = padded_values(g, o);             \
            *out++ = sum / (type)(n > 0 ? n : 1);                       \
        }                                                               \
    }                                                                   \
    static void name##_norm(const struct pooling *p, int64_t plane)     \
    {                                                                   \
        const struct geometry *g = &p->at;                              \
        const type *in = (const type *)p->x + plane * p->in_pixels;     \
        type *out = (type *)p->y + plane * p->out_pixels;               \
        FOR_WINDOWS(g, o)                                               \
        {                                                               \
            struct reach r = reach_of(g, o);                            \
            double sum = 0;                                             \
            FOR_REACH(g, r, i) sum += pow(fabs((double)in[i]), p->p);   \
            *out++ = (type)pow(sum, 1.0 / p->p);                        \
        }                                                               \
    }
SUM_PLANE(f32, float)
SUM_PLANE(f64, double)

typedef void pool_plane(const struct pooling *p, int64_t plane);
struct sweep {
    const struct pooling *p;
    pool_plane *plane;
};
static void sweep_planes(void *arg, int64_t first, int64_t end)
{
    const struct sweep *s = arg;
    for (int64_t plane = first; plane < end; plane++) s->plane(s->p, plane);
}

static gable_status pool(struct call *c, struct pooling *p, pool_plane *plane)
{
    const struct value *x = c->in[0];
    gable_status s = geometry_read(c, x, NULL, &p->at);
    for (int k = 0; k < SPACE && !s; k++)
        if (p->at.begin[k] >= p->at.kernel[k] * p->at.dilation[k] || p->at.in[k] < 1)
            s = call_refuse(c, "a window of %" PRId64 " would lie in the padding alone", p->at.kernel[k]);
    if (!s) s = geometry_output(c, 0, x, x->dtype, x->dim[1], p->at.out);
    if (!s && p->wants_places) s = geometry_output(c, 1, x, DTYPE_S64, x->dim[1], p->at.out);
    if (s) return s;
    p->in_pixels = geometry_pixels(p->at.in);
    p->out_pixels = geometry_pixels(p->at.out);
    p->x = x->data;
    p->y = c->out[0]->data;
    if (p->wants_places) p->places = c->out[1]->data;
    struct sweep all = {p, plane};
    call_parallel(c, x->dim[0] * x->dim[1], 1 + GRAIN / (p->out_pixels * geometry_pixels(p->at.kernel)), sweep_planes,
                  &all);
    return GABLE_OK;
}

static gable_status run_max_pool(struct call *c)
{
    enum dtype d = c->in[0]->dtype;
    pool_plane *plane = d == DTYPE_F32   ? max_f32
                        : d == DTYPE_F64 ? max_f64
                        : d == DTYPE_S8  ? max_s8
                        : d == DTYPE_U8  ? max_u8
                                         : NULL;
    if (!plane) return call_refuse(c, "pools f32, f64, s8 and u8, not %s", dtype_name(d));
    struct pooling p = {.dtype = d,
                        .wants_places = call_is_wanted(c, 1),
                        .is_column_major = node_int(c->node, "storage_order", 0) != 0};
    return pool(c, &p, plane);
}

static gable_status sum_pool(struct call *c, struct pooling *p, pool_plane *single, pool_plane *wide)
{
    enum dtype d = c->in[0]->dtype;
    if (d != DTYPE_F32 && d != DTYPE_F64) return call_refuse(c, "pools f32 and f64, not %s", dtype_name(d));
    return pool(c, p, d == DTYPE_F32 ? single : wide);
}

static gable_status run_average_pool(struct call *c)
{
    struct pooling p = {.counts_padding = node_int(c->node, "count_include_pad", 0) != 0};
    return sum_pool(c, &p, f32_mean, f64_mean);
}

static gable_status run_lp_pool(struct call *c)
{
    int64_t p = node_int(c->node, "p", 2);
    if (p < 1 || p > 1000) return call_refuse(c, "p is %" PRId64 ", it must be 1 to 1000", p);
    struct pooling pooling = {.p = (int)p};
    return sum_pool(c, &pooling, f32_norm, f64_norm);
}

const struct kernel kernels_pool[] = {
    {.op = "MaxPool", .domain = "", .run = run_max_pool, .in_f32 = true},
    {.op = "AveragePool", .domain = "", .run = run_average_pool, .in_f32 = true},
    {.op = "LpPool", .domain = "", .run = run_lp_pool, .in_f32 = true},
    {0},
};
