#include "engine/weights.h"

#include "engine/moments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64 [Steele, Lea, Flood 2014]: one number per position, so that order and threads do not matter. */
static uint64_t mixed(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}
/* Twelve uniform numbers of 16 bits, summed: mean 0, variance 1, within 6; the same bits on every machine. */
static float normal_at(uint64_t seed, uint64_t i)
{
    int64_t sum = 0;
    for (uint64_t j = 0; j < 3; j++)
        for (uint64_t bits = mixed(seed + 3 * i + j), k = 0; k < 4; k++, bits >>= 16) sum += (int64_t)(bits & 0xffff);
    return (float)((double)(2 * sum - 12 * 65535) / (2 * 65536.0));
}
/* Four of them, for weights: as good for a sum of many products, and none is an outlier. */
static float bell_at(uint64_t seed, uint64_t i)
{
    uint64_t bits = mixed(seed + i);
    int64_t sum = (int64_t)((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
    return (float)(sum - 2 * 65535) * (1.7320508f / 65536.0f); /* 4/12 of variance, times 3 */
}
static float uniform_at(uint64_t seed, uint64_t i, float low, float high)
{
    return low + (high - low) * (float)(mixed(seed + i) >> 40) * 0x1p-24f;
}
void weights_normal(uint64_t seed, size_t n, float *out)
{
    uint64_t start = mixed(seed);
    for (size_t i = 0; i < n; i++) out[i] = normal_at(start, i);
}

struct drawing {
    const struct graph *g;
    struct weights *w;
    struct moments *moments; /* per tensor */
    uint64_t seed;
};
static uint64_t seed_of(const struct drawing *d, const struct tensor *t)
{
    return mixed(mixed(d->seed) + (uint64_t)t->index);
}
static float *values_of(const struct drawing *d, const struct tensor *t) { return d->w->value[t->index]; }

static bool is_product(const struct node *n)
{
    bool is_named = !strcmp(n->op_type, "Conv") || !strcmp(n->op_type, "Gemm") || !strcmp(n->op_type, "MatMul");
    return is_named && tensor_is_initializer(n->in[1]);
}
/* Weight i belongs to output i / stride % outputs. */
struct product_shape {
    count outputs, inputs, stride;
};
static struct product_shape shape_of(const struct node *n)
{
    const struct shape *s = &n->in[1]->shape;
    bool is_by_output = !strcmp(n->op_type, "Conv") || node_int(n, "transB", 0);
    count rest = shape_product(s, 1);
    return is_by_output ? (struct product_shape){s->dim[0], rest, rest} : (struct product_shape){rest, s->dim[0], 1};
}

/* What the rule does not see (neighbouring pixels are alike, gates follow their planes) would grow from layer to layer:
   products are drawn a little smaller than the rule says, and biases keep the level. */
#define DAMPING 0.85
#define BIAS_DEVIATION 0.2f

/* Weights by He's rule, for inputs of any mean: the outputs' variance over inputs and weights is 1. A bias takes away
   what the inputs' mean adds, so that an output says something about its image however deep it lies. */
static void draw_product(struct drawing *d, const struct node *n)
{
    struct product_shape p = shape_of(n);
    struct moments x = d->moments[n->in[0]->index];
    float *w = values_of(d, n->in[1]), *bias = n->n_in > 2 ? values_of(d, n->in[2]) : NULL;
    uint64_t seed = seed_of(d, n->in[1]);
    double scale = DAMPING * sqrt(1 / ((double)p.inputs * moments_variance(x)));
    for (count i = 0; i < tensor_elements(n->in[1]); i++) w[i] = (float)scale * bell_at(seed, (uint64_t)i);
    d->moments[n->out[0]->index] = (struct moments){0, 1};
    if (!bias) return;
    for (count i = 0; i < tensor_elements(n->in[2]); i++)
        bias[i] = BIAS_DEVIATION * normal_at(seed_of(d, n->in[2]), (uint64_t)i);
    for (count i = 0; i < tensor_elements(n->in[1]); i++)
        bias[i / p.stride % p.outputs] -= (float)(x.mean * (double)w[i]);
}

/* Running statistics are those that the layer before has by rule: its weights' sums times its inputs' mean. */
static void draw_norm(struct drawing *d, const struct node *n)
{
    const struct tensor *x = n->in[0];
    const struct node *before = x->producer && is_product(x->producer) ? x->producer : NULL;
    float *gamma = values_of(d, n->in[1]), *beta = values_of(d, n->in[2]);
    float *mean = values_of(d, n->in[3]), *variance = values_of(d, n->in[4]);
    count channels = tensor_elements(n->in[1]);
    for (count c = 0; c < channels; c++) {
        gamma[c] = uniform_at(seed_of(d, n->in[1]), (uint64_t)c, 0.7f, 1.3f);
        beta[c] = BIAS_DEVIATION * normal_at(seed_of(d, n->in[2]), (uint64_t)c);
        mean[c] = before ? 0 : (float)d->moments[x->index].mean;
        variance[c] =
            (float)moments_variance(d->moments[x->index]) * uniform_at(seed_of(d, n->in[4]), (uint64_t)c, 0.8f, 1.25f);
    }
    if (before && before->n_in < 3) {
        struct product_shape p = shape_of(before);
        const float *w = values_of(d, before->in[1]);
        double input_mean = d->moments[before->in[0]->index].mean;
        for (count i = 0; i < tensor_elements(before->in[1]); i++)
            mean[i / p.stride % p.outputs] += (float)(input_mean * (double)w[i]);
    }
    d->moments[n->out[0]->index] = (struct moments){0, 1.03 + 0.04}; /* E[gamma^2] + E[beta^2] */
}

/* Gains around 1; everything else that is trained and no factor of a product (embeddings, biases that are added) is
   small. */
static void draw_parameters(struct drawing *d, const struct node *n)
{
    bool is_norm = !strcmp(n->op_type, "LayerNormalization");
    for (int i = 0; i < n->n_in; i++) {
        const struct tensor *t = n->in[i];
        if (t->role != ROLE_WEIGHT) continue;
        for (count k = 0; k < tensor_elements(t); k++)
            values_of(d, t)[k] = is_norm && i == 1 ? uniform_at(seed_of(d, t), (uint64_t)k, 0.7f, 1.3f)
                                                   : BIAS_DEVIATION * normal_at(seed_of(d, t), (uint64_t)k);
        d->moments[t->index] = (struct moments){0, BIAS_DEVIATION * BIAS_DEVIATION};
    }
    moments_of_node(n, d->moments);
    if (is_norm) d->moments[n->out[0]->index] = (struct moments){0, 1.03 + 0.04}; /* E[gamma^2] + E[beta^2] */
}

static void draw(struct drawing *d)
{
    for (int i = 0; i < d->g->n_inputs; i++) d->moments[d->g->inputs[i]->index] = (struct moments){0, 1};
    for (int i = 0; i < d->g->n_nodes; i++) {
        const struct node *n = d->g->nodes[i];
        if (is_product(n))
            draw_product(d, n);
        else if (!strcmp(n->op_type, "BatchNormalization"))
            draw_norm(d, n);
        else
            draw_parameters(d, n);
    }
}

static gable_status allocate(const struct graph *g, struct weights *w, gable_error *e)
{
    for (int i = 0; i < g->n_tensors; i++) {
        const struct tensor *t = g->tensors[i];
        if (!tensor_is_initializer(t) || t->ints) continue;
        count n = tensor_elements(t);
        if (t->dtype != DTYPE_F32)
            return error_set(e, GABLE_BAD_INPUT, "weight %s is %s, weights are made as f32 only", t->name,
                             dtype_name(t->dtype));
        if (n < 1 || n > (count)(SIZE_MAX / 8)) return error_set(e, GABLE_NO_MEMORY, "weight %s is too large", t->name);
        w->value[i] = malloc((size_t)n * sizeof(float));
        if (!w->value[i]) return error_set(e, GABLE_NO_MEMORY, "no memory for weight %s", t->name);
        for (count k = 0; k < n; k++) w->value[i][k] = t->reals ? (float)t->reals[k] : 0;
        w->bytes += (size_t)n * sizeof(float);
    }
    return GABLE_OK;
}

gable_status weights_new(const struct graph *g, uint64_t seed, struct weights **out, gable_error *e)
{
    struct weights *w = calloc(1, sizeof *w);
    struct drawing d = {.g = g, .w = w, .seed = seed};
    d.moments = calloc((size_t)g->n_tensors + 1, sizeof *d.moments);
    if (w) w->value = calloc((size_t)g->n_tensors + 1, sizeof *w->value);
    if (w) w->n = g->n_tensors;
    gable_status s = w && w->value && d.moments
                         ? allocate(g, w, e)
                         : error_set(e, GABLE_NO_MEMORY, "no memory for the weights of %s", g->name);
    if (!s) draw(&d);
    free(d.moments);
    if (s)
        weights_free(w);
    else
        *out = w;
    return s;
}
void weights_free(struct weights *w)
{
    if (!w) return;
    for (int i = 0; w->value && i < w->n; i++) free(w->value[i]);
    free(w->value);
    free(w);
}
