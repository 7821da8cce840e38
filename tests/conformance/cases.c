#include "cases.h"

#include "base/file.h"
#include "tensors/wire.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const suites[] = {"node", "pytorch-converted", "pytorch-operator", "simple"};

static bool case_add(struct cases *c, const char *root, const char *suite, const char *name)
{
    if (c->n == c->room) {
        size_t room = c->room ? 2 * c->room : 256;
        struct conformance_case *more = realloc(c->at, room * sizeof *more);
        if (!more) return false;
        c->at = more;
        c->room = room;
    }
    struct conformance_case *k = &c->at[c->n++];
    *k = (struct conformance_case){0};
    snprintf(k->suite, sizeof k->suite, "%s", suite);
    snprintf(k->name, sizeof k->name, "%s", name);
    snprintf(k->folder, sizeof k->folder, "%s/%s/%s", root, suite, name);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct conformance_case *)a)->name, ((const struct conformance_case *)b)->name);
}

bool cases_find(const char *root, struct cases *out)
{
    *out = (struct cases){0};
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        char folder[512];
        size_t first = out->n;
        snprintf(folder, sizeof folder, "%s/%s", root, suites[i]);
        DIR *d = opendir(folder);
        for (const struct dirent *entry; d && (entry = readdir(d));)
            if (!strncmp(entry->d_name, "test_", 5)) case_add(out, root, suites[i], entry->d_name);
        if (d) closedir(d);
        if (out->n > first) qsort(out->at + first, out->n - first, sizeof *out->at, by_name);
    }
    for (size_t i = 0; i < out->n; i++) case_peek(&out->at[i]);
    return out->n > 0;
}

void cases_release(struct cases *c) { free(c->at); }

/* Field numbers of onnx.proto. */
enum {
    MODEL_GRAPH = 7,
    GRAPH_NODE = 1,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    NODE_OP = 4,
    NODE_DOMAIN = 7,
    VALUE_TYPE = 2
};
enum { TYPE_TENSOR = 1, TYPE_SEQUENCE = 4, TYPE_OPTIONAL = 9, ELEMENT_TYPE = 1, ONNX_STRING = 8 };

static bool is_text(struct wire w, const char *text)
{
    return (size_t)(w.end - w.at) == strlen(text) && !memcmp(w.at, text, strlen(text));
}

static void peek_node(struct conformance_case *c, struct wire w, int n_before)
{
    static const char *const random[] = {"Bernoulli",     "RandomNormal", "RandomNormalLike",
                                         "RandomUniform", "Multinomial",  "RandomUniformLike"};
    struct wire_field f;
    while (wire_next(&w, &f)) {
        if (f.number == NODE_DOMAIN && f.bytes.at != f.bytes.end && !is_text(f.bytes, "ai.onnx")) c->needs_more = true;
        if (f.number != NODE_OP) continue;
        for (size_t i = 0; i < COUNT_OF(random); i++) c->is_random = c->is_random || is_text(f.bytes, random[i]);
        snprintf(c->op, sizeof c->op, "%.*s", (int)(f.bytes.end - f.bytes.at), (const char *)f.bytes.at);
    }
    if (n_before) snprintf(c->op, sizeof c->op, "(several nodes)");
}

static void peek_value(struct conformance_case *c, struct wire w)
{
    struct wire_field f, type, element;
    while (wire_next(&w, &f)) {
        if (f.number != VALUE_TYPE || f.type != WIRE_BYTES) continue;
        while (wire_next(&f.bytes, &type)) {
            if (type.number != TYPE_TENSOR) c->needs_more = true;
            if (type.number != TYPE_TENSOR || type.type != WIRE_BYTES) continue;
            while (wire_next(&type.bytes, &element))
                if (element.number == ELEMENT_TYPE && element.value == ONNX_STRING) c->needs_more = true;
        }
    }
}

void case_peek(struct conformance_case *c)
{
    char path[700], *bytes = NULL;
    size_t len = 0;
    int n_nodes = 0;
    gable_error e = {0};
    struct wire_field f, inner;
    snprintf(path, sizeof path, "%s/model.onnx", c->folder);
    if (file_read(path, 1 << 30, &bytes, &len, &e)) return;
    struct wire model = {(const uint8_t *)bytes, (const uint8_t *)bytes + len};
    while (wire_next(&model, &f)) {
        if (f.number != MODEL_GRAPH || f.type != WIRE_BYTES) continue;
        while (wire_next(&f.bytes, &inner)) {
            if (inner.type != WIRE_BYTES) continue;
            if (inner.number == GRAPH_NODE) peek_node(c, inner.bytes, n_nodes++);
            if (inner.number == GRAPH_INPUT || inner.number == GRAPH_OUTPUT) peek_value(c, inner.bytes);
        }
    }
    free(bytes);
}
