/* Tables and trees on the terminal, by libsmartcols: fit the width, respect NO_COLOR, plain ASCII where the locale
 * asks. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H
#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>

struct table;
enum table_align { TABLE_LEFT, TABLE_RIGHT, TABLE_TREE, TABLE_CUT /* left, may be cut when narrow */ };
struct table *table_new(void); /* NULL only when memory is out; all accept NULL */
void table_column(struct table *t, const char *title, enum table_align align);
/* A row under `parent` (-1: none); cells are copied through the safe printer. Returns the row's number. */
int table_row(struct table *t, int parent, const char *const *cells, int n);
/* The same for cells written out. They may be parts of temporaries, which live until the call is over; in an array that
   is initialised before it they would not. */
#define TABLE_ROW(t, parent, ...)                            \
    table_row(t, parent, (const char *const[]){__VA_ARGS__}, \
              (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)))
void table_bold(struct table *t, int row);
void table_fail(struct table *t); /* what should be in it is not */
/* Prints and frees. Where memory was out, says so in place of a part and ends the program. */
void table_print(struct table *t, FILE *out);
void table_free(struct table *t); /* of one that is not printed; NULL is fine */

enum term_color { TERM_COLOR_AUTO, TERM_COLOR_NEVER, TERM_COLOR_ALWAYS };
void term_set_color(enum term_color when); /* --color */
bool term_is_tty(FILE *out);
bool term_has_color(FILE *out); /* --color, NO_COLOR, TERM=dumb, a terminal at all */
bool term_is_utf8(void);
int term_width(FILE *out); /* COLUMNS, the window, or 80 */
/* One dim line at the end, on a terminal only: the next command to try. */
void term_hint(const char *format, ...) PRINTF_LIKE(1, 2);
void term_line(const char *text); /* to stdout, with what a terminal would obey made visible */
/* The progress line: stderr, a terminal only, at most ten times a second; term_progress_end clears it. */
void term_progress(const char *what, int done, int total);
void term_progress_end(void);
#endif
