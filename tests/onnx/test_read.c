/* Reading: every file of ONNX's own test data, damaged files, files that are no models. */
#include "base/file.h"
#include "check.h"
#include "onnx/onnx.h"
#include "onnx/scan.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA "/usr/share/libonnx-testdata/data/"

static void load(const char *path, char **bytes, size_t *len)
{
    gable_error e = {0};
    assert_ok(file_read(path, 64 << 20, bytes, len, &e), &e);
}

static void every_test_file_is_read(void **state)
{
    (void)state;
    glob_t files;
    assert_int_equal(glob(DATA "*/*/model.onnx", 0, NULL, &files), 0);
    assert_true(files.gl_pathc > 1000);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct graph *g = NULL;
        gable_error e = {0};
        const char *path = files.gl_pathv[i];
        assert_ok(onnx_read(path, NULL, &g, &e), &e);
        assert_true(g->n_outputs > 0);
        graph_free(g);
    }
    globfree(&files);
}

static void a_convolution_is_what_the_file_says(void **state)
{
    (void)state;
    struct graph *g = NULL;
    gable_error e = {0};
    assert_ok(onnx_read(DATA "node/test_conv_with_strides_and_asymmetric_padding/model.onnx", NULL, &g, &e), &e);
    assert_int_equal(g->n_nodes, 1);
    const struct node *n = g->nodes[0];
    assert_string_equal(n->op_type, "Conv");
    assert_int_equal(node_int_at(n, "strides", 0, 0), 2);
    assert_int_equal(node_int_at(n, "pads", 0, -1), 1);
    assert_int_equal(node_int_at(n, "pads", 1, -1), 0);
    assert_int_equal(n->in[0]->shape.rank, 4);
    assert_int_equal(n->in[0]->shape.dim[2], 7);
    graph_free(g);
}

/* Every prefix and every single-byte change is answered or refused; sanitizers watch. */
static void damaged_files_are_refused_or_read(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t len = 0;
    gable_error e = {0};
    struct slim slim;
    int refused = 0;
    load(DATA "node/test_batchnorm_epsilon/model.onnx", &bytes, &len);
    for (size_t n = 1; n < len; n++) {
        refused += scan_model((const uint8_t *)bytes, n, &slim, &e) != GABLE_OK;
        slim_release(&slim);
    }
    assert_true(refused > (int)len / 2);
    for (size_t at = 0; at < len; at++)
        for (int bit = 0; bit < 8; bit++) {
            char path[64] = "/tmp/gable-onnx-damaged";
            struct graph *g = NULL;
            bytes[at] ^= (char)(1 << bit);
            if (at % 7 == 0) { /* the whole reader now and then, the scan always */
                assert_ok(file_write(path, bytes, len, &e), &e);
                if (!onnx_read(path, NULL, &g, &e)) graph_free(g);
                remove(path);
            } else {
                scan_model((const uint8_t *)bytes, len, &slim, &e);
                slim_release(&slim);
            }
            bytes[at] ^= (char)(1 << bit);
        }
    free(bytes);
}

/* model.graph.node.attribute.g.node.attribute.g ...: built from the inside out with honest lengths. */
static void nesting_is_bounded(void **state)
{
    (void)state;
    static const uint8_t tags[] = {0x3A, 0x0A, 0x2A, 0x32}; /* graph, then node, attribute, g again and again */
    uint8_t bytes[8192];
    size_t at = sizeof bytes;
    struct slim slim;
    gable_error e = {0};
    for (int depth = 3 * 40; depth >= 0; depth--) {
        size_t inner = sizeof bytes - at;
        bytes[--at] = (uint8_t)(inner >> 7);
        bytes[--at] = (uint8_t)((inner & 0x7F) | 0x80);
        bytes[--at] = depth == 0 ? tags[0] : tags[1 + (depth - 1) % 3];
    }
    assert_int_equal(scan_model(bytes + at, sizeof bytes - at, &slim, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "nested");
    assert_contains(e.where, "model.graph.node");
}

static void weights_are_not_copied(void **state)
{
    (void)state;
    /* graph { initializer { dims: 1000000 data_type: FLOAT name: "w" raw_data: 4 MB } } */
    enum { RAW = 4000000 };
    static uint8_t bytes[RAW + 64];
    uint8_t tensor[] = {0x08, 0xC0, 0x84, 0x3D, 0x10, 0x01, 0x42, 0x01, 'w', 0x4A, 0x80, 0x92, 0xF4, 0x01};
    size_t inner = sizeof tensor + RAW, at = 0;
    bytes[at++] = 0x3A;
    for (size_t v = inner + 5; v; v >>= 7) bytes[at++] = (uint8_t)((v & 0x7F) | (v > 0x7F ? 0x80 : 0));
    bytes[at++] = 0x2A;
    for (size_t v = inner; v; v >>= 7) bytes[at++] = (uint8_t)((v & 0x7F) | (v > 0x7F ? 0x80 : 0));
    memcpy(bytes + at, tensor, sizeof tensor);
    at += sizeof tensor;
    struct slim slim;
    gable_error e = {0};
    assert_ok(scan_model(bytes, at + RAW, &slim, &e), &e);
    assert_true(slim.len < 100);
    slim_release(&slim);
}

static void what_is_no_model_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *answer;
    } cases[] = {
        {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
        {"PK\x03\x04xxxx", "zip archive"},
        {"<!DOCTYPE html>", "HTML"},
        {"{\"a\": 1}", "JSON"},
        {"", "is empty"},
        {"hello world, this is text", "not an ONNX model"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *path = "/tmp/gable-onnx-foreign";
        struct graph *g = NULL;
        gable_error e = {0};
        assert_ok(file_write(path, cases[i].bytes, strlen(cases[i].bytes), &e), &e);
        assert_true(onnx_read(path, NULL, &g, &e) != GABLE_OK);
        assert_contains(e.why, cases[i].answer);
        assert_contains(e.where, path);
        remove(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_test_file_is_read),
        cmocka_unit_test(a_convolution_is_what_the_file_says),
        cmocka_unit_test(damaged_files_are_refused_or_read),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(weights_are_not_copied),
        cmocka_unit_test(what_is_no_model_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
