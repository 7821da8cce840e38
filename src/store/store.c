/* Opening, closing, errors. */
#include "base/file.h"
#include "store/handle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

enum { BUSY_MS = 10000 };

/* SQLite's answer, and what a person can do. */
static const struct {
    int code;
    gable_status status;
    const char *sentence;
} answers[] = {
    {SQLITE_BUSY, GABLE_FAILED, "another process holds the store locked for more than 10 s; end it or try again"},
    {SQLITE_LOCKED, GABLE_FAILED, "another process holds the store locked for more than 10 s; end it or try again"},
    {SQLITE_READONLY, GABLE_FAILED,
     "the store is read-only; make it and its folder writable, or give another with --store"},
    {SQLITE_CORRUPT, GABLE_BAD_INPUT, "the store is damaged; move it aside (nothing was changed) and start a new one"},
    {SQLITE_NOTADB, GABLE_BAD_INPUT, "is no SQLite database; give another file with --store"},
    {SQLITE_FULL, GABLE_FAILED, "the disk is full; earlier results are safe"},
    {SQLITE_IOERR, GABLE_FAILED, "the disk could not be read or written; earlier results are safe"},
    {SQLITE_CANTOPEN, GABLE_FAILED, "the store cannot be opened; check that its folder exists and is writable"},
    {SQLITE_NOMEM, GABLE_NO_MEMORY, "memory ran out in the store"},
    {SQLITE_TOOBIG, GABLE_BAD_INPUT, "the store holds a value that is too large: it is damaged"},
};

gable_status store_fail(const struct store *s, int code, gable_error *e)
{
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        if (answers[i].code == (code & 0xff)) {
            error_set(e, answers[i].status, "%s", answers[i].sentence);
            return e ? error_within(e, "%s", s->path) : answers[i].status;
        }
    error_set(e, GABLE_FAILED, "the store refused: %s", s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(code));
    return e ? error_within(e, "%s", s->path) : GABLE_FAILED;
}

gable_status store_damaged(const struct store *s, const char *what, gable_error *e)
{
    error_set(e, GABLE_BAD_INPUT, "the store is damaged (%s); move it aside (nothing was changed) and start a new one",
              what);
    return e ? error_within(e, "%s", s->path) : GABLE_BAD_INPUT;
}

gable_status store_execute(struct store *s, const char *sql, gable_error *e)
{
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return code ? store_fail(s, code, e) : GABLE_OK;
}

gable_status store_prepare(struct store *s, const char *sql, sqlite3_stmt **out, gable_error *e)
{
    int code = sqlite3_prepare_v2(s->db, sql, -1, out, NULL);
    if (code == SQLITE_ERROR) return store_damaged(s, "a table or a column is missing", e);
    return code ? store_fail(s, code, e) : GABLE_OK;
}

gable_status store_finish(struct store *s, sqlite3_stmt *q, int bad, gable_error *e)
{
    int code = bad ? bad : sqlite3_step(q);
    gable_status status = code == SQLITE_DONE || code == SQLITE_ROW ? GABLE_OK : store_fail(s, code, e);
    sqlite3_finalize(q);
    return status;
}

/* Where shared memory between machines does not work, write-ahead logging does not. */
static bool is_on_network(const char *path)
{
    static const unsigned long kinds[] = {0x6969 /* NFS */, 0xff534d42 /* CIFS */, 0xfe534d42 /* SMB2 */,
                                          0x517b /* SMB */, 0x01021997 /* 9p */,   0x65735546 /* FUSE */};
    struct statfs fs;
    if (statfs(path, &fs)) return false;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (((unsigned long)fs.f_type & 0xffffffffUL) == kinds[i]) return true;
    return false;
}

static gable_status configure(struct store *s, gable_error *e)
{
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, 64 << 20);
    return store_execute(s, "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL;", e);
}

static gable_status find_path(const char *path, struct store *s, gable_error *e)
{
    if (path) {
        if (strlen(path) < sizeof s->path) {
            snprintf(s->path, sizeof s->path, "%s", path);
            return GABLE_OK;
        }
        return error_set(e, GABLE_USAGE, "the store's path is longer than %zu bytes", sizeof s->path - 1);
    }
    gable_status status = file_data_path("gable.db", s->path, sizeof s->path, e);
    char folder[sizeof s->path];
    if (status) return status;
    snprintf(folder, sizeof folder, "%s", s->path);
    char *last = strrchr(folder, '/');
    if (last) *last = '\0';
    return folder_make(folder, e);
}

static gable_status open_file(struct store *s, gable_error *e)
{
    int code =
        sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, NULL);
    if (!code) sqlite3_extended_result_codes(s->db, 1);
    gable_status status = code ? store_fail(s, code, e) : configure(s, e);
    if (!status && sqlite3_db_readonly(s->db, "main") == 1) status = store_fail(s, SQLITE_READONLY, e);
    if (!status) status = store_schema(s, e);
    if (!status)
        status =
            store_execute(s, is_on_network(s->path) ? "PRAGMA journal_mode = DELETE" : "PRAGMA journal_mode = WAL", e);
    return status;
}

gable_status store_open(const char *path, struct store **out, gable_error *e)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s) return error_set(e, GABLE_NO_MEMORY, "no memory for the store");
    gable_status status = find_path(path, s, e);
    if (!status) status = open_file(s, e);
    if (status) {
        store_close(s);
        return status;
    }
    *out = s;
    return GABLE_OK;
}

void store_close(struct store *s)
{
    if (!s) return;
    sqlite3_close(s->db);
    free(s);
}

const char *store_path(const struct store *s) { return s->path; }
bool store_is_on_network(const struct store *s) { return is_on_network(s->path); }
