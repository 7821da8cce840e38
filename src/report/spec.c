#include "report/spec.h"

#include "base/text.h"

#include <string.h>

const char *spec_text(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s ? s : "";
}

bool spec_is_drawn(const json_t *spec)
{
    return json_array_size(json_object_get(json_object_get(spec, "option"), "series")) > 0;
}

const char *cell_text(const json_t *cell)
{
    const char *s = json_string_value(json_is_object(cell) ? json_object_get(cell, "text") : cell);
    return s ? s : "";
}

const json_t *cell_value(const json_t *cell)
{
    const json_t *value = json_is_object(cell) ? json_object_get(cell, "value") : json_is_number(cell) ? cell : NULL;
    return json_is_number(value) ? value : NULL;
}

const char *cell_hint(const json_t *cell)
{
    const char *s = json_string_value(json_object_get(cell, "hint"));
    return s && *s ? s : NULL;
}

/* Length of a character at s (valid UTF-8, as jansson keeps it), and whether it must not leave. */
static size_t character(const unsigned char *s, bool *is_bad)
{
    *is_bad = false;
    if (s[0] < 0x80) {
        *is_bad = s[0] == 0x7f || (s[0] < 0x20 && s[0] != '\n' && s[0] != '\t');
        return 1;
    }
    if (s[0] < 0xe0) {
        *is_bad = s[0] == 0xc2 && s[1] < 0xa0; /* C1 controls */
        return 2;
    }
    if (s[0] >= 0xf0) return 4;
    unsigned code = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    *is_bad = code >= 0xfffe || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
              (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
    return 3;
}

static json_t *string_clean(const json_t *string)
{
    const char *s = json_string_value(string), *end = s + json_string_length(string);
    struct text t = {0};
    if (!strcmp(s, "__proto__")) return json_string("(__proto__)"); /* zrender keeps texts as keys of an object */
    while (s < end) {
        bool is_bad;
        size_t n = character((const unsigned char *)s, &is_bad);
        if (is_bad)
            text_add(&t, "\xef\xbf\xbd");
        else
            text_add_n(&t, s, n);
        s += n;
    }
    json_t *clean = t.failed ? NULL : json_stringn(t.data ? t.data : "", t.len);
    text_release(&t);
    return clean;
}

json_t *json_clean(const json_t *value)
{
    const char *key;
    json_t *item, *out = NULL;
    size_t i;
    if (json_is_string(value)) return string_clean(value);
    if (json_is_array(value)) {
        out = json_array();
        json_array_foreach (value, i, item)
            if (json_array_append_new(out, json_clean(item))) goto failed;
        return out;
    }
    if (!json_is_object(value)) return json_deep_copy(value);
    out = json_object();
    json_object_foreach ((json_t *)value, key, item)
        if (json_object_set_new(out, key, json_clean(item))) goto failed;
    return out;
failed:
    json_decref(out);
    return NULL;
}

static bool is_id(const char *id)
{
    size_t n = strlen(id);
    return n >= 1 && n <= 64 && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n && id[0] != '-';
}

gable_status specs_clean(const json_t *specs, json_t **out, gable_error *e)
{
    gable_status s = GABLE_OK;
    json_t *clean = json_clean(specs), *seen = json_object(), *spec;
    size_t i;
    if (!clean || !seen) s = error_set(e, GABLE_NO_MEMORY, "no memory for the figures");
    json_array_foreach (clean, i, spec) {
        const char *id = spec_text(spec, "id");
        if (s) break;
        if (!is_id(id))
            s = error_set(e, GABLE_FAILED, "figure %zu has the id '%.80s', which is no file name", i + 1, id);
        else if (json_object_get(seen, id))
            s = error_set(e, GABLE_FAILED, "two figures have the id '%.80s'", id);
        else
            json_object_set_new(seen, id, json_true());
    }
    json_decref(seen);
    if (s)
        json_decref(clean);
    else
        *out = clean;
    return s;
}
