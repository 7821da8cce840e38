/* Mutated models, a fixed number of them: ONNX's own small files, a few fields changed, parts of two joined. Each is
   answered or refused; sanitizers watch in the builds that have them. FROM and RUNS in the environment choose others.
 */
#include "answer.h"
#include "base/file.h"
#include "check.h"
#include "mutate.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUNS = 6000, ROOM = 8192, SEED_MOST = 4096, SEEDS_MAX = 1200 };
struct seed {
    uint8_t *bytes;
    size_t n;
};

static int read_seeds(struct seed *seeds)
{
    glob_t files;
    int n = 0;
    assert_int_equal(glob("/usr/share/libonnx-testdata/data/*/*/model.onnx", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc && n < SEEDS_MAX; i++) {
        char *bytes;
        gable_error e = {0};
        if (file_read(files.gl_pathv[i], SEED_MOST, &bytes, &seeds[n].n, &e)) continue; /* a long one */
        seeds[n++].bytes = (uint8_t *)bytes;
    }
    globfree(&files);
    return n;
}

static long from_environment(const char *name, long otherwise)
{
    return getenv(name) ? strtol(getenv(name), NULL, 10) : otherwise;
}

/* Model `run` of the sequence; 0 where it came out too long. */
static size_t make(const struct seed *seeds, int n, uint32_t run, uint8_t *out)
{
    const struct seed *one = &seeds[run % (uint32_t)n], *other = &seeds[(run * UINT32_C(2654435761)) % (uint32_t)n];
    size_t size = run % 4 ? one->n : cross_models(one->bytes, one->n, other->bytes, other->n, out, ROOM, run);
    if (run % 4) memcpy(out, one->bytes, one->n);
    for (uint32_t k = run % 3 + 1; k && size; k--) size = mutate_model(out, size, ROOM, run * 7 + k);
    return size;
}

/* Without file_write's care for the disk: thousands of files that nobody keeps. */
static void put(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void every_mutation_is_answered_or_refused(void **state)
{
    static struct seed seeds[SEEDS_MAX];
    static uint8_t bytes[ROOM];
    long from = from_environment("FROM", 0), runs = from_environment("RUNS", RUNS), counted = 0, made = 0;
    char path[64];
    int n = read_seeds(seeds);
    (void)state;
    assert_true(n > 800);
    snprintf(path, sizeof path, "/tmp/gable-mutated-%d.onnx", (int)getpid());
    for (long run = from; run < from + runs; run++) {
        size_t size = make(seeds, n, (uint32_t)run, bytes);
        if (!size) continue;
        put(path, bytes, size); /* it stays where this is the last thing that happens */
        made++;
        counted += answer(path);
    }
    unlink(path);
    for (int i = 0; i < n; i++) free(seeds[i].bytes);
    print_message("%ld models made, %ld of them counted\n", made, counted);
    assert_true(made > runs * 9 / 10 && counted > made / 10 && counted < made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_mutation_is_answered_or_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
