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
        expect(&d.images[x], (3 * 10 + 3 * 50 + 90) / 7.0, 0.449, 0.226);
        expect(&d.images[2 + x], (50 + 3 * 90 + 3 * 210) / 7.0, 0.449, 0.226);
    }
    dataset_release(&d);
    d = read_images(state, options(1, 8, 8));
    static const double twice[8] = {10, 20, 40, 60, 80, 120, 180, 210};
    for (int i = 0; i < 64; i++) expect(&d.images[i], twice[i / 8], 0.449, 0.226);
    dataset_release(&d);
}
/* Classes and images by name, whatever order the folder keeps; what begins with a dot, and files beside classes, do not
   count. A JPEG is as near as its quality; grey becomes three equal channels, transparent black. */
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
    expect(&d.images[6], 0, 0.485, 0.229);
    assert_memory_equal(d.images + 9, d.images, 3 * sizeof *d.images);
    dataset_release(&d);
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
    assert_false(images_are_in(path));
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
        IN_A_FOLDER(stripes_are_learnt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
