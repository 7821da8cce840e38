#include "base/csv.h"

#include <stdbool.h>
#include <string.h>

void csv_init(struct csv *c, const char *name, const char *text)
{
    *c = (struct csv){.name = name, .at = text, .next_line = 1};
    if (!strncmp(c->at, "\xef\xbb\xbf", 3)) c->at += 3; /* spreadsheets put a byte order mark in front */
}

static gable_status fail(const struct csv *c, const char *why, gable_error *e)
{
    error_set(e, GABLE_BAD_INPUT, "%s", why);
    return error_within(e, "%s:%d", c->name, c->line);
}

/* A cell between quotes; `at` stands behind the first. Returns the end of the cell, NULL where no quote closes it. */
static const char *quoted(struct csv *c, const char *at, char *out)
{
    size_t n = 0;
    for (; *at; at++) {
        if (*at == '\n') c->next_line++;
        if (*at == '"' && *++at != '"') {
            out[n] = '\0';
            return at;
        }
        out[n++] = *at;
    }
    return NULL;
}

static gable_status read_cell(struct csv *c, struct arena *a, const char **cell, gable_error *e)
{
    bool is_quoted = *c->at == '"';
    size_t most = is_quoted ? strlen(c->at) : strcspn(c->at, ",\r\n");
    char *text = arena_alloc(a, most + 1);
    if (!text) return fail(c, "the file holds too much", e);
    if (is_quoted) {
        const char *end = quoted(c, c->at + 1, text);
        if (!end) return fail(c, "a quote is never closed", e);
        if (!strchr(",\r\n", *end)) return fail(c, "text behind a closing quote", e);
        c->at = end;
    } else {
        memcpy(text, c->at, most);
        c->at += most;
    }
    *cell = text;
    return GABLE_OK;
}

static void skip_line_end(struct csv *c)
{
    if (*c->at == '\r') c->at++;
    if (*c->at != '\n') return;
    c->at++;
    c->next_line++;
}

gable_status csv_record(struct csv *c, struct arena *a, const char *cell[CSV_CELLS_MAX], int *n, gable_error *e)
{
    *n = 0;
    while (*c->at == '\n' || *c->at == '\r') skip_line_end(c);
    c->line = c->next_line;
    if (!*c->at) return GABLE_OK;
    for (;; c->at++) {
        if (*n == CSV_CELLS_MAX) return fail(c, "more than 64 columns", e);
        gable_status s = read_cell(c, a, &cell[(*n)++], e);
        if (s) return s;
        if (*c->at != ',') break;
    }
    skip_line_end(c);
    return GABLE_OK;
}
