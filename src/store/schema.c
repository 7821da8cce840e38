/* What a store's file holds, and which files are not ours. */
#include "store/fields.h"
#include "store/handle.h"

enum { APPLICATION_ID = 0x67616265 /* "gabe" */, VERSION = 2 };

static gable_status number(struct store *s, const char *sql, int *out, gable_error *e)
{
    sqlite3_stmt *q = NULL;
    gable_status status = store_prepare(s, sql, &q, e);
    if (status) return status;
    int code = sqlite3_step(q);
    *out = code == SQLITE_ROW ? sqlite3_column_int(q, 0) : 0;
    sqlite3_finalize(q);
    return code == SQLITE_ROW ? GABLE_OK : store_fail(s, code, e);
}

/* The tables of schema 1. */
static void add_first_tables(struct text *sql)
{
    text_add(sql, "CREATE TABLE runs (id INTEGER PRIMARY KEY, campaign TEXT NOT NULL");
    fields_declare(sql, run_fields, n_run_fields);
    text_add(sql, ", environment TEXT, samples BLOB NOT NULL) STRICT;"
                  "CREATE INDEX runs_by_campaign ON runs (campaign, id);"
                  "CREATE TABLE groups (run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, "
                  "place INTEGER NOT NULL");
    fields_declare(sql, group_fields, n_group_fields);
    text_add(sql, ", PRIMARY KEY (run, place)) STRICT;"
                  "CREATE TABLE machines (id INTEGER PRIMARY KEY, measured_utc INTEGER NOT NULL, cpu TEXT NOT NULL, "
                  "cores INTEGER NOT NULL, memory_bytes INTEGER NOT NULL, machine TEXT NOT NULL) STRICT;"
                  "CREATE TABLE named (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;");
    text_addf(sql, "PRAGMA application_id = %d;", APPLICATION_ID);
}
static void add_tables(struct text *sql, int version)
{
    if (version < 1) add_first_tables(sql);
    if (version < 2)
        text_add(sql, "CREATE TABLE learned (what TEXT PRIMARY KEY, started_utc INTEGER NOT NULL, run TEXT NOT NULL) "
                      "STRICT;");
    text_addf(sql, "PRAGMA user_version = %d;", VERSION);
}

/* Of an empty file and of our own of an older schema. */
static gable_status needs_tables(struct store *s, bool *needs, int *version, gable_error *e)
{
    int application = 0, tables = 0;
    gable_status status = number(s, "SELECT count(*) FROM sqlite_schema", &tables, e);
    if (!status) status = number(s, "PRAGMA application_id", &application, e);
    if (!status) status = number(s, "PRAGMA user_version", version, e);
    if (!tables) *version = 0;
    *needs = !tables || (application == APPLICATION_ID && *version >= 1 && *version < VERSION);
    return status;
}
/* Under a write lock: two processes may open the same new file. */
static gable_status make(struct store *s, gable_error *e)
{
    struct text sql = {0};
    bool needs = false;
    int version = 0;
    gable_status status = store_execute(s, "BEGIN IMMEDIATE", e);
    if (status) return status;
    status = needs_tables(s, &needs, &version, e);
    if (!status && needs) {
        add_tables(&sql, version);
        status = sql.failed ? error_set(e, GABLE_NO_MEMORY, "no memory for the store's tables")
                            : store_execute(s, sql.data, e);
    }
    text_release(&sql);
    if (!status) status = store_execute(s, "COMMIT", e);
    if (status) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

gable_status store_schema(struct store *s, gable_error *e)
{
    int application = 0, version = 0;
    bool needs = false;
    gable_status status = needs_tables(s, &needs, &version, e);
    if (!status && needs) status = make(s, e);
    if (!status) status = number(s, "PRAGMA application_id", &application, e);
    if (!status) status = number(s, "PRAGMA user_version", &version, e);
    if (status) return status;
    if (application != APPLICATION_ID) {
        error_set(e, GABLE_BAD_INPUT, "is the database of another program; give another file with --store");
        return error_within(e, "%s", s->path);
    }
    if (version <= VERSION) return GABLE_OK;
    error_set(e, GABLE_BAD_INPUT,
              "was written by a newer Gable (schema %d, this one knows %d); upgrade, or give another "
              "file with --store",
              version, VERSION);
    return error_within(e, "%s", s->path);
}
