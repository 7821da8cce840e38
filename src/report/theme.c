#include "report/theme.h"

#include "report/assets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char stand_in_prefix[] = "#f0e1";

gable_status theme_load(struct theme *out, gable_error *e)
{
    json_error_t error;
    const char *name;
    json_t *value;
    unsigned i = 0;
    *out = (struct theme){.schemes = json_loadb(asset_theme_json, asset_theme_json_len, 0, &error),
                          .stand_ins = json_object()};
    bool ok = out->schemes && out->stand_ins;
    json_object_foreach (json_object_get(out->schemes, "light"), name, value) {
        char color[16];
        snprintf(color, sizeof color, "%s%02x", stand_in_prefix, i++ & 0xffu);
        if (json_object_set_new(out->stand_ins, name, json_string(color))) ok = false;
    }
    if (ok && i > 0 && i <= 256) return GABLE_OK;
    theme_release(out);
    return error_set(e, GABLE_FAILED, "the report's colours cannot be read: %s",
                     error.text[0] ? error.text : "out of memory");
}

void theme_release(struct theme *t)
{
    json_decref(t->schemes);
    json_decref(t->stand_ins);
    *t = (struct theme){0};
}

static const json_t *scheme_of(const struct theme *t, enum scheme scheme)
{
    return json_object_get(t->schemes, scheme == SCHEME_DARK ? "dark" : "light");
}

/* Colour number i of a scheme into `out`; empty where there is none. */
static void color_at(const struct theme *t, enum scheme scheme, unsigned long i, char *out, size_t room)
{
    const char *name;
    json_t *value;
    unsigned long at = 0;
    out[0] = '\0';
    json_object_foreach (t->stand_ins, name, value) {
        if (at++ != i) continue;
        const char *color = json_string_value(json_object_get(scheme_of(t, scheme), name));
        if (scheme == SCHEME_PAGE)
            snprintf(out, room, "var(--%s)", name);
        else
            snprintf(out, room, "%s", color ? color : "");
        return;
    }
}

void theme_color(const struct theme *t, enum scheme scheme, const char *svg, struct text *out)
{
    const size_t prefix = sizeof stand_in_prefix - 1;
    for (const char *hit; (hit = strstr(svg, stand_in_prefix)) != NULL; svg = hit + prefix + 2) {
        char color[64], digits[3] = {hit[prefix], hit[prefix] ? hit[prefix + 1] : '\0', '\0'};
        if (!digits[1]) break;
        color_at(t, scheme, strtoul(digits, NULL, 16), color, sizeof color);
        text_add_n(out, svg, (size_t)(hit - svg));
        text_add(out, color);
    }
    text_add(out, svg);
}

static void add_variables(const struct theme *t, enum scheme scheme, struct text *out)
{
    const char *name;
    json_t *value;
    text_addf(out, "color-scheme:%s;", scheme == SCHEME_DARK ? "dark" : "light");
    json_object_foreach (json_object_get(t->schemes, scheme == SCHEME_DARK ? "dark" : "light"), name, value)
        text_addf(out, "--%s:%s;", name, json_string_value(value));
}

void theme_css(const struct theme *t, struct text *out)
{
    text_add(out, ":root{");
    add_variables(t, SCHEME_LIGHT, out);
    text_add(out, "}@media screen{:root[data-theme=dark]{");
    add_variables(t, SCHEME_DARK, out);
    text_add(out, "}}@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){");
    add_variables(t, SCHEME_DARK, out);
    text_add(out, "}}\n");
}
