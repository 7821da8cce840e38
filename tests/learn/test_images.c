/* Folders of images by class: pixels worked out by hand, a network that learns them, and what is refused. */
#include "base/file.h"
#include "check.h"
#include "learn/images.h"
#include "small.h"

#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <unistd.h>

enum { PATH_ROOM = 512, EACH = 32, PICTURE = 15 };

static int make_folder(void **state)
{
    char folder[] = "/tmp/gable-images-XXXXXX";
    *state = mkdtemp(folder) ? strdup(folder) : NULL;
    return *state ? 0 : -1;
}
static int drop_folder(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    free(*state);
    return system(command);
}
static const char *path_of(void **state, const char *name)
{
    static char path[PATH_ROOM];
    char *slash;
    gable_error e = {0};
    snprintf(path, sizeof path, "%s/%s", (char *)*state, name);
    slash = strrchr(path, '/');
    *slash = '\0';
    assert_ok(folder_make(path, &e), &e);
    *slash = '/';
    return path;
}
static void write_png(void **state, const char *name, unsigned format, int width, int height, const void *pixels)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION, .format = format, .width = (unsigned)width, .height = (unsigned)height};
    if (!png_image_write_to_file(&image, path_of(state, name), 0, pixels, 0, NULL)) fail_msg("%s", image.message);
}
static void write_jpeg(void **state, const char *name, int width, int height, const void *pixels)
{
    tjhandle jpeg = tjInitCompress();
    unsigned char *bytes = NULL;
    unsigned long n = 0;
    gable_error e = {0};
    assert_int_equal(
        tjCompress2(jpeg, pixels, width, 0, height, TJPF_RGB, &bytes, &n, TJSAMP_444, 95, TJFLAG_ACCURATEDCT), 0);
    assert_ok(file_write(path_of(state, name), bytes, n, &e), &e);
    tjFree(bytes);
    tjDestroy(jpeg);
}
static void write_text(void **state, const char *name, const char *text)
{
    gable_error e = {0};
    assert_ok(file_write(path_of(state, name), text, strlen(text), &e), &e);
}
static void cut(const char *path, size_t bytes)
{
    char *all = NULL;
    size_t n;
    gable_error e = {0};
    assert_ok(file_read(path, 1 << 20, &all, &n, &e), &e);
    assert_true(bytes < n);
    assert_int_equal(truncate(path, (off_t)(n - bytes)), 0);
    free(all);
}

static struct images_options options(int channels, int height, int width)
{
    return (struct images_options){
        .channels = channels, .height = height, .width = width, .classes = CLASSES, .batch = 1};
}
static struct dataset read_images(void **state, struct images_options o)
{
    struct dataset d;
    gable_error e = {0};
    assert_true(images_are_in(*state));
    assert_ok(images_read(*state, &o, &d, &e), &e);
    return d;
}
static void expect(const float *got, double byte, double mean, double deviation)
{
    double want = (byte / 255 - mean) / deviation;
    if (!(fabs((double)*got - want) < 1e-5)) fail_msg("%g, not %g", (double)*got, want);
}

/* Two rows of four pixels, of which a square input sees the middle: red, green and blue apart, channels first. */
static void the_middle_is_cut_out(void **state)
{
    static const uint8_t pixels[2][4][3] = {{{1, 2, 3}, {10, 20, 30}, {40, 50, 60}, {4, 5, 6}},
                                            {{7, 8, 9}, {70, 80, 90}, {255, 0, 128}, {9, 9, 9}}};
    write_png(state, "a/wide.PNG", PNG_FORMAT_RGB, 4, 2, pixels);
    struct dataset d = read_images(state, options(3, 2, 2));
    static const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
    assert_int_equal(d.n, 1);
    assert_int_equal(d.channels, 3);
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < 2; y++)
            for (int x = 0; x < 2; x++)
                expect(&d.images[4 * c + 2 * y + x], pixels[y][x + 1][c], mean[c], deviation[c]);
    dataset_release(&d);
}
/* Half the size: a place stands between pixels 0 and 1, which weigh 3/4 each, and pixel 2 weighs 1/4. Twice the size:
   a place stands a quarter beside a pixel. */
static void sizes_change_by_triangles(void **state)
{
    static const uint8_t column[4] = {10, 50, 90, 210};
    uint8_t pixels[4][4];
    for (int y = 0; y < 4; y++) memset(pixels[y], column[y], 4);
    write_png(state, "a/grey.png", PNG_FORMAT_GRAY, 4, 4, pixels);
    struct dataset d = read_images(state, options(1, 2, 2));
    for (int x = 0; x < 2; x++) {
        expect(&d.images[x], rint((3 * 10 + 3 * 50 + 90) / 7.0), 0.449, 0.226);
        expect(&d.images[2 + x], rint((50 + 3 * 90 + 3 * 210) / 7.0), 0.449, 0.226);
    }
    dataset_release(&d);
    d = read_images(state, options(1, 8, 8));
    static const double twice[8] = {10, 20, 40, 60, 80, 120, 180, 210};
    for (int i = 0; i < 64; i++) expect(&d.images[i], twice[i / 8], 0.449, 0.226);
    dataset_release(&d);
}
/* Classes and images by name, whatever order the folder keeps; what begins with a dot, and files beside classes, do not
   count. A JPEG is as near as its quality; grey becomes three equal channels, and what is under alpha counts. */
static void classes_are_in_order(void **state)
{
    static const uint8_t white = 255, clear[4] = {200, 200, 200, 0};
    uint8_t even[16 * 16 * 3];
    for (int i = 0; i < 16 * 16; i++) memcpy(even + 3 * i, (uint8_t[]){200, 100, 50}, 3);
    write_png(state, "b/2.png", PNG_FORMAT_RGBA, 1, 1, clear);
    write_jpeg(state, "c/1.jpeg", 16, 16, even);
    write_png(state, "b/10.png", PNG_FORMAT_GRAY, 1, 1, &white);
    write_jpeg(state, "B/x.jpg", 16, 16, even);
    write_text(state, "b/.hidden", "");
    write_text(state, ".cache/x", "");
    write_text(state, "README", "");
    struct dataset d = read_images(state, options(3, 1, 1));
    static const int labels[] = {0, 1, 1, 2};
    assert_int_equal(d.n, 4);
    assert_memory_equal(d.labels, labels, sizeof labels);
    assert_true(fabs((double)d.images[0] * 0.229 + 0.485 - 200 / 255.0) < 3 / 255.0);
    assert_true(fabs((double)d.images[2] * 0.225 + 0.406 - 50 / 255.0) < 3 / 255.0);
    expect(&d.images[3], 255, 0.485, 0.229);
    expect(&d.images[4], 255, 0.456, 0.224);
    expect(&d.images[6], 200, 0.485, 0.229);
    assert_memory_equal(d.images + 9, d.images, 3 * sizeof *d.images);
    dataset_release(&d);
}

/* 37 y + 59 x + 83 c + 7 x y, as a PNG. The hashes (FNV-1a of the bytes, row by row) are those of torchvision 0.14.1
   with PIL 9.4: CenterCrop(n)(Resize(n)(image)). */
static void write_slope(void **state, int height, int width)
{
    static uint8_t pixels[200 * 200 * 3];
    for (int i = 0; i < height * width * 3; i++) {
        int y = i / 3 / width, x = i / 3 % width, c = i % 3;
        pixels[i] = (uint8_t)(37 * y + 59 * x + 83 * c + 7 * x * y);
    }
    write_png(state, "a/slope.png", PNG_FORMAT_RGB, width, height, pixels);
}
static void sizes_are_those_of_torchvision(void **state)
{
    static const struct {
        int height, width, side;
        uint64_t hash;
    } rows[] = {
        {7, 9, 4, UINT64_C(0x919a957af841f9f7)},    {5, 3, 8, UINT64_C(0x0bc114d219f6c79c)},
        {50, 37, 16, UINT64_C(0x2995bb1ed3f0d582)}, {61, 200, 32, UINT64_C(0xe257109c47884fcf)},
        {33, 32, 32, UINT64_C(0xccf11046c97209e5)}, {100, 67, 67, UINT64_C(0xd6e9177e06b1edc7)},
        {9, 9, 9, UINT64_C(0x2f66cbb7f4c162de)},
    };
    static const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
    for (size_t r = 0; r < COUNT_OF(rows); r++) {
        int side = rows[r].side, plane = side * side;
        write_slope(state, rows[r].height, rows[r].width);
        struct dataset d = read_images(state, options(3, side, side));
        uint64_t hash = UINT64_C(14695981039346656037);
        for (int i = 0; i < 3 * plane; i++) {
            double value = (double)d.images[i % 3 * plane + i / 3] * deviation[i % 3] + mean[i % 3];
            hash = (hash ^ (uint8_t)rint(value * 255)) * UINT64_C(1099511628211);
        }
        if (hash != rows[r].hash)
            fail_msg("%d x %d to %d: other bytes than torchvision's", rows[r].height, rows[r].width, side);
        dataset_release(&d);
    }
}
/* Four corners of four greys; which one the eight orientations show first, at the left and at the right. */
static void write_turned(void **state, int orientation)
{
    enum { WIDTH = 32, HEIGHT = 16 };
    uint8_t pixels[HEIGHT][WIDTH][3], head[] = "\xff\xe1\x00\x22"
                                               "Exif\0\0MM\0*\0\0\0\b\0\1\x01\x12\0\3\0\0\0\1\0\0\0\0\0\0\0\0";
    char *bytes = NULL;
    size_t n;
    gable_error e = {0};
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        memset(pixels[i / WIDTH][i % WIDTH], 30 + 60 * (i % WIDTH / 16 + 2 * (i / WIDTH / 8)), 3);
    write_jpeg(state, "a/turned.jpg", WIDTH, HEIGHT, pixels);
    assert_ok(file_read(path_of(state, "a/turned.jpg"), 1 << 20, &bytes, &n, &e), &e);
    head[29] = (uint8_t)orientation;
    char *turned = malloc(n + 36);
    memcpy(turned, bytes, 2);
    memcpy(turned + 2, head, 36);
    memcpy(turned + 38, bytes + 2, n - 2);
    assert_ok(file_write(path_of(state, "a/turned.jpg"), turned, n + 36, &e), &e);
    free(turned);
    free(bytes);
}
static void pictures_stand_upright(void **state)
{
    static const int left[] = {0, 0, 1, 3, 2, 0, 2, 3, 1}, right[] = {0, 1, 0, 2, 3, 2, 0, 1, 3};
    for (int i = 1; i <= 8; i++) {
        bool lies = i < 5;
        write_turned(state, i);
        struct dataset d = read_images(state, options(1, lies ? 16 : 32, lies ? 32 : 16));
        double first = (double)d.images[0] * 0.226 + 0.449, last = (double)d.images[lies ? 31 : 15] * 0.226 + 0.449;
        if (fabs(first * 255 - 30 - 60 * left[i]) > 9 || fabs(last * 255 - 30 - 60 * right[i]) > 9)
            fail_msg("orientation %d: %g and %g", i, first * 255, last * 255);
        dataset_release(&d);
    }
}
/* Another part in every epoch, the same one when it is asked for again; about half are mirrored. */
static void epochs_vary(void **state)
{
    enum { EPOCHS = 200 };
    uint8_t pixels[16][16];
    float one[64], again[64], other[64];
    int mirrored = 0, changed = 0;
    gable_error e = {0};
    struct dataset d;
    for (int i = 0; i < 256; i++) pixels[i / 16][i % 16] = (uint8_t)(i % 16 * 15);
    write_png(state, "a/1.png", PNG_FORMAT_GRAY, 16, 16, pixels);
    write_png(state, "b/2.png", PNG_FORMAT_GRAY, 16, 16, pixels);
    struct images_options o = options(1, 8, 8);
    o.varies = true;
    assert_ok(images_read(*state, &o, &d, &e), &e);
    assert_null(d.images);
    for (int i = 0; i < EPOCHS; i++) {
        assert_ok(dataset_load(&d, 0, i, one, &e), &e);
        assert_ok(dataset_load(&d, 0, i, again, &e), &e);
        assert_ok(dataset_load(&d, 1, i, other, &e), &e);
        assert_memory_equal(one, again, sizeof one);
        changed += memcmp(one, other, sizeof one) != 0;
        mirrored += one[0] > one[7];
        for (int k = 0; k < 64; k++)
            if (!(one[k] >= -2.0f && one[k] <= 2.5f)) fail_msg("%g", (double)one[k]);
    }
    if (mirrored < EPOCHS * 4 / 10 || mirrored > EPOCHS * 6 / 10) fail_msg("%d are mirrored", mirrored);
    assert_true(changed > EPOCHS * 9 / 10);
    dataset_release(&d);
}
/* What is held out is as it is, and the rest is all others. */
static void a_share_is_held_out(void **state)
{
    struct dataset d, held;
    gable_error e = {0};
    int seen[40] = {0};
    for (int i = 0; i < 40; i++) {
        char name[32];
        uint8_t pixel = (uint8_t)(6 * i);
        snprintf(name, sizeof name, "%c/%d.png", "ab"[i % 2], i);
        write_png(state, name, PNG_FORMAT_GRAY, 1, 1, &pixel);
    }
    for (int varies = 0; varies < 2; varies++) {
        struct images_options o = options(1, 1, 1);
        o.varies = varies;
        assert_ok(images_read(*state, &o, &d, &e), &e);
        assert_ok(dataset_split(&d, 0.25, 7, &held, &e), &e);
        assert_int_equal(held.n, 10);
        assert_int_equal(d.n, 30);
        for (int i = 0; i < 40; i++) {
            float value;
            const struct dataset *from = i < 10 ? &held : &d;
            assert_ok(dataset_load(from, i < 10 ? i : i - 10, -1, &value, &e), &e);
            int k = (int)rint(((double)value * 0.226 + 0.449) * 255 / 6);
            assert_int_equal(from->labels[i < 10 ? i : i - 10], k % 2);
            seen[k]++;
        }
        dataset_release(&held);
        dataset_release(&d);
    }
    for (int i = 0; i < 40; i++) assert_int_equal(seen[i], 2);
}

static void refuse(void **state, struct images_options o, gable_status status, const char *where, const char *why)
{
    struct dataset d;
    gable_error e = {0};
    assert_int_equal(images_read(*state, &o, &d, &e), status);
    assert_contains(e.where, where);
    assert_contains(e.why, why);
    assert_null(d.images);
}
static void what_is_no_image_is_refused(void **state)
{
    static uint8_t pixels[32 * 32 * 3], line[20000 * 3];
    struct images_options o = options(3, 8, 8);
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * i * 7);
    refuse(state, o, GABLE_BAD_INPUT, *state, "neither images.npy nor a folder of images");
    write_png(state, "a/good.png", PNG_FORMAT_RGB, 32, 32, pixels);
    write_png(state, "b/cut.png", PNG_FORMAT_RGB, 32, 32, pixels);
    cut(path_of(state, "b/cut.png"), 40);
    refuse(state, o, GABLE_BAD_INPUT, "/b/cut.png", "the image is damaged");
    write_jpeg(state, "b/cut.png", 32, 32, pixels);
    refuse(state, o, GABLE_BAD_INPUT, "/b/cut.png", "its name says PNG, its content does not");
    unlink(path_of(state, "b/cut.png"));
    refuse(state, o, GABLE_BAD_INPUT, "/b", "this class has no images");
    write_jpeg(state, "b/cut.jpg", 32, 32, pixels);
    cut(path_of(state, "b/cut.jpg"), 200);
    refuse(state, o, GABLE_BAD_INPUT, "/b/cut.jpg", "the image is damaged");
    write_text(state, "b/cut.jpg", "");
    refuse(state, o, GABLE_BAD_INPUT, "/b/cut.jpg", "its name says JPEG, its content does not");
    write_jpeg(state, "b/cut.jpg", 20000, 1, line);
    refuse(state, o, GABLE_BAD_INPUT, "/b/cut.jpg", "the image is 20000 x 1, at most 16384 x 16384 are read");
    write_png(state, "a/long.png", PNG_FORMAT_RGB, 1, 20000, line);
    refuse(state, o, GABLE_BAD_INPUT, "/a/long.png", "the image is 1 x 20000, at most 16384 x 16384 are read");
    write_text(state, "b/notes.txt", "no image");
    refuse(state, o, GABLE_BAD_INPUT, "/b/notes.txt", "ends in .png, .jpg or .jpeg");
}
static void what_does_not_fit_is_refused(void **state)
{
    static const uint8_t pixel[3];
    static const volatile bool now = true;
    write_png(state, "a/1.png", PNG_FORMAT_RGB, 1, 1, pixel);
    write_png(state, "b/2.png", PNG_FORMAT_RGB, 1, 1, pixel);
    struct images_options o = options(3, 8, 8);
    o.batch = 3;
    refuse(state, o, GABLE_BAD_INPUT, *state, "2 images do not fill a batch of 3");
    o = options(3, 8, 8);
    o.classes = 1;
    refuse(state, o, GABLE_BAD_INPUT, *state, "it has 2 classes, the model tells 1 apart");
    o = options(3, 8, 8);
    o.interrupted = &now;
    refuse(state, o, GABLE_INTERRUPTED, "", "interrupted");
    refuse(state, options(4, 8, 8), GABLE_BAD_INPUT, "", "images have 3 channels or 1, the model takes 4");
    refuse(state, options(3, 1 << 22, 1 << 22), GABLE_NO_MEMORY, *state,
           "2 images of 3 x 4194304 x 4194304 need 422212.5 GB of memory");
}
static void arrays_are_no_images(void **state)
{
    char path[PATH_ROOM];
    assert_true(images_are_in(*state));
    snprintf(path, sizeof path, "%s/nowhere", (char *)*state);
    assert_true(images_are_in(path)); /* images_read says that nothing is there */
    write_text(state, "labels.npy", "");
    assert_false(images_are_in(*state));
}

/* Stripes that lie, stand or lean, of any phase, under noise. */
static void write_stripes(void **state, int class, int i)
{
    static const char *const names[] = {"lying", "standing", "leaning"};
    uint8_t pixels[PICTURE][PICTURE][3];
    char name[64];
    uint32_t noise = (uint32_t)(1000 * class + i + 1);
    for (int k = 0; k < PICTURE * PICTURE * 3; k++) {
        int y = k / 3 / PICTURE, x = k / 3 % PICTURE, along = class == 0 ? y : class == 1 ? x : x + y;
        noise = noise * 1664525u + 1013904223u;
        (&pixels[0][0][0])[k] = (uint8_t)(((along + i) / 2 % 2 ? 160 : 40) + (int)(noise >> 24) / 4);
    }
    snprintf(name, sizeof name, "%s/%d.png", names[class], i);
    write_png(state, name, PNG_FORMAT_RGB, PICTURE, PICTURE, pixels);
}
static void stripes_are_learnt(void **state)
{
    enum { EPOCHS = 12 };
    struct learning l[2];
    gable_error e = {0};
    for (int i = 0; i < 3 * EACH; i++) write_stripes(state, i % 3, i / 3);
    for (int run = 0; run < 2; run++) {
        struct setting s = begin(read_images(state, options(3, SIDE, SIDE)));
        assert_int_equal(s.data.n, 3 * EACH);
        assert_ok(learn_run(s.trainer, &s.data, &(struct learn_options){.epochs = EPOCHS, .seed = 1}, &l[run], &e), &e);
        end(&s);
    }
    double accuracy = l[0].epochs[EPOCHS - 1].accuracy;
    if (!(accuracy >= 0.95)) fail_msg("accuracy %g, loss %g", accuracy, l[0].epochs[EPOCHS - 1].loss);
    assert_int_equal(l[1].n_losses, l[0].n_losses);
    assert_memory_equal(l[1].losses, l[0].losses, (size_t)l[0].n_losses * sizeof *l[0].losses);
    learning_release(&l[0]);
    learning_release(&l[1]);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, drop_folder)
int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(the_middle_is_cut_out),        IN_A_FOLDER(sizes_change_by_triangles),
        IN_A_FOLDER(classes_are_in_order),         IN_A_FOLDER(what_is_no_image_is_refused),
        IN_A_FOLDER(what_does_not_fit_is_refused), IN_A_FOLDER(arrays_are_no_images),
        IN_A_FOLDER(stripes_are_learnt),           IN_A_FOLDER(sizes_are_those_of_torchvision),
        IN_A_FOLDER(pictures_stand_upright),       IN_A_FOLDER(epochs_vary),
        IN_A_FOLDER(a_share_is_held_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
