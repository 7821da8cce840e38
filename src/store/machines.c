/* Machines and small named values. */
#include "store/handle.h"

#include <stdlib.h>
#include <string.h>

gable_status store_put_machine(struct store *s, const struct machine *m, gable_error *e)
{
    sqlite3_stmt *q = NULL;
    json_t *j = machine_json(m);
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    if (!text) return error_set(e, GABLE_NO_MEMORY, "no memory to store the machine");
    gable_status status = store_prepare(
        s, "INSERT INTO machines (measured_utc, cpu, cores, memory_bytes, machine) VALUES (?, ?, ?, ?, ?)", &q, e);
    if (!status) {
        int bad = sqlite3_bind_int64(q, 1, m->measured_utc);
        if (!bad) bad = sqlite3_bind_text(q, 2, m->topology.cpu, -1, SQLITE_STATIC);
        if (!bad) bad = sqlite3_bind_int(q, 3, m->topology.cores);
        if (!bad) bad = sqlite3_bind_int64(q, 4, (sqlite3_int64)m->topology.memory_bytes);
        if (!bad) bad = sqlite3_bind_text(q, 5, text, -1, SQLITE_STATIC);
        status = store_finish(s, q, bad, e);
    }
    free(text);
    return status;
}

static gable_status read_machine(struct store *s, const char *text, struct machine *out, gable_error *e)
{
    json_t *j = text ? json_loads(text, 0, NULL) : NULL;
    gable_status status = j ? machine_from_json(j, out, NULL) : GABLE_BAD_INPUT;
    json_decref(j);
    return status ? store_damaged(s, "a machine's record is not whole", e) : GABLE_OK;
}

gable_status store_last_machine(struct store *s, const struct topology *like, struct machine *out, bool *found,
                                gable_error *e)
{
    sqlite3_stmt *q = NULL;
    *found = false;
    gable_status status = store_prepare(s,
                                        "SELECT machine FROM machines WHERE cpu = ? AND cores = ? AND memory_bytes = ? "
                                        "ORDER BY measured_utc DESC, id DESC LIMIT 1",
                                        &q, e);
    if (status) return status;
    int code = sqlite3_bind_text(q, 1, like->cpu, -1, SQLITE_STATIC);
    if (!code) code = sqlite3_bind_int(q, 2, like->cores);
    if (!code) code = sqlite3_bind_int64(q, 3, (sqlite3_int64)like->memory_bytes);
    if (!code) code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        status = read_machine(s, (const char *)sqlite3_column_text(q, 0), out, e);
        *found = !status;
    } else if (code != SQLITE_DONE) {
        status = store_fail(s, code, e);
    }
    sqlite3_finalize(q);
    return status;
}

gable_status store_get(struct store *s, const char *key, char **out, gable_error *e)
{
    sqlite3_stmt *q = NULL;
    *out = NULL;
    gable_status status = store_prepare(s, "SELECT value FROM named WHERE key = ?", &q, e);
    if (status) return status;
    int code = sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
    if (!code) code = sqlite3_step(q);
    const char *value = code == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
    if (value && !(*out = strdup(value))) status = error_set(e, GABLE_NO_MEMORY, "no memory for a stored value");
    if (code != SQLITE_ROW && code != SQLITE_DONE) status = store_fail(s, code, e);
    sqlite3_finalize(q);
    return status;
}

gable_status store_put(struct store *s, const char *key, const char *value, gable_error *e)
{
    sqlite3_stmt *q = NULL;
    gable_status status = store_prepare(
        s, "INSERT INTO named (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", &q,
        e);
    if (status) return status;
    int bad = sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
    if (!bad) bad = sqlite3_bind_text(q, 2, value, -1, SQLITE_STATIC);
    return store_finish(s, q, bad, e);
}
