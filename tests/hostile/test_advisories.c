/* Every advisory about ONNX of 2022 to 2026, by its number: what it was there, the input that shows it, and the whole
   line that it gets here (NULL: it is answered, and the comment says why). Beside the model lie a file of its own, a
   link and a hard link to a secret outside its folder, and a link to the folder above. */
#include "base/file.h"
#include "check.h"
#include "command.h"
#include "write.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN "\"$gable\" run model.onnx"
enum { F32 = 1, N = 4 };
static const int64_t dim[] = {N};
static const float values[N] = {1.5f, -2, 3, 4};

struct advisory {
    const char *number, *was;
    void (*make)(const struct advisory *a, const char *folder);
    const char *location, *key, *value; /* of what the model keeps beside it */
    const char *command, *line;
};

/* y = w, and w lies in a file of its own. */
static void external(const struct advisory *row, const char *folder)
{
    struct arena *a = arena_new(1 << 20);
    Onnx__ModelProto *m = write_model(a);
    Onnx__TensorProto *w = write_add_initializer(a, m->graph, "w", F32, 1, dim);
    write_external(a, w, "location", row->location);
    if (row->key) write_external(a, w, row->key, row->value);
    write_add_node(a, m->graph, write_node(a, "", "Identity", "w", "y"));
    write_add_output(a, m->graph, "y");
    write_file(m, folder_path(folder, "model.onnx"));
    arena_free(a);
}

/* A node whose input is nowhere and has a name of 5000 bytes, which the sentence would name. */
static void long_name(const struct advisory *row, const char *folder)
{
    static char name[5001];
    struct arena *a = arena_new(1 << 20);
    Onnx__ModelProto *m = write_model(a);
    (void)row;
    memset(name, 'n', sizeof name - 1);
    write_add_node(a, m->graph, write_node(a, "", "Relu", name, "y"));
    m->graph->node[0]->name = name;
    write_add_output(a, m->graph, "y");
    write_file(m, folder_path(folder, "model.onnx"));
    arena_free(a);
}

static void upsample(const struct advisory *row, const char *folder)
{
    struct arena *a = arena_new(1 << 20);
    Onnx__ModelProto *m = write_model(a);
    (void)row;
    m->opset_import[0]->version = 6;
    write_add_node(a, m->graph, write_node(a, "", "Upsample", "", "y"));
    write_add_output(a, m->graph, "y");
    write_file(m, folder_path(folder, "model.onnx"));
    arena_free(a);
}

/* One member, whose name leaves the folder that it is unpacked in. */
static void archive(const struct advisory *row, const char *folder)
{
    char block[1024] = "../planted";
    gable_error e = {0};
    (void)row;
    memcpy(block + 124, "00000000004", 12);
    block[156] = '0';
    memcpy(block + 257, "ustar\00000", 8);
    memcpy(block + 512, "evil", 4);
    assert_ok(file_write(folder_path(folder, "model.onnx"), block, sizeof block, &e), &e);
}

static const struct advisory advisories[] = {
    {"CVE-2022-25882", "a location with .. was read", external, "../secret", NULL, NULL, RUN,
     "model.onnx: initializer w: keeps values in '../secret', outside the model's folder: not opened"},
    {"CVE-2022-25882", "an absolute location was read", external, "/etc/hostname", NULL, NULL, RUN,
     "model.onnx: initializer w: keeps values in '/etc/hostname', outside the model's folder: not opened"},
    {"CVE-2024-27318", "its check looked at the start of the location alone", external, "sub/../../secret", NULL, NULL,
     RUN, "model.onnx: initializer w: keeps values in 'sub/../../secret', outside the model's folder: not opened"},
    {"CVE-2024-27319", "a sentence longer than its buffer was read beyond it", long_name, NULL, NULL, NULL, RUN,
     "model.onnx: node 0 nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn (Relu): its input "
     "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn is made by nobody, or by what "
     "waits for it (a cycle)"},
    /* Does not apply: nothing is downloaded, no archive unpacked. One that is given is refused as what it is. */
    {"CVE-2024-5187", "an archive with test data was unpacked outside its folder", archive, NULL, NULL, NULL, RUN,
     "model.onnx: is a tar archive, not an ONNX model: unpack it first"},
    /* Writing: a copy that keeps the location and writes nothing to it. */
    {"CVE-2025-51480", "values were saved to where the location says", external, "../secret", NULL, NULL,
     "\"$gable\" export model.onnx --annotate --chip nvidia_p100_pcie_16gb -o copy.onnx", NULL},
    {"CVE-2026-27489", "a link led out of the folder", external, "link", NULL, NULL, RUN,
     "model.onnx: initializer w: 'link' is a link out of the model's folder: not opened"},
    {"CVE-2026-27489", "and the fix was passed by where the model's path has no folder", external, "link", NULL, NULL,
     "\"$gable\" run ./model.onnx",
     "./model.onnx: initializer w: 'link' is a link out of the model's folder: not opened"},
    {"CVE-2026-27489", "or where there is no path at all", external, "link", NULL, NULL, "\"$gable\" run - <model.onnx",
     "stdin: initializer w: 'link' is a link out of the model's folder: not opened"},
    /* Does not apply: nothing is downloaded. The program cannot: it asks the system for no socket. */
    {"CVE-2026-28500", "a hub's models were loaded without the question whether to trust it", external, "own", NULL,
     NULL, "! nm -D --undefined-only \"$gable\" | grep -wE 'socket|connect|getaddrinfo|gethostbyname'", NULL},
    /* A key that is not known is of no interest. */
    {"CVE-2026-34445", "any key of external_data became an attribute of an object", external, "own", "__class__",
     "os.system", RUN, NULL},
    {"CVE-2026-34445", "and took the place of the folder", external, "own", "basepath", "..", RUN, NULL},
    {"CVE-2026-34445", "lengths were allocated before the file's was known", external, "own", "length",
     "9223372036854775807", RUN,
     "model.onnx: initializer w: has 9223372036854775807 bytes in 'own', its shape and type need 16"},
    {"CVE-2026-34445", "negative ones were read too", external, "own", "offset", "-1", RUN,
     "model.onnx: initializer w: has an offset or a length of '-1'"},
    /* Accepted: who can make a hard link in the model's folder can read the file; package managers make them; nothing
       that is written holds the values but what `run --output` is asked for. */
    {"CVE-2026-34446", "a hard link was read", external, "hard", NULL, NULL, RUN, NULL},
    {"CVE-2026-34447", "a link in the middle of a location led out of the folder", external, "up/secret", NULL, NULL,
     RUN, "model.onnx: initializer w: 'up/secret' is a link out of the model's folder: not opened"},
    {"CVE-2026-44512", "an Upsample of opset 6 without inputs was dereferenced", upsample, NULL, NULL, NULL, RUN,
     "model.onnx: node y (Upsample): 0 inputs given, 1 to 2 expected"},
};

static void make_folder(const char *root)
{
    gable_error e = {0};
    mkdir(folder_path(root, "model"), 0700);
    mkdir(folder_path(root, "model/sub"), 0700);
    assert_ok(file_write(folder_path(root, "secret"), values, sizeof values, &e), &e);
    assert_ok(file_write(folder_path(root, "model/own"), values, sizeof values, &e), &e);
    assert_int_equal(symlink("../secret", folder_path(root, "model/link")), 0);
    assert_int_equal(symlink("..", folder_path(root, "model/up")), 0);
    assert_int_equal(link(folder_path(root, "secret"), folder_path(root, "model/hard")), 0);
}

/* Is nothing outside the model's folder made or changed? */
static void check_outside(const char *root)
{
    char *bytes;
    size_t n;
    gable_error e = {0};
    assert_ok(file_read(folder_path(root, "secret"), 100, &bytes, &n, &e), &e);
    assert_int_equal(n, sizeof values);
    assert_memory_equal(bytes, values, n);
    free(bytes);
    assert_int_equal(access(folder_path(root, "planted"), F_OK), -1);
}

static void each_gets_its_line(void **state)
{
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(advisories); i++) {
        const struct advisory *row = &advisories[i];
        struct answer a;
        char line[600] = "", folder[64], *root = folder_new();
        (void)state;
        make_folder(root);
        snprintf(folder, sizeof folder, "%s/model", root);
        row->make(row, folder);
        command_run(folder, row->command, &a);
        if (row->line) snprintf(line, sizeof line, "gable: %s\n", row->line);
        bool is_right = a.status == (row->line ? 1 : 0) && !strcmp(a.err, line) && strlen(a.err) <= 500;
        if (!is_right) print_message("%s, %s: exit %d, \"%s\"\n", row->number, row->was, a.status, a.err);
        wrong += !is_right;
        check_outside(root);
        command_release(&a);
        folder_free(root);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_gets_its_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
