/* Training runs: a small network learns, a resumed run is the same run, damaged checkpoints are refused. */
#include "base/file.h"
#include "check.h"
#include "small.h"
#include "tensors/npy.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IMAGES = 160 };

static int make_folder(void **state)
{
    static char folder[] = "/tmp/gable-learn-XXXXXX";
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}
static int drop_folder(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    return system(command);
}

static struct dataset synthetic(void)
{
    struct dataset d;
    gable_error e = {0};
    assert_ok(dataset_synthetic(IMAGES, 2, SIDE, SIDE, CLASSES, 5, &d, &e), &e);
    return d;
}
static void a_small_network_learns(void **state)
{
    (void)state;
    struct setting s = begin(synthetic());
    struct learning l;
    gable_error e = {0};
    assert_ok(learn_run(s.trainer, &s.data, &(struct learn_options){.epochs = 8, .seed = 1}, &l, &e), &e);
    assert_int_equal(l.n_epochs, 8);
    assert_int_equal(l.n_losses, 8 * (IMAGES / BATCH));
    if (!(l.epochs[7].accuracy >= 0.95)) fail_msg("accuracy %g, loss %g", l.epochs[7].accuracy, l.epochs[7].loss);
    assert_true(l.epochs[7].loss < 0.5 * l.epochs[0].loss);
    learning_release(&l);
    end(&s);
}

/* The same losses to the last bit, whether the run was cut after an epoch or in the middle of one. */
static volatile bool stop_now;
static void stop_after(void *arg, int epoch, int done, int steps, double loss)
{
    (void)steps;
    (void)loss;
    if (epoch == 1 && done == *(int *)arg) stop_now = true;
}
static void a_resumed_run_is_the_same_run(void **state)
{
    char path[256];
    snprintf(path, sizeof path, "%s/run", (char *)*state);
    struct setting s = begin(synthetic());
    struct learning whole, cut, resumed;
    gable_error e = {0};
    struct learn_options o = {.epochs = 4, .seed = 1};
    assert_ok(learn_run(s.trainer, &s.data, &o, &whole, &e), &e);
    end(&s);
    for (int at = 4; at <= IMAGES / BATCH; at += 6) {
        s = begin(synthetic());
        stop_now = false;
        o = (struct learn_options){.epochs = 4,
                                   .seed = 1,
                                   .checkpoint = path,
                                   .interrupted = &stop_now,
                                   .progress = stop_after,
                                   .progress_arg = &at};
        assert_ok(learn_run(s.trainer, &s.data, &o, &cut, &e), &e);
        assert_true(cut.is_interrupted);
        assert_int_equal(cut.n_losses, IMAGES / BATCH + at);
        end(&s);
        s = begin(synthetic());
        o = (struct learn_options){.epochs = 4, .seed = 1, .checkpoint = path, .resumes = true};
        assert_ok(learn_run(s.trainer, &s.data, &o, &resumed, &e), &e);
        assert_int_equal(resumed.resumed_at, cut.n_losses);
        assert_int_equal(resumed.n_losses, whole.n_losses);
        assert_memory_equal(resumed.losses, whole.losses, (size_t)whole.n_losses * sizeof *whole.losses);
        assert_memory_equal(resumed.epochs, whole.epochs, 4 * sizeof *whole.epochs);
        learning_release(&cut);
        learning_release(&resumed);
        end(&s);
    }
    learning_release(&whole);
}

/* What was trained on, told at inference. */
static void a_run_is_validated(void **state)
{
    struct setting s = begin(synthetic());
    struct learning l;
    struct weights *w = NULL;
    struct cpus cpus;
    gable_error e = {0};
    (void)state;
    cpus_read("", &cpus);
    assert_ok(weights_new(s.graph, 1, &w, &e), &e);
    struct dataset held;
    assert_ok(dataset_split(&s.data, 0.25, 3, &held, &e), &e);
    struct validation v = {.data = &held, .weights = w, .cpus = &cpus, .threads = 1};
    const struct learn_options o = {.epochs = 8, .seed = 1, .validation = &v};
    assert_ok(learn_run(s.trainer, &s.data, &o, &l, &e), &e);
    assert_int_equal(held.n, IMAGES / 4);
    if (!(l.epochs[7].validated >= 0.9)) fail_msg("validated %g", l.epochs[7].validated);
    double share = l.epochs[7].validated * held.n;
    assert_true(fabs(share - rint(share)) < 1e-9);
    learning_release(&l);
    dataset_release(&held);
    weights_free(w);
    end(&s);
}

static void spoil(const char *path, long at)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}
static void a_damaged_checkpoint_is_refused(void **state)
{
    char path[256], previous[300];
    snprintf(path, sizeof path, "%s/spoilt", (char *)*state);
    snprintf(previous, sizeof previous, "%s.previous", path);
    struct setting s = begin(synthetic());
    struct learning l;
    gable_error e = {0};
    struct learn_options o = {.epochs = 2, .seed = 1, .checkpoint = path};
    assert_ok(learn_run(s.trainer, &s.data, &o, &l, &e), &e);
    learning_release(&l);
    o.resumes = true;
    o.epochs = 3;
    spoil(path, 2000);
    assert_int_equal(learn_run(s.trainer, &s.data, &o, &l, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "damaged; the one before it");
    learning_release(&l);
    e = (gable_error){0};
    o.checkpoint = previous;
    assert_ok(learn_run(s.trainer, &s.data, &o, &l, &e), &e);
    assert_int_equal(l.resumed_at, IMAGES / BATCH);
    learning_release(&l);
    assert_int_equal(truncate(previous, 100), 0);
    assert_int_equal(learn_run(s.trainer, &s.data, &o, &l, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "the checkpoint is damaged");
    learning_release(&l);
    end(&s);
}
/* What another version wrote ends with its checksum too. */
static void another_version_is_refused(void **state)
{
    char path[256], *bytes = NULL;
    size_t n = 0;
    snprintf(path, sizeof path, "%s/version", (char *)*state);
    struct setting s = begin(synthetic());
    struct learning l;
    gable_error e = {0};
    struct learn_options o = {.epochs = 2, .seed = 1, .checkpoint = path};
    assert_ok(learn_run(s.trainer, &s.data, &o, &l, &e), &e);
    learning_release(&l);
    assert_ok(file_read(path, 1 << 24, &bytes, &n, &e), &e);
    uint64_t hash = UINT64_C(14695981039346656037);
    bytes[6 * sizeof(uint64_t)] += 40; /* behind six numbers of eight bytes */
    for (size_t i = 0; i < n - sizeof hash; i++) hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    memcpy(bytes + n - sizeof hash, &hash, sizeof hash);
    assert_ok(file_write(path, bytes, n, &e), &e);
    free(bytes);
    o.resumes = true;
    assert_int_equal(learn_run(s.trainer, &s.data, &o, &l, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "the checkpoint has format 42");
    assert_contains(e.why, "version.previous, is whole");
    learning_release(&l);
    end(&s);
}
/* A library that makes threads of its own would wait for them on the one CPU that it was given. */
static void one_thread_is_one(void **state)
{
    glob_t threads;
    struct learning l;
    gable_error e = {0};
    (void)state;
    struct setting s = begin(synthetic());
    assert_ok(learn_run(s.trainer, &s.data, &(struct learn_options){.epochs = 1, .seed = 1}, &l, &e), &e);
    assert_int_equal(glob("/proc/self/task/*", 0, NULL, &threads), 0);
    assert_int_equal(threads.gl_pathc, 1);
    globfree(&threads);
    learning_release(&l);
    end(&s);
}
static void one_class_is_refused(void **state)
{
    struct learning l;
    gable_error e = {0};
    (void)state;
    struct setting s = begin(synthetic());
    for (int i = 0; i < s.data.n; i++) s.data.labels[i] = 2;
    assert_int_equal(learn_run(s.trainer, &s.data, &(struct learn_options){.epochs = 1, .seed = 1}, &l, &e),
                     GABLE_BAD_INPUT);
    assert_contains(e.why, "are of class 2: there is nothing to tell apart");
    learning_release(&l);
    end(&s);
}
static void another_run_is_refused(void **state)
{
    char path[256];
    snprintf(path, sizeof path, "%s/other", (char *)*state);
    struct setting s = begin(synthetic());
    struct learning l;
    gable_error e = {0};
    struct learn_options o = {.epochs = 1, .seed = 1, .checkpoint = path};
    assert_ok(learn_run(s.trainer, &s.data, &o, &l, &e), &e);
    learning_release(&l);
    o.resumes = true;
    o.seed = 2;
    assert_int_equal(learn_run(s.trainer, &s.data, &o, &l, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "another run");
    learning_release(&l);
    end(&s);
}

/* Seven-segment digits of one channel, written as .npy and read back. */
static void write_digits(const char *folder, int label_of_last)
{
    struct pool *p = pool_new(1 << 24);
    struct value images = {0}, labels = {0};
    gable_error e = {0};
    char path[256];
    assert_ok(value_new(p, DTYPE_U8, 3, (const int64_t[]){IMAGES, SIDE, SIDE}, &images, &e), &e);
    assert_ok(value_new(p, DTYPE_S64, 1, (const int64_t[]){IMAGES}, &labels, &e), &e);
    for (int i = 0; i < IMAGES; i++) {
        int digit = i % CLASSES;
        uint8_t *to = (uint8_t *)images.data + i * SIDE * SIDE;
        for (int k = 0; k < SIDE * SIDE; k++) {
            int y = k / SIDE, x = k % SIDE;
            bool is_lit = digit == 0 ? y < 4 : digit == 1 ? y >= 8 : digit == 2 ? x < 4 : x >= 8;
            to[k] = (uint8_t)((is_lit ? 180 : 20) + (i * 31 + k * 17) % 50);
        }
        ((int64_t *)labels.data)[i] = i + 1 < IMAGES ? digit : label_of_last;
    }
    snprintf(path, sizeof path, "%s/images.npy", folder);
    assert_ok(npy_write(path, &images, &e), &e);
    snprintf(path, sizeof path, "%s/labels.npy", folder);
    assert_ok(npy_write(path, &labels, &e), &e);
    value_release(&images);
    value_release(&labels);
    pool_free(p);
}
static void a_folder_of_arrays_is_learnt(void **state)
{
    struct dataset d;
    struct learning l;
    gable_error e = {0};
    write_digits(*state, 3);
    assert_ok(dataset_read(*state, CLASSES, &d, &e), &e);
    assert_int_equal(d.channels, 1);
    double sum = 0, square = 0;
    for (int i = 0; i < IMAGES * SIDE * SIDE; i++) {
        sum += (double)d.images[i];
        square += (double)d.images[i] * (double)d.images[i];
    }
    assert_true(fabs(sum) < 1 && fabs(square / (IMAGES * SIDE * SIDE) - 1) < 1e-3);
    struct setting s = begin(d);
    assert_ok(learn_run(s.trainer, &s.data, &(struct learn_options){.epochs = 10, .seed = 1}, &l, &e), &e);
    if (!(l.epochs[9].accuracy >= 0.95)) fail_msg("accuracy %g", l.epochs[9].accuracy);
    learning_release(&l);
    end(&s);
}
static void labels_out_of_range_are_refused(void **state)
{
    struct dataset d;
    gable_error e = {0};
    write_digits(*state, CLASSES);
    assert_int_equal(dataset_read(*state, CLASSES, &d, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "label 4 of image 159 is not in 0..3");
    assert_contains(e.where, "labels.npy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_is_one),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(one_class_is_refused),
        cmocka_unit_test(a_run_is_validated),
        cmocka_unit_test(a_small_network_learns),
        cmocka_unit_test(a_resumed_run_is_the_same_run),
        cmocka_unit_test(a_damaged_checkpoint_is_refused),
        cmocka_unit_test(another_run_is_refused),
        cmocka_unit_test(a_folder_of_arrays_is_learnt),
        cmocka_unit_test(labels_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
