#include "report/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void figure_fail(struct figure *f, const char *why)
{
    if (f->failed) return;
    f->failed = true;
    snprintf(f->why, sizeof f->why, "%s", why);
}

json_t *figure_pack(struct figure *f, const char *layout, ...)
{
    json_error_t error;
    va_list args;
    va_start(args, layout);
    json_t *j = json_vpack_ex(&error, 0, layout, args);
    va_end(args);
    if (!j && !f->failed) {
        char why[sizeof f->why];
        snprintf(why, sizeof why, "layout %.60s: %.80s", layout, error.text);
        figure_fail(f, why);
    }
    return j;
}

static json_t *text_of(struct figure *f, const char *format, va_list args)
{
    char *line = NULL;
    int n = vasprintf(&line, format, args);
    json_t *j = n < 0 ? NULL : json_string(line);
    if (n >= 0) free(line);
    if (!j) figure_fail(f, "a text is no UTF-8 or memory ran out");
    return j;
}

json_t *figure_text(struct figure *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    json_t *j = text_of(f, format, args);
    va_end(args);
    return j;
}

struct quantity figure_quantity(double value, const char *unit)
{
    struct quantity q = quantity(value, unit), out = {{0}};
    size_t at = 0;
    for (const char *c = q.text; *c && at + 3 < sizeof out.text; c++) {
        if (*c == ' ') {
            out.text[at++] = '\xc2';
            out.text[at++] = '\xa0';
        } else {
            out.text[at++] = *c;
        }
    }
    return out;
}

json_t *figure_pair(struct figure *f, double x, double y) { return figure_pack(f, "[f,f]", x, y); }

struct figure figure_start(const char *section, const char *id, const char *nav, int height)
{
    struct figure f = {0};
    f.spec = figure_pack(&f, "{s:s, s:s, s:s, s:i, s:s, s:s, s:{s:[]}}", "id", id, "section", section, "nav", nav,
                         "height", height, "title", "", "note", "", "option", "series");
    return f;
}

json_t *figure_finish(struct figure *f, gable_error *e)
{
    json_t *spec = f->spec;
    if (f->failed) {
        const char *id = json_string_value(json_object_get(spec, "id"));
        error_set(e, GABLE_FAILED, "figure %s could not be made: %s", id ? id : "?", f->why);
        json_decref(spec);
        spec = NULL;
    }
    *f = (struct figure){0};
    return spec;
}

void figure_set(struct figure *f, const char *field, json_t *value)
{
    if (json_object_set_new(f->spec, field, value)) figure_fail(f, "memory ran out");
}

void figure_say(struct figure *f, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    figure_set(f, field, text_of(f, format, args));
    va_end(args);
}

void figure_append(struct figure *f, json_t *array, json_t *item)
{
    if (json_array_append_new(array, item)) figure_fail(f, "memory ran out");
}

static void list_add(struct figure *f, json_t *object, const char *list, json_t *item)
{
    json_t *array = json_object_get(object, list);
    if (!array) {
        array = json_array();
        if (json_object_set_new(object, list, array)) {
            figure_fail(f, "memory ran out");
            array = NULL;
        }
    }
    figure_append(f, array, item);
}

void figure_add(struct figure *f, const char *list, json_t *item) { list_add(f, f->spec, list, item); }

void figure_option(struct figure *f, const char *list, json_t *item)
{
    list_add(f, json_object_get(f->spec, "option"), list, item);
}

void figure_narrow(struct figure *f, const char *list, json_t *item)
{
    if (!json_object_get(f->spec, "narrow")) figure_set(f, "narrow", json_object());
    list_add(f, json_object_get(f->spec, "narrow"), list, item);
}

void figure_key(struct figure *f, const char *shape, const char *color, const char *text)
{
    figure_add(f, "key", figure_pack(f, "{s:s, s:s, s:s}", "shape", shape, "color", color, "text", text));
}

/* Lines and points. */

void figure_line(struct figure *f, json_t *points, const struct stroke *s)
{
    figure_option(f, "series",
                  figure_pack(f, "{s:s, s:o, s:i, s:i, s:b, s:b, s:s, s:i, s:f, s:b, s:{s:b}, s:{s:s, s:f, s:s, s:f}}",
                              "type", "line", "data", points, "xAxisIndex", s->grid, "yAxisIndex", s->grid, "silent", 1,
                              "showAllSymbol", 1, "symbol", "none", "z", s->z, "avoid", s->avoid, "clip", 1, "emphasis",
                              "disabled", 1, "lineStyle", "color", s->color, "width", s->width, "type",
                              s->type ? s->type : "solid", "opacity", s->opacity > 0 ? s->opacity : 1.0));
}

void figure_lines(struct figure *f, json_t *items, bool is_path, const struct stroke *s)
{
    figure_option(f, "series",
                  figure_pack(f, "{s:s, s:s, s:o, s:i, s:i, s:b, s:b, s:i, s:f, s:{s:s, s:f, s:s, s:f}}", "type",
                              "lines", "coordinateSystem", "cartesian2d", "data", items, "xAxisIndex", s->grid,
                              "yAxisIndex", s->grid, "polyline", is_path, "silent", 1, "z", s->z, "avoid", s->avoid,
                              "lineStyle", "color", s->color, "width", s->width, "type", s->type ? s->type : "solid",
                              "opacity", s->opacity > 0 ? s->opacity : 1.0));
}

json_t *figure_point(struct figure *f, const struct point *p)
{
    json_t *item = figure_pack(f, "{s:s, s:[f,f], s:s, s:{s:s, s:s, s:f, s:i}}", "name", p->name, "value", p->x, p->y,
                               "symbol", p->symbol ? p->symbol : "circle", "itemStyle", "color",
                               p->is_hollow ? "@paper" : p->color, "borderColor", p->is_hollow ? p->color : "@paper",
                               "borderWidth", p->is_hollow ? 1.5 : 1.0, "opacity", 1);
    if (p->facts && json_object_set_new(item, "facts", p->facts)) figure_fail(f, "memory ran out");
    if (p->model && json_object_set_new(item, "model", json_string(p->model))) figure_fail(f, "memory ran out");
    return item;
}

void figure_points(struct figure *f, json_t *points, int grid, int size, int z)
{
    figure_option(f, "series",
                  figure_pack(f, "{s:s, s:o, s:i, s:i, s:i, s:i, s:{s:b}}", "type", "scatter", "data", points,
                              "xAxisIndex", grid, "yAxisIndex", grid, "symbolSize", size, "z", z, "emphasis",
                              "disabled", 1));
}

json_t *figure_facts(struct figure *f)
{
    json_t *facts = json_array();
    if (!facts) figure_fail(f, "memory ran out");
    return facts;
}

void figure_fact(struct figure *f, json_t *facts, const char *what, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    figure_append(f, facts, figure_pack(f, "[s,o]", what, text_of(f, format, args)));
    va_end(args);
}

void figure_bars(struct figure *f, int grid, const char *stack, const char *color, int width, json_t *items)
{
    json_t *series = figure_pack(f, "{s:s, s:o, s:i, s:i, s:i, s:s, s:s, s:{s:s, s:s, s:f}, s:{s:b}}", "type", "bar",
                                 "data", items, "xAxisIndex", grid, "yAxisIndex", grid, "barWidth", width, "barGap",
                                 "25%", "barCategoryGap", "30%", "itemStyle", "color", color, "borderColor", "@paper",
                                 "borderWidth", stack ? 0.5 : 0.0, "emphasis", "disabled", 1);
    if (stack && json_object_set_new(series, "stack", json_string(stack))) figure_fail(f, "memory ran out");
    figure_option(f, "series", series);
}

json_t *figure_bar(struct figure *f, double value, const char *name, const char *model, const char *label,
                   json_t *facts)
{
    json_t *item = figure_pack(f, "{s:f, s:s}", "value", value, "name", name);
    if (model && json_object_set_new(item, "model", json_string(model))) figure_fail(f, "memory ran out");
    if (facts && json_object_set_new(item, "facts", facts)) figure_fail(f, "memory ran out");
    if (label)
        json_object_set_new(item, "label",
                            figure_pack(f, "{s:b, s:s, s:s, s:s, s:i, s:i}", "show", 1, "position", "right",
                                        "formatter", label, "color", "@ink", "fontSize", 11, "distance", 4));
    return item;
}

/* The table. */

void figure_table(struct figure *f, const char *caption, bool is_folded, const char *columns)
{
    json_t *names = json_array();
    for (const char *at = columns; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        figure_append(f, names, json_stringn(at, strcspn(at, "|")));
    figure_set(f, "table",
               figure_pack(f, "{s:s, s:b, s:o, s:[], s:[]}", "caption", caption, "folded", is_folded, "columns", names,
                           "rows", "models"));
}

json_t *figure_row(struct figure *f, const char *model)
{
    json_t *table = json_object_get(f->spec, "table"), *row = json_array();
    figure_append(f, json_object_get(table, "rows"), row);
    figure_append(f, json_object_get(table, "models"), model ? json_string(model) : json_null());
    return f->failed ? NULL : row;
}

void figure_cell(struct figure *f, json_t *row, const char *text) { figure_append(f, row, json_string(text)); }

void figure_number(struct figure *f, json_t *row, double value)
{
    if (!isfinite(value)) {
        figure_cell(f, row, "");
        return;
    }
    double size = fabs(value);
    int digits = size == 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : size >= 0.0995 ? 3 : 4;
    figure_append(f, row, figure_pack(f, "{s:o, s:f}", "text", figure_text(f, "%.*f", digits, value), "value", value));
}

void figure_exact(struct figure *f, json_t *row, count value)
{
    json_t *text = json_string(quantity_exact(value).text);
    json_t *number = value == COUNT_MAX ? json_null() : json_integer(value);
    figure_append(f, row, figure_pack(f, "{s:o, s:o}", "text", text, "value", number));
}

void figure_year(struct figure *f, json_t *row, int year)
{
    figure_append(f, row, figure_pack(f, "{s:o, s:i}", "text", figure_text(f, "%d", year), "value", year));
}

void figure_cell_hint(struct figure *f, json_t *row, const char *hint)
{
    size_t n = json_array_size(row);
    json_t *cell = n ? json_array_get(row, n - 1) : NULL;
    if (!json_is_object(cell) || !hint) return;
    if (json_object_set_new(cell, "hint", json_string(hint))) figure_fail(f, "memory ran out");
}
