/* What is no model at all, given as one: the whole line that it gets. */
#include "base/file.h"
#include "check.h"
#include "command.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_MODEL ", not an ONNX model"
#define UNPACK NO_MODEL ": unpack it first"

static const struct foreign {
    const char *what;
    size_t n;
    const char *bytes, *line; /* after the file's name */
} foreigners[] = {
    {"nothing", 0, "", "is empty"},
    {"a pointer", 42, "version https://git-lfs.github.com/spec/v1",
     "is a Git LFS pointer, not a model: run git lfs pull"},
    {"a checkpoint", 30, "PK\3\4\0\0\0\0\0\0archive/data.pkl----",
     "is a zip archive (a PyTorch checkpoint?)" NO_MODEL ": export it with torch.onnx.export"},
    {"a pickle", 12, "\x80\2}q\0X\1\0\0\0aq", "is a Python pickle" NO_MODEL ": export it with torch.onnx.export"},
    {"a program", 16, "\x7f\x45LF\2\1\1\0\0\0\0\0\0\0\0\0", "is a program" NO_MODEL},
    {"a page", 15, "<!DOCTYPE html>", "is HTML or XML" NO_MODEL ": was a web page saved instead of the file?"},
    {"an answer", 22, "{\"error\": \"not found\"}", "is JSON" NO_MODEL},
    {"Keras", 8, "\x89HDF\r\n\x1a\n", "is an HDF5 file (Keras?)" NO_MODEL ": export it with tf2onnx"},
    {"llama.cpp", 8, "GGUF\3\0\0\0", "is a GGUF file" NO_MODEL},
    {"safetensors", 19, "\x0b\0\0\0\0\0\0\0{\"a\":{\"b\":1}",
     "is a safetensors file: weights without a graph" NO_MODEL},
    {"TensorFlow Lite", 12, "\x1c\0\0\0TFL3\x14\0\x20\0",
     "is a TensorFlow Lite model" NO_MODEL ": convert it with tf2onnx"},
    {"an array", 10, "\x93NUMPY\1\0v\0", "is a NumPy array" NO_MODEL},
    {"gzip", 10, "\x1f\x8b\x08\0\0\0\0\0\0\3", "is compressed by gzip" UNPACK},
    {"xz", 8, "\xfd\x37zXZ\0\0\4", "is compressed by xz" UNPACK},
    {"an image", 8, "\x89PNG\r\n\x1a\n", "is an image" NO_MODEL},
    {"a model as text", 16, "ir_version: 8\ng ",
     "is an ONNX model as text: convert it with onnx.parser or google.protobuf.text_format"},
    {"a shell script", 19, "#!/bin/sh\nrm -rf /\n",
     "byte 0, model: a field has a wire type that ONNX does not use; this is not an ONNX model"},
    {"prose", 24, "hello world, this is text",
     "byte 2, model: a field has a wire type that ONNX does not use; this is not an ONNX model"},
    {"zeros", 8, "\0\0\0\0\0\0\0\0", "byte 0, model: a field has an impossible number; this is not an ONNX model"},
    {"a length of 2^63", 11, "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
     "byte 0, model: a field's length runs past its message; this is not an ONNX model"},
    {"a length without end", 12, "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
     "byte 0, model: a length is cut off; this is not an ONNX model"},
    {"a model without a graph", 2, "\x08\x08", "holds no graph; this is not an ONNX model"},
};

static void check_line(const char *folder, const char *command, const char *line, const char *what, int *wrong)
{
    struct answer a;
    char wanted[600];
    command_run(folder, command, &a);
    snprintf(wanted, sizeof wanted, "gable: m.onnx: %s\n", line);
    bool is_right = a.status == 1 && !strcmp(a.err, wanted) && !a.out_len;
    if (!is_right) print_message("%s: exit %d, \"%s\"\n", what, a.status, a.err);
    *wrong += !is_right;
    command_release(&a);
}

static void each_is_named(void **state)
{
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(foreigners); i++) {
        const struct foreign *f = &foreigners[i];
        gable_error e = {0};
        assert_ok(file_write(folder_path(*state, "m.onnx"), f->bytes, f->n, &e), &e);
        check_line(*state, "\"$gable\" analyze m.onnx", f->line, f->what, &wrong);
    }
    assert_int_equal(wrong, 0);
}

/* Opened without waiting: nobody writes to this pipe. */
static void what_is_no_file_is_named(void **state)
{
    int wrong = 0;
    unlink(folder_path(*state, "m.onnx"));
    assert_int_equal(mkfifo(folder_path(*state, "m.onnx"), 0600), 0);
    check_line(*state, "\"$gable\" analyze m.onnx", "is not a regular file", "a pipe", &wrong);
    unlink(folder_path(*state, "m.onnx"));
    assert_int_equal(mkdir(folder_path(*state, "m.onnx"), 0700), 0);
    check_line(*state, "\"$gable\" analyze m.onnx", "is not a regular file", "a folder", &wrong);
    rmdir(folder_path(*state, "m.onnx"));
    assert_int_equal(symlink("/dev/zero", folder_path(*state, "m.onnx")), 0);
    check_line(*state, "\"$gable\" analyze m.onnx", "is not a regular file", "a device", &wrong);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_named),
        cmocka_unit_test(what_is_no_file_is_named),
    };
    return cmocka_run_group_tests(tests, folder_start, folder_finish);
}
