#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void text_add_n(struct text *t, const char *bytes, size_t n)
{
    if (t->failed) return;
    if (t->len + n + 1 > t->room) {
        size_t room = 2 * (t->len + n + 1);
        char *grown = realloc(t->data, room);
        if (!grown) {
            t->failed = true;
            return;
        }
        t->data = grown;
        t->room = room;
    }
    memcpy(t->data + t->len, bytes, n);
    t->len += n;
    t->data[t->len] = '\0';
}

void text_add(struct text *t, const char *s) { text_add_n(t, s, strlen(s)); }

void text_addf(struct text *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *s = n < 0 ? NULL : malloc((size_t)n + 1);
    if (s) {
        vsnprintf(s, (size_t)n + 1, format, again);
        text_add_n(t, s, (size_t)n);
        free(s);
    } else {
        t->failed = true;
    }
    va_end(again);
    va_end(args);
}

void text_add_html(struct text *t, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&': text_add(t, "&amp;"); break;
        case '<': text_add(t, "&lt;"); break;
        case '>': text_add(t, "&gt;"); break;
        case '"': text_add(t, "&quot;"); break;
        case '\'': text_add(t, "&#39;"); break;
        default: text_add_n(t, s, 1);
        }
    }
}

void text_add_csv(struct text *t, const char *s)
{
    bool is_armed = *s && strchr("=+-@\t\r", *s) != NULL;
    if (!is_armed && !strpbrk(s, ",\"\r\n")) {
        text_add(t, s);
        return;
    }
    text_add(t, is_armed ? "\"'" : "\"");
    for (; *s; s++) text_add_n(t, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
    text_add(t, "\"");
}

/* One UTF-8 character: its length in bytes, 0 where the bytes are broken (overlong, surrogate, cut). */
static size_t decode(const unsigned char *s, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
    if (n == 0) return 0;
    uint32_t c = n == 1 ? s[0] : s[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (s[i] >> 6 != 2) return 0;
        c = c << 6 | (s[i] & 0x3F);
    }
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return 0;
    *out = c;
    return n;
}

static bool is_shown(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;                          /* C0, DEL, C1 */
    if ((c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E)) return false; /* zero width, bidi, separators */
    if ((c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || c == 0x061C || c == 0xAD) return false;
    return !(c >= 0xE0000 && c < 0xE1000) && !(c >= 0xFFF9 && c <= 0xFFFB);
}

static size_t columns_of(uint32_t c)
{
    int w = wcwidth((wchar_t)c);
    return w < 0 ? 1 : (size_t)w;
}

size_t text_columns(const char *s)
{
    size_t columns = 0;
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        uint32_t c;
        size_t n = decode(p, &c);
        columns += n ? columns_of(c) : 1;
        p += n ? n : 1;
    }
    return columns;
}

static void add_clean(struct text *t, const char *s)
{
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        uint32_t c;
        size_t n = decode(p, &c);
        if (n == 0)
            text_addf(t, "\\x%02x", *p);
        else if (is_shown(c))
            text_add_n(t, (const char *)p, n);
        else
            text_addf(t, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
        p += n ? n : 1;
    }
}

void text_add_utf8(struct text *t, const char *s)
{
    text_add(t, "");
    for (const char *p = s; *p;) {
        uint32_t c;
        size_t n = decode((const unsigned char *)p, &c);
        text_add_n(t, n ? p : "\xef\xbf\xbd", n ? n : 3);
        p += n ? n : 1;
    }
}

/* Bytes of the longest start (or, from the end, the longest tail) of clean text that takes at most `columns`. */
static size_t head_bytes(const char *s, size_t columns)
{
    size_t used = 0, at = 0;
    while (s[at]) {
        uint32_t c = 0;
        size_t n = decode((const unsigned char *)s + at, &c), w = columns_of(c);
        if (used + w > columns) break;
        used += w;
        at += n;
    }
    return at;
}

void text_add_safe(struct text *t, const char *s, size_t columns)
{
    struct text clean = {0};
    text_add(&clean, "");
    add_clean(&clean, s);
    size_t whole = clean.failed ? 0 : text_columns(clean.data);
    if (clean.failed)
        t->failed = true;
    else if (columns == 0 || whole <= columns)
        text_add_n(t, clean.data, clean.len);
    else {
        size_t tail = columns / 2, head = columns - tail - (columns > 0);
        const char *end = clean.data + head_bytes(clean.data, whole - tail);
        while (text_columns(end) > tail) end += head_bytes(end, 1) ? head_bytes(end, 1) : head_bytes(end, 2);
        text_add_n(t, clean.data, head_bytes(clean.data, head));
        text_add(t, "…");
        text_add(t, end);
    }
    text_release(&clean);
}

void text_release(struct text *t)
{
    free(t->data);
    *t = (struct text){0};
}

enum { WORD_MAX = 64 };

/* Levenshtein with adjacent transposition, over bytes; long words are cut. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strnlen(a, WORD_MAX), m = strnlen(b, WORD_MAX), row[3][WORD_MAX + 1];
    for (size_t j = 0; j <= m; j++) row[1][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *two = row[(i + 2) % 3], *one = row[i % 3], *now = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = one[j - 1] + (a[i - 1] != b[j - 1]);
            if (one[j] + 1 < best) best = one[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two[j - 2] + 1 < best)
                best = two[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[(n + 1) % 3][m];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    size_t least = strnlen(word, WORD_MAX) / 3 + 2;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, candidates[i]);
        if (d < least) {
            least = d;
            best = candidates[i];
        }
    }
    return best;
}
