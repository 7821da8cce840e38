/* What is put comes back; what is not ours or not whole is refused in one line; nothing finished is lost. */
#include "check.h"

#include "learn/learned.h"
#include "store/fields.h"
#include "store/store.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char folder[64], path[96];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p) return -1;
    snprintf(p->folder, sizeof p->folder, "/tmp/gable-store-XXXXXX");
    if (!mkdtemp(p->folder)) return -1;
    snprintf(p->path, sizeof p->path, "%s/a.db", p->folder);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-shm", "a.db-journal", "b.db"};
    struct place *p = *state;
    char path[160];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", p->folder, names[i]);
        unlink(path);
    }
    int bad = rmdir(p->folder);
    free(p);
    return bad;
}

static struct store *opened(const char *path)
{
    struct store *s = NULL;
    gable_error e = {0};
    assert_ok(store_open(path, &s, &e), &e);
    return s;
}

/* Every field gets a value of its own, from the same table that writes it: a column read into the wrong place shows. */
static void fill(const struct field *f, int n, void *to, int seed)
{
    for (int i = 0; i < n; i++) {
        void *value = (char *)to + f[i].offset;
        int number = seed + i + 1;
        switch (f[i].type) {
        case FIELD_INT: *(int *)value = number; break;
        case FIELD_INT64: *(int64_t *)value = INT64_MAX - number; break;
        case FIELD_UINT64: *(uint64_t *)value = UINT64_MAX - (uint64_t)number; break;
        case FIELD_SIZE: *(size_t *)value = (size_t)number << 33; break;
        case FIELD_BOOL: *(bool *)value = true; break;
        case FIELD_REAL: *(double *)value = number / 3.0; break;
        case FIELD_TEXT: snprintf(value, f[i].room, "\"%d'; DROP TABLE runs; --", number); break;
        }
    }
}

static struct run make_run(int round)
{
    enum { SAMPLES = 5, GROUPS = 3 };
    struct run r = {0};
    fill(run_fields, n_run_fields, &r, 1000 * round);
    snprintf(r.model, sizeof r.model, "resnet18");
    snprintf(r.engine, sizeof r.engine, "cpu");
    snprintf(r.pass, sizeof r.pass, "forward");
    r.batch = 64;
    r.threads = 2;
    r.height = r.width = 224;
    r.round = round;
    r.dtype = DTYPE_F32;
    r.bound = BOUND_COMPUTE;
    r.reason = CODE_CI_WIDE;
    r.p5_ns = NAN;
    r.samples = calloc(SAMPLES, sizeof *r.samples);
    r.groups = calloc(GROUPS, sizeof *r.groups);
    r.environment = json_pack("{s:s, s:n, s:f}", "cpu", "made up", "governor", "load", 0.25);
    assert_true(r.samples && r.groups && r.environment);
    for (r.n_samples = 0; r.n_samples < SAMPLES; r.n_samples++)
        r.samples[r.n_samples] = (struct sample){INT64_C(1) << (40 + r.n_samples), 77 + r.n_samples, 8u, 0xfffffff0u};
    for (r.n_groups = 0; r.n_groups < GROUPS; r.n_groups++) {
        fill(group_fields, n_group_fields, &r.groups[r.n_groups], 10 * r.n_groups);
        r.groups[r.n_groups].kind = KIND_DEPTHWISE;
    }
    return r;
}

static void assert_fields_equal(const struct field *f, int n, const void *a, const void *b)
{
    for (int i = 0; i < n; i++) {
        const char *x = (const char *)a + f[i].offset, *y = (const char *)b + f[i].offset;
        bool both_nan = f[i].type == FIELD_REAL && isnan(*(const double *)(const void *)x) &&
                        isnan(*(const double *)(const void *)y);
        int differs = f[i].type == FIELD_TEXT ? strcmp(x, y) : memcmp(x, y, f[i].room);
        if (differs && !both_nan) fail_msg("%s did not come back", f[i].column);
    }
}

static void assert_runs_equal(const struct run *a, const struct run *b)
{
    assert_fields_equal(run_fields, n_run_fields, a, b);
    assert_int_equal(a->n_samples, b->n_samples);
    assert_memory_equal(a->samples, b->samples, (size_t)a->n_samples * sizeof *a->samples);
    assert_int_equal(a->n_groups, b->n_groups);
    for (int i = 0; i < a->n_groups; i++)
        assert_fields_equal(group_fields, n_group_fields, &a->groups[i], &b->groups[i]);
    assert_true(json_equal(a->environment, b->environment));
}

static void put(const char *path, int round)
{
    gable_error e = {0};
    struct store *s = opened(path);
    struct run r = make_run(round);
    assert_ok(store_put_runs(s, &r, 1, "c", &e), &e);
    run_release(&r);
    store_close(s);
}

static int count_runs(const char *path)
{
    gable_error e = {0};
    struct store *s = opened(path);
    struct run *runs;
    int n;
    assert_ok(store_runs(s, "c", &runs, &n, &e), &e);
    for (int i = 0; i < n; i++) {
        struct run made = make_run(runs[i].round);
        assert_runs_equal(&made, &runs[i]);
        run_release(&made);
        run_release(&runs[i]);
    }
    free(runs);
    store_close(s);
    return n;
}

static void every_field_comes_back(void **state)
{
    struct place *p = *state;
    put(p->path, 0);
    put(p->path, 1);
    assert_int_equal(count_runs(p->path), 2); /* compares each with what was made */
}

/* The table names every member of struct run that holds a value: no two overlap and nothing between is left out. */
static void every_member_has_a_column(void **state)
{
    unsigned char seen[sizeof(struct run)] = {0};
    (void)state;
    for (int i = 0; i < n_run_fields; i++)
        for (size_t j = 0; j < run_fields[i].room; j++) assert_int_equal(seen[run_fields[i].offset + j]++, 0);
    size_t left_out = 0, end = offsetof(struct run, environment);
    for (size_t i = 0; i < end; i++) left_out += !seen[i];
    assert_true(left_out < 40); /* padding */
}

static void a_point_is_finished_only_when_all_of_it_is_equal(void **state)
{
    struct place *p = *state;
    gable_error e = {0};
    bool has = true;
    struct store *s = opened(p->path);
    struct run r = make_run(0);
    assert_ok(store_has_point(s, "c", &r, &has, &e), &e);
    assert_false(has);
    assert_ok(store_put_runs(s, &r, 1, "c", &e), &e);
    assert_ok(store_has_point(s, "c", &r, &has, &e), &e);
    assert_true(has);
    assert_ok(store_has_point(s, "other", &r, &has, &e), &e);
    assert_false(has);
    int *const members[] = {&r.batch, &r.threads, &r.height, &r.width, &r.round};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        ++*members[i];
        assert_ok(store_has_point(s, "c", &r, &has, &e), &e);
        assert_false(has);
        --*members[i];
    }
    r.reason = CODE_INTERRUPTED; /* stored, and to be done again */
    assert_ok(store_put_runs(s, &r, 1, "i", &e), &e);
    assert_ok(store_has_point(s, "i", &r, &has, &e), &e);
    assert_false(has);
    run_release(&r);
    store_close(s);
}

static void named_values_are_replaced(void **state)
{
    struct place *p = *state;
    gable_error e = {0};
    char *value = NULL;
    struct store *s = opened(p->path);
    assert_ok(store_get(s, "k", &value, &e), &e);
    assert_null(value);
    assert_ok(store_put(s, "k", "one", &e), &e);
    assert_ok(store_put(s, "k", "two", &e), &e);
    assert_ok(store_get(s, "k", &value, &e), &e);
    assert_string_equal(value, "two");
    free(value);
    store_close(s);
}

static void machines_come_back_newest_first(void **state)
{
    struct place *p = *state;
    gable_error e = {0};
    bool found = true;
    struct machine *m = calloc(1, sizeof *m), *back = calloc(1, sizeof *back);
    struct store *s = opened(p->path);
    assert_true(m && back);
    snprintf(m->topology.cpu, sizeof m->topology.cpu, "Made-up CPU");
    m->topology.cores = 2;
    m->topology.memory_bytes = (size_t)8 << 30;
    m->n_ceilings = 1;
    m->ceilings[0] = (struct ceiling){.kind = CEILING_COMPUTE,
                                      .level = "vector",
                                      .dtype = DTYPE_F32,
                                      .threads = 2,
                                      .value = 2e11,
                                      .low = 1.9e11,
                                      .high = 2.1e11,
                                      .valid = true};
    assert_ok(store_last_machine(s, &m->topology, back, &found, &e), &e);
    assert_false(found);
    for (m->measured_utc = 200; m->measured_utc >= 100; m->measured_utc -= 100)
        assert_ok(store_put_machine(s, m, &e), &e);
    assert_ok(store_last_machine(s, &m->topology, back, &found, &e), &e);
    assert_true(found);
    assert_int_equal(back->measured_utc, 200);
    assert_true(back->ceilings[0].value == 2e11);
    m->topology.cores = 4;
    assert_ok(store_last_machine(s, &m->topology, back, &found, &e), &e);
    assert_false(found);
    free(m);
    free(back);
    store_close(s);
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL)) fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static struct learned make_learned(uint64_t seed, int64_t utc)
{
    struct learned l = {.model = "resnet18",
                        .data = "flowers'; DROP TABLE learned; --",
                        .optimizer = "momentum",
                        .rate = 0.01,
                        .seed = seed,
                        .batch = 4,
                        .classes = 2,
                        .started_utc = utc,
                        .run = {.steps_per_epoch = 1}};
    l.run.losses = calloc(1, sizeof *l.run.losses);
    l.run.epochs = calloc(1, sizeof *l.run.epochs);
    assert_true(l.run.losses && l.run.epochs);
    l.run.n_losses = l.run.n_epochs = 1;
    l.run.losses[0] = l.run.epochs[0].loss = (double)utc / 3;
    return l;
}
static void put_learned(struct store *s, uint64_t seed, int64_t utc)
{
    gable_error e = {0};
    struct learned l = make_learned(seed, utc);
    assert_ok(store_put_learned(s, &l, &e), &e);
    learned_release(&l);
}
/* Newest first, the same run begun again in the place of the old one; in a store of schema 1 too. */
static void training_runs_come_back(void **state)
{
    struct place *p = *state;
    gable_error e = {0};
    struct learned found[3];
    int n = 7;
    store_close(opened(p->path));
    execute(p->path, "DROP TABLE learned; PRAGMA user_version = 1");
    struct store *s = opened(p->path);
    assert_ok(store_learned(s, 3, found, &n, &e), &e);
    assert_int_equal(n, 0);
    for (int i = 1; i <= 4; i++) put_learned(s, (uint64_t)i, 100 * i);
    put_learned(s, 2, 1000);
    assert_ok(store_learned(s, 3, found, &n, &e), &e);
    assert_int_equal(n, 3);
    static const int seeds[] = {2, 4, 3};
    for (int i = 0; i < n; i++) assert_int_equal(found[i].seed, seeds[i]);
    assert_true(fabs(found[0].run.losses[0] - 1000.0 / 3) < 1e-9);
    for (int i = 0; i < n; i++) learned_release(&found[i]);
    store_close(s);
    execute(p->path, "UPDATE learned SET run = replace(run, '\"losses\":', '\"loses\":') WHERE started_utc = 400");
    s = opened(p->path);
    assert_int_not_equal(store_learned(s, 3, found, &n, &e), GABLE_OK);
    assert_contains(e.why, "not whole");
    assert_int_equal(n, 0);
    store_close(s);
}

static void assert_refused(const char *path, const char *because)
{
    struct store *s = NULL;
    gable_error e = {0};
    assert_int_not_equal(store_open(path, &s, &e), GABLE_OK);
    assert_null(s);
    assert_contains(e.why, because);
    assert_contains(e.where, path);
    assert_null(strchr(e.why, '\n'));
}

static void write_file(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void foreign_files_are_refused_and_left_alone(void **state)
{
    struct place *p = *state;
    struct stat before, after;
    execute(p->path, "CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x')");
    assert_int_equal(stat(p->path, &before), 0);
    assert_refused(p->path, "another program");
    assert_int_equal(stat(p->path, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    unlink(p->path);
    const char text[] = "This is a letter and no database, long enough for a header of one hundred bytes. "
                        "It goes on for a while, and then it ends.";
    write_file(p->path, text, sizeof text);
    assert_refused(p->path, "no SQLite database");
    unlink(p->path);
    put(p->path, 0);
    execute(p->path, "PRAGMA user_version = 99");
    assert_refused(p->path, "newer Gable");
}

static void a_missing_folder_and_a_link_are_refused(void **state)
{
    struct place *p = *state;
    char path[160];
    snprintf(path, sizeof path, "%s/none/a.db", p->folder);
    assert_refused(path, "cannot be opened");
    put(p->path, 0);
    snprintf(path, sizeof path, "%s/b.db", p->folder);
    assert_int_equal(symlink(p->path, path), 0);
    assert_refused(path, "cannot be opened");
}

/* Any byte of a real store changed: answered or refused, never a crash, and never a run that is half there. */
static void flipped_bits_are_answered_or_refused(void **state)
{
    struct place *p = *state;
    put(p->path, 0);
    execute(p->path, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
    FILE *f = fopen(p->path, "rb");
    static char bytes[1 << 18], broken[1 << 18];
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_in_range(n, 4096, sizeof bytes - 1);
    uint64_t random = 1;
    for (int i = 0; i < 150; i++) {
        memcpy(broken, bytes, n);
        for (int flips = 1 + i % 4; flips > 0; flips--) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            broken[(random >> 33) % n] ^= (char)(1 << (random >> 61));
        }
        write_file(p->path, broken, i % 5 ? n : n / 4 * (1 + (size_t)i % 3));
        struct store *s = NULL;
        struct run *runs = NULL;
        int found = 0;
        gable_error e = {0};
        gable_status status = store_open(p->path, &s, &e);
        if (!status) status = store_runs(s, "c", &runs, &found, &e);
        if (status) assert_true(e.why[0] != '\0');
        for (int j = 0; j < found; j++) run_release(&runs[j]);
        free(runs);
        store_close(s);
        unlink(p->path);
    }
    write_file(p->path, bytes, n);
    assert_int_equal(count_runs(p->path), 1);
}

/* A writer killed at any moment: what it was told is stored is there, whole; nothing is half there. */
static void killed_writers_lose_nothing_finished(void **state)
{
    struct place *p = *state;
    int told = 0;
    put(p->path, 0);
    for (int i = 0; i < 12; i++) {
        int ends[2], said;
        char byte;
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct store *s = NULL;
            struct run r = make_run(i);
            if (store_open(p->path, &s, NULL)) _exit(1);
            while (!store_put_runs(s, &r, 1, "c", NULL) && write(ends[1], "x", 1) == 1) {}
            _exit(1);
        }
        close(ends[1]);
        for (said = 0; said < 1 + i % 4 && read(ends[0], &byte, 1) == 1;) said++;
        usleep((useconds_t)(i * 97 % 700));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(ends[0], &byte, 1) == 1) said++;
        close(ends[0]);
        told += said;
        int there = count_runs(p->path) - 1;
        assert_in_range(there, told, told + i + 1); /* each may have committed one more than it could say */
    }
}

static void two_writers_both_keep_their_rows(void **state)
{
    enum { EACH = 20 };
    struct place *p = *state;
    pid_t pids[2];
    put(p->path, 0);
    for (int i = 0; i < 2; i++) {
        if ((pids[i] = fork()) == 0) {
            struct store *s = NULL;
            int bad = store_open(p->path, &s, NULL) != GABLE_OK;
            for (int j = 0; j < EACH && !bad; j++) {
                struct run r = make_run(i);
                bad = store_put_runs(s, &r, 1, "c", NULL) != GABLE_OK;
                run_release(&r);
            }
            store_close(s);
            _exit(bad);
        }
    }
    for (int i = 0; i < 2; i++) {
        int status = 1;
        waitpid(pids[i], &status, 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_runs(p->path), 2 * EACH + 1);
}

static void read_only_is_said(void **state)
{
    struct place *p = *state;
    put(p->path, 0);
    if (geteuid() == 0) skip(); /* root writes what it may not */
    chmod(p->path, 0400);
    assert_refused(p->path, "read-only");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_field_comes_back),
        TEST(every_member_has_a_column),
        TEST(a_point_is_finished_only_when_all_of_it_is_equal),
        TEST(named_values_are_replaced),
        TEST(machines_come_back_newest_first),
        TEST(training_runs_come_back),
        TEST(foreign_files_are_refused_and_left_alone),
        TEST(a_missing_folder_and_a_link_are_refused),
        TEST(flipped_bits_are_answered_or_refused),
        TEST(killed_writers_lose_nothing_finished),
        TEST(two_writers_both_keep_their_rows),
        TEST(read_only_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
