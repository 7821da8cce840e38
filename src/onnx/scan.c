#include "onnx/scan.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum wire { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_GROUP, WIRE_GROUP_END, WIRE_32 };

/* The grammar: what each message may hold. A field that is not listed is left out of the slim copy. */
enum message {
    NONE,
    MODEL,
    OPSET,
    ENTRY,
    GRAPH,
    NODE,
    ATTRIBUTE,
    TENSOR,
    SPARSE,
    VALUE,
    TYPE,
    TYPE_TENSOR,
    TYPE_LIST,
    TYPE_MAP,
    SHAPE,
    DIMENSION,
    FUNCTION
};
enum content { SCALAR, TEXT, NAME, MESSAGE, VALUES /* kept when short */, RAW /* becomes a locator */ };
struct field {
    enum message in;
    uint32_t number;
    enum content content;
    enum message message; /* of a MESSAGE */
    const char *name;
};
static const struct field fields[] = {
    {MODEL, 1, SCALAR, NONE, "ir_version"},
    {MODEL, 8, MESSAGE, OPSET, "opset_import"},
    {MODEL, 2, NAME, NONE, "producer_name"},
    {MODEL, 3, NAME, NONE, "producer_version"},
    {MODEL, 4, NAME, NONE, "domain"},
    {MODEL, 5, SCALAR, NONE, "model_version"},
    {MODEL, 7, MESSAGE, GRAPH, "graph"},
    {MODEL, 25, MESSAGE, FUNCTION, "functions"},
    {OPSET, 1, NAME, NONE, "domain"},
    {OPSET, 2, SCALAR, NONE, "version"},
    {ENTRY, 1, TEXT, NONE, "key"},
    {ENTRY, 2, TEXT, NONE, "value"},
    {GRAPH, 1, MESSAGE, NODE, "node"},
    {GRAPH, 2, NAME, NONE, "name"},
    {GRAPH, 5, MESSAGE, TENSOR, "initializer"},
    {GRAPH, 15, MESSAGE, SPARSE, "sparse_initializer"},
    {GRAPH, 11, MESSAGE, VALUE, "input"},
    {GRAPH, 12, MESSAGE, VALUE, "output"},
    {GRAPH, 13, MESSAGE, VALUE, "value_info"},
    {NODE, 1, NAME, NONE, "input"},
    {NODE, 2, NAME, NONE, "output"},
    {NODE, 3, NAME, NONE, "name"},
    {NODE, 4, NAME, NONE, "op_type"},
    {NODE, 7, NAME, NONE, "domain"},
    {NODE, 5, MESSAGE, ATTRIBUTE, "attribute"},
    {ATTRIBUTE, 1, NAME, NONE, "name"},
    {ATTRIBUTE, 21, NAME, NONE, "ref_attr_name"},
    {ATTRIBUTE, 20, SCALAR, NONE, "type"},
    {ATTRIBUTE, 2, SCALAR, NONE, "f"},
    {ATTRIBUTE, 3, SCALAR, NONE, "i"},
    {ATTRIBUTE, 4, TEXT, NONE, "s"},
    {ATTRIBUTE, 5, MESSAGE, TENSOR, "t"},
    {ATTRIBUTE, 6, MESSAGE, GRAPH, "g"},
    {ATTRIBUTE, 22, MESSAGE, SPARSE, "sparse_tensor"},
    {ATTRIBUTE, 7, SCALAR, NONE, "floats"},
    {ATTRIBUTE, 8, SCALAR, NONE, "ints"},
    {ATTRIBUTE, 9, TEXT, NONE, "strings"},
    {ATTRIBUTE, 10, MESSAGE, TENSOR, "tensors"},
    {ATTRIBUTE, 11, MESSAGE, GRAPH, "graphs"},
    {TENSOR, 1, SCALAR, NONE, "dims"},
    {TENSOR, 2, SCALAR, NONE, "data_type"},
    {TENSOR, 4, VALUES, NONE, "float_data"},
    {TENSOR, 5, VALUES, NONE, "int32_data"},
    {TENSOR, 7, VALUES, NONE, "int64_data"},
    {TENSOR, 10, VALUES, NONE, "double_data"},
    {TENSOR, 11, VALUES, NONE, "uint64_data"},
    {TENSOR, 8, NAME, NONE, "name"},
    {TENSOR, 9, RAW, NONE, "raw_data"},
    {TENSOR, 13, MESSAGE, ENTRY, "external_data"},
    {TENSOR, 14, SCALAR, NONE, "data_location"},
    {SPARSE, 1, MESSAGE, TENSOR, "values"},
    {SPARSE, 2, MESSAGE, TENSOR, "indices"},
    {SPARSE, 3, SCALAR, NONE, "dims"},
    {VALUE, 1, NAME, NONE, "name"},
    {VALUE, 2, MESSAGE, TYPE, "type"},
    {TYPE, 1, MESSAGE, TYPE_TENSOR, "tensor_type"},
    {TYPE, 4, MESSAGE, TYPE_LIST, "sequence_type"},
    {TYPE, 5, MESSAGE, TYPE_MAP, "map_type"},
    {TYPE, 9, MESSAGE, TYPE_LIST, "optional_type"},
    {TYPE, 8, MESSAGE, TYPE_TENSOR, "sparse_tensor_type"},
    {TYPE_TENSOR, 1, SCALAR, NONE, "elem_type"},
    {TYPE_TENSOR, 2, MESSAGE, SHAPE, "shape"},
    {TYPE_LIST, 1, MESSAGE, TYPE, "elem_type"},
    {TYPE_MAP, 1, SCALAR, NONE, "key_type"},
    {TYPE_MAP, 2, MESSAGE, TYPE, "value_type"},
    {SHAPE, 1, MESSAGE, DIMENSION, "dim"},
    {DIMENSION, 1, SCALAR, NONE, "dim_value"},
    {DIMENSION, 2, NAME, NONE, "dim_param"},
    {FUNCTION, 1, NAME, NONE, "name"},
    {FUNCTION, 4, NAME, NONE, "input"},
    {FUNCTION, 5, NAME, NONE, "output"},
    {FUNCTION, 6, NAME, NONE, "attribute"},
    {FUNCTION, 7, MESSAGE, NODE, "node"},
    {FUNCTION, 9, MESSAGE, OPSET, "opset_import"},
    {FUNCTION, 10, NAME, NONE, "domain"},
};

static const struct field *field_find(enum message in, uint32_t number)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (fields[i].in == in && fields[i].number == number) return &fields[i];
    return NULL;
}

struct frame {
    enum message message;
    const char *name;
    size_t end;       /* in the file */
    size_t length_at; /* in the slim copy: where this message's length is to be written */
};
struct scan {
    const uint8_t *file;
    size_t at;
    struct slim *out;
    struct frame stack[SCAN_NESTING_MAX];
    int depth, graphs;
    gable_error *e;
};

static gable_status refuse(struct scan *s, size_t at, const char *why)
{
    struct text path = {0};
    for (int i = 0; i <= s->depth && i < 6; i++) text_addf(&path, "%s%s", i ? "." : "", s->stack[i].name);
    if (s->depth >= 6) text_add(&path, "...");
    error_set(s->e, GABLE_BAD_INPUT, "%s%s", why, s->depth ? "" : "; this is not an ONNX model");
    error_within(s->e, "byte %zu, %.100s", at, path.data ? path.data : "model");
    text_release(&path);
    return GABLE_BAD_INPUT;
}

static bool put(struct slim *out, const void *bytes, size_t n)
{
    if (n > out->room - out->len) {
        size_t room = 2 * (out->room + n) + 1024;
        uint8_t *grown = realloc(out->bytes, room);
        if (!grown) return false;
        out->bytes = grown;
        out->room = room;
    }
    if (n) memcpy(out->bytes + out->len, bytes, n);
    out->len += n;
    return true;
}

enum { LENGTH_BYTES = 5 }; /* lengths are written in five bytes: known only when the message has ended */

static void length_write(uint8_t *at, size_t length)
{
    for (int i = 0; i < LENGTH_BYTES; i++)
        at[i] = (uint8_t)((length >> (7 * i) & 0x7F) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
}

/* False where the varint is longer than ten bytes or runs past the message. */
static bool varint(struct scan *s, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 70 && s->at < s->stack[s->depth].end; shift += 7) {
        uint8_t byte = s->file[s->at++];
        if (shift < 64) *value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

/* A tensor's first field says where its message lies, for those who load its values later: in doc_string, which files'
   own are not copied to. */
static gable_status put_place(struct scan *s, size_t length)
{
    enum { DOC_STRING = 12 << 3 | WIRE_BYTES };
    char text[48];
    int n = snprintf(text, sizeof text, "%zu %zu", s->at, length);
    const uint8_t head[] = {DOC_STRING, (uint8_t)n};
    if (put(s->out, head, sizeof head) && put(s->out, text, (size_t)n)) return GABLE_OK;
    return error_set(s->e, GABLE_NO_MEMORY, "no memory for the model's structure");
}

static gable_status open_message(struct scan *s, const struct field *f, size_t tag_at, size_t tag_len, size_t length)
{
    static const uint8_t placeholder[LENGTH_BYTES];
    if (s->depth + 1 == SCAN_NESTING_MAX) return refuse(s, tag_at, "messages are nested more than 100 deep");
    if (f->message == GRAPH && ++s->graphs > SCAN_GRAPHS_MAX)
        return refuse(s, tag_at, "graphs are nested more than 32 deep");
    if (!put(s->out, s->file + tag_at, tag_len) || !put(s->out, placeholder, sizeof placeholder))
        return error_set(s->e, GABLE_NO_MEMORY, "no memory for the model's structure");
    s->stack[++s->depth] = (struct frame){f->message, f->name, s->at + length, s->out->len - LENGTH_BYTES};
    return f->message == TENSOR ? put_place(s, length) : GABLE_OK;
}

static void close_message(struct scan *s)
{
    const struct frame *f = &s->stack[s->depth--];
    if (f->message == GRAPH) s->graphs--;
    length_write(s->out->bytes + f->length_at, s->out->len - f->length_at - LENGTH_BYTES);
}

static gable_status keep_bytes(struct scan *s, const struct field *f, size_t tag_at, size_t tag_len, size_t length)
{
    uint8_t head[LENGTH_BYTES];
    const struct locator where = {s->at, length};
    const void *bytes = f->content == RAW ? (const void *)&where : s->file + s->at;
    size_t n = f->content == RAW ? sizeof where : length;
    if (f->content == NAME && length > LIMIT_NAME_BYTES) return refuse(s, tag_at, "a name has more than 65536 bytes");
    s->at += length;
    if (f->content == VALUES && length > SCAN_VALUE_BYTES_MAX) return GABLE_OK;
    length_write(head, n);
    if (put(s->out, s->file + tag_at, tag_len) && put(s->out, head, sizeof head) && put(s->out, bytes, n))
        return GABLE_OK;
    return error_set(s->e, GABLE_NO_MEMORY, "no memory for the model's structure");
}

static gable_status bytes_field(struct scan *s, const struct field *f, size_t tag_at, size_t tag_len)
{
    uint64_t length;
    if (!varint(s, &length)) return refuse(s, tag_at, "a length is cut off");
    if (length > s->stack[s->depth].end - s->at) return refuse(s, tag_at, "a field's length runs past its message");
    if (f && f->content == MESSAGE) return open_message(s, f, tag_at, tag_len, (size_t)length);
    if (f) return keep_bytes(s, f, tag_at, tag_len, (size_t)length);
    s->at += (size_t)length;
    return GABLE_OK;
}

static gable_status scalar_field(struct scan *s, const struct field *f, enum wire wire, size_t tag_at)
{
    uint64_t ignored;
    size_t fixed = wire == WIRE_64 ? 8 : 4;
    if (wire == WIRE_VARINT) {
        if (!varint(s, &ignored)) return refuse(s, tag_at, "a number is cut off");
    } else {
        if (fixed > s->stack[s->depth].end - s->at) return refuse(s, tag_at, "a number is cut off");
        s->at += fixed;
    }
    if (!f || put(s->out, s->file + tag_at, s->at - tag_at)) return GABLE_OK;
    return error_set(s->e, GABLE_NO_MEMORY, "no memory for the model's structure");
}

static gable_status next_field(struct scan *s)
{
    size_t tag_at = s->at;
    uint64_t tag;
    if (!varint(s, &tag)) return refuse(s, tag_at, "a field's tag is cut off");
    if (tag >> 3 == 0 || tag >> 3 > UINT32_C(0x1FFFFFFF)) return refuse(s, tag_at, "a field has an impossible number");
    enum wire wire = (enum wire)(tag & 7);
    size_t tag_len = s->at - tag_at;
    const struct field *f = field_find(s->stack[s->depth].message, (uint32_t)(tag >> 3));
    switch (wire) {
    case WIRE_BYTES: return bytes_field(s, f, tag_at, tag_len); /* a packed list of scalars is bytes too */
    case WIRE_VARINT:
    case WIRE_64:
    case WIRE_32:
        if (f && f->content != SCALAR && f->content != VALUES)
            return refuse(s, tag_at, "a field has the wrong wire type");
        return scalar_field(s, f, wire, tag_at);
    case WIRE_GROUP:
    case WIRE_GROUP_END: break;
    }
    return refuse(s, tag_at, "a field has a wire type that ONNX does not use");
}

gable_status scan_model(const uint8_t *file, size_t len, struct slim *out, gable_error *e)
{
    struct scan s = {.file = file, .out = out, .e = e};
    gable_status status = GABLE_OK;
    *out = (struct slim){0};
    s.stack[0] = (struct frame){MODEL, "model", len, 0};
    while (!status) {
        if (s.at < s.stack[s.depth].end)
            status = next_field(&s);
        else if (s.depth > 0)
            close_message(&s);
        else
            break;
    }
    if (status) slim_release(out);
    return status;
}

void slim_release(struct slim *s)
{
    free(s->bytes);
    *s = (struct slim){0};
}
