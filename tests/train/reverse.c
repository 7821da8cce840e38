#include "reverse.h"

#include "check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct step { /* one node, with what its loops need */
    const struct node *n;
    struct reverse *r;
    bool is_backward;
};
static size_t size_of(const struct tensor *t) { return (size_t)tensor_elements(t); }
static double *value_of(const struct step *s, const struct tensor *t)
{
    double **v = &s->r->value[t->index];
    if (!*v) *v = calloc(size_of(t), sizeof **v);
    return *v;
}
static double *gradient_of(const struct step *s, const struct tensor *t)
{
    double **g = &s->r->gradient[t->index];
    if (!*g) *g = calloc(size_of(t), sizeof **g);
    return *g;
}
static int dim(const struct tensor *t, int i) { return i < t->shape.rank ? (int)t->shape.dim[i] : 1; }
static int at(const struct node *n, const char *name, int i, int fallback)
{
    return (int)node_int_at(n, name, i, fallback);
}

/* Every multiplication of a convolution once: y += x w, or dx += dy w and dw += dy x. */
static void conv(struct step *s)
{
    const struct node *n = s->n;
    const struct tensor *x = n->in[0], *w = n->in[1], *y = n->out[0], *b = n->n_in > 2 ? n->in[2] : NULL;
    double *vx = value_of(s, x), *vw = value_of(s, w), *vy = value_of(s, y), *vb = b ? value_of(s, b) : NULL;
    double *gx = gradient_of(s, x), *gw = gradient_of(s, w), *gy = gradient_of(s, y);
    double *gb = b ? gradient_of(s, b) : NULL;
    int each_in = dim(w, 1), each_out = dim(y, 1) / (int)node_int(n, "group", 1), kh = dim(w, 2), kw = dim(w, 3);
    int sy = at(n, "strides", 0, 1), sx = at(n, "strides", 1, 1), top = at(n, "pads", 0, 0), left = at(n, "pads", 1, 0);
    for (int i = 0; i < (int)size_of(y); i++) {
        int ox = i % dim(y, 3), oy = i / dim(y, 3) % dim(y, 2), o = i / dim(y, 3) / dim(y, 2) % dim(y, 1);
        int image = i / dim(y, 3) / dim(y, 2) / dim(y, 1);
        double sum = vb ? vb[o] : 0;
        if (s->is_backward && gb) gb[o] += gy[i];
        for (int c = 0; c < each_in; c++)
            for (int k = 0; k < kh * kw; k++) {
                int r = oy * sy - top + k / kw, q = ox * sx - left + k % kw;
                if (r < 0 || q < 0 || r >= dim(x, 2) || q >= dim(x, 3)) continue;
                int channel = o / each_out * each_in + c;
                int from = ((image * dim(x, 1) + channel) * dim(x, 2) + r) * dim(x, 3) + q;
                int tap = (o * each_in + c) * kh * kw + k;
                sum += vx[from] * vw[tap];
                if (!s->is_backward) continue;
                gx[from] += gy[i] * vw[tap];
                gw[tap] += gy[i] * vx[from];
            }
        if (!s->is_backward) vy[i] = sum;
    }
}
static void gemm(struct step *s)
{
    const struct tensor *x = s->n->in[0], *w = s->n->in[1], *b = s->n->in[2], *y = s->n->out[0];
    double *vx = value_of(s, x), *vw = value_of(s, w), *vb = value_of(s, b), *vy = value_of(s, y);
    double *gx = gradient_of(s, x), *gw = gradient_of(s, w), *gb = gradient_of(s, b), *gy = gradient_of(s, y);
    int outs = dim(y, 1), ins = dim(x, 1);
    for (int i = 0; i < (int)size_of(y); i++) {
        double sum = vb[i % outs];
        for (int k = 0; k < ins; k++) {
            int from = i / outs * ins + k, tap = i % outs * ins + k;
            sum += vx[from] * vw[tap];
            if (!s->is_backward) continue;
            gx[from] += gy[i] * vw[tap];
            gw[tap] += gy[i] * vx[from];
        }
        if (s->is_backward)
            gb[i % outs] += gy[i];
        else
            vy[i] = sum;
    }
}
static void norm(struct step *s)
{
    const struct tensor *x = s->n->in[0], *y = s->n->out[0];
    int channels = dim(x, 1), pixels = dim(x, 2) * dim(x, 3), images = dim(x, 0);
    double m = (double)images * pixels, *vx = value_of(s, x), *vy = value_of(s, y), *gx = gradient_of(s, x);
    double *gy = gradient_of(s, y), *gamma = value_of(s, s->n->in[1]), *beta = value_of(s, s->n->in[2]);
    double *d_gamma = gradient_of(s, s->n->in[1]), *d_beta = gradient_of(s, s->n->in[2]);
    for (int c = 0; c < channels; c++) {
        double mean = 0, variance = 0, sum = 0, product = 0;
        for (int i = 0; i < images * pixels; i++) mean += vx[(i / pixels * channels + c) * pixels + i % pixels] / m;
        for (int i = 0; i < images * pixels; i++) {
            double d = vx[(i / pixels * channels + c) * pixels + i % pixels] - mean;
            variance += d * d / m;
        }
        double deviation = sqrt(variance + node_float(s->n, "epsilon", 1e-5));
        for (int i = 0; i < images * pixels; i++) {
            int k = (i / pixels * channels + c) * pixels + i % pixels;
            double normal = (vx[k] - mean) / deviation;
            if (!s->is_backward) vy[k] = gamma[c] * normal + beta[c];
            sum += gy[k];
            product += gy[k] * normal;
        }
        if (!s->is_backward) continue;
        d_gamma[c] += product;
        d_beta[c] += sum;
        for (int i = 0; i < images * pixels; i++) {
            int k = (i / pixels * channels + c) * pixels + i % pixels;
            gx[k] += gamma[c] / deviation * (gy[k] - sum / m - (vx[k] - mean) / deviation * product / m);
        }
    }
}

/* A function of one number and its slope. */
static bool bend(const struct node *n, double x, double *y, double *slope)
{
    const char *op = n->op_type;
    double sigmoid = 1 / (1 + exp(-x));
    if (!strcmp(op, "Relu")) {
        *y = x > 0 ? x : 0;
        *slope = x > 0;
    } else if (!strcmp(op, "Clip")) {
        *y = x < 0 ? 0 : x > 6 ? 6 : x;
        *slope = x > 0 && x < 6;
    } else if (!strcmp(op, "Sigmoid")) {
        *y = sigmoid;
        *slope = sigmoid * (1 - sigmoid);
    } else if (!strcmp(op, "Swish")) {
        *y = x * sigmoid;
        *slope = sigmoid + x * sigmoid * (1 - sigmoid);
    } else if (!strcmp(op, "HardSigmoid")) {
        *y = x < -3 ? 0 : x > 3 ? 1 : x / 6 + 0.5;
        *slope = x > -3 && x < 3 ? 1.0 / 6 : 0;
    } else if (!strcmp(op, "HardSwish")) {
        *y = x < -3 ? 0 : x > 3 ? x : x * (x / 6 + 0.5);
        *slope = x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5;
    } else {
        return false;
    }
    return true;
}
static bool bent(struct step *s)
{
    double y, slope;
    if (!bend(s->n, 0, &y, &slope)) return false;
    const struct tensor *x = s->n->in[0], *out = s->n->out[0];
    for (size_t i = 0; i < size_of(x); i++) {
        bend(s->n, value_of(s, x)[i], &y, &slope);
        if (s->is_backward)
            gradient_of(s, x)[i] += slope * gradient_of(s, out)[i];
        else
            value_of(s, out)[i] = y;
    }
    return true;
}
/* Sums and products, one side perhaps one value per image and channel. */
static void both(struct step *s, bool is_product)
{
    const struct tensor *y = s->n->out[0];
    double *vy = value_of(s, y), *gy = gradient_of(s, y);
    for (size_t i = 0; i < size_of(y); i++) {
        size_t place[2];
        for (int k = 0; k < 2; k++) place[k] = i / (size_of(y) / size_of(s->n->in[k]));
        double a = value_of(s, s->n->in[0])[place[0]], b = value_of(s, s->n->in[1])[place[1]];
        if (!s->is_backward) {
            vy[i] = is_product ? a * b : a + b;
            continue;
        }
        gradient_of(s, s->n->in[0])[place[0]] += gy[i] * (is_product ? b : 1);
        gradient_of(s, s->n->in[1])[place[1]] += gy[i] * (is_product ? a : 1);
    }
}
static void mean(struct step *s)
{
    const struct tensor *x = s->n->in[0], *y = s->n->out[0];
    size_t each = size_of(x) / size_of(y);
    for (size_t i = 0; i < size_of(x); i++) {
        if (s->is_backward)
            gradient_of(s, x)[i] += gradient_of(s, y)[i / each] / (double)each;
        else
            value_of(s, y)[i / each] += value_of(s, x)[i] / (double)each;
    }
}
static void max_pool(struct step *s)
{
    const struct tensor *x = s->n->in[0], *y = s->n->out[0];
    for (int i = 0; i < (int)size_of(y); i++) {
        int ox = i % dim(y, 3), oy = i / dim(y, 3) % dim(y, 2), plane = i / dim(y, 3) / dim(y, 2), best = -1;
        for (int k = 0; k < at(s->n, "kernel_shape", 0, 1) * at(s->n, "kernel_shape", 1, 1); k++) {
            int r = oy * at(s->n, "strides", 0, 1) - at(s->n, "pads", 0, 0) + k / at(s->n, "kernel_shape", 1, 1);
            int q = ox * at(s->n, "strides", 1, 1) - at(s->n, "pads", 1, 0) + k % at(s->n, "kernel_shape", 1, 1);
            if (r < 0 || q < 0 || r >= dim(x, 2) || q >= dim(x, 3)) continue;
            int from = (plane * dim(x, 2) + r) * dim(x, 3) + q;
            if (best < 0 || value_of(s, x)[from] > value_of(s, x)[best]) best = from;
        }
        if (s->is_backward)
            gradient_of(s, x)[best] += gradient_of(s, y)[i];
        else
            value_of(s, y)[i] = value_of(s, x)[best];
    }
}
static void move(const struct step *s, const struct tensor *x, size_t from, const struct tensor *y, size_t to)
{
    if (s->is_backward)
        gradient_of(s, x)[from] += gradient_of(s, y)[to];
    else
        value_of(s, y)[to] = value_of(s, x)[from];
}
static void copy(struct step *s)
{
    for (size_t i = 0; i < size_of(s->n->out[0]); i++) move(s, s->n->in[0], i, s->n->out[0], i);
}
/* perm 0 2 1 3 4 */
static void transpose(struct step *s)
{
    const struct tensor *x = s->n->in[0], *y = s->n->out[0];
    size_t a = (size_t)dim(x, 1), b = (size_t)dim(x, 2), pixels = (size_t)dim(x, 3) * (size_t)dim(x, 4);
    for (size_t i = 0; i < size_of(x); i++) {
        size_t p = i % pixels, j = i / pixels % b, k = i / pixels / b % a, image = i / pixels / b / a;
        move(s, x, i, y, ((image * b + j) * a + k) * pixels + p);
    }
}
/* Channels of several tensors side by side in `whole`. */
static void channels(struct step *s, const struct tensor *whole, struct tensor *const *parts, int n, bool is_join)
{
    size_t images = (size_t)dim(whole, 0), first = 0, row = size_of(whole) / images;
    for (int k = 0; k < n; k++) {
        size_t each = size_of(parts[k]) / images;
        for (size_t i = 0; i < size_of(parts[k]); i++) {
            size_t place = i / each * row + first + i % each;
            if (is_join)
                move(s, parts[k], i, whole, place);
            else
                move(s, whole, place, parts[k], i);
        }
        first += each;
    }
}
static void run_node(struct step *s)
{
    const struct node *n = s->n;
    const char *op = n->op_type;
    static const char *const copies[] = {"Reshape", "Flatten", "Dropout", "StochasticDepth", "Identity"};
    for (size_t i = 0; i < COUNT_OF(copies); i++)
        if (!strcmp(op, copies[i])) {
            copy(s);
            return;
        }
    if (bent(s)) return;
    if (!strcmp(op, "Conv"))
        conv(s);
    else if (!strcmp(op, "Gemm"))
        gemm(s);
    else if (!strcmp(op, "BatchNormalization"))
        norm(s);
    else if (!strcmp(op, "Add") || !strcmp(op, "Mul"))
        both(s, op[0] == 'M');
    else if (!strcmp(op, "GlobalAveragePool") || !strcmp(op, "ReduceMean"))
        mean(s);
    else if (!strcmp(op, "MaxPool"))
        max_pool(s);
    else if (!strcmp(op, "Transpose"))
        transpose(s);
    else if (!strcmp(op, "Concat"))
        channels(s, n->out[0], n->in, n->n_in, true);
    else if (!strcmp(op, "Split"))
        channels(s, n->in[0], n->out, n->n_out, false);
    else
        fail_msg("no reverse pass of %s", op);
}

static void entropy(struct reverse *r, const struct graph *g, const int32_t *labels)
{
    struct step s = {.r = r};
    const struct tensor *y = g->outputs[0];
    int classes = dim(y, 1), images = dim(y, 0);
    for (int n = 0; n < images; n++) {
        double *v = value_of(&s, y) + n * classes, *d = gradient_of(&s, y) + n * classes, sum = 0, most = -DBL_MAX;
        for (int c = 0; c < classes; c++) most = fmax(most, v[c]);
        for (int c = 0; c < classes; c++) sum += exp(v[c] - most);
        for (int c = 0; c < classes; c++) d[c] = (exp(v[c] - most) / sum - (c == labels[n])) / images;
        r->loss += (log(sum) + most - v[labels[n]]) / images;
    }
}
void reverse_run(const struct graph *g, const struct weights *w, const float *input, const int32_t *labels,
                 struct reverse *out)
{
    size_t n = (size_t)g->n_tensors;
    *out = (struct reverse){
        .n = g->n_tensors, .value = calloc(n, sizeof *out->value), .gradient = calloc(n, sizeof *out->gradient)};
    struct step s = {.r = out};
    for (int i = 0; i < g->n_tensors; i++)
        for (size_t k = 0; w->value[i] && k < size_of(g->tensors[i]); k++)
            value_of(&s, g->tensors[i])[k] = (double)w->value[i][k];
    for (size_t k = 0; k < size_of(g->inputs[0]); k++) value_of(&s, g->inputs[0])[k] = (double)input[k];
    for (int i = 0; i < g->n_nodes; i++) {
        s.n = g->nodes[i];
        run_node(&s);
    }
    entropy(out, g, labels);
    s.is_backward = true;
    for (int i = g->n_nodes - 1; i >= 0; i--) {
        s.n = g->nodes[i];
        run_node(&s);
    }
}
void reverse_release(struct reverse *r)
{
    for (int i = 0; i < r->n; i++) {
        free(r->value[i]);
        free(r->gradient[i]);
    }
    free(r->value);
    free(r->gradient);
}
