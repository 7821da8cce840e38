#include "onnx/sheet.h"

#include "base/arena.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5, VARINT_MAX = 10 };
enum { TENSOR_EXTERNAL_DATA = 13 };

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

bool field_read(struct span *s, struct field *f)
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

void sheet_put(struct sheet *s, const void *bytes, size_t len)
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
void sheet_put_old(struct sheet *s, struct span b) { sheet_put(s, b.at, (size_t)(b.end - b.at)); }

struct open_message sheet_begin(struct sheet *s)
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

void sheet_end(struct sheet *s, struct open_message m, uint64_t number)
{
    uint8_t *head = s->failed ? NULL : arena_alloc(s->arena, 2 * VARINT_MAX);
    s->failed |= !head;
    if (s->failed) return;
    size_t n = varint_write(head, number << 3 | WIRE_BYTES);
    n += varint_write(head + n, s->len - m.begins);
    s->piece[m.piece] = (struct file_piece){head, n};
    s->len += n;
}

bool sheet_is_external(struct span tensor)
{
    struct field part;
    while (tensor.at < tensor.end && field_read(&tensor, &part))
        if (part.number == TENSOR_EXTERNAL_DATA) return true;
    return false;
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

gable_status sheet_write(const struct sheet *s, bool has_external_data, const struct mapping *from,
                         const char *from_path, const char *to, gable_error *e)
{
    if (s->failed) return error_set(e, GABLE_NO_MEMORY, "no memory for the new file");
    if (has_external_data && !in_one_folder(from_path, to, s->arena))
        return error_set(e, GABLE_USAGE,
                         "its weights lie beside it: write into the same folder, so that they are found");
    if (s->len > INT_MAX) return error_set(e, GABLE_BAD_INPUT, "would grow beyond 2 GiB, where protobuf's files end");
    return file_write_pieces(to, s->piece, s->n, from, e);
}
