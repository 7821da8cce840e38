#include "learn/dataset.h"

#include "engine/weights.h"
#include "learn/images.h"
#include "learn/mixed.h"
#include "tensors/npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DATASET_BYTES_MAX_SHIFT = 36, PATTERN = 4, PATH_ROOM = 4096 };

size_t dataset_each(const struct dataset *d) { return (size_t)d->channels * (size_t)d->height * (size_t)d->width; }
static gable_status allocate(struct dataset *d, gable_error *e)
{
    d->images = calloc((size_t)d->n, dataset_each(d) * sizeof *d->images);
    d->labels = calloc((size_t)d->n, sizeof *d->labels);
    return d->images && d->labels ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory for %d images", d->n);
}

static void normalise(struct dataset *d)
{
    size_t pixels = (size_t)d->height * (size_t)d->width, each = dataset_each(d);
    for (int c = 0; c < d->channels; c++) {
        double sum = 0, square = 0, n = (double)d->n * (double)pixels;
        for (int i = 0; i < d->n; i++)
            for (size_t p = 0; p < pixels; p++) {
                double x = (double)d->images[(size_t)i * each + (size_t)c * pixels + p];
                sum += x;
                square += x * x;
            }
        double mean = sum / n, variance = square / n - mean * mean, scale = variance > 1e-12 ? 1 / sqrt(variance) : 1;
        for (int i = 0; i < d->n; i++)
            for (size_t p = 0; p < pixels; p++) {
                float *x = &d->images[(size_t)i * each + (size_t)c * pixels + p];
                *x = (float)(((double)*x - mean) * scale);
            }
    }
}

static gable_status set_images(struct dataset *d, const struct value *v, gable_error *e)
{
    bool has_channels = v->rank == 4;
    if ((v->rank != 3 && v->rank != 4) || v->n < 1 || v->dim[0] > INT32_MAX || v->dim[v->rank - 1] > 65536 ||
        v->dim[v->rank - 2] > 65536 || (has_channels && v->dim[1] > 4096))
        return error_set(e, GABLE_BAD_INPUT, "images are n x C x H x W or n x H x W, this has %d dimensions", v->rank);
    d->n = (int)v->dim[0];
    d->channels = has_channels ? (int)v->dim[1] : 1;
    d->height = (int)v->dim[v->rank - 2];
    d->width = (int)v->dim[v->rank - 1];
    gable_status s = allocate(d, e);
    bool is_whole = v->dtype != DTYPE_F32 && v->dtype != DTYPE_F64 && v->dtype != DTYPE_F16;
    for (int64_t i = 0; !s && i < v->n; i++) {
        d->images[i] = (float)(value_real(v, i) / (is_whole ? 255 : 1));
        if (!isfinite(d->images[i])) return error_set(e, GABLE_BAD_INPUT, "value %lld is not finite", (long long)i);
    }
    return s;
}
/* Features, tokens: nothing is known of them, nothing is changed. */
static gable_status set_inputs(struct dataset *d, const struct value *v, gable_error *e)
{
    int *const dim[] = {&d->channels, &d->height, &d->width};
    if (v->rank < 2 || v->rank > 4 || v->n < 1 || v->n > INT32_MAX)
        return error_set(e, GABLE_BAD_INPUT, "inputs are n x up to three dimensions, this has %d", v->rank);
    d->n = (int)v->dim[0];
    for (int i = 0; i < 3; i++) *dim[i] = i + 1 < v->rank ? (int)v->dim[i + 1] : 1;
    gable_status s = allocate(d, e);
    for (int64_t i = 0; !s && i < v->n; i++) {
        d->images[i] = (float)value_real(v, i);
        if (!isfinite(d->images[i])) return error_set(e, GABLE_BAD_INPUT, "value %lld is not finite", (long long)i);
    }
    return s;
}
static gable_status set_labels(struct dataset *d, const struct value *v, gable_error *e)
{
    if (v->rank != 1 || v->n != d->n || v->dtype == DTYPE_F32 || v->dtype == DTYPE_F64 || v->dtype == DTYPE_F16)
        return error_set(e, GABLE_BAD_INPUT, "labels are %d integers in one dimension, one for each image", d->n);
    for (int i = 0; i < d->n; i++) {
        int64_t label = value_int(v, i);
        if (label < 0 || label >= d->classes)
            return error_set(e, GABLE_BAD_INPUT, "label %lld of image %d is not in 0..%d: the model has %d classes",
                             (long long)label, i, d->classes - 1, d->classes);
        d->labels[i] = (int32_t)label;
    }
    return GABLE_OK;
}
typedef gable_status set_part(struct dataset *d, const struct value *v, gable_error *e);
static gable_status read_part(struct pool *p, struct dataset *d, const char *folder, const char *name, set_part *set,
                              gable_error *e)
{
    char path[PATH_ROOM];
    struct value v = {0};
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return error_set(e, GABLE_BAD_INPUT, "the folder's name is too long");
    gable_status s = npy_read(p, path, &v, e);
    if (s) return s; /* it names the file */
    s = set(d, &v, e);
    value_release(&v);
    return s ? error_within(e, "%s", path) : GABLE_OK;
}
static bool has_inputs(const char *folder)
{
    char path[PATH_ROOM];
    return snprintf(path, sizeof path, "%s/inputs.npy", folder) < (int)sizeof path && !access(path, F_OK);
}
gable_status dataset_read(const char *folder, int classes, struct dataset *out, gable_error *e)
{
    struct pool *p = pool_new((size_t)1 << DATASET_BYTES_MAX_SHIFT);
    *out = (struct dataset){.classes = classes};
    gable_status s = p ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory for data");
    bool has_images = !has_inputs(folder);
    if (!s && has_images) s = read_part(p, out, folder, "images.npy", set_images, e);
    if (!s && !has_images) s = read_part(p, out, folder, "inputs.npy", set_inputs, e);
    if (!s) s = read_part(p, out, folder, "labels.npy", set_labels, e);
    pool_free(p);
    if (s)
        dataset_release(out);
    else if (has_images)
        normalise(out);
    return s;
}

/* Bilinear between PATTERN x PATTERN values per channel. */
static float pattern_at(const float *grid, double y, double x)
{
    int row = (int)y, column = (int)x;
    float dy = (float)(y - row), dx = (float)(x - column);
    const float *g = grid + row * (PATTERN + 1) + column;
    return (g[0] * (1 - dx) + g[1] * dx) * (1 - dy) + (g[PATTERN + 1] * (1 - dx) + g[PATTERN + 2] * dx) * dy;
}
static void draw_image(struct dataset *d, int i, const float *grids, uint64_t seed)
{
    size_t each = dataset_each(d), grid = (PATTERN + 1) * (PATTERN + 1);
    float *to = d->images + (size_t)i * each;
    weights_normal(seed + 1000003 * (uint64_t)(i + 1), each, to);
    for (int c = 0; c < d->channels; c++) {
        const float *g = grids + ((size_t)d->labels[i] * (size_t)d->channels + (size_t)c) * grid;
        for (int y = 0; y < d->height; y++)
            for (int x = 0; x < d->width; x++, to++)
                *to = 0.5f * *to + pattern_at(g, (double)y * PATTERN / d->height, (double)x * PATTERN / d->width);
    }
}
gable_status dataset_synthetic(int n, int channels, int height, int width, int classes, uint64_t seed,
                               struct dataset *out, gable_error *e)
{
    *out = (struct dataset){.n = n, .channels = channels, .height = height, .width = width, .classes = classes};
    size_t floats = (size_t)classes * (size_t)channels * (PATTERN + 1) * (PATTERN + 1);
    float *grids = calloc(floats, sizeof *grids);
    gable_status s = grids ? allocate(out, e) : error_set(e, GABLE_NO_MEMORY, "no memory for %d classes", classes);
    if (!s) weights_normal(seed, floats, grids);
    for (int i = 0; !s && i < n; i++) {
        out->labels[i] = i % classes;
        draw_image(out, i, grids, seed);
    }
    free(grids);
    if (s) dataset_release(out);
    return s;
}
gable_status dataset_load(const struct dataset *d, int i, int epoch, float *to, gable_error *e)
{
    if (d->source) return images_load(d->source, i, epoch, to, e);
    memcpy(to, d->images + (size_t)i * dataset_each(d), dataset_each(d) * sizeof(float));
    return GABLE_OK;
}
static void move_example(struct dataset *d, int to, int from)
{
    size_t each = dataset_each(d);
    d->labels[to] = d->labels[from];
    if (d->images) memmove(d->images + (size_t)to * each, d->images + (size_t)from * each, each * sizeof(float));
    if (d->source) images_move(d->source, to, from);
}
/* Each example that is left is taken with the odds that make the share whole.
 */
gable_status dataset_split(struct dataset *d, double share, uint64_t seed, struct dataset *out, gable_error *e)
{
    int wanted = (int)(share * d->n), left = 0, i = 0;
    uint64_t state = mixed(seed);
    *out = *d;
    out->source = NULL;
    out->n = wanted;
    gable_status s = wanted < 1 ? error_set(e, GABLE_BAD_INPUT, "%g of %d images are none", share, d->n) : GABLE_OK;
    if (s) *out = (struct dataset){0};
    if (!s) s = allocate(out, e);
    for (int k = 0; !s && i < d->n; i++) {
        if (drawn(&state, 0, d->n - i) >= wanted - k) {
            move_example(d, left++, i);
            continue;
        }
        out->labels[k] = d->labels[i];
        s = dataset_load(d, i, -1, out->images + (size_t)k++ * dataset_each(d), e);
    }
    if (s)
        dataset_release(out);
    else
        d->n = left;
    return s;
}

void dataset_release(struct dataset *d)
{
    images_free(d->source);
    free(d->images);
    free(d->labels);
    *d = (struct dataset){0};
}
