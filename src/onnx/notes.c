#include "onnx/notes.h"

#include "base/arena.h"
#include "onnx/sheet.h"

#include <stdlib.h>
#include <string.h>

/* Fields by number: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
enum { MODEL_GRAPH = 7, MODEL_METADATA = 14, GRAPH_NODE = 1, GRAPH_INITIALIZER = 5 };
enum { NODE_DOC = 6, NODE_METADATA = 9, ENTRY_KEY = 1, ENTRY_VALUE = 2 };

struct noted {
    struct sheet sheet;
    bool has_external_data;
    const struct onnx_notes *nodes;
    int n_nodes, node;
};

static void put_text(struct sheet *s, uint64_t number, const char *prefix, const char *text)
{
    struct open_message m = sheet_begin(s);
    sheet_put(s, prefix, strlen(prefix));
    sheet_put(s, text, strlen(text));
    sheet_end(s, m, number);
}

static void put_entries(struct sheet *s, uint64_t number, const struct onnx_notes *notes)
{
    for (int i = 0; notes && i < notes->n; i++) {
        struct open_message m = sheet_begin(s);
        put_text(s, ENTRY_KEY, ONNX_NOTE_PREFIX, notes->note[i].key);
        put_text(s, ENTRY_VALUE, "", notes->note[i].value);
        sheet_end(s, m, number);
    }
}

static bool begins_with(struct span s, const char *prefix)
{
    size_t n = strlen(prefix);
    return (size_t)(s.end - s.at) >= n && !memcmp(s.at, prefix, n);
}

/* An entry of metadata_props that an earlier call made. */
static bool is_own_entry(const struct field *f)
{
    struct span s = f->bytes;
    struct field part;
    while (s.at < s.end && field_read(&s, &part))
        if (part.number == ENTRY_KEY) return begins_with(part.bytes, ONNX_NOTE_PREFIX);
    return false;
}

/* What the file's author wrote: all before our line, which stands last. */
static struct span foreign_doc(struct span doc)
{
    for (const uint8_t *line = doc.at; line && line < doc.end;) {
        if (begins_with((struct span){line, doc.end}, ONNX_NOTE_LINE)) {
            while (line > doc.at && line[-1] == '\n') line--;
            return (struct span){doc.at, line};
        }
        line = memchr(line, '\n', (size_t)(doc.end - line));
        if (line) line++;
    }
    return doc;
}

static void put_doc(struct sheet *s, struct span old, const char *line)
{
    old = foreign_doc(old);
    if (old.at == old.end && !line) return;
    struct open_message m = sheet_begin(s);
    sheet_put_old(s, old);
    if (old.at < old.end && line) sheet_put(s, "\n\n", 2);
    if (line) sheet_put(s, ONNX_NOTE_LINE, strlen(ONNX_NOTE_LINE));
    if (line) sheet_put(s, line, strlen(line));
    sheet_end(s, m, NODE_DOC);
}

static bool put_node(struct noted *d, const struct field *f)
{
    const struct onnx_notes *notes = d->node < d->n_nodes ? &d->nodes[d->node] : NULL;
    const char *line = notes ? notes->line : NULL;
    struct span from = f->bytes;
    bool has_doc = false;
    struct field part;
    struct open_message m = sheet_begin(&d->sheet);
    d->node++;
    while (from.at < from.end) {
        if (!field_read(&from, &part)) return false;
        if (part.number == NODE_DOC)
            put_doc(&d->sheet, part.bytes, line);
        else if (part.number != NODE_METADATA || !is_own_entry(&part))
            sheet_put_old(&d->sheet, part.all);
        has_doc |= part.number == NODE_DOC;
    }
    if (!has_doc) put_doc(&d->sheet, (struct span){0}, line);
    put_entries(&d->sheet, NODE_METADATA, notes);
    sheet_end(&d->sheet, m, GRAPH_NODE);
    return true;
}

static bool put_graph(struct noted *d, const struct field *f)
{
    struct span from = f->bytes;
    struct field part;
    struct open_message m = sheet_begin(&d->sheet);
    while (from.at < from.end) {
        if (!field_read(&from, &part)) return false;
        if (part.number == GRAPH_INITIALIZER) d->has_external_data |= sheet_is_external(part.bytes);
        if (part.number != GRAPH_NODE)
            sheet_put_old(&d->sheet, part.all);
        else if (!put_node(d, &part))
            return false;
    }
    sheet_end(&d->sheet, m, MODEL_GRAPH);
    return true;
}

static bool put_model(struct noted *d, struct span from, const struct onnx_notes *notes)
{
    struct field part;
    while (from.at < from.end) {
        if (!field_read(&from, &part)) return false;
        if (part.number == MODEL_METADATA && is_own_entry(&part)) continue;
        if (part.number != MODEL_GRAPH)
            sheet_put_old(&d->sheet, part.all);
        else if (!put_graph(d, &part))
            return false;
    }
    put_entries(&d->sheet, MODEL_METADATA, notes);
    return true;
}

gable_status onnx_annotate(const char *from, const char *to, const struct onnx_notes *model,
                           const struct onnx_notes *nodes, int n_nodes, gable_error *e)
{
    struct mapping file = {0};
    struct noted d = {.sheet = {.arena = arena_new((size_t)1 << 30)}, .nodes = nodes, .n_nodes = n_nodes};
    gable_status status = mapping_open(&file, from, e);
    if (!status && !put_model(&d, (struct span){file.bytes, file.bytes + file.len}, model))
        status = error_set(e, GABLE_BAD_INPUT, "is not an ONNX model, or a damaged one");
    gable_status cut = mapping_check(&file, e); /* whatever else was found then */
    if (cut) status = cut;
    if (!status) status = sheet_write(&d.sheet, d.has_external_data, &file, from, to, e);
    if (status && !e->where[0]) error_within(e, "%s", from);
    mapping_close(&file);
    arena_free(d.sheet.arena);
    free(d.sheet.piece);
    return status;
}
