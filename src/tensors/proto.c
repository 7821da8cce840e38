#include "tensors/proto.h"

#include "base/file.h"
#include "base/text.h"
#include "tensors/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MOST (SIZE_MAX / 4)
enum { /* field numbers of onnx.proto */
       TENSOR_DIMS = 1,
       TENSOR_TYPE = 2,
       TENSOR_FLOATS = 4,
       TENSOR_INT32S = 5,
       TENSOR_STRINGS = 6,
       TENSOR_INT64S = 7,
       TENSOR_NAME = 8,
       TENSOR_RAW = 9,
       TENSOR_DOUBLES = 10,
       TENSOR_UINT64S = 11,
       TENSOR_EXTERNAL = 13,
       TENSOR_LOCATION = 14,
       ENTRY_KEY = 1,
       ENTRY_VALUE = 2,
       LIST_NAME = 1,   /* of SequenceProto and OptionalProto */
       LIST_TYPE = 2,   /* 1: tensors; 3: sequences */
       LIST_TENSOR = 3, /* a value of it */
       OPTIONAL_SEQUENCE = 5,
       HOLDS_TENSORS = 1,
       HOLDS_SEQUENCES = 3,
};
/* ONNX's numbers for types, and the field that keeps the elements where they are not raw. */
static const struct {
    int onnx;
    enum dtype dtype;
    int field;
} types[] = {
    {1, DTYPE_F32, TENSOR_FLOATS},   {2, DTYPE_U8, TENSOR_INT32S},      {3, DTYPE_S8, TENSOR_INT32S},
    {4, DTYPE_U16, TENSOR_INT32S},   {5, DTYPE_S16, TENSOR_INT32S},     {6, DTYPE_S32, TENSOR_INT32S},
    {7, DTYPE_S64, TENSOR_INT64S},   {8, DTYPE_STRING, TENSOR_STRINGS}, {9, DTYPE_BOOL, TENSOR_INT32S},
    {10, DTYPE_F16, TENSOR_INT32S},  {11, DTYPE_F64, TENSOR_DOUBLES},   {12, DTYPE_U32, TENSOR_UINT64S},
    {13, DTYPE_U64, TENSOR_UINT64S}, {16, DTYPE_BF16, TENSOR_INT32S},
};

/* A TensorProto as its fields lie. */
struct parts {
    int rank, onnx_type, n_dims;
    int64_t dim[SHAPE_RANK_MAX];
    bool has_raw, is_external;
    struct wire raw, name;
};
struct reading {
    struct pool *pool;
    struct external *external; /* NULL where there must be none */
    gable_error *e;
};

static gable_status damaged(struct reading *r, const char *what)
{
    return error_set(r->e, GABLE_BAD_INPUT, "is no %s, or a damaged one", what);
}

static bool add_dim(struct parts *t, uint64_t value)
{
    if (t->rank == SHAPE_RANK_MAX) return false;
    t->dim[t->rank++] = (int64_t)value;
    return true;
}

static gable_status read_parts(struct reading *r, struct wire w, struct parts *t)
{
    struct wire_field f;
    bool ok = true;
    while (ok && wire_next(&w, &f)) {
        uint64_t value;
        if (f.number == TENSOR_DIMS && f.type == WIRE_VARINT)
            ok = add_dim(t, f.value);
        else if (f.number == TENSOR_DIMS && f.type == WIRE_BYTES)
            while (ok && wire_varint(&f.bytes, &value)) ok = add_dim(t, value);
        else if (f.number == TENSOR_TYPE && f.type == WIRE_VARINT)
            t->onnx_type = (int)f.value;
        else if (f.number == TENSOR_NAME && f.type == WIRE_BYTES)
            t->name = f.bytes;
        else if (f.number == TENSOR_LOCATION)
            t->is_external = f.value == 1;
        else if (f.number == TENSOR_RAW && f.type == WIRE_BYTES)
            t->raw = f.bytes, t->has_raw = true;
    }
    if (!ok) return error_set(r->e, GABLE_BAD_INPUT, "a tensor has more than %d dimensions", SHAPE_RANK_MAX);
    if (w.at != w.end) return damaged(r, "TensorProto");
    if (!t->is_external || r->external) return GABLE_OK;
    return error_set(r->e, GABLE_BAD_INPUT, "keeps its values in another file; only .onnx may do so");
}

/* A number of bytes as text; -1 where it is none. */
static int64_t bytes_of(struct wire w)
{
    int64_t n = w.at < w.end ? 0 : -1;
    for (; w.at < w.end && n >= 0; w.at++)
        if (*w.at < '0' || *w.at > '9' || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, *w.at - '0', &n))
            n = -1;
    return n;
}

static bool is_word(struct wire w, const char *word)
{
    return (size_t)(w.end - w.at) == strlen(word) && !memcmp(w.at, word, strlen(word));
}

static gable_status read_entry(struct reading *r, struct wire w)
{
    struct wire_field f;
    struct wire key = {0}, value = {0};
    struct external *x = r->external;
    while (wire_next(&w, &f)) {
        if (f.number == ENTRY_KEY) key = f.bytes;
        if (f.number == ENTRY_VALUE) value = f.bytes;
    }
    size_t n = (size_t)(value.end - value.at);
    if (!key.at) return damaged(r, "external_data");
    if (is_word(key, "location")) {
        if (n > LOCATION_MAX)
            return error_set(r->e, GABLE_BAD_INPUT, "has a location of %zu bytes, at most %d are read", n,
                             LOCATION_MAX);
        if (n == 0 || memchr(value.at, 0, n))
            return error_set(r->e, GABLE_BAD_INPUT, "has a location that is no file's name");
        memcpy(x->location, value.at, n);
        x->location[n] = '\0';
    } else if (is_word(key, "offset") || is_word(key, "length")) {
        int64_t *to = is_word(key, "offset") ? &x->offset : &x->length;
        *to = bytes_of(value);
        if (*to < 0)
            return error_set(r->e, GABLE_BAD_INPUT, "has an offset or a length of '%.*s'", (int)(n < 40 ? n : 40),
                             value.at ? (const char *)value.at : "");
    }
    return GABLE_OK; /* other keys, checksums among them, are not used */
}

static gable_status read_external(struct reading *r, struct wire w)
{
    struct wire_field f;
    gable_status s = GABLE_OK;
    if (!r->external) return GABLE_OK; /* read_parts has refused it */
    *r->external = (struct external){.length = -1};
    while (!s && wire_next(&w, &f))
        if (f.number == TENSOR_EXTERNAL && f.type == WIRE_BYTES) s = read_entry(r, f.bytes);
    if (!s && !r->external->location[0]) s = error_set(r->e, GABLE_BAD_INPUT, "does not say where its values are");
    return s;
}

static void store(struct value *v, int64_t i, uint64_t bits)
{
    size_t size = value_element_bytes(v->dtype);
    memcpy((char *)v->data + (size_t)i * size, &bits, size); /* little-endian: the low bytes */
}

/* One field of typed elements, packed or not; *n counts those that are there, stored or too many. */
static bool read_typed(const struct wire_field *f, struct value *v, int64_t *n)
{
    struct wire list = f->bytes;
    size_t fixed = f->number == TENSOR_FLOATS ? 4 : f->number == TENSOR_DOUBLES ? 8 : 0;
    uint64_t bits = f->value;
    if (f->type == WIRE_VARINT) {
        if (fixed) return false;
        if (*n < v->n) store(v, *n, bits);
        ++*n;
        return true;
    }
    while (list.at < list.end) {
        if (fixed ? (size_t)(list.end - list.at) < fixed : !wire_varint(&list, &bits)) return false;
        if (fixed) memcpy(&bits, list.at, fixed), list.at += fixed;
        if (*n < v->n) store(v, *n, bits);
        ++*n;
    }
    return true;
}

static bool read_string(const struct wire_field *f, struct value *v, int64_t *n)
{
    char *copy = strndup((const char *)f->bytes.at, (size_t)(f->bytes.end - f->bytes.at));
    bool ok = copy && (*n >= v->n || value_set_string(v, *n, copy));
    free(copy);
    ++*n;
    return ok;
}

static gable_status read_elements(struct reading *r, struct wire w, int field, struct value *v)
{
    struct wire_field f;
    int64_t n = 0;
    bool ok = true;
    while (ok && wire_next(&w, &f)) {
        if ((int)f.number != field) continue;
        ok = field == TENSOR_STRINGS ? f.type == WIRE_BYTES && read_string(&f, v, &n) : read_typed(&f, v, &n);
    }
    if (!ok) return damaged(r, "TensorProto");
    if (n == v->n) return GABLE_OK;
    return error_set(r->e, GABLE_BAD_INPUT, "holds %" PRId64 " elements, its shape needs %" PRId64, n, v->n);
}

static gable_status read_raw(struct reading *r, const struct parts *t, struct value *v)
{
    size_t held = (size_t)(t->raw.end - t->raw.at), needed = (size_t)v->n * value_element_bytes(v->dtype);
    if (held != needed)
        return error_set(r->e, GABLE_BAD_INPUT, "holds %zu bytes, its shape and type need %zu", held, needed);
    if (needed) memcpy(v->data, t->raw.at, needed);
    return GABLE_OK;
}

/* No more elements than bytes: a few bytes cannot ask for gigabytes. */
static gable_status check_size(struct reading *r, struct wire w, const struct parts *t)
{
    const struct shape shape = {t->rank, t->dim};
    for (int i = 0; i < t->rank; i++)
        if (t->dim[i] < 0) return error_set(r->e, GABLE_BAD_INPUT, "its dimension %d is %" PRId64, i, t->dim[i]);
    if (shape_product(&shape, 0) > w.end - w.at && !t->is_external)
        return error_set(r->e, GABLE_BAD_INPUT, "has fewer bytes than its shape has elements");
    return GABLE_OK;
}

static gable_status read_tensor(struct reading *r, struct wire w, struct value *out, struct wire *name)
{
    struct parts t = {0};
    gable_status s = read_parts(r, w, &t);
    if (!s) s = check_size(r, w, &t);
    if (s) return s;
    *name = t.name;
    size_t i = 0;
    while (i < COUNT_OF(types) && types[i].onnx != t.onnx_type) i++;
    if (i == COUNT_OF(types))
        return error_set(r->e, GABLE_BAD_INPUT, "has the data type %d, which is not read", t.onnx_type);
    bool is_text = types[i].dtype == DTYPE_STRING;
    if (t.is_external && is_text) return error_set(r->e, GABLE_BAD_INPUT, "is text in another file");
    s = value_new(r->pool, types[i].dtype, t.rank, t.dim, out, r->e);
    if (s) return s;
    s = t.is_external           ? read_external(r, w)
        : t.has_raw && !is_text ? read_raw(r, &t, out)
                                : read_elements(r, w, types[i].field, out);
    if (s) value_release(out);
    return s;
}

static gable_status read_sequence(struct reading *r, struct wire w, struct value *out, struct wire *name)
{
    struct wire_field f;
    struct wire ignored = {0};
    int64_t n = 0, kind = HOLDS_TENSORS;
    for (struct wire ahead = w; wire_next(&ahead, &f);) {
        n += f.number == LIST_TENSOR && f.type == WIRE_BYTES;
        if (f.number == LIST_TYPE) kind = (int64_t)f.value;
    }
    if (kind != HOLDS_TENSORS) return error_set(r->e, GABLE_BAD_INPUT, "is a sequence of something else than tensors");
    gable_status s = value_new_sequence(r->pool, DTYPE_UNDEFINED, n, out, r->e);
    for (int64_t i = 0; !s && wire_next(&w, &f);) {
        if (f.number == LIST_NAME && f.type == WIRE_BYTES) *name = f.bytes;
        if (f.number != LIST_TENSOR || f.type != WIRE_BYTES) continue;
        s = read_tensor(r, f.bytes, &value_items(out)[i], &ignored);
        if (!s) out->dtype = value_items(out)[i++].dtype;
    }
    if (!s && w.at != w.end) s = damaged(r, "SequenceProto");
    if (s) value_release(out);
    return s;
}

static gable_status read_optional(struct reading *r, struct wire w, struct value *out, struct wire *name)
{
    struct wire_field f;
    struct wire ignored = {0};
    gable_status s = GABLE_OK;
    while (!s && wire_next(&w, &f)) {
        if (f.type != WIRE_BYTES) continue;
        if (f.number == LIST_NAME) *name = f.bytes;
        if (f.number != LIST_TENSOR && f.number != OPTIONAL_SEQUENCE) continue;
        value_release(out);
        s = f.number == LIST_TENSOR ? read_tensor(r, f.bytes, out, &ignored) : read_sequence(r, f.bytes, out, &ignored);
    }
    if (!s && w.at != w.end) s = damaged(r, "OptionalProto");
    if (s) value_release(out);
    return s;
}

gable_status proto_decode(struct pool *p, const void *bytes, size_t n, struct value *out, struct external *x,
                          gable_error *e)
{
    struct reading r = {.pool = p, .external = x, .e = e};
    struct wire name = {0};
    x->location[0] = '\0';
    return read_tensor(&r, (struct wire){bytes, (const uint8_t *)bytes + n}, out, &name);
}

gable_status proto_read(struct pool *p, const char *path, enum tensor_form form, struct value *out, char *name,
                        size_t room, gable_error *e)
{
    char *bytes = NULL;
    size_t len = 0;
    struct wire w, title = {0};
    struct reading r = {.pool = p, .e = e};
    *out = (struct value){0};
    gable_status s = file_read(path, FILE_MOST, &bytes, &len, e);
    if (s) return s;
    w = (struct wire){(const uint8_t *)bytes, (const uint8_t *)bytes + len};
    s = form == FORM_TENSOR     ? read_tensor(&r, w, out, &title)
        : form == FORM_SEQUENCE ? read_sequence(&r, w, out, &title)
                                : read_optional(&r, w, out, &title);
    if (name && room) snprintf(name, room, "%.*s", (int)(title.end - title.at), title.at ? (const char *)title.at : "");
    free(bytes);
    return s ? error_within(e, "%s", path) : GABLE_OK;
}

static void add_varint(struct text *t, uint64_t value)
{
    char bytes[10];
    size_t n = 0;
    do {
        bytes[n++] = (char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
    text_add_n(t, bytes, n);
}

static void add_number(struct text *t, uint32_t field, uint64_t value)
{
    add_varint(t, field << 3 | WIRE_VARINT);
    add_varint(t, value);
}

static void add_bytes(struct text *t, uint32_t field, const void *bytes, size_t n)
{
    add_varint(t, field << 3 | WIRE_BYTES);
    add_varint(t, n);
    if (n) text_add_n(t, bytes, n);
}

static void add_tensor(struct text *t, const char *name, const struct value *v)
{
    for (int i = 0; i < v->rank; i++) add_number(t, TENSOR_DIMS, (uint64_t)v->dim[i]);
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (types[i].dtype == v->dtype) add_number(t, TENSOR_TYPE, (uint64_t)types[i].onnx);
    for (int64_t i = 0; i < v->n && v->dtype == DTYPE_STRING; i++) {
        const char *s = ((char *const *)v->data)[i];
        add_bytes(t, TENSOR_STRINGS, s ? s : "", s ? strlen(s) : 0);
    }
    if (name[0]) add_bytes(t, TENSOR_NAME, name, strlen(name));
    if (v->dtype != DTYPE_STRING) add_bytes(t, TENSOR_RAW, v->data, (size_t)v->n * value_element_bytes(v->dtype));
}

static void add_message(struct text *t, uint32_t field, const struct text *inner)
{
    add_bytes(t, field, inner->data, inner->len);
    t->failed = t->failed || inner->failed;
}

static void add_sequence(struct text *t, const char *name, const struct value *v)
{
    if (name[0]) add_bytes(t, LIST_NAME, name, strlen(name));
    add_number(t, LIST_TYPE, HOLDS_TENSORS);
    for (int64_t i = 0; i < v->n; i++) {
        struct text item = {0};
        add_tensor(&item, "", &value_items(v)[i]);
        add_message(t, LIST_TENSOR, &item);
        text_release(&item);
    }
}

static void add_optional(struct text *t, const char *name, const struct value *v)
{
    struct text inner = {0};
    if (name[0]) add_bytes(t, LIST_NAME, name, strlen(name));
    if (v->kind == VALUE_ABSENT) return;
    bool is_sequence = v->kind == VALUE_SEQUENCE;
    add_number(t, LIST_TYPE, is_sequence ? HOLDS_SEQUENCES : HOLDS_TENSORS);
    if (is_sequence)
        add_sequence(&inner, "", v);
    else
        add_tensor(&inner, "", v);
    add_message(t, is_sequence ? OPTIONAL_SEQUENCE : LIST_TENSOR, &inner);
    text_release(&inner);
}

gable_status proto_write(const char *path, const char *name, enum tensor_form form, const struct value *v,
                         gable_error *e)
{
    struct text t = {0};
    if (v->kind == VALUE_ABSENT && form < FORM_OPTIONAL)
        return error_set(e, GABLE_BAD_INPUT, "there is no value to write");
    text_add(&t, "");
    if (form >= FORM_OPTIONAL)
        add_optional(&t, name, v);
    else if (v->kind == VALUE_SEQUENCE)
        add_sequence(&t, name, v);
    else
        add_tensor(&t, name, v);
    gable_status s =
        t.failed ? error_set(e, GABLE_NO_MEMORY, "no memory for %s", path) : file_write(path, t.data, t.len, e);
    text_release(&t);
    return s;
}
