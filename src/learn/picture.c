#include "learn/picture.h"

#include "base/file.h"
#include "base/text.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <turbojpeg.h>

enum { FILE_BYTES_MAX = 1 << 30 };

static gable_status make(struct picture *p, int64_t width, int64_t height, int bytes, gable_error *e)
{
    if (width < 1 || height < 1 || width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX)
        return error_set(e, GABLE_BAD_INPUT, "the image is %lld x %lld, at most %d x %d are read", (long long)width,
                         (long long)height, PICTURE_SIDE_MAX, PICTURE_SIDE_MAX);
    p->width = (int)width;
    p->height = (int)height;
    p->channels = 3;
    p->pixels = calloc((size_t)width * (size_t)height, (size_t)bytes);
    if (p->pixels) return GABLE_OK;
    return error_set(e, GABLE_NO_MEMORY, "no memory for an image of %lld x %lld", (long long)width, (long long)height);
}
static size_t places(const struct picture *p) { return (size_t)p->width * (size_t)p->height; }

static gable_status decode_png(const uint8_t *bytes, size_t n, struct picture *p, gable_error *e)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    gable_status s = GABLE_OK;
    bool is_read = png_image_begin_read_from_memory(&image, bytes, n), has_alpha = false;
    if (is_read) {
        has_alpha = image.format & PNG_FORMAT_FLAG_ALPHA;
        image.format = has_alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
        s = make(p, image.width, image.height, has_alpha ? 4 : 3, e);
        is_read = s || png_image_finish_read(&image, NULL, p->pixels, 0, NULL);
    }
    if (!is_read) s = error_set(e, GABLE_BAD_INPUT, "the image is damaged: %s", image.message);
    for (size_t i = 1; !s && has_alpha && i < places(p); i++) memmove(p->pixels + 3 * i, p->pixels + 4 * i, 3);
    png_image_free(&image);
    return s;
}

/* The numbers of a TIFF header, which says in which order their bytes stand. */
struct tiff {
    const uint8_t *bytes;
    size_t n;
    bool is_little;
};
static unsigned number(const struct tiff *t, size_t at, int bytes)
{
    unsigned value = 0;
    if (at > t->n || t->n - at < (size_t)bytes) return 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | t->bytes[at + (size_t)(t->is_little ? bytes - 1 - i : i)];
    return value;
}
/* 1 where nothing is said, or nothing that has a meaning. */
static unsigned orientation_of_exif(const uint8_t *bytes, size_t n)
{
    enum { ORIENTATION = 0x112, ENTRY = 12 };
    struct tiff t = {bytes, n, n > 0 && bytes[0] == 'I'};
    size_t list = number(&t, 4, 4);
    unsigned entries = number(&t, list, 2);
    for (size_t i = 0, at = list + 2; i < entries; i++, at += ENTRY) {
        unsigned value = number(&t, at + 8, 2);
        if (number(&t, at, 2) == ORIENTATION) return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}
/* The segments before the picture's own data. */
static unsigned orientation_of(const uint8_t *bytes, size_t n)
{
    enum { APP1 = 0xe1, SCAN = 0xda, HEADER = 10 };
    const struct tiff t = {bytes, n, false};
    for (size_t at = 2; number(&t, at, 1) == 0xff && number(&t, at, 2) != 0xff00 + SCAN;) {
        size_t length = number(&t, at + 2, 2);
        if (length < 2 || at + 2 + length > n) return 1;
        if (number(&t, at + 1, 1) == APP1 && length >= HEADER && !memcmp(bytes + at + 4, "Exif\0", 6))
            return orientation_of_exif(bytes + at + HEADER, length - HEADER + 2);
        at += 2 + length;
    }
    return 1;
}

/* Which pixel stands at row y, column x of the picture as it is meant to be
 * seen. */
static size_t source_of(unsigned orientation, const struct picture *p, int y, int x)
{
    int last_row = p->height - 1, last_column = p->width - 1;
    bool is_turned = orientation > 4;
    int row = is_turned ? x : y, column = is_turned ? y : x;
    if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) row = last_row - row;
    if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) column = last_column - column;
    return (size_t)row * (size_t)p->width + (size_t)column;
}
static gable_status orient(struct picture *p, unsigned orientation, gable_error *e)
{
    struct picture turned = {0};
    bool is_turned = orientation > 4;
    if (orientation == 1) return GABLE_OK;
    gable_status s = make(&turned, is_turned ? p->height : p->width, is_turned ? p->width : p->height, 3, e);
    for (int y = 0; !s && y < turned.height; y++)
        for (int x = 0; x < turned.width; x++)
            memcpy(turned.pixels + 3 * ((size_t)y * (size_t)turned.width + (size_t)x),
                   p->pixels + 3 * source_of(orientation, p, y, x), 3);
    if (s) return s;
    picture_release(p);
    *p = turned;
    return GABLE_OK;
}
static gable_status decode_jpeg(const uint8_t *bytes, size_t n, struct picture *p, gable_error *e)
{
    tjhandle jpeg = tjInitDecompress();
    if (!jpeg) return error_set(e, GABLE_NO_MEMORY, "no memory to read a JPEG");
    int width, height, sampling, colours;
    gable_status s = GABLE_OK;
    bool is_read = !tjDecompressHeader3(jpeg, bytes, n, &width, &height, &sampling, &colours);
    if (is_read) {
        s = make(p, width, height, 3, e);
        is_read = s || !tjDecompress2(jpeg, bytes, n, p->pixels, width, 0, height, TJPF_RGB,
                                      TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS);
    }
    if (!is_read) s = error_set(e, GABLE_BAD_INPUT, "the image is damaged: %s", tjGetErrorStr2(jpeg));
    tjDestroy(jpeg);
    return s ? s : orient(p, orientation_of(bytes, n), e);
}

static const struct kind {
    const char *name, *ending, *begins;
    gable_status (*decode)(const uint8_t *bytes, size_t n, struct picture *p, gable_error *e);
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
bool picture_is_named(const char *path) { return kind_of(path); }

/* In sixteenths of a bit, so that equal parts stay what they are. */
static void make_grey(struct picture *p)
{
    for (size_t i = 0; i < places(p); i++) {
        const uint8_t *from = p->pixels + 3 * i;
        p->pixels[i] = (uint8_t)((19595u * from[0] + 38470u * from[1] + 7471u * from[2] + 0x8000) >> 16);
    }
    p->channels = 1;
}
gable_status picture_read(const char *path, int channels, struct picture *out, gable_error *e)
{
    const struct kind *kind = kind_of(path);
    char *bytes = NULL;
    size_t n = 0;
    *out = (struct picture){0};
    gable_status s = file_read(path, FILE_BYTES_MAX, &bytes, &n, e);
    if (s) return s; /* it names the file */
    if (n < strlen(kind->begins) || memcmp(bytes, kind->begins, strlen(kind->begins)) != 0)
        s = error_set(e, GABLE_BAD_INPUT, "its name says %s, its content does not", kind->name);
    else
        s = kind->decode((const uint8_t *)bytes, n, out, e);
    free(bytes);
    if (!s && channels == 1) make_grey(out);
    if (s) picture_release(out);
    return s ? error_within(e, "%s", path) : GABLE_OK;
}
void picture_release(struct picture *p)
{
    free(p->pixels);
    *p = (struct picture){0};
}
