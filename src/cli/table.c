#include "cli/table.h"

#include "base/text.h"

#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 24 };
struct table {
    struct libscols_table *rows;
    int n_columns, n_rows, room;
    struct libscols_line **lines; /* owned by rows */
    bool failed;
};

struct table *table_new(void)
{
    struct table *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->rows = scols_new_table();
    t->failed = !t->rows;
    if (t->failed) return t;
    scols_table_set_column_separator(t->rows, "  ");
    return t;
}

void table_column(struct table *t, const char *title, enum table_align align)
{
    static const int flags[] = {
        [TABLE_LEFT] = 0, [TABLE_RIGHT] = SCOLS_FL_RIGHT, [TABLE_TREE] = SCOLS_FL_TREE, [TABLE_CUT] = SCOLS_FL_TRUNC};
    if (!t || t->failed || t->n_columns == COLUMNS_MAX) return;
    if (scols_table_new_column(t->rows, title, 0.0, flags[align]))
        t->n_columns++;
    else
        t->failed = true;
}

static struct libscols_line *line_add(struct table *t, int parent)
{
    struct libscols_line *line = scols_table_new_line(t->rows, parent < 0 ? NULL : t->lines[parent]);
    if (line && t->n_rows == t->room) {
        t->room = t->room ? 2 * t->room : 64;
        struct libscols_line **grown = realloc(t->lines, (size_t)t->room * sizeof(*grown));
        if (!grown) return NULL;
        t->lines = grown;
    }
    if (line) t->lines[t->n_rows++] = line;
    return line;
}

int table_row(struct table *t, int parent, const char *const *cells, int n)
{
    if (!t || t->failed) return -1;
    struct libscols_line *line = line_add(t, parent);
    for (int i = 0; line && i < n && i < t->n_columns; i++) {
        struct text safe = {0};
        text_add(&safe, "");
        text_add_safe(&safe, cells[i] ? cells[i] : "", 0);
        if (safe.failed || scols_line_set_data(line, (size_t)i, safe.data)) t->failed = true;
        text_release(&safe);
    }
    if (!line) t->failed = true;
    return t->n_rows - 1;
}

void table_bold(struct table *t, int row)
{
    if (!t || t->failed || row < 0) return;
    scols_line_set_color(t->lines[row], "\033[1m");
}

static void trim_and_write(char *printed, FILE *out)
{
    for (char *line = printed, *end; *line; line = end) { /* libsmartcols pads the last column */
        end = line + strcspn(line, "\n");
        bool has_newline = *end == '\n';
        char *last = end;
        while (last > line && last[-1] == ' ') last--;
        fwrite(line, 1, (size_t)(last - line), out);
        if (has_newline) fputc('\n', out);
        end += has_newline;
    }
}

void table_print(struct table *t, FILE *out)
{
    if (!t) return;
    if (!t->failed) {
        char *printed = NULL;
        scols_table_set_termforce(t->rows, SCOLS_TERMFORCE_ALWAYS);
        scols_table_set_termwidth(t->rows, (size_t)(term_is_tty(out) || getenv("COLUMNS") ? term_width(out) : 400));
        scols_table_enable_colors(t->rows, term_has_color(out));
        scols_table_enable_ascii(t->rows, !term_is_utf8());
        if (!scols_print_table_to_string(t->rows, &printed) && printed) trim_and_write(printed, out);
        free(printed);
        if (t->n_rows) fputc('\n', out);
    }
    scols_unref_table(t->rows);
    free(t->lines);
    free(t);
}
