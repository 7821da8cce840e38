#include "reference.h"

#include "operators.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *domain, *name;
    reference_operator *run;
} operators[] = {
    {"", "Conv", reference_conv},
    {"", "Gemm", reference_gemm},
    {"", "BatchNormalization", reference_batch_norm},
    {"", "Relu", reference_relu},
    {"", "Clip", reference_clip},
    {"", "Swish", reference_swish},
    {"", "Sigmoid", reference_sigmoid},
    {"", "HardSwish", reference_hard_swish},
    {"", "HardSigmoid", reference_hard_sigmoid},
    {"", "Add", reference_add},
    {"", "Mul", reference_mul},
    {"", "MaxPool", reference_max_pool},
    {"", "AveragePool", reference_average_pool},
    {"", "GlobalAveragePool", reference_global_average_pool},
    {"ai.gable", "AdaptiveAveragePool", reference_adaptive_average_pool},
    {"", "ReduceMean", reference_reduce_mean},
    {"", "Concat", reference_concat},
    {"", "Split", reference_split},
    {"", "Transpose", reference_transpose},
    {"", "Reshape", reference_same},
    {"", "Flatten", reference_same},
    {"", "Identity", reference_same},
    {"", "Dropout", reference_same},
    {"ai.gable", "StochasticDepth", reference_same},
};
static reference_operator *operator_of(const struct node *n)
{
    for (size_t i = 0; i < COUNT_OF(operators); i++)
        if (!strcmp(operators[i].name, n->op_type) && !strcmp(operators[i].domain, n->domain)) return operators[i].run;
    return NULL;
}

enum { INPUTS_MAX = 16, OUTPUTS_MAX = 16 };

struct run {
    const struct graph *g;
    const struct weights *w;
    double **value;                /* per tensor: activations alive now */
    int *last_use;                 /* per tensor: the last node that reads it */
    struct reference_range *range; /* or NULL */
    struct weights *calibrated;    /* w, where statistics are to be set; else NULL */
};

static struct operand operand_of(const struct run *r, const struct tensor *t)
{
    if (t->role == ROLE_ABSENT) return (struct operand){0};
    if (r->value[t->index]) return (struct operand){.shape = &t->shape, .value = r->value[t->index]};
    return (struct operand){.shape = &t->shape, .value = t->reals, .weight = r->w ? r->w->value[t->index] : NULL};
}

static void look_at(struct reference_range *range, const double *value, count n)
{
    for (count i = 0; i < n; i++) {
        double size = fabs(value[i]);
        range->largest = fmax(range->largest, size);
        range->not_finite += !(size <= (double)FLT_MAX);
        range->denormal += size > 0 && size < (double)FLT_MIN;
    }
}

static double deviation(const double *value, count n)
{
    double sum = 0, squares = 0;
    for (count i = 0; i < n; i++) sum += value[i];
    for (count i = 0; i < n; i++) squares += (value[i] - sum / (double)n) * (value[i] - sum / (double)n);
    return sqrt(squares / (double)n);
}

/* Mean and variance of each channel; a channel that hardly varies gets a share of what channels have on average, so
   that it is not blown up. */
static void calibrate(const struct run *r, const struct node *n)
{
    const struct shape *x = &n->in[0]->shape;
    const double *value = r->value[n->in[0]->index];
    float *mean = r->calibrated->value[n->in[3]->index], *variance = r->calibrated->value[n->in[4]->index];
    int64_t images = x->dim[0], channels = x->dim[1], size = (int64_t)shape_product(x, 2);
    double average = 0;
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0, squares = 0, m;
        for (int64_t i = 0; i < images; i++)
            for (int64_t k = 0; k < size; k++) sum += value[(i * channels + c) * size + k];
        m = sum / (double)(images * size);
        for (int64_t i = 0; i < images; i++)
            for (int64_t k = 0; k < size; k++) squares += pow(value[(i * channels + c) * size + k] - m, 2);
        mean[c] = (float)m;
        variance[c] = (float)(squares / (double)(images * size));
        average += (double)variance[c] / (double)channels;
    }
    for (int64_t c = 0; c < channels; c++) variance[c] = 1.5f * fmaxf(variance[c], (float)average);
}

static gable_status run_node(struct run *r, const struct node *n, gable_error *e)
{
    struct operand in[INPUTS_MAX] = {{0}};
    double *out[OUTPUTS_MAX];
    reference_operator *run = operator_of(n);
    if (!run || n->n_in > INPUTS_MAX || n->n_out > OUTPUTS_MAX)
        return error_set(e, GABLE_BAD_INPUT, "the reference lacks %s", n->op_type);
    for (int i = 0; i < n->n_in; i++) in[i] = operand_of(r, n->in[i]);
    for (int i = 0; i < n->n_out; i++) {
        out[i] = calloc((size_t)tensor_elements(n->out[i]) + 1, sizeof *out[i]);
        if (!out[i]) return error_set(e, GABLE_NO_MEMORY, "no memory for %s", n->out[i]->name);
        r->value[n->out[i]->index] = out[i];
    }
    if (r->calibrated && run == reference_batch_norm) calibrate(r, n);
    const char *missing = run(n, in, out);
    if (missing) return error_set(e, GABLE_BAD_INPUT, "the reference's %s takes %s", n->op_type, missing);
    for (int i = 0; i < n->n_out && r->range; i++) look_at(r->range, out[i], tensor_elements(n->out[i]));
    return GABLE_OK;
}

static void drop_unused(struct run *r, const struct node *n)
{
    for (int i = 0; i < n->n_in; i++) {
        int t = n->in[i]->index;
        if (n->in[i]->role == ROLE_ABSENT || r->last_use[t] != n->index || n->in[i]->is_output) continue;
        free(r->value[t]);
        r->value[t] = NULL;
    }
}

static gable_status start(struct run *r, const float *const *inputs, gable_error *e)
{
    const struct graph *g = r->g;
    r->value = calloc((size_t)g->n_tensors + 1, sizeof *r->value);
    r->last_use = calloc((size_t)g->n_tensors + 1, sizeof *r->last_use);
    if (!r->value || !r->last_use) return error_set(e, GABLE_NO_MEMORY, "no memory for a run of the reference");
    for (int i = 0; i < g->n_inputs; i++) {
        size_t n = (size_t)tensor_elements(g->inputs[i]);
        double *value = malloc((n + 1) * sizeof *value);
        if (!value) return error_set(e, GABLE_NO_MEMORY, "no memory for input %s", g->inputs[i]->name);
        for (size_t k = 0; k < n; k++) value[k] = (double)inputs[i][k];
        r->value[g->inputs[i]->index] = value;
    }
    for (int i = 0; i < g->n_nodes; i++)
        for (int k = 0; k < g->nodes[i]->n_in; k++)
            if (g->nodes[i]->in[k]->role != ROLE_ABSENT) r->last_use[g->nodes[i]->in[k]->index] = i;
    return GABLE_OK;
}

static void finish(struct run *r)
{
    for (int i = 0; i < r->g->n_tensors && r->value; i++) free(r->value[i]);
    free(r->value);
    free(r->last_use);
}

static gable_status run_graph(struct run *r, const float *const *inputs, double *output, gable_error *e)
{
    const struct graph *g = r->g;
    gable_status s = start(r, inputs, e);
    for (int i = 0; i < g->n_nodes && !s; i++) {
        s = run_node(r, g->nodes[i], e);
        if (s) s = error_within(e, "node %s", g->nodes[i]->name);
        if (!s) drop_unused(r, g->nodes[i]);
    }
    if (!s) {
        count n = tensor_elements(g->outputs[0]);
        memcpy(output, r->value[g->outputs[0]->index], (size_t)n * sizeof *output);
        if (r->range) r->range->output_std = deviation(output, n);
    }
    finish(r);
    return s;
}

gable_status reference_run(const struct graph *g, const struct weights *w, const float *const *inputs, double *output,
                           struct reference_range *range, gable_error *e)
{
    struct run r = {.g = g, .w = w, .range = range};
    if (range) *range = (struct reference_range){0};
    return run_graph(&r, inputs, output, e);
}

gable_status reference_calibrate(const struct graph *g, struct weights *w, const float *const *inputs, double *output,
                                 gable_error *e)
{
    struct run r = {.g = g, .w = w, .calibrated = w};
    return run_graph(&r, inputs, output, e);
}

double reference_distance(const float *a, const double *b, size_t n)
{
    double apart = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - b[i]);
        if (!(d <= apart) && !isnan(apart)) apart = d; /* NaN comes and stays */
        largest = fmax(largest, fabs(b[i]));
    }
    return apart / largest;
}
