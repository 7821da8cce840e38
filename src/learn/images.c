#include "learn/images.h"

#include "base/arena.h"
#include "engine/cpu/memory.h"
#include "learn/mixed.h"
#include "learn/picture.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_BYTES_MAX = 1 << 30, IMAGES_MAX = 1 << 28 };

struct example {
    const char *path;
    int label;
};
struct images {
    struct images_options options;
    struct arena *names;
    struct example *examples;
    const char **classes;
    int n, room, n_classes, room_classes, label; /* of the class that is read */
    bool is_settled;                             /* the classes are another folder's */
};

/* The middle: the image as torchvision's Resize makes it, which cuts the longer
   side's length to a whole number, then CenterCrop, which rounds halves to
   even. */
static struct view middle(const struct picture *p, const struct images_options *o)
{
    struct view v = {.from = {.width = p->width, .height = p->height},
                     .height = o->height,
                     .width = o->width,
                     .height_kept = o->height,
                     .width_kept = o->width};
    double height = (double)o->width * p->height / p->width, width = (double)o->height * p->width / p->height;
    if (width >= o->width)
        v.width = (int)width;
    else
        v.height = (int)fmax(height, o->height);
    v.top = (int)rint((v.height - v.height_kept) / 2.0);
    v.left = (int)rint((v.width - v.width_kept) / 2.0);
    return v;
}
static const double narrowest = 3.0 / 4, widest = 4.0 / 3, least_share = 0.08;
/* The largest part that is neither too narrow nor too wide. */
static struct box largest(const struct picture *p)
{
    struct box b = {.width = p->width, .height = p->height};
    double ratio = (double)p->width / p->height;
    if (ratio < narrowest) b.height = (int)rint(p->width / narrowest);
    if (ratio > widest) b.width = (int)rint(p->height * widest);
    b.left = (p->width - b.width) / 2;
    b.top = (p->height - b.height) / 2;
    return b;
}
/* torchvision's RandomResizedCrop: a share of the area, a ratio of the sides,
 * where both fit. */
static struct view varied(const struct picture *p, const struct images_options *o, uint64_t *state)
{
    enum { TRIES = 10 };
    struct view v = {
        .from = largest(p), .height = o->height, .width = o->width, .height_kept = o->height, .width_kept = o->width};
    for (int i = 0; i < TRIES; i++) {
        double area = (double)p->width * p->height * drawn(state, least_share, 1);
        double ratio = exp(drawn(state, log(narrowest), log(widest)));
        int width = (int)rint(sqrt(area * ratio)), height = (int)rint(sqrt(area / ratio));
        if (width < 1 || height < 1 || width > p->width || height > p->height) continue;
        int left = (int)drawn(state, 0, p->width - width + 1), top = (int)drawn(state, 0, p->height - height + 1);
        v.from = (struct box){.left = left, .top = top, .width = width, .height = height};
        break;
    }
    return v;
}

static void to_floats(const uint8_t *bytes, const struct images_options *o, bool is_mirrored, float *to)
{
    static const float mean[] = {0.485f, 0.456f, 0.406f, 0.449f}, deviation[] = {0.229f, 0.224f, 0.225f, 0.226f};
    for (int c = 0; c < o->channels; c++) {
        int row = o->channels == 3 ? c : 3;
        for (int y = 0; y < o->height; y++)
            for (int x = 0; x < o->width; x++) {
                int column = is_mirrored ? o->width - 1 - x : x;
                uint8_t byte = bytes[(y * o->width + column) * o->channels + c];
                *to++ = ((float)byte / 255 - mean[row]) / deviation[row];
            }
    }
}
gable_status images_load(const struct images *l, int i, int epoch, float *to, gable_error *e)
{
    const struct images_options *o = &l->options;
    uint64_t state = mixed(o->seed + mixed((uint64_t)i + mixed((uint64_t)epoch)));
    struct picture p;
    gable_status s = picture_read(l->examples[i].path, o->channels, &p, e);
    if (s) return s;
    struct view v = epoch < 0 ? middle(&p, o) : varied(&p, o, &state);
    uint8_t *bytes = malloc((size_t)o->height * (size_t)o->width * (size_t)o->channels);
    s = bytes ? picture_see(&p, &v, bytes, e) : error_set(e, GABLE_NO_MEMORY, "no memory for an image");
    if (!s) to_floats(bytes, o, epoch >= 0 && drawn(&state, 0, 1) < 0.5, to);
    free(bytes);
    picture_release(&p);
    return s;
}
void images_move(struct images *l, int to, int from) { l->examples[to] = l->examples[from]; }
void images_free(struct images *l)
{
    if (!l) return;
    free(l->examples);
    free(l->classes);
    arena_free(l->names);
    free(l);
}

static int is_shown(const struct dirent *d) { return d->d_name[0] != '.'; }
static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static bool is_folder(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}
static gable_status no_room(int n, gable_error *e)
{
    return error_set(e, GABLE_NO_MEMORY, "no memory for the names of %d images", n);
}
static gable_status add_image(struct images *l, const char *path, gable_error *e)
{
    if (!picture_is_named(path)) {
        error_set(e, GABLE_BAD_INPUT, "it is no image by its name, which ends in .png, .jpg or .jpeg");
        return error_within(e, "%s", path);
    }
    if (l->n == l->room) {
        int room = l->room ? 2 * l->room : 256;
        struct example *grown = room <= IMAGES_MAX ? realloc(l->examples, (size_t)room * sizeof *grown) : NULL;
        if (!grown) return no_room(l->n, e);
        l->examples = grown;
        l->room = room;
    }
    l->examples[l->n++] = (struct example){.path = path, .label = l->label};
    return GABLE_OK;
}
/* Each name of a folder, in order, given to `add` with its path. */
typedef gable_status add_path(struct images *l, const char *path, gable_error *e);
static gable_status each_name(struct images *l, const char *folder, add_path *add, gable_error *e)
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
        if (!s) s = path ? add(l, path, e) : no_room(l->n, e);
        free(entry[i]);
    }
    free(entry);
    return s;
}
static const char *name_of(const char *path) { return strrchr(path, '/') + 1; }
static gable_status note_class(struct images *l, const char *path, gable_error *e)
{
    if (!is_folder(path)) return GABLE_OK;
    if (l->n_classes == l->room_classes) {
        int room = l->room_classes ? 2 * l->room_classes : 64;
        const char **grown = realloc(l->classes, (size_t)room * sizeof *grown);
        if (!grown) return no_room(l->n, e);
        l->classes = grown;
        l->room_classes = room;
    }
    l->classes[l->n_classes++] = name_of(path);
    return GABLE_OK;
}
static bool find_class(struct images *l, const char *name)
{
    for (l->label = 0; l->label < l->n_classes; l->label++)
        if (!strcmp(l->classes[l->label], name)) return true;
    return false;
}
static gable_status add_class(struct images *l, const char *path, gable_error *e)
{
    int before = l->n;
    gable_status s = GABLE_OK;
    if (!is_folder(path)) return GABLE_OK;
    if (!l->is_settled) s = note_class(l, path, e);
    if (s) return s;
    if (!find_class(l, name_of(path)))
        s = error_set(e, GABLE_BAD_INPUT, "no class of this name is trained");
    else
        s = each_name(l, path, add_image, e);
    if (!s && l->n == before) s = error_set(e, GABLE_BAD_INPUT, "this class has no images");
    return s && !e->where[0] ? error_within(e, "%s", path) : s;
}
static gable_status check_listing(const struct images *l, gable_error *e)
{
    const struct images_options *o = &l->options;
    if (!l->n) return error_set(e, GABLE_BAD_INPUT, "it has neither images.npy nor a folder of images for each class");
    if (l->n_classes > o->classes)
        return error_set(e, GABLE_BAD_INPUT, "it has %d classes, the model tells %d apart", l->n_classes, o->classes);
    if (l->n < o->batch) return error_set(e, GABLE_BAD_INPUT, "%d images do not fill a batch of %d", l->n, o->batch);
    count needed = count_mul(count_mul(l->n, o->channels), count_mul(o->height, o->width));
    size_t there = memory_available("");
    needed = o->varies ? 0 : count_mul(needed, sizeof(float));
    if (there && (size_t)needed > there)
        return error_set(e, GABLE_NO_MEMORY, "%d images of %d x %d x %d need %.1f GB of memory, %.1f GB are free", l->n,
                         o->channels, o->height, o->width, (double)needed / 1e9, (double)there / 1e9);
    return GABLE_OK;
}
static gable_status list(struct images *l, const char *folder, gable_error *e)
{
    const struct images_options *o = &l->options;
    gable_status s = GABLE_OK;
    if (o->channels != 1 && o->channels != 3)
        return error_set(e, GABLE_BAD_INPUT, "images have 3 channels or 1, the model takes %d", o->channels);
    if (o->classes_of) s = each_name(l, o->classes_of, note_class, e);
    l->is_settled = o->classes_of;
    if (!s) s = each_name(l, folder, add_class, e);
    if (!s && (s = check_listing(l, e))) error_within(e, "%s", folder);
    return s;
}

/* Those that each epoch sees alike are read once. */
static gable_status read_all(struct images *l, struct dataset *d, gable_error *e)
{
    const struct images_options *o = &l->options;
    gable_status s = GABLE_OK;
    *d = (struct dataset){
        .n = l->n, .channels = o->channels, .height = o->height, .width = o->width, .classes = o->classes};
    size_t each = dataset_each(d);
    d->labels = calloc((size_t)l->n, sizeof *d->labels);
    if (!o->varies) d->images = calloc((size_t)l->n, each * sizeof *d->images);
    if (!d->labels || (!d->images && !o->varies)) return error_set(e, GABLE_NO_MEMORY, "no memory for %d images", l->n);
    for (int i = 0; !s && i < l->n; i++) {
        d->labels[i] = l->examples[i].label;
        if (o->varies) continue;
        if (o->interrupted && *o->interrupted) return error_set(e, GABLE_INTERRUPTED, "interrupted at image %d", i);
        s = images_load(l, i, -1, d->images + (size_t)i * each, e);
    }
    return s;
}
gable_status images_read(const char *folder, const struct images_options *o, struct dataset *out, gable_error *e)
{
    struct images *l = calloc(1, sizeof *l);
    *out = (struct dataset){0};
    if (!l) return no_room(0, e);
    l->options = *o;
    l->names = arena_new(NAMES_BYTES_MAX);
    gable_status s = list(l, folder, e);
    if (!s) s = read_all(l, out, e);
    if (s) dataset_release(out);
    if (!s && o->varies)
        out->source = l;
    else
        images_free(l);
    return s;
}
bool images_are_in(const char *folder)
{
    static const char *const arrays[] = {"images.npy", "inputs.npy", "labels.npy"};
    char path[PATH_MAX];
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        if (snprintf(path, sizeof path, "%s/%s", folder, arrays[i]) >= (int)sizeof path || !access(path, F_OK))
            return false;
    return true;
}
