/* Notes in a model file: they are found by an ordinary reader, and nothing else of the file changes. */
#include "base/file.h"
#include "check.h"
#include "onnx/notes.h"
#include "onnx/onnx.h"
#include "write.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FROM "/tmp/gable-notes-from.onnx"
#define TO "/tmp/gable-notes-to.onnx"
enum { NODE_METADATA = 9, MOST = 1 << 26 };

static const struct onnx_note notes[] = {{"macs", "118013952"}, {"group", "stem <&>\"'\xc3\xa9"}};
static const struct onnx_notes some = {"118 MMAC, compute-bound", 2, notes}, none = {0};

static void annotate(const char *from, const char *to, const struct onnx_notes *model, const struct onnx_notes *nodes,
                     int n)
{
    gable_error e = {0};
    if (onnx_annotate(from, to, model, nodes, n, &e)) fail_msg("%s: %s", e.where, e.why);
}
static char *bytes_of(const char *path, size_t *len)
{
    char *bytes = NULL;
    gable_error e = {0};
    if (file_read(path, MOST, &bytes, len, &e)) fail_msg("%s: %s", e.where, e.why);
    return bytes;
}
static void assert_same_file(const char *a, const char *b, const char *what)
{
    size_t n = 0, m = 0;
    char *x = bytes_of(a, &n), *y = bytes_of(b, &m);
    if (n != m || memcmp(x, y, n) != 0) fail_msg("%s: %zu bytes became %zu", what, n, m);
    free(x);
    free(y);
}

/* Two nodes: one with a text of its author's, one that calls a function of the file. */
static void make_file(struct arena *a)
{
    static const int64_t dim[] = {2, 3};
    Onnx__ModelProto *m = write_model(a);
    write_add_input(a, m->graph, "x", 1, 2, dim);
    write_add_output(a, m->graph, "y");
    Onnx__FunctionProto *f = write_add_function(a, m, "my", "twice", "p", "q");
    write_function_node(a, f, write_node(a, "", "Abs", "p", "t"));
    write_function_node(a, f, write_node(a, "", "Neg", "t", "q"));
    Onnx__NodeProto *relu = write_node(a, "", "Relu", "x", "r");
    relu->doc_string = arena_string(a, "net.py:7");
    relu->name = arena_string(a, "relu");
    write_add_node(a, m->graph, relu);
    write_add_node(a, m->graph, write_node(a, "my", "twice", "r", "y"));
    write_file(m, FROM);
}
static Onnx__ModelProto *unpacked(const char *path)
{
    size_t len = 0;
    char *bytes = bytes_of(path, &len);
    Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, len, (const uint8_t *)bytes);
    assert_non_null(m);
    free(bytes);
    return m;
}
/* protobuf-c keeps fields that its ONNX does not know. */
static bool has_entry(const Onnx__NodeProto *n, const char *key, const char *value)
{
    for (unsigned i = 0; i < n->base.n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *u = &n->base.unknown_fields[i];
        if (u->tag != NODE_METADATA) continue;
        size_t head = 1; /* the length, in front of what protobuf-c calls the data */
        while (u->data[head - 1] & 0x80) head++;
        Onnx__StringStringEntryProto *entry =
            onnx__string_string_entry_proto__unpack(NULL, u->len - head, u->data + head);
        assert_non_null(entry);
        bool same = !strcmp(entry->key, key) && !strcmp(entry->value, value);
        onnx__string_string_entry_proto__free_unpacked(entry, NULL);
        if (same) return true;
    }
    return false;
}

static void a_reader_finds_them(void **state)
{
    struct arena *a = arena_new(1 << 20);
    (void)state;
    make_file(a);
    const struct onnx_notes nodes[] = {some, {NULL, 1, notes}};
    annotate(FROM, TO, &some, nodes, 2);
    Onnx__ModelProto *m = unpacked(TO);
    Onnx__NodeProto **node = m->graph->node;
    assert_int_equal(m->graph->n_node, 2);
    assert_string_equal(node[0]->doc_string, "net.py:7\n\ngable: 118 MMAC, compute-bound");
    assert_string_equal(node[0]->name, "relu");
    assert_true(has_entry(node[0], "gable.macs", "118013952"));
    assert_true(has_entry(node[0], "gable.group", notes[1].value));
    assert_int_equal(node[0]->base.n_unknown_fields, 2);
    assert_int_equal(node[1]->base.n_unknown_fields, 1);
    assert_true(!node[1]->doc_string || !*node[1]->doc_string);
    assert_int_equal(m->n_metadata_props, 2);
    assert_string_equal(m->metadata_props[0]->key, "gable.macs");
    assert_int_equal(m->functions[0]->node[0]->base.n_unknown_fields, 0);
    onnx__model_proto__free_unpacked(m, NULL);
    arena_free(a);
}

static void later_notes_replace_earlier_ones(void **state)
{
    struct arena *a = arena_new(1 << 20);
    (void)state;
    make_file(a);
    const struct onnx_notes old[] = {{"of an earlier run", 1, notes}, some}, new[] = {some, some};
    annotate(FROM, TO, &some, new, 2);
    size_t len = 0, again = 0;
    char *once = bytes_of(TO, &len), *twice;
    annotate(FROM, TO, &none, old, 2);
    annotate(TO, TO, &some, new, 2); /* in place */
    twice = bytes_of(TO, &again);
    assert_int_equal(again, len);
    assert_memory_equal(once, twice, len);
    free(once);
    free(twice);
    annotate(TO, TO, &none, &none, 0);
    assert_same_file(FROM, TO, "annotated and taken back");
    arena_free(a);
}

/* Every node and the model of each of ONNX's own test models gets notes; without them it is the old file again. */
static void nothing_else_changes(void **state)
{
    enum { NODES = 512 };
    glob_t found = {0};
    struct onnx_notes *nodes = calloc(NODES, sizeof *nodes);
    (void)state;
    assert_non_null(nodes);
    for (int i = 0; i < NODES; i++) nodes[i] = some;
    assert_int_equal(glob("/usr/share/libonnx-testdata/data/*/*/model.onnx", 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 1000);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        annotate(found.gl_pathv[i], TO, &some, nodes, NODES);
        Onnx__ModelProto *m = unpacked(TO);
        for (size_t k = 0; k < m->graph->n_node; k++)
            if (!has_entry(m->graph->node[k], "gable.macs", "118013952"))
                fail_msg("%s: node %zu", found.gl_pathv[i], k);
        onnx__model_proto__free_unpacked(m, NULL);
        annotate(TO, TO, &none, &none, 0);
        assert_same_file(found.gl_pathv[i], TO, found.gl_pathv[i]);
    }
    globfree(&found);
    free(nodes);
}

static void a_reader_knows_which_node_is_which(void **state)
{
    struct arena *a = arena_new(1 << 20);
    struct graph *g = NULL;
    gable_error e = {0};
    (void)state;
    make_file(a);
    assert_int_equal(onnx_read(FROM, &(struct onnx_options){.keeps_free = true}, &g, &e), GABLE_OK);
    assert_int_equal(g->n_nodes, 3);
    assert_int_equal(g->nodes[0]->at, 0);
    assert_int_equal(g->nodes[1]->at, 1); /* both nodes of the function are the call */
    assert_int_equal(g->nodes[2]->at, 1);
    graph_free(g);
    arena_free(a);
}

static void weights_beside_the_file_stay_findable(void **state)
{
    static const int64_t dim[] = {4};
    struct arena *a = arena_new(1 << 20);
    gable_error e = {0};
    (void)state;
    Onnx__ModelProto *m = write_model(a);
    write_external(a, write_add_initializer(a, m->graph, "w", 1, 1, dim), "location", "data.bin");
    write_file(m, FROM);
    annotate(FROM, TO, &none, &none, 0);
    assert_int_equal(onnx_annotate(FROM, "/dev/shm/gable-notes.onnx", &none, &none, 0, &e), GABLE_USAGE);
    assert_non_null(strstr(e.why, "same folder"));
    arena_free(a);
}

/* Every beginning of a file, and every byte changed. */
static void damaged_files_are_answered(void **state)
{
    struct arena *a = arena_new(1 << 20);
    size_t len = 0;
    (void)state;
    make_file(a);
    char *bytes = bytes_of(FROM, &len);
    const struct onnx_notes nodes[] = {some, some};
    for (size_t i = 0; i < 3 * len; i++) {
        gable_error e = {0};
        char *copy = malloc(len);
        assert_non_null(copy);
        memcpy(copy, bytes, len);
        if (i >= len) copy[i - len - (i >= 2 * len ? len : 0)] ^= i >= 2 * len ? 0x7F : 0x02;
        assert_int_equal(file_write(FROM, copy, i < len ? i : len, &e), GABLE_OK);
        free(copy);
        gable_status s = onnx_annotate(FROM, TO, &some, nodes, 2, &e);
        if (s && !strstr(e.where, FROM)) fail_msg("%zu: %s: %s", i, e.where, e.why);
    }
    free(bytes);
    arena_free(a);
}

static int finish(void **state)
{
    (void)state;
    unlink(FROM);
    unlink(TO);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_finds_them),
        cmocka_unit_test(later_notes_replace_earlier_ones),
        cmocka_unit_test(nothing_else_changes),
        cmocka_unit_test(a_reader_knows_which_node_is_which),
        cmocka_unit_test(weights_beside_the_file_stay_findable),
        cmocka_unit_test(damaged_files_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
