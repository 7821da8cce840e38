#include "onnx/notes.h"

#include "base/arena.h"
#include "base/file.h"
#include "onnx/reader.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Fields by number: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
enum { MODEL_GRAPH = 7, MODEL_METADATA = 14, GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, TENSOR_EXTERNAL_DATA = 13 };
enum { NODE_DOC = 6, NODE_METADATA = 9, ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5, VARINT_MAX = 10 };

struct span {
    const uint8_t *at, *end;
};
struct field {
    uint64_t number;
    struct span all, bytes; /* with its tag; the content of a length-delimited one, else empty */
};

static bool varint_read(struct span *s, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 7 * VARINT_MAX && s->at < s->end; shift += 7) {
        uint8_t byte = *s->at++;
        if (shift < 64) *value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

static bool field_read(struct span *s, struct field *f)
{
    uint64_t tag, length = 0;
    *f = (struct field){.all.at = s->at};
    if (!varint_read(s, &tag)) return false;
    f->number = tag >> 3;
    switch (tag & 7) {
    case WIRE_VARINT:
        if (!varint_read(s, &length)) return false;
        length = 0;
        break;
    case WIRE_64: length = 8; break;
    case WIRE_32: length = 4; break;
    case WIRE_BYTES:
        if (!varint_read(s, &length)) return false;
        break;
    default: return false;
    }
    if (length > (uint64_t)(s->end - s->at)) return false;
    f->bytes = (struct span){s->at, s->at + ((tag & 7) == WIRE_BYTES ? length : 0)};
    s->at += length;
    f->all.end = s->at;
    return true;
}

struct sheet { /* the new file: pieces of the old one and of new bytes */
    struct arena *arena;
    struct file_piece *piece;
    int n, room;
    size_t len;
    bool failed, has_external_data;
    const struct onnx_notes *nodes;
    int n_nodes, node;
};

static struct file_piece *add(struct sheet *s)
{
    if (s->n == s->room) {
        int room = 2 * s->room + 64;
        struct file_piece *grown = realloc(s->piece, (size_t)room * sizeof *grown);
        s->failed |= !grown;
        if (!grown) return NULL;
        s->piece = grown;
        s->room = room;
    }
    return &s->piece[s->n++];
}

static void put(struct sheet *s, const void *bytes, size_t len)
{
    struct file_piece *last = s->n ? &s->piece[s->n - 1] : NULL;
    if (!len) return;
    s->len += len;
    if (last && last->bytes && (const uint8_t *)last->bytes + last->len == bytes) {
        last->len += len;
        return;
    }
    struct file_piece *p = s->failed ? NULL : add(s);
    if (p) *p = (struct file_piece){bytes, len};
}
static void put_old(struct sheet *s, struct span b) { put(s, b.at, (size_t)(b.end - b.at)); }

/* A message whose length is known only when it has ended: a piece is kept free for its head. */
struct open_message {
    int piece;
    size_t begins;
};
static struct open_message begin(struct sheet *s)
{
    struct file_piece *p = s->failed ? NULL : add(s);
    if (p) *p = (struct file_piece){0};
    return (struct open_message){s->n - 1, s->len};
}

static size_t varint_write(uint8_t *out, uint64_t value)
{
    size_t n = 0;
    for (; value > 0x7F; value >>= 7) out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

static void end(struct sheet *s, struct open_message m, uint64_t number)
{
    uint8_t *head = s->failed ? NULL : arena_alloc(s->arena, 2 * VARINT_MAX);
    s->failed |= !head;
    if (s->failed) return;
    size_t n = varint_write(head, number << 3 | WIRE_BYTES);
    n += varint_write(head + n, s->len - m.begins);
    s->piece[m.piece] = (struct file_piece){head, n};
    s->len += n;
}

static void put_text(struct sheet *s, uint64_t number, const char *prefix, const char *text)
{
    struct open_message m = begin(s);
    put(s, prefix, strlen(prefix));
    put(s, text, strlen(text));
    end(s, m, number);
}

static void put_entries(struct sheet *s, uint64_t number, const struct onnx_notes *notes)
{
    for (int i = 0; notes && i < notes->n; i++) {
        struct open_message m = begin(s);
        put_text(s, ENTRY_KEY, ONNX_NOTE_PREFIX, notes->note[i].key);
        put_text(s, ENTRY_VALUE, "", notes->note[i].value);
        end(s, m, number);
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
    struct open_message m = begin(s);
    put_old(s, old);
    if (old.at < old.end && line) put(s, "\n\n", 2);
    if (line) put(s, ONNX_NOTE_LINE, strlen(ONNX_NOTE_LINE));
    if (line) put(s, line, strlen(line));
    end(s, m, NODE_DOC);
}

static bool put_node(struct sheet *s, const struct field *f)
{
    const struct onnx_notes *notes = s->node < s->n_nodes ? &s->nodes[s->node] : NULL;
    const char *line = notes ? notes->line : NULL;
    struct span from = f->bytes;
    bool has_doc = false;
    struct field part;
    struct open_message m = begin(s);
    s->node++;
    while (from.at < from.end) {
        if (!field_read(&from, &part)) return false;
        if (part.number == NODE_DOC)
            put_doc(s, part.bytes, line);
        else if (part.number != NODE_METADATA || !is_own_entry(&part))
            put_old(s, part.all);
        has_doc |= part.number == NODE_DOC;
    }
    if (!has_doc) put_doc(s, (struct span){0}, line);
    put_entries(s, NODE_METADATA, notes);
    end(s, m, GRAPH_NODE);
    return true;
}

static bool is_external(struct span tensor)
{
    struct field part;
    while (tensor.at < tensor.end && field_read(&tensor, &part))
        if (part.number == TENSOR_EXTERNAL_DATA) return true;
    return false;
}

static bool put_graph(struct sheet *s, const struct field *f)
{
    struct span from = f->bytes;
    struct field part;
    struct open_message m = begin(s);
    while (from.at < from.end) {
        if (!field_read(&from, &part)) return false;
        if (part.number == GRAPH_INITIALIZER) s->has_external_data |= is_external(part.bytes);
        if (part.number != GRAPH_NODE)
            put_old(s, part.all);
        else if (!put_node(s, &part))
            return false;
    }
    end(s, m, MODEL_GRAPH);
    return true;
}

static bool put_model(struct sheet *s, struct span from, const struct onnx_notes *notes)
{
    struct field part;
    while (from.at < from.end) {
        if (!field_read(&from, &part)) return false;
        if (part.number == MODEL_METADATA && is_own_entry(&part)) continue;
        if (part.number != MODEL_GRAPH)
            put_old(s, part.all);
        else if (!put_graph(s, &part))
            return false;
    }
    put_entries(s, MODEL_METADATA, notes);
    return true;
}

static bool in_one_folder(const char *a, const char *b, struct arena *arena)
{
    char *folder[2];
    const char *path[] = {a, b};
    for (int i = 0; i < 2; i++) {
        const char *slash = strrchr(path[i], '/');
        char *name = arena_printf(arena, "%.*s", slash ? (int)(slash - path[i] + 1) : 1, slash ? path[i] : ".");
        folder[i] = name ? realpath(name, NULL) : NULL;
    }
    bool same = folder[0] && folder[1] && !strcmp(folder[0], folder[1]);
    free(folder[0]);
    free(folder[1]);
    return same;
}

static gable_status check(const struct sheet *s, const char *from, const char *to, gable_error *e)
{
    if (s->failed) return error_set(e, GABLE_NO_MEMORY, "no memory for the notes");
    if (s->has_external_data && !in_one_folder(from, to, s->arena))
        return error_set(e, GABLE_USAGE,
                         "its weights lie beside it: write into the same folder, so that they are found");
    if (s->len > INT_MAX) return error_set(e, GABLE_BAD_INPUT, "would grow beyond 2 GiB, where protobuf's files end");
    return GABLE_OK;
}

gable_status onnx_annotate(const char *from, const char *to, const struct onnx_notes *model,
                           const struct onnx_notes *nodes, int n_nodes, gable_error *e)
{
    struct mapping file = {0};
    struct sheet s = {.arena = arena_new((size_t)1 << 30), .nodes = nodes, .n_nodes = n_nodes};
    gable_status status = mapping_open(&file, from, e);
    if (!status && !put_model(&s, (struct span){file.bytes, file.bytes + file.len}, model))
        status = error_set(e, GABLE_BAD_INPUT, "is not an ONNX model, or a damaged one");
    gable_status cut = mapping_check(&file, e); /* whatever else was found then */
    if (cut) status = cut;
    if (!status) status = check(&s, from, to, e);
    if (!status) status = file_write_pieces(to, s.piece, s.n, &file, e);
    if (status && !e->where[0]) error_within(e, "%s", from);
    mapping_close(&file);
    arena_free(s.arena);
    free(s.piece);
    return status;
}
