#include "learn/images.h"

#include "base/arena.h"
#include "base/file.h"
#include "engine/cpu/memory.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <turbojpeg.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 30, NAMES_BYTES_MAX = 1 << 30, IMAGES_MAX = 1 << 28 };

static const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
static const double grey_mean = 0.449, grey_deviation = 0.226;

struct picture { /* channels side by side, rows one below the other */
    int width, height, channels;
    uint8_t *pixels;
};
static gable_status make(struct picture *p, int64_t width, int64_t height, gable_error *e)
{
    if (width < 1 || height < 1 || width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX)
        return error_set(e, GABLE_BAD_INPUT, "the image is %lld x %lld, at most %d x %d are read", (long long)width,
                         (long long)height, IMAGE_SIDE_MAX, IMAGE_SIDE_MAX);
    p->width = (int)width;
    p->height = (int)height;
    p->pixels = calloc((size_t)width * (size_t)height, (size_t)p->channels);
    if (p->pixels) return GABLE_OK;
    return error_set(e, GABLE_NO_MEMORY, "no memory for an image of %lld x %lld", (long long)width, (long long)height);
}
static gable_status decode_png(const void *bytes, size_t n, struct picture *p, gable_error *e)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    gable_status s = GABLE_OK;
    bool is_read = png_image_begin_read_from_memory(&image, bytes, n);
    if (is_read) {
        image.format = p->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
        s = make(p, image.width, image.height, e);
        is_read = s || png_image_finish_read(&image, NULL, p->pixels, 0, NULL);
    }
    if (!is_read) s = error_set(e, GABLE_BAD_INPUT, "the image is damaged: %s", image.message);
    png_image_free(&image);
    return s;
}
static gable_status decode_jpeg(const void *bytes, size_t n, struct picture *p, gable_error *e)
{
    tjhandle jpeg = tjInitDecompress();
    if (!jpeg) return error_set(e, GABLE_NO_MEMORY, "no memory to read a JPEG");
    int width, height, sampling, colours, format = p->channels == 3 ? TJPF_RGB : TJPF_GRAY;
    gable_status s = GABLE_OK;
    bool is_read = !tjDecompressHeader3(jpeg, bytes, n, &width, &height, &sampling, &colours);
    if (is_read) {
        s = make(p, width, height, e);
        is_read = s || !tjDecompress2(jpeg, bytes, n, p->pixels, width, 0, height, format,
                                      TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS);
    }
    if (!is_read) s = error_set(e, GABLE_BAD_INPUT, "the image is damaged: %s", tjGetErrorStr2(jpeg));
    tjDestroy(jpeg);
    return s;
}

static const struct kind {
    const char *name, *ending, *begins;
    gable_status (*decode)(const void *bytes, size_t n, struct picture *p, gable_error *e);
} kinds[] = {
    {"PNG", ".png", "\x89PNG\r\n\x1a\n", decode_png},
    {"JPEG", ".jpg", "\xff\xd8\xff", decode_jpeg},
    {"JPEG", ".jpeg", "\xff\xd8\xff", decode_jpeg},
};
static const struct kind *kind_of(const char *path)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < COUNT_OF(kinds); i++)
        if (!strcasecmp(ending, kinds[i].ending)) return &kinds[i];
    return NULL;
}
static gable_status decode(const char *path, struct picture *p, gable_error *e)
{
    const struct kind *kind = kind_of(path);
    char *bytes = NULL;
    size_t n = 0;
    gable_status s = file_read(path, FILE_BYTES_MAX, &bytes, &n, e);
    if (s) return s; /* it names the file */
    if (n < strlen(kind->begins) || memcmp(bytes, kind->begins, strlen(kind->begins)) != 0)
        s = error_set(e, GABLE_BAD_INPUT, "its name says %s, its content does not", kind->name);
    else
        s = kind->decode(bytes, n, p, e);
    free(bytes);
    return s ? error_within(e, "%s", path) : GABLE_OK;
}

/* For every place of one side, the pixels under it and their weights: a triangle over the next pixel on either side,
   or over as many as the scale makes one of. */
struct side {
    int n, taps, *first;
    float *weight; /* [n][taps] */
};
static void weigh(struct side *side, int i, double centre, double reach, int pixels)
{
    float *weight = side->weight + (size_t)i * (size_t)side->taps;
    int first = (int)fmax(0, ceil(centre - reach - 0.5)), taps = 0;
    double sum = 0, w;
    for (; taps < side->taps && first + taps < pixels; taps++) {
        if ((w = 1 - fabs(first + taps + 0.5 - centre) / reach) <= 0 && taps > 0) break;
        weight[taps] = (float)fmax(w, 0);
        sum += (double)weight[taps];
    }
    side->first[i] = first;
    for (int k = 0; k < taps; k++) weight[k] = (float)((double)weight[k] / sum);
}
static bool make_side(struct side *side, int n, int pixels, double scale)
{
    double step = 1 / scale, reach = fmax(step, 1), from = (pixels - n * step) / 2;
    *side = (struct side){.n = n, .taps = (int)fmin(ceil(2 * reach) + 1, pixels)};
    side->first = calloc((size_t)n, sizeof *side->first);
    side->weight = calloc((size_t)n * (size_t)side->taps, sizeof *side->weight);
    for (int i = 0; side->first && side->weight && i < n; i++) weigh(side, i, from + (i + 0.5) * step, reach, pixels);
    return side->first && side->weight;
}
static void release_side(struct side *side)
{
    free(side->first);
    free(side->weight);
}
/* The picture's rows under place i, weighed, as one. */
static void fold_rows(const struct picture *p, const struct side *rows, int i, float *out)
{
    size_t n = (size_t)p->width * (size_t)p->channels;
    memset(out, 0, n * sizeof *out);
    for (int k = 0; k < rows->taps && rows->first[i] + k < p->height; k++) {
        float weight = rows->weight[(size_t)i * (size_t)rows->taps + (size_t)k];
        const uint8_t *from = p->pixels + (size_t)(rows->first[i] + k) * n;
        for (size_t x = 0; x < n; x++) out[x] += weight * (float)from[x];
    }
}
static float fold_columns(const struct picture *p, const struct side *columns, int i, const float *row, int channel)
{
    const float *weight = columns->weight + (size_t)i * (size_t)columns->taps;
    float sum = 0;
    for (int k = 0; k < columns->taps && columns->first[i] + k < p->width; k++)
        sum += weight[k] * row[(size_t)(columns->first[i] + k) * (size_t)p->channels + (size_t)channel];
    return sum;
}
static gable_status fit(const struct picture *p, const struct images_options *o, float *to, gable_error *e)
{
    double scale = fmax((double)o->height / p->height, (double)o->width / p->width);
    size_t plane = (size_t)o->height * (size_t)o->width;
    struct side rows = {0}, columns = {0};
    float *row = calloc((size_t)p->width * (size_t)p->channels, sizeof *row);
    bool ok = row && make_side(&rows, o->height, p->height, scale) && make_side(&columns, o->width, p->width, scale);
    for (int y = 0; ok && y < o->height; y++) {
        fold_rows(p, &rows, y, row);
        for (int c = 0; c < o->channels; c++) {
            double zero = o->channels == 3 ? mean[c] : grey_mean,
                   one = o->channels == 3 ? deviation[c] : grey_deviation;
            float *line = to + (size_t)c * plane + (size_t)y * (size_t)o->width;
            for (int x = 0; x < o->width; x++)
                line[x] = (float)(((double)fold_columns(p, &columns, x, row, c) / 255 - zero) / one);
        }
    }
    release_side(&rows);
    release_side(&columns);
    free(row);
    return ok ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory to scale an image");
}

struct example {
    const char *path;
    int label;
};
struct listing {
    struct arena *names;
    struct example *examples;
    int n, room, classes;
};
static int is_shown(const struct dirent *d) { return d->d_name[0] != '.'; }
static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static bool is_folder(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}
static gable_status add_image(struct listing *l, const char *path, gable_error *e)
{
    if (!kind_of(path)) {
        error_set(e, GABLE_BAD_INPUT, "it is no image by its name, which ends in .png, .jpg or .jpeg");
        return error_within(e, "%s", path);
    }
    if (l->n == l->room) {
        int room = l->room ? 2 * l->room : 256;
        struct example *grown = room <= IMAGES_MAX ? realloc(l->examples, (size_t)room * sizeof *grown) : NULL;
        if (!grown) return error_set(e, GABLE_NO_MEMORY, "no memory for the names of %d images", l->n);
        l->examples = grown;
        l->room = room;
    }
    l->examples[l->n++] = (struct example){.path = path, .label = l->classes};
    return GABLE_OK;
}
/* Each name of a folder, in order, given to `add` with its path. */
typedef gable_status add_path(struct listing *l, const char *path, gable_error *e);
static gable_status each_name(struct listing *l, const char *folder, add_path *add, gable_error *e)
{
    struct dirent **entry = NULL;
    int n = scandir(folder, &entry, is_shown, by_name);
    gable_status s = GABLE_OK;
    if (n < 0) {
        error_set(e, GABLE_FAILED, "cannot be listed: %s", strerror(errno));
        return error_within(e, "%s", folder);
    }
    for (int i = 0; i < n; i++) {
        const char *path = s ? NULL : arena_printf(l->names, "%s/%s", folder, entry[i]->d_name);
        if (!s) s = path ? add(l, path, e) : error_set(e, GABLE_NO_MEMORY, "no memory for the names of images");
        free(entry[i]);
    }
    free(entry);
    return s;
}
static gable_status add_class(struct listing *l, const char *path, gable_error *e)
{
    int before = l->n;
    if (!is_folder(path)) return GABLE_OK;
    gable_status s = each_name(l, path, add_image, e);
    if (!s && l->n == before) {
        error_set(e, GABLE_BAD_INPUT, "this class has no images");
        return error_within(e, "%s", path);
    }
    l->classes++;
    return s;
}
static gable_status check_listing(const struct listing *l, const struct images_options *o, gable_error *e)
{
    if (!l->classes)
        return error_set(e, GABLE_BAD_INPUT, "it has neither images.npy nor a folder of images for each class");
    if (l->classes > o->classes)
        return error_set(e, GABLE_BAD_INPUT, "it has %d classes, the model tells %d apart", l->classes, o->classes);
    if (l->n < o->batch) return error_set(e, GABLE_BAD_INPUT, "%d images do not fill a batch of %d", l->n, o->batch);
    count needed = count_mul(count_mul(l->n, o->channels), count_mul(o->height, o->width));
    size_t there = memory_available("");
    needed = count_mul(needed, sizeof(float));
    if (there && (size_t)needed > there)
        return error_set(e, GABLE_NO_MEMORY, "%d images of %d x %d x %d need %.1f GB of memory, %.1f GB are free", l->n,
                         o->channels, o->height, o->width, (double)needed / 1e9, (double)there / 1e9);
    return GABLE_OK;
}

static gable_status read_all(const struct listing *l, const struct images_options *o, struct dataset *d, gable_error *e)
{
    gable_status s = GABLE_OK;
    *d = (struct dataset){
        .n = l->n, .channels = o->channels, .height = o->height, .width = o->width, .classes = o->classes};
    size_t each = dataset_each(d);
    d->images = calloc((size_t)l->n, each * sizeof *d->images);
    d->labels = calloc((size_t)l->n, sizeof *d->labels);
    if (!d->images || !d->labels) return error_set(e, GABLE_NO_MEMORY, "no memory for %d images", l->n);
    for (int i = 0; !s && i < l->n; i++) {
        struct picture p = {.channels = o->channels};
        if (o->interrupted && *o->interrupted) return error_set(e, GABLE_INTERRUPTED, "interrupted at image %d", i);
        s = decode(l->examples[i].path, &p, e);
        if (!s) s = fit(&p, o, d->images + (size_t)i * each, e);
        d->labels[i] = l->examples[i].label;
        free(p.pixels);
    }
    return s;
}
gable_status images_read(const char *folder, const struct images_options *o, struct dataset *out, gable_error *e)
{
    struct listing l = {.names = arena_new(NAMES_BYTES_MAX)};
    *out = (struct dataset){0};
    gable_status s = GABLE_OK;
    if (o->channels != 1 && o->channels != 3)
        s = error_set(e, GABLE_BAD_INPUT, "images have 3 channels or 1, the model takes %d", o->channels);
    if (!s) s = each_name(&l, folder, add_class, e);
    if (!s && (s = check_listing(&l, o, e))) error_within(e, "%s", folder);
    if (!s) s = read_all(&l, o, out, e);
    if (s) dataset_release(out);
    free(l.examples);
    arena_free(l.names);
    return s;
}
bool images_are_in(const char *folder)
{
    static const char *const arrays[] = {"images.npy", "inputs.npy", "labels.npy"};
    char path[PATH_MAX];
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        if (snprintf(path, sizeof path, "%s/%s", folder, arrays[i]) >= (int)sizeof path || !access(path, F_OK))
            return false;
    return is_folder(folder);
}
