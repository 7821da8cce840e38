#include "report/table.h"

#include "base/json.h"
#include "report/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The shortest decimal that reads back as the same number. */
static void number_text(const json_t *number, char *out, size_t room)
{
    if (json_is_integer(number)) {
        snprintf(out, room, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
        return;
    }
    double value = json_real_value(number);
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(out, room, "%.*g", digits, value);
        if (strtod(out, NULL) == value) return;
    }
}

static void csv_cell(const json_t *cell, struct text *out)
{
    char number[32];
    const json_t *value = cell_value(cell);
    if (!value) {
        text_add_csv(out, cell_text(cell));
        return;
    }
    number_text(value, number, sizeof number);
    text_add(out, number);
}

static void csv_row(const json_t *row, struct text *out)
{
    size_t i;
    json_t *cell;
    json_array_foreach (row, i, cell) {
        if (i) text_add(out, ",");
        csv_cell(cell, out);
    }
    text_add(out, "\r\n");
}

void table_csv(const json_t *spec, struct text *out)
{
    const json_t *table = json_object_get(spec, "table");
    size_t i;
    json_t *row;
    csv_row(json_object_get(table, "columns"), out);
    json_array_foreach (json_object_get(table, "rows"), i, row) csv_row(row, out);
}

static json_t *json_row(const json_t *row)
{
    json_t *out = json_array(), *cell;
    size_t i;
    json_array_foreach (row, i, cell) {
        const json_t *value = cell_value(cell);
        json_array_append_new(out, value ? json_deep_copy(value) : json_string(cell_text(cell)));
    }
    return out;
}

json_t *table_json(const json_t *spec)
{
    const json_t *table = json_object_get(spec, "table");
    json_t *out = json_answer("report"), *rows = json_array(), *row;
    size_t i;
    json_array_foreach (json_object_get(table, "rows"), i, row) json_array_append_new(rows, json_row(row));
    if (!out || !rows || json_object_set_new(out, "id", json_string(spec_text(spec, "id"))) ||
        json_object_set_new(out, "title", json_string(spec_text(spec, "title"))) ||
        json_object_set(out, "columns", json_object_get(table, "columns")) || json_object_set(out, "rows", rows)) {
        json_decref(out);
        out = NULL;
    }
    if (out && json_object_get(table, "models")) json_object_set(out, "models", json_object_get(table, "models"));
    json_decref(rows);
    return out;
}

/* Does what is shown, without thousands, say the number already? */
static bool says(const char *shown, const char *number)
{
    char plain[64];
    size_t n = 0;
    for (; *shown && n + 1 < sizeof plain; shown++)
        if (*shown != ',') plain[n++] = *shown;
    plain[n] = '\0';
    return !strcmp(plain, number);
}

static void html_cell(const json_t *cell, bool is_head, struct text *out)
{
    char number[32];
    const json_t *value = cell_value(cell);
    const char *hint = cell_hint(cell);
    text_add(out, is_head ? "<th scope=\"row\"" : "<td");
    if (value) {
        if (json_is_integer(value))
            number_text(value, number, sizeof number);
        else /* the page sorts by it; the files hold every digit */
            snprintf(number, sizeof number, "%.6g", json_real_value(value));
        text_add(out, " class=\"n\"");
        if (!says(cell_text(cell), number)) text_addf(out, " data-value=\"%s\"", number);
    }
    text_add(out, ">");
    if (hint) text_add(out, "<details class=\"hint\"><summary>");
    text_add_html(out, cell_text(cell));
    if (hint) {
        text_add(out, "</summary><span>");
        text_add_html(out, hint);
        text_add(out, "</span></details>");
    }
    text_add(out, is_head ? "</th>" : "</td>");
}

/* A column is numeric where its first row that says anything holds a number. */
static bool is_numeric(const json_t *table, size_t column)
{
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(table, "rows"), i, row) {
        const json_t *cell = json_array_get(row, column);
        if (cell_value(cell)) return true;
        if (*cell_text(cell)) return false;
    }
    return false;
}

static void html_head(const json_t *table, struct text *out)
{
    size_t i;
    json_t *name;
    text_add(out, "<thead><tr>");
    json_array_foreach (json_object_get(table, "columns"), i, name) {
        text_addf(out, "<th scope=\"col\"%s>", is_numeric(table, i) ? " class=\"n\"" : "");
        text_add_html(out, json_string_value(name) ? json_string_value(name) : "");
        text_add(out, "</th>");
    }
    text_add(out, "</tr></thead>");
}

static void html_body(const json_t *table, struct text *out)
{
    const json_t *models = json_object_get(table, "models");
    size_t i, j;
    json_t *row, *cell;
    text_add(out, "<tbody>");
    json_array_foreach (json_object_get(table, "rows"), i, row) {
        const char *model = json_string_value(json_array_get(models, i));
        text_add(out, "<tr");
        if (model) {
            text_add(out, " data-model=\"");
            text_add_html(out, model);
            text_add(out, "\"");
        }
        text_add(out, ">");
        json_array_foreach (row, j, cell) html_cell(cell, j == 0, out);
        text_add(out, "</tr>");
    }
    text_add(out, "</tbody>");
}

/* Shown by the script, which makes the files from the table itself: the page stays small. */
static void html_tools(const char *id, struct text *out)
{
    static const char *const tools[] = {"Copy", "CSV", "JSON"};
    text_add(out, "<p class=\"tools\" hidden>");
    for (size_t i = 0; i < COUNT_OF(tools); i++)
        text_addf(out, "<button type=\"button\" data-take=\"%s\" data-table=\"%s\">%s</button>", tools[i], id,
                  tools[i]);
    text_add(out, "</p>");
}

void table_html(const json_t *spec, int number, struct text *out)
{
    const json_t *table = json_object_get(spec, "table");
    const char *id = spec_text(spec, "id"), *caption = spec_text(table, "caption");
    bool is_folded = json_is_true(json_object_get(table, "folded"));
    text_addf(out, "<details class=\"numbers\" id=\"%s-numbers\"%s><summary>Table %d: the numbers", id,
              is_folded ? "" : " open", number);
    if (*caption) {
        text_add(out, ", ");
        text_add_html(out, caption);
    }
    text_addf(out,
              "</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table %d\"><table "
              "id=\"%s-table\">",
              number, id);
    html_head(table, out);
    html_body(table, out);
    text_add(out, "</table></div>");
    html_tools(id, out);
    text_add(out, "</details>");
}
