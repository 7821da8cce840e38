#include "cli/table.h"

#include "base/text.h"
#include "cli/command.h"

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

/* libsmartcols pads the last column: blanks wait until something follows them in their line. */
struct trimmed {
    FILE *out;
    size_t blanks;
};

static ssize_t write_trimmed(void *cookie, const char *s, size_t n)
{
    struct trimmed *t = cookie;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == ' ') {
            t->blanks++;
            continue;
        }
        for (; t->blanks && s[i] != '\n'; t->blanks--) putc_unlocked(' ', t->out);
        t->blanks = 0;
        putc_unlocked(s[i], t->out);
    }
    return (ssize_t)n;
}

static bool print_rows(struct libscols_table *rows, FILE *out)
{
    struct trimmed t = {.out = out};
    FILE *trimmed = fopencookie(&t, "w", (cookie_io_functions_t){.write = write_trimmed});
    if (!trimmed) return false;
    scols_table_set_stream(rows, trimmed);
    scols_table_set_termforce(rows, SCOLS_TERMFORCE_ALWAYS);
    scols_table_set_termwidth(rows, (size_t)(term_is_tty(out) || getenv("COLUMNS") ? term_width(out) : 400));
    scols_table_enable_colors(rows, term_has_color(out));
    scols_table_enable_ascii(rows, !term_is_utf8());
    bool is_printed = !scols_print_table(rows);
    return !fclose(trimmed) && is_printed;
}

/* Half a table looks like a whole one: the command ends here. */
static _Noreturn void give_up(struct table *t)
{
    gable_error e = {0};
    if (t) scols_unref_table(t->rows); /* the sentence needs some memory too */
    error_set(&e, GABLE_NO_MEMORY, "not enough memory for a table");
    exit(cli_fail(&e));
}

void table_fail(struct table *t)
{
    if (t) t->failed = true;
}

void table_free(struct table *t)
{
    if (!t) return;
    scols_unref_table(t->rows);
    free(t->lines);
    free(t);
}

void table_print(struct table *t, FILE *out)
{
    if (!t || t->failed || !print_rows(t->rows, out)) give_up(t);
    table_free(t);
}
