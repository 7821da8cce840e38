#include "base/json.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* DEL is the one control character that JSON need not escape, and a terminal minds. */
static void write_printable(struct text *to, const char *s)
{
    for (size_t n; n = strcspn(s, "\x7f"), text_add_n(to, s, n), s[n]; s += n + 1) text_add(to, "\\u007F");
}

/* As jansson writes it, on one line: numbers, strings with something to escape, whole trees. */
static bool write_compact(struct text *to, const json_t *j)
{
    char *written = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));
    bool ok = written != NULL;
    if (ok) write_printable(to, written);
    free(written);
    return ok && !to->failed;
}

char *json_compact(const json_t *j)
{
    struct text t = {0};
    if (write_compact(&t, j)) return t.data;
    text_release(&t);
    return NULL;
}

static bool is_plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == '"' || s[i] == '\\' || (unsigned char)s[i] > 0x7e) return false;
    return true;
}
static void write_quoted(struct text *to, const char *s, size_t n)
{
    text_add(to, "\"");
    text_add_n(to, s, n);
    text_add(to, "\"");
}

static void write_integer(struct text *to, json_int_t value)
{
    char digits[24]; /* from the end: a large model writes a hundred thousand of them, and snprintf would be a fifth of
                        it */
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0) digits[--at] = '-';
    text_add_n(to, digits + at, sizeof digits - at);
}

static void new_line(struct text *to, int depth)
{
    static const char blanks[] = "\n                                ";
    enum { MOST = (int)sizeof blanks - 2 };
    int n = 2 * depth;
    text_add_n(to, blanks, (size_t)(n < MOST ? n : MOST) + 1);
    for (n -= MOST; n > 0; n -= MOST) text_add_n(to, blanks + 1, (size_t)(n < MOST ? n : MOST));
}

struct writer {
    struct text text;
    FILE *out;
    const struct json_stream *streams;
    int n_streams;
};

static bool flush(struct writer *w)
{
    struct text *t = &w->text;
    bool ok = !t->failed && fwrite(t->data, 1, t->len, w->out) == t->len;
    t->len = 0;
    return ok;
}

static bool write_value(struct writer *w, const json_t *j, int depth);

static void begin_item(struct writer *w, bool is_first, int depth)
{
    if (!is_first) text_add(&w->text, ",");
    new_line(&w->text, depth + 1);
}

static bool write_items(struct writer *w, const json_t *array, int depth)
{
    bool ok = true;
    for (size_t i = 0; i < json_array_size(array) && ok; i++) {
        begin_item(w, !i, depth);
        ok = write_value(w, json_array_get(array, i), depth + 1);
    }
    return ok;
}

static bool write_stream(struct writer *w, const struct json_stream *s, int depth)
{
    enum { PIECE = 1 << 16 };
    bool ok = true;
    for (int i = 0; i < s->n && ok; i++) {
        json_t *item = s->item(s->from, i);
        begin_item(w, !i, depth);
        ok = item && write_value(w, item, depth + 1) && (w->text.len < PIECE || flush(w));
        json_decref(item);
    }
    return ok;
}

static bool write_array(struct writer *w, const json_t *array, int depth)
{
    const struct json_stream *stream = NULL;
    for (int i = 0; i < w->n_streams && !stream; i++)
        if (w->streams[i].place == array) stream = &w->streams[i];
    text_add(&w->text, "[");
    bool ok = stream ? write_stream(w, stream, depth) : write_items(w, array, depth);
    if (stream ? stream->n > 0 : json_array_size(array) > 0) new_line(&w->text, depth);
    text_add(&w->text, "]");
    return ok;
}
static bool write_key(struct text *to, const char *key)
{
    if (is_plain(key, strlen(key))) {
        write_quoted(to, key, strlen(key));
        return true;
    }
    json_t *string = json_string_nocheck(key);
    bool ok = string && write_compact(to, string);
    json_decref(string);
    return ok;
}
static bool write_object(struct writer *w, json_t *object, int depth)
{
    bool ok = true;
    text_add(&w->text, "{");
    for (void *i = json_object_iter(object); i && ok; i = json_object_iter_next(object, i)) {
        begin_item(w, i == json_object_iter(object), depth);
        ok = write_key(&w->text, json_object_iter_key(i));
        text_add(&w->text, ": ");
        ok = ok && write_value(w, json_object_iter_value(i), depth + 1);
    }
    if (json_object_size(object)) new_line(&w->text, depth);
    text_add(&w->text, "}");
    return ok;
}
static bool write_value(struct writer *w, const json_t *j, int depth)
{
    struct text *to = &w->text;
    switch (json_typeof(j)) {
    case JSON_OBJECT: return write_object(w, (json_t *)(uintptr_t)j, depth); /* iterators take no const */
    case JSON_ARRAY: return write_array(w, j, depth);
    case JSON_STRING:
        if (!is_plain(json_string_value(j), json_string_length(j))) return write_compact(to, j);
        write_quoted(to, json_string_value(j), json_string_length(j));
        return true;
    case JSON_INTEGER: write_integer(to, json_integer_value(j)); return true;
    case JSON_REAL: return write_compact(to, j);
    case JSON_TRUE: text_add(to, "true"); return true;
    case JSON_FALSE: text_add(to, "false"); return true;
    case JSON_NULL: text_add(to, "null"); return true;
    }
    return false;
}

bool json_write_streams(const json_t *j, const struct json_stream *streams, int n, FILE *out)
{
    struct writer w = {.out = out, .streams = streams, .n_streams = n};
    bool ok = write_value(&w, j, 0);
    text_add(&w.text, "\n");
    ok = ok && flush(&w);
    text_release(&w.text);
    return ok;
}

bool json_write(const json_t *j, FILE *out) { return json_write_streams(j, NULL, 0, out); }
