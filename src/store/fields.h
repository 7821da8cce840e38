/* How a struct lies in a table: one row per column, read by CREATE, INSERT and SELECT alike. */
#ifndef STORE_FIELDS_H
#define STORE_FIELDS_H
#include "base/text.h"

#include <sqlite3.h>

enum field_type { FIELD_INT, FIELD_INT64, FIELD_UINT64, FIELD_SIZE, FIELD_BOOL, FIELD_REAL, FIELD_TEXT };
struct field {
    const char *column;
    enum field_type type;
    size_t offset, room; /* room: of a text */
};
extern const struct field run_fields[], group_fields[];
extern const int n_run_fields, n_group_fields;

/* "model TEXT NOT NULL, batch INTEGER NOT NULL, ..."; reals may be NULL, which is NaN. */
void fields_declare(struct text *sql, const struct field *f, int n);
void fields_names(struct text *sql, const struct field *f, int n);
/* Parameters first, first + 1, ...; columns likewise from `first`. */
int fields_bind(sqlite3_stmt *q, int first, const struct field *f, int n, const void *from);
/* False where a value cannot be what was written: a damaged store. */
bool fields_read(sqlite3_stmt *q, int first, const struct field *f, int n, void *to);
#endif
