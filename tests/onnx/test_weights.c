/* Values of initializers: in the file in each of its ways, in files beside it, and what must not be opened. */
#include "base/file.h"
#include "check.h"
#include "onnx/onnx.h"
#include "run_file.h"
#include "tensors/initializers.h"
#include "write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { F32 = 1, S64 = 7, TEXT = 8 };
static char root[] = "/tmp/gable-weights-XXXXXX";
static const float values[] = {1.5f, -2, 3, 4};

static const char *in_root(const char *name)
{
    static char path[8][256];
    static int next;
    char *out = path[next++ % 8];
    snprintf(out, sizeof path[0], "%s/%s", root, name);
    return out;
}

static int start(void **state)
{
    gable_error e = {0};
    (void)state;
    if (!mkdtemp(root)) return -1;
    mkdir(in_root("m"), 0700);
    mkdir(in_root("m/sub"), 0700);
    mkdir(in_root("blobs"), 0700);
    return file_write(in_root("m/data.bin"), values, sizeof values, &e) ||
           file_write(in_root("m/sub/data.bin"), values, sizeof values, &e) ||
           file_write(in_root("outside.bin"), values, sizeof values, &e) ||
           file_write(in_root("blobs/b1"), values, sizeof values, &e) ||
           symlink("../outside.bin", in_root("m/link.bin")) || symlink("data.bin", in_root("m/inner.bin")) ||
           symlink("/proc/self", in_root("m/magic")) || symlink("/dev/zero", in_root("m/device")) ||
           symlink("../blobs/b1", in_root("m/blob.bin")) || mkfifo(in_root("m/fifo"), 0600);
}
static int finish(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static Onnx__TensorProto *model_of_one(struct arena *a, Onnx__ModelProto **m, int type, int64_t n)
{
    *m = write_model(a);
    write_add_output(a, (*m)->graph, "y");
    write_add_node(a, (*m)->graph, write_node(a, "", "Identity", "w", "y"));
    return write_add_initializer(a, (*m)->graph, "w", type, 1, &n);
}

/* Long ones, so that the graph itself does not hold them. */
static void values_are_read_where_they_lie(void **state)
{
    (void)state;
    enum { N = 5000 };
    static float floats[N];
    static int64_t ints[N];
    for (int i = 0; i < N; i++) floats[i] = (float)(ints[i] = i - 1);
    for (int kind = 0; kind < 3; kind++) {
        struct arena *a = arena_new(1 << 22);
        Onnx__ModelProto *m;
        Onnx__TensorProto *t = model_of_one(a, &m, kind == 2 ? S64 : F32, N);
        gable_error e = {0};
        static float got[N];
        if (kind == 0) {
            t->has_raw_data = 1;
            t->raw_data = (ProtobufCBinaryData){sizeof floats, (uint8_t *)floats};
        } else if (kind == 1) {
            t->float_data = floats;
            t->n_float_data = N;
        } else {
            t->int64_data = ints;
            t->n_int64_data = N;
        }
        write_file(m, in_root("m/model.onnx"));
        assert_ok(run_file(in_root("m/model.onnx"), N, got, &e), &e);
        for (int i = 0; i < N; i++) assert_true(got[i] == (float)(i - 1));
        arena_free(a);
    }
}

static const struct {
    const char *location, *offset, *length, *why; /* why NULL: it is read */
} places[] = {
    {"data.bin", NULL, NULL, NULL},
    {"data.bin", "0", "16", NULL},
    {"./sub/../data.bin", NULL, NULL, "outside the model's folder"},
    {"sub/data.bin", NULL, NULL, NULL},
    {"inner.bin", NULL, NULL, NULL},
    {"../outside.bin", NULL, NULL, "outside the model's folder"},
    {"..", NULL, NULL, "outside the model's folder"},
    {"sub/../../outside.bin", NULL, NULL, "outside the model's folder"},
    {"/etc/passwd", NULL, NULL, "outside the model's folder"},
    {"/proc/self/mem", NULL, NULL, "outside the model's folder"},
    {"*/_ORT_MEM_ADDR_/*", "140723412345678", "16", "cannot be opened"}, /* an address, to ONNX Runtime */
    {"link.bin", NULL, NULL, "is a link out of the model's folder"},
    {"blob.bin", NULL, NULL, "is a link out of the model's folder"},
    {"magic/mem", NULL, NULL, "is a link out of the model's folder"},
    {"device", NULL, NULL, "is a link out of the model's folder"},
    {"fifo", NULL, NULL, "no regular file"},
    {"sub", NULL, NULL, "no regular file"},
    {"nowhere.bin", NULL, NULL, "cannot be opened"},
    {"", NULL, NULL, "a location that is no file's name"},
    {NULL, "0", NULL, "does not say where"},
    {"data.bin", "4", NULL, "lies at 4 to 20 of 'data.bin', which has 16 bytes"},
    {"data.bin", "9223372036854775807", NULL, "which has 16 bytes"},
    {"data.bin", "9223372036854775808", NULL, "an offset or a length of"},
    {"data.bin", "-4", NULL, "an offset or a length of '-4'"},
    {"data.bin", "0x0", NULL, "an offset or a length of"},
    {"data.bin", "", NULL, "an offset or a length of"},
    {"data.bin", "0", "15", "has 15 bytes in 'data.bin', its shape and type need 16"},
    {"data.bin", "0", "18446744073709551615", "an offset or a length of"},
};

static Onnx__ModelProto *external_model(struct arena *a, const char *location, const char *offset, const char *length)
{
    Onnx__ModelProto *m;
    Onnx__TensorProto *t = model_of_one(a, &m, F32, 4);
    write_external(a, t, "checksum", "of no interest");
    if (location) write_external(a, t, "location", location);
    if (offset) write_external(a, t, "offset", offset);
    if (length) write_external(a, t, "length", length);
    return m;
}

static void files_beside_the_model_are_read_and_no_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct arena *a = arena_new(1 << 20);
        gable_error e = {0};
        float got[4] = {0};
        write_file(external_model(a, places[i].location, places[i].offset, places[i].length), in_root("m/model.onnx"));
        gable_status s = run_file(in_root("m/model.onnx"), 4, got, &e);
        if (!s != !places[i].why) fail_msg("%s: %s", places[i].location ? places[i].location : "(none)", e.why);
        if (s) assert_contains(e.why, places[i].why);
        if (s) assert_contains(e.where, "initializer w");
        if (!s) assert_memory_equal(got, values, sizeof values);
        arena_free(a);
    }
}

/* A name that ends early: what stands behind the NUL is not seen by the system, hence by nobody. */
static void a_name_holds_no_nul(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    gable_error e = {0};
    char *bytes;
    size_t n;
    float got[4] = {0};
    write_file(external_model(a, "data.bin#/../outside.bin", NULL, NULL), in_root("m/model.onnx"));
    assert_ok(file_read(in_root("m/model.onnx"), 4096, &bytes, &n, &e), &e);
    char *nul = memmem(bytes, n, "data.bin#", 9);
    assert_non_null(nul);
    nul[8] = '\0';
    assert_ok(file_write(in_root("m/model.onnx"), bytes, n, &e), &e);
    assert_int_equal(run_file(in_root("m/model.onnx"), 4, got, &e), GABLE_BAD_INPUT);
    assert_string_equal(e.why, "has a location that is no file's name");
    free(bytes);
    arena_free(a);
}

/* Two tensors of the same bytes: as good as two of different ones. */
static void overlapping_values_are_read(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    gable_error e = {0};
    float got[3] = {0};
    const int64_t n = 3;
    Onnx__ModelProto *m = write_model(a);
    for (int i = 0; i < 2; i++) {
        Onnx__TensorProto *t = write_add_initializer(a, m->graph, i ? "v" : "w", F32, 1, &n);
        write_external(a, t, "location", "data.bin");
        write_external(a, t, "offset", i ? "4" : "0");
    }
    write_add_node(a, m->graph, write_node(a, "", "Add", "w v", "y"));
    write_add_output(a, m->graph, "y");
    write_file(m, in_root("m/model.onnx"));
    assert_ok(run_file(in_root("m/model.onnx"), 3, got, &e), &e);
    for (int i = 0; i < 3; i++) assert_true(got[i] == values[i] + values[i + 1]);
    arena_free(a);
}

/* As Hugging Face's client keeps what it fetched: the model and its data in a folder of a snapshot are links to blobs
   whose names are their hashes. */
static void a_hub_s_cache_is_read(void **state)
{
    (void)state;
    static const char *const folders[] = {"hub",
                                          "hub/models--a--b",
                                          "hub/models--a--b/blobs",
                                          "hub/models--a--b/snapshots",
                                          "hub/models--a--b/snapshots/5f1e",
                                          "hub/models--a--b/snapshots/5f1e/onnx"};
    struct arena *a = arena_new(1 << 20);
    gable_error e = {0};
    float got[4] = {0};
    for (size_t i = 0; i < COUNT_OF(folders); i++) assert_int_equal(mkdir(in_root(folders[i]), 0700), 0);
    assert_ok(file_write(in_root("hub/models--a--b/blobs/d41d8cd9"), values, sizeof values, &e), &e);
    write_file(external_model(a, "model.onnx_data", NULL, NULL), in_root("hub/models--a--b/blobs/9e107d9d"));
    assert_int_equal(symlink("../../../blobs/9e107d9d", in_root("hub/models--a--b/snapshots/5f1e/onnx/model.onnx")), 0);
    assert_int_equal(
        symlink("../../../blobs/d41d8cd9", in_root("hub/models--a--b/snapshots/5f1e/onnx/model.onnx_data")), 0);
    assert_ok(run_file(in_root("hub/models--a--b/snapshots/5f1e/onnx/model.onnx"), 4, got, &e), &e);
    assert_memory_equal(got, values, sizeof values);
    arena_free(a);
}

/* A cache: the model and its data are links into a folder of blobs. */
static void links_of_a_cache_are_followed(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    gable_error e = {0};
    float got[4] = {0};
    write_file(external_model(a, "blob.bin", NULL, NULL), in_root("blobs/b2"));
    unlink(in_root("m/cached.onnx"));
    assert_int_equal(symlink("../blobs/b2", in_root("m/cached.onnx")), 0);
    assert_ok(run_file(in_root("m/cached.onnx"), 4, got, &e), &e);
    assert_memory_equal(got, values, sizeof values);
    write_file(external_model(a, "link.bin", NULL, NULL), in_root("blobs/b2"));
    assert_int_equal(run_file(in_root("m/cached.onnx"), 4, got, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "a link out of");
    arena_free(a);
}

static void a_file_that_shrinks_is_refused(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    struct graph *g = NULL;
    struct initializers *f = NULL;
    struct general *session = NULL;
    struct cpus cpus;
    gable_error e = {0};
    static float many[5000];
    Onnx__ModelProto *m;
    Onnx__TensorProto *t = model_of_one(a, &m, F32, 5000);
    const char *path = in_root("m/shrinks.onnx");
    t->has_raw_data = 1;
    t->raw_data = (ProtobufCBinaryData){sizeof many, (uint8_t *)many};
    write_file(m, path);
    cpus_read("", &cpus);
    assert_ok(onnx_read(path, &(struct onnx_options){.keeps_free = true}, &g, &e), &e);
    assert_int_equal(truncate(path, 100), 0);
    assert_ok(initializers_open(path, &f, &e), &e);
    assert_int_equal(general_open(g, initializers_values(f), &cpus, NULL, &session, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "beyond the file's end");
    initializers_close(f);
    graph_free(g);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_where_they_lie),
        cmocka_unit_test(files_beside_the_model_are_read_and_no_others),
        cmocka_unit_test(a_name_holds_no_nul),
        cmocka_unit_test(overlapping_values_are_read),
        cmocka_unit_test(a_hub_s_cache_is_read),
        cmocka_unit_test(links_of_a_cache_are_followed),
        cmocka_unit_test(a_file_that_shrinks_is_refused),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
