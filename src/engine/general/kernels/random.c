#include "engine/general/kernels/random.h"

#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Mersenne Twister [Matsumoto, Nishimura 1998]: its start from one number, and its step over all words. */
static void twister_start(struct random *r, uint32_t seed)
{
    r->word[0] = seed;
    for (uint32_t i = 1; i < RANDOM_WORDS; i++)
        r->word[i] = UINT32_C(1812433253) * (r->word[i - 1] ^ r->word[i - 1] >> 30) + i;
    r->at = RANDOM_WORDS;
}

static uint32_t twister_next(struct random *r)
{
    enum { AHEAD = 397 };
    if (r->at == RANDOM_WORDS) {
        for (int i = 0; i < RANDOM_WORDS; i++) {
            uint32_t y = (r->word[i] & 0x80000000u) | (r->word[(i + 1) % RANDOM_WORDS] & 0x7fffffffu);
            r->word[i] = r->word[(i + AHEAD) % RANDOM_WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
        }
        r->at = 0;
    }
    uint32_t y = r->word[r->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

void random_start(struct random *r, struct call *c)
{
    const struct attribute *seed = node_attribute(c->node, "seed");
    r->call = c;
    r->is_seeded = seed != NULL;
    if (!seed) return;
    double real = seed->type == ATTRIBUTE_FLOAT ? seed->f : 0;
    bool is_whole = real >= 0 && real < 0x1p32 && real == floor(real);
    float bits = (float)real;
    uint32_t start = (uint32_t)seed->i;
    if (seed->type == ATTRIBUTE_FLOAT && is_whole)
        start = (uint32_t)real;
    else if (seed->type == ATTRIBUTE_FLOAT)
        memcpy(&start, &bits, sizeof start);
    twister_start(r, start);
}

double twister_uniform(struct random *r) /* 53 bits, from two words of the twister */
{
    if (!r->is_seeded) return (double)(call_random(r->call) >> 11) * 0x1p-53;
    uint32_t high = twister_next(r) >> 5, low = twister_next(r) >> 6;
    return ((double)high * 0x1p26 + (double)low) * 0x1p-53;
}

static double twister_normal(struct random *r) /* [Box, Muller 1958] */
{
    double u = 1 - twister_uniform(r), v = twister_uniform(r);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* The type that "dtype" asks for, or `fallback`; reals alone where only they make sense. */
static gable_status asked_dtype(struct call *c, enum dtype fallback, bool is_any, enum dtype *d)
{
    const struct attribute *a = node_attribute(c->node, "dtype");
    *d = a ? operand_dtype(a->i) : fallback;
    bool is_real = *d == DTYPE_F32 || *d == DTYPE_F64 || *d == DTYPE_F16 || *d == DTYPE_BF16;
    if (*d != DTYPE_UNDEFINED && *d != DTYPE_STRING && (is_any || is_real)) return GABLE_OK;
    return call_refuse(c, "does not make values of the type that is asked for");
}

/* Output 0, filled by pieces with what `draw` makes of the stream. */
typedef double draw_one(struct random *r, double a, double b);
static double draw_uniform(struct random *r, double a, double b) { return a + (b - a) * twister_uniform(r); }
static double draw_normal(struct random *r, double a, double b) { return a + b * twister_normal(r); }

static gable_status draw_all(struct call *c, enum dtype d, int rank, const int64_t *dim, draw_one *draw, double a,
                             double b)
{
    enum { PIECE = 256 };
    double piece[PIECE];
    struct random r;
    gable_status s = call_make(c, 0, d, rank, dim);
    if (s) return s;
    random_start(&r, c);
    for (int64_t at = 0; at < c->out[0]->n; at += PIECE) {
        int64_t n = c->out[0]->n - at < PIECE ? c->out[0]->n - at : PIECE;
        for (int64_t i = 0; i < n; i++) piece[i] = draw(&r, a, b);
        struct value from = {.kind = VALUE_TENSOR, .dtype = DTYPE_F64, .n = n, .data = piece};
        struct value to = {.kind = VALUE_TENSOR, .dtype = d, .n = n};
        to.data = (char *)c->out[0]->data + (size_t)at * value_element_bytes(d);
        value_convert(&from, &to);
    }
    return s;
}

static gable_status draw_shape(struct call *c, draw_one *draw, double a, double b)
{
    int64_t dim[SHAPE_RANK_MAX];
    int rank = -1;
    enum dtype d;
    gable_status s = operand_ints(c, "shape", c->n_in, SHAPE_RANK_MAX, dim, &rank);
    if (!s && rank < 0) s = call_refuse(c, "lacks a shape");
    if (!s) s = asked_dtype(c, DTYPE_F32, false, &d);
    return s ? s : draw_all(c, d, rank, dim, draw, a, b);
}

static gable_status draw_like(struct call *c, draw_one *draw, double a, double b)
{
    enum dtype d;
    gable_status s = asked_dtype(c, c->in[0]->dtype, false, &d);
    return s ? s : draw_all(c, d, c->in[0]->rank, c->in[0]->dim, draw, a, b);
}

#define DRAWING(op, how, draw, first, second, second_default)                                            \
    static gable_status run_##op(struct call *c)                                                         \
    {                                                                                                    \
        return how(c, draw, node_float(c->node, first, 0), node_float(c->node, second, second_default)); \
    }
DRAWING(RandomUniform, draw_shape, draw_uniform, "low", "high", 1)
DRAWING(RandomUniformLike, draw_like, draw_uniform, "low", "high", 1)
DRAWING(RandomNormal, draw_shape, draw_normal, "mean", "scale", 1)
DRAWING(RandomNormalLike, draw_like, draw_normal, "mean", "scale", 1)

/* Each element is the probability of its 1. */
static gable_status run_bernoulli(struct call *c)
{
    const struct value *x = c->in[0];
    struct random r;
    struct value drawn;
    enum dtype d;
    gable_status s = asked_dtype(c, x->dtype, true, &d);
    if (!s && x->dtype != DTYPE_F32 && x->dtype != DTYPE_F64 && x->dtype != DTYPE_F16 && x->dtype != DTYPE_BF16)
        s = call_refuse(c, "probabilities of type %s", dtype_name(x->dtype));
    if (!s) s = call_temporary(c, DTYPE_U8, x->rank, x->dim, &drawn);
    if (!s) s = call_make(c, 0, d, x->rank, x->dim);
    if (s) return s;
    random_start(&r, c);
    for (int64_t i = 0; i < x->n; i++) ((uint8_t *)drawn.data)[i] = twister_uniform(&r) < value_real(x, i);
    value_convert(&drawn, c->out[0]);
    return s;
}

/* The class at which the running sum of exp(logit - greatest) passes a share of the whole. */
static int64_t draw_class(struct random *r, const double *weight, int64_t n, double total)
{
    double left = twister_uniform(r) * total;
    int64_t i = 0;
    while (i < n - 1 && left >= weight[i]) left -= weight[i++];
    return i;
}

static gable_status draw_classes(struct call *c, struct value *y)
{
    const struct value *x = c->in[0];
    struct random r;
    int64_t n = x->dim[1], samples = y->dim[1];
    double *weight = call_scratch(c, (size_t)n * sizeof *weight);
    if (!weight) return operand_no_memory(c);
    random_start(&r, c);
    for (int64_t b = 0; b < x->dim[0]; b++) {
        double greatest = -INFINITY, total = 0;
        for (int64_t i = 0; i < n; i++) greatest = fmax(greatest, value_real(x, b * n + i));
        for (int64_t i = 0; i < n; i++) total += weight[i] = exp(value_real(x, b * n + i) - greatest);
        if (!isfinite(total)) return call_refuse(c, "row %" PRId64 " holds no probabilities", b);
        for (int64_t i = 0; i < samples; i++) ((int64_t *)y->data)[b * samples + i] = draw_class(&r, weight, n, total);
    }
    return GABLE_OK;
}

static gable_status run_multinomial(struct call *c)
{
    const struct value *x = c->in[0];
    enum dtype d = DTYPE_UNDEFINED;
    struct value classes;
    int64_t samples = node_int(c->node, "sample_size", 1);
    gable_status s = asked_dtype(c, DTYPE_S32, true, &d);
    if (!s && (x->rank != 2 || x->dim[1] < 1 || x->dtype == DTYPE_STRING))
        s = call_refuse(c, "needs rows of unnormalised log-probabilities");
    if (!s && d != DTYPE_S32 && d != DTYPE_S64) s = call_refuse(c, "classes are s32 or s64, not %s", dtype_name(d));
    if (s) return s;
    const int64_t dim[] = {x->dim[0], samples};
    s = call_make(c, 0, d, 2, dim);
    if (!s) s = call_temporary(c, DTYPE_S64, 2, dim, &classes);
    if (!s) s = draw_classes(c, &classes);
    if (!s) value_convert(&classes, c->out[0]);
    return s;
}

const struct kernel kernels_random[] = {
    {.op = "RandomUniform", .domain = "", .run = run_RandomUniform},
    {.op = "RandomUniformLike", .domain = "", .run = run_RandomUniformLike},
    {.op = "RandomNormal", .domain = "", .run = run_RandomNormal},
    {.op = "RandomNormalLike", .domain = "", .run = run_RandomNormalLike},
    {.op = "Bernoulli", .domain = "", .run = run_bernoulli},
    {.op = "Multinomial", .domain = "", .run = run_multinomial},
    {0},
};
