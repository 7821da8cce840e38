/* Files that become shorter while a command reads them: one line that names the file and says what happened, exit 1. */
#include "check.h"
#include "command.h"
#include "write.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { F32 = 1, SIDE = 200, BYTES = SIDE * SIDE * 4 };
static const int64_t square[] = {SIDE, SIDE}, one_row[] = {1, SIDE};

/* y = x a b; where `beside`, the values of b lie in a file of their own. */
static void write_product(const char *folder, const char *name, const char *beside)
{
    static float values[SIDE * SIDE];
    struct arena *a = arena_new(1 << 20);
    Onnx__ModelProto *m = write_model(a);
    for (int i = 0; i < SIDE * SIDE; i++) values[i] = (float)(i % 7 - 3) / 64;
    write_add_input(a, m->graph, "x", F32, 2, one_row);
    for (int i = 0; i < 2; i++) {
        Onnx__TensorProto *t = write_add_initializer(a, m->graph, i ? "b" : "a", F32, 2, square);
        if (i && beside) {
            write_external(a, t, "location", beside);
            continue;
        }
        t->has_raw_data = 1;
        t->raw_data = (ProtobufCBinaryData){BYTES, (uint8_t *)values};
    }
    write_add_node(a, m->graph, write_node(a, "", "MatMul", "x a", "t"));
    write_add_node(a, m->graph, write_node(a, "", "MatMul", "t b", "y"));
    write_add_output(a, m->graph, "y");
    write_file(m, folder_path(folder, name));
    arena_free(a);
    FILE *f = beside ? fopen(folder_path(folder, beside), "wb") : NULL;
    if (!beside) return;
    assert_non_null(f);
    assert_int_equal(fwrite(values, 1, BYTES, f), BYTES);
    assert_int_equal(fclose(f), 0);
}

static const struct cut {
    const char *command, *file;
    int after;        /* so many times that the file was mapped or read */
    const char *line; /* after "gable: "; %d stands for the bytes that the file had, ? for any letter */
} cuts[] = {
    {"analyze m.onnx", "m.onnx", 1, "m.onnx: was cut while it was read: 5000 of its %d bytes are left; try again"},
    {"analyze m.onnx --json", "m.onnx", 1,
     "m.onnx: was cut while it was read: 5000 of its %d bytes are left; try again"},
    {"analyze - <m.onnx", "m.onnx", 1, "stdin: was cut while it was read: 5000 of its %d bytes are left; try again"},
    {"run m.onnx", "m.onnx", 1, "m.onnx: was cut while it was read: 5000 of its %d bytes are left; try again"},
    {"run m.onnx", "m.onnx", 2, "m.onnx: initializer ?: has become shorter while it was read"},
    {"run m.onnx", "m.onnx", 3, "m.onnx: initializer ?: has become shorter while it was read"},
    {"bench m.onnx --quick --no-store", "m.onnx", 1,
     "m.onnx: was cut while it was read: 5000 of its %d bytes are left; try again"},
    {"bench m.onnx --quick --no-store", "m.onnx", 5, "m.onnx: initializer ?: has become shorter while it was read"},
    {"train m.onnx", "m.onnx", 1, "m.onnx: was cut while it was read: 5000 of its %d bytes are left; try again"},
    {"export m.onnx --annotate -o n.onnx", "m.onnx", 1,
     "m.onnx: was cut while it was read: 5000 of its %d bytes are left; try again"},
    {"run beside.onnx", "b.bin", 1, "beside.onnx: initializer b: has become shorter while it was read"},
};

/* The last line of what was said; a benchmark talks before. */
static bool ends_with_line(const struct answer *a, const char *line, int bytes)
{
    char numbered[600], wanted[640];
    const char *number = strstr(line, "%d");
    snprintf(numbered, sizeof numbered, "%.*s%d%s", number ? (int)(number - line) : 0, line, bytes,
             number ? number + 2 : "");
    snprintf(wanted, sizeof wanted, "gable: %s\n", number ? numbered : line);
    size_t n = strlen(wanted);
    bool is_equal = a->err_len >= n;
    for (size_t i = 0; i < n && is_equal; i++) is_equal = wanted[i] == '?' || wanted[i] == a->err[a->err_len - n + i];
    return is_equal;
}

static void try(const char *folder, const struct cut *c)
{
    char command[2048];
    struct answer a;
    struct stat st;
    write_product(folder, "m.onnx", NULL);
    write_product(folder, "beside.onnx", "b.bin");
    assert_int_equal(stat(folder_path(folder, c->file), &st), 0);
    snprintf(
        command, sizeof command,
        "ASAN_OPTIONS=verify_asan_link_order=0 CUT_FILE='%s' CUT_AFTER=%d CUT_TO=5000 LD_PRELOAD='%s' \"$gable\" %s",
        folder_path(folder, c->file), c->after, CUT_LIBRARY, c->command);
    command_run(folder, command, &a);
    if (a.status != 1 || a.out_len || !ends_with_line(&a, c->line, (int)st.st_size))
        fail_msg("%s, cut after %d: exit %d, \"%s\"", c->command, c->after, a.status, a.err);
    command_release(&a);
}

static void each_is_said_in_one_line(void **state)
{
    for (size_t i = 0; i < COUNT_OF(cuts); i++) try(*state, &cuts[i]);
    assert_int_equal(access(folder_path(*state, "n.onnx"), F_OK), -1); /* nothing half */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_said_in_one_line)};
    return cmocka_run_group_tests(tests, folder_start, folder_finish);
}
