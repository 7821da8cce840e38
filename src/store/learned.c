/* Training runs: what they were, their losses. */
#include "learn/learned.h"

#include "store/handle.h"

#include <stdlib.h>

gable_status store_put_learned(struct store *s, const struct learned *l, gable_error *e)
{
    sqlite3_stmt *q = NULL;
    struct text key = {0};
    json_t *j = learned_json(l);
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
    json_decref(j);
    learned_key(l, &key);
    gable_status status = !text || key.failed
                              ? error_set(e, GABLE_NO_MEMORY, "no memory to store a training run")
                              : store_prepare(s,
                                              "INSERT INTO learned (what, started_utc, run) VALUES (?, ?, ?) ON "
                                              "CONFLICT (what) DO UPDATE SET started_utc = excluded.started_utc, "
                                              "run = excluded.run",
                                              &q, e);
    if (!status) {
        int bad = sqlite3_bind_text(q, 1, key.data, -1, SQLITE_STATIC);
        if (!bad) bad = sqlite3_bind_int64(q, 2, l->started_utc);
        if (!bad) bad = sqlite3_bind_text(q, 3, text, -1, SQLITE_STATIC);
        status = store_finish(s, q, bad, e);
    }
    text_release(&key);
    free(text);
    return status;
}

static gable_status read_learned(struct store *s, sqlite3_stmt *q, struct learned *out, gable_error *e)
{
    const char *text = (const char *)sqlite3_column_text(q, 0);
    json_t *j = text ? json_loads(text, 0, NULL) : NULL;
    gable_error ignored = {0};
    gable_status status = j ? learned_from_json(j, out, &ignored) : GABLE_BAD_INPUT;
    json_decref(j);
    return status ? store_damaged(s, "the record of a training run is not whole", e) : GABLE_OK;
}
gable_status store_learned(struct store *s, int most, struct learned *out, int *n, gable_error *e)
{
    sqlite3_stmt *q = NULL;
    int code;
    *n = 0;
    gable_status status =
        store_prepare(s, "SELECT run FROM learned ORDER BY started_utc DESC, rowid DESC LIMIT ?", &q, e);
    if (status) return status;
    sqlite3_bind_int(q, 1, most);
    while (!status && (code = sqlite3_step(q)) != SQLITE_DONE) {
        if (code == SQLITE_ROW)
            status = read_learned(s, q, &out[(*n)++], e);
        else
            status = store_fail(s, code, e);
    }
    sqlite3_finalize(q);
    if (!status) return GABLE_OK;
    while (*n > 0) learned_release(&out[--*n]);
    return status;
}
