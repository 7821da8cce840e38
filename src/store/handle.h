/* An open store, and the few ways in which its files use SQLite. */
#ifndef STORE_HANDLE_H
#define STORE_HANDLE_H
#include "store/store.h"

#include <sqlite3.h>

struct store {
    sqlite3 *db;
    char path[4096];
};
/* One line from SQLite's answer: what happened and what to do; the place is the store's path. */
gable_status store_fail(const struct store *s, int code, gable_error *e);
gable_status store_damaged(const struct store *s, const char *what, gable_error *e);
gable_status store_execute(struct store *s, const char *sql, gable_error *e);
gable_status store_prepare(struct store *s, const char *sql, sqlite3_stmt **out, gable_error *e);
/* Steps a statement that gives no rows, and finalises it. `bad` is what binding said. */
gable_status store_finish(struct store *s, sqlite3_stmt *q, int bad, gable_error *e);
/* Makes the tables of an empty file; refuses other programs' and newer ones. */
gable_status store_schema(struct store *s, gable_error *e);
#endif
