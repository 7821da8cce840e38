#include "store/fields.h"

#include "bench/record.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define RUN(member, as)                                                                      \
    {                                                                                        \
#member, FIELD_##as, offsetof(struct run, member), sizeof(((struct run *)0)->member) \
    }
#define RUN_AS(column, member, as)                                                          \
    {                                                                                       \
        column, FIELD_##as, offsetof(struct run, member), sizeof(((struct run *)0)->member) \
    }
#define GROUP(member, as)                                                                                \
    {                                                                                                    \
#member, FIELD_##as, offsetof(struct run_group, member), sizeof(((struct run_group *)0)->member) \
    }

const struct field run_fields[] = {
    RUN(model, TEXT),
    RUN(label, TEXT),
    RUN(engine, TEXT),
    RUN(device, TEXT),
    RUN(pass, TEXT),
    RUN(isa, TEXT),
    RUN(algorithms, TEXT),
    RUN(batch, INT),
    RUN(threads, INT),
    RUN(height, INT),
    RUN(width, INT),
    RUN(dtype, INT),
    RUN(round, INT),
    RUN(median_ns, REAL),
    RUN(low_ns, REAL),
    RUN(high_ns, REAL),
    RUN(p5_ns, REAL),
    RUN(p95_ns, REAL),
    RUN(min_ns, REAL),
    RUN(max_ns, REAL),
    RUN(mad_ns, REAL),
    RUN(p90_tail_ns, REAL),
    RUN(p99_tail_ns, REAL),
    RUN(n_clean, INT),
    RUN(block, INT),
    RUN(n_eff, REAL),
    RUN(setup_ns, REAL),
    RUN(first_ns, REAL),
    RUN(macs, INT64),
    RUN(flops_counted, INT64),
    RUN(flops_executed, INT64),
    RUN(params, INT64),
    RUN_AS("bytes_unfused", bytes.unfused, INT64),
    RUN_AS("bytes_fused", bytes.fused, INT64),
    RUN_AS("bytes_ideal", bytes.ideal, INT64),
    RUN(planned_bytes, SIZE),
    RUN(peak_rss_bytes, SIZE),
    RUN_AS("roof_peak", roof.peak, REAL),
    RUN_AS("roof_bandwidth", roof.bandwidth, REAL),
    RUN(probe_flops, REAL),
    RUN(probe_bytes, REAL),
    RUN(flops_per_s, REAL),
    RUN(intensity, REAL),
    RUN(attainable, REAL),
    RUN(efficiency, REAL),
    RUN(efficiency_low, REAL),
    RUN(efficiency_high, REAL),
    RUN(bound, INT),
    RUN(valid, BOOL),
    RUN(reason, INT),
    RUN(notes, UINT64),
    RUN(marked_share, REAL),
    RUN(sum_ns, REAL),
    RUN(instrumented_ns, REAL),
    RUN(started_utc, INT64),
};
const int n_run_fields = (int)COUNT_OF(run_fields);

const struct field group_fields[] = {
    GROUP(name, TEXT),          GROUP(kernel, TEXT),         GROUP(kind, INT),   GROUP(median_ns, REAL),
    GROUP(flops_counted, REAL), GROUP(flops_executed, REAL), GROUP(bytes, REAL), GROUP(floor_ns, REAL),
};
const int n_group_fields = (int)COUNT_OF(group_fields);

void fields_declare(struct text *sql, const struct field *f, int n)
{
    for (int i = 0; i < n; i++)
        text_addf(sql, ", %s %s", f[i].column,
                  f[i].type == FIELD_REAL   ? "REAL"
                  : f[i].type == FIELD_TEXT ? "TEXT NOT NULL"
                                            : "INTEGER NOT NULL");
}

void fields_names(struct text *sql, const struct field *f, int n)
{
    for (int i = 0; i < n; i++) text_addf(sql, ", %s", f[i].column);
}

static int bind_one(sqlite3_stmt *q, int at, const struct field *f, const void *value)
{
    switch (f->type) {
    case FIELD_INT: return sqlite3_bind_int(q, at, *(const int *)value);
    case FIELD_INT64: return sqlite3_bind_int64(q, at, *(const int64_t *)value);
    case FIELD_UINT64: return sqlite3_bind_int64(q, at, (sqlite3_int64) * (const uint64_t *)value);
    case FIELD_SIZE: return sqlite3_bind_int64(q, at, (sqlite3_int64) * (const size_t *)value);
    case FIELD_BOOL: return sqlite3_bind_int(q, at, *(const bool *)value);
    case FIELD_REAL: return sqlite3_bind_double(q, at, *(const double *)value); /* NaN is stored as NULL */
    case FIELD_TEXT: return sqlite3_bind_text(q, at, value, -1, SQLITE_TRANSIENT);
    }
    return SQLITE_MISUSE;
}

int fields_bind(sqlite3_stmt *q, int first, const struct field *f, int n, const void *from)
{
    int bad = SQLITE_OK;
    for (int i = 0; i < n && !bad; i++) bad = bind_one(q, first + i, &f[i], (const char *)from + f[i].offset);
    return bad;
}

static bool read_integer(sqlite3_stmt *q, int at, const struct field *f, void *to)
{
    sqlite3_int64 v = sqlite3_column_int64(q, at);
    if (sqlite3_column_type(q, at) != SQLITE_INTEGER) return false;
    if (f->type == FIELD_INT) {
        if (v < INT_MIN || v > INT_MAX) return false;
        *(int *)to = (int)v;
    } else if (f->type == FIELD_BOOL) {
        *(bool *)to = v != 0;
    } else if (f->type == FIELD_SIZE) {
        *(size_t *)to = (size_t)v;
    } else if (f->type == FIELD_UINT64) {
        *(uint64_t *)to = (uint64_t)v;
    } else {
        *(int64_t *)to = v;
    }
    return true;
}

static bool read_text(sqlite3_stmt *q, int at, const struct field *f, char *to)
{
    const unsigned char *text = sqlite3_column_text(q, at);
    size_t n = (size_t)sqlite3_column_bytes(q, at);
    if (!text || n >= f->room || memchr(text, '\0', n)) return false;
    memcpy(to, text, n);
    to[n] = '\0';
    return true;
}

bool fields_read(sqlite3_stmt *q, int first, const struct field *f, int n, void *to)
{
    for (int i = 0; i < n; i++) {
        void *value = (char *)to + f[i].offset;
        bool ok = true;
        if (f[i].type == FIELD_TEXT)
            ok = read_text(q, first + i, &f[i], value);
        else if (f[i].type != FIELD_REAL)
            ok = read_integer(q, first + i, &f[i], value);
        else
            *(double *)value =
                sqlite3_column_type(q, first + i) == SQLITE_NULL ? NAN : sqlite3_column_double(q, first + i);
        if (!ok) return false;
    }
    return true;
}
