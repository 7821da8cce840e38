/* Runs with their groups, samples and environment: one transaction per point. */
#include "store/fields.h"
#include "store/handle.h"

#include <stdlib.h>
#include <string.h>

/* A sample as it is stored: little-endian, whatever the machine. */
enum { SAMPLE_BYTES = 24 };

static void put_number(unsigned char *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) to[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_number(const unsigned char *from, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)from[i] << (8 * i);
    return value;
}

static unsigned char *pack_samples(const struct run *r)
{
    unsigned char *all = malloc((size_t)r->n_samples * SAMPLE_BYTES + 1), *p = all;
    for (int i = 0; all && i < r->n_samples; i++, p += SAMPLE_BYTES) {
        put_number(p, (uint64_t)r->samples[i].start_ns, 8);
        put_number(p + 8, (uint64_t)r->samples[i].ns, 8);
        put_number(p + 16, r->samples[i].marks, 4);
        put_number(p + 20, r->samples[i].minor_faults, 4);
    }
    return all;
}

static gable_status unpack_samples(struct store *s, const unsigned char *p, int bytes, struct run *r, gable_error *e)
{
    if (bytes % SAMPLE_BYTES) return store_damaged(s, "a run's samples are not whole", e);
    int n = bytes / SAMPLE_BYTES;
    r->samples = n ? malloc((size_t)n * sizeof *r->samples) : NULL;
    if (n && !r->samples) return error_set(e, GABLE_NO_MEMORY, "no memory for %d stored samples", n);
    r->n_samples = n;
    for (int i = 0; i < n; i++, p += SAMPLE_BYTES)
        r->samples[i] = (struct sample){.start_ns = (int64_t)get_number(p, 8),
                                        .ns = (int64_t)get_number(p + 8, 8),
                                        .marks = (uint32_t)get_number(p + 16, 4),
                                        .minor_faults = (uint32_t)get_number(p + 20, 4)};
    return GABLE_OK;
}

static void add_places(struct text *sql, int n)
{
    for (int i = 0; i < n; i++) text_add(sql, i ? ", ?" : "?");
    text_add(sql, ")");
}

static gable_status put_groups(struct store *s, const struct run *r, sqlite3_int64 id, gable_error *e)
{
    struct text sql = {0};
    text_add(&sql, "INSERT INTO groups (run, place");
    fields_names(&sql, group_fields, n_group_fields);
    text_add(&sql, ") VALUES (");
    add_places(&sql, n_group_fields + 2);
    gable_status status = sql.failed ? error_set(e, GABLE_NO_MEMORY, "no memory to store groups") : GABLE_OK;
    for (int i = 0; i < r->n_groups && !status; i++) {
        sqlite3_stmt *q = NULL;
        if ((status = store_prepare(s, sql.data, &q, e))) break;
        int bad = sqlite3_bind_int64(q, 1, id);
        if (!bad) bad = sqlite3_bind_int(q, 2, i);
        if (!bad) bad = fields_bind(q, 3, group_fields, n_group_fields, &r->groups[i]);
        status = store_finish(s, q, bad, e);
    }
    text_release(&sql);
    return status;
}

static gable_status put_row(struct store *s, const struct run *r, const char *campaign, gable_error *e)
{
    struct text sql = {0};
    sqlite3_stmt *q = NULL;
    text_add(&sql, "INSERT INTO runs (campaign, environment, samples");
    fields_names(&sql, run_fields, n_run_fields);
    text_add(&sql, ") VALUES (");
    add_places(&sql, n_run_fields + 3);
    char *environment = r->environment ? json_dumps(r->environment, JSON_COMPACT) : NULL;
    unsigned char *samples = pack_samples(r);
    gable_status status = sql.failed || !samples || (r->environment && !environment)
                              ? error_set(e, GABLE_NO_MEMORY, "no memory to store a run")
                              : store_prepare(s, sql.data, &q, e);
    if (!status) {
        int bad = sqlite3_bind_text(q, 1, campaign, -1, SQLITE_STATIC);
        if (!bad) bad = sqlite3_bind_text(q, 2, environment, -1, SQLITE_STATIC); /* NULL stays NULL */
        if (!bad) bad = sqlite3_bind_blob(q, 3, samples, r->n_samples * SAMPLE_BYTES, SQLITE_STATIC);
        if (!bad) bad = fields_bind(q, 4, run_fields, n_run_fields, r);
        status = store_finish(s, q, bad, e);
    }
    text_release(&sql);
    free(environment);
    free(samples);
    return status;
}

gable_status store_put_runs(struct store *s, const struct run *r, int n, const char *campaign, gable_error *e)
{
    gable_status status = store_execute(s, "BEGIN IMMEDIATE", e);
    if (status) return status;
    for (int i = 0; !status && i < n; i++) {
        status = put_row(s, &r[i], campaign, e);
        if (!status) status = put_groups(s, &r[i], sqlite3_last_insert_rowid(s->db), e);
    }
    if (!status) status = store_execute(s, "COMMIT", e);
    if (status) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* Enumerations are stored as numbers: a number that no enumeration has is damage. */
static bool is_sensible(const struct run *r)
{
    return (int)r->dtype >= 0 && r->dtype < DTYPE_N && (int)r->bound >= 0 && r->bound < BOUND_N &&
           (int)r->reason >= 0 && r->reason < CODE_N && r->batch > 0 && r->block > 0;
}

static gable_status read_groups(struct store *s, sqlite3_int64 id, struct run *r, gable_error *e)
{
    struct text sql = {0};
    sqlite3_stmt *q = NULL;
    int code, room = 0;
    text_add(&sql, "SELECT place");
    fields_names(&sql, group_fields, n_group_fields);
    text_add(&sql, " FROM groups WHERE run = ? ORDER BY place");
    gable_status status =
        sql.failed ? error_set(e, GABLE_NO_MEMORY, "no memory to read groups") : store_prepare(s, sql.data, &q, e);
    text_release(&sql);
    if (status) return status;
    sqlite3_bind_int64(q, 1, id);
    while (!status && (code = sqlite3_step(q)) != SQLITE_DONE) {
        if (code != SQLITE_ROW) {
            status = store_fail(s, code, e);
            break;
        }
        if (r->n_groups == room) {
            struct run_group *grown = realloc(r->groups, (size_t)(room += 64) * sizeof *grown);
            if (!grown) {
                status = error_set(e, GABLE_NO_MEMORY, "no memory to read groups");
                break;
            }
            r->groups = grown;
        }
        struct run_group *g = &r->groups[r->n_groups++];
        *g = (struct run_group){0};
        if (!fields_read(q, 1, group_fields, n_group_fields, g) || (int)g->kind < 0 || g->kind >= KIND_N)
            status = store_damaged(s, "a group's record is not whole", e);
    }
    sqlite3_finalize(q);
    return status;
}

/* Columns: id, environment, samples, then the fields. */
static gable_status read_run(struct store *s, sqlite3_stmt *q, struct run *r, gable_error *e)
{
    const char *environment = (const char *)sqlite3_column_text(q, 1);
    *r = (struct run){0};
    if (!fields_read(q, 3, run_fields, n_run_fields, r) || !is_sensible(r))
        return store_damaged(s, "a run's record is not whole", e);
    if (environment && !(r->environment = json_loads(environment, 0, NULL)))
        return store_damaged(s, "a run's environment is no JSON", e);
    const unsigned char *samples = sqlite3_column_blob(q, 2);
    gable_status status = unpack_samples(s, samples, sqlite3_column_bytes(q, 2), r, e);
    return status ? status : read_groups(s, sqlite3_column_int64(q, 0), r, e);
}

static gable_status select_where(struct store *s, const char *where, sqlite3_stmt **q, gable_error *e)
{
    struct text sql = {0};
    text_add(&sql, "SELECT id, environment, samples");
    fields_names(&sql, run_fields, n_run_fields);
    text_addf(&sql, " FROM runs WHERE %s", where);
    gable_status status =
        sql.failed ? error_set(e, GABLE_NO_MEMORY, "no memory to read runs") : store_prepare(s, sql.data, q, e);
    text_release(&sql);
    return status;
}

static gable_status select_runs(struct store *s, const char *campaign, sqlite3_stmt **q, gable_error *e)
{
    gable_status status = select_where(s, "campaign = ? ORDER BY id", q, e);
    if (!status && sqlite3_bind_text(*q, 1, campaign, -1, SQLITE_STATIC)) {
        sqlite3_finalize(*q);
        status = error_set(e, GABLE_NO_MEMORY, "no memory to read runs");
    }
    return status;
}

gable_status store_last_run(struct store *s, const struct run *like, struct run *out, bool *found, gable_error *e)
{
    sqlite3_stmt *q = NULL;
    *found = false;
    *out = (struct run){0};
    gable_status status =
        select_where(s,
                     "model = ? AND engine = ? AND pass = ? AND device = ? AND batch = ? "
                     "AND threads = ? AND dtype = ? AND height = ? AND width = ? AND flops_counted = ? "
                     "AND valid = 1 AND EXISTS (SELECT 1 FROM groups WHERE run = runs.id) "
                     "ORDER BY id DESC LIMIT 1",
                     &q, e);
    if (status) return status;
    const char *const texts[] = {like->model, like->engine, like->pass, like->device};
    const int numbers[] = {like->batch, like->threads, (int)like->dtype, like->height, like->width};
    int code = SQLITE_OK, at = 1;
    for (size_t i = 0; i < COUNT_OF(texts) && !code; i++)
        code = sqlite3_bind_text(q, at++, texts[i], -1, SQLITE_STATIC);
    for (size_t i = 0; i < COUNT_OF(numbers) && !code; i++) code = sqlite3_bind_int(q, at++, numbers[i]);
    if (!code) code = sqlite3_bind_int64(q, at, (sqlite3_int64)like->flops_counted);
    if (!code) code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        status = read_run(s, q, out, e);
        *found = !status;
    } else if (code != SQLITE_DONE) {
        status = store_fail(s, code, e);
    }
    sqlite3_finalize(q);
    if (status) run_release(out);
    return status;
}

gable_status store_runs(struct store *s, const char *campaign, struct run **out, int *n, gable_error *e)
{
    sqlite3_stmt *q = NULL;
    int code, room = 0;
    *out = NULL;
    *n = 0;
    gable_status status = select_runs(s, campaign, &q, e);
    if (status) return status;
    while (!status && (code = sqlite3_step(q)) != SQLITE_DONE) {
        if (code != SQLITE_ROW) {
            status = store_fail(s, code, e);
            break;
        }
        if (*n == room) {
            struct run *grown = realloc(*out, (size_t)(room += 64) * sizeof *grown);
            if (!grown) {
                status = error_set(e, GABLE_NO_MEMORY, "no memory to read runs");
                break;
            }
            *out = grown;
        }
        status = read_run(s, q, &(*out)[(*n)++], e);
    }
    sqlite3_finalize(q);
    if (!status) return GABLE_OK;
    for (int i = 0; i < *n; i++) run_release(&(*out)[i]);
    free(*out);
    *out = NULL;
    *n = 0;
    return status;
}

gable_status store_has_point(struct store *s, const char *campaign, const struct run *like, bool *has, gable_error *e)
{
    sqlite3_stmt *q = NULL;
    *has = false;
    gable_status status =
        store_prepare(s,
                      "SELECT 1 FROM runs WHERE campaign = ? AND model = ? AND engine = ? AND pass = ? "
                      "AND batch = ? AND threads = ? AND dtype = ? AND height = ? AND width = ? "
                      "AND round = ? AND reason <> ? LIMIT 1",
                      &q, e);
    if (status) return status;
    const char *const texts[] = {campaign, like->model, like->engine, like->pass};
    const int numbers[] = {like->batch, like->threads, (int)like->dtype, like->height,
                           like->width, like->round,   CODE_INTERRUPTED};
    int code = SQLITE_OK, at = 1;
    for (size_t i = 0; i < COUNT_OF(texts) && !code; i++)
        code = sqlite3_bind_text(q, at++, texts[i], -1, SQLITE_STATIC);
    for (size_t i = 0; i < COUNT_OF(numbers) && !code; i++) code = sqlite3_bind_int(q, at++, numbers[i]);
    if (!code) code = sqlite3_step(q);
    *has = code == SQLITE_ROW;
    if (code != SQLITE_ROW && code != SQLITE_DONE) status = store_fail(s, code, e);
    sqlite3_finalize(q);
    return status;
}
