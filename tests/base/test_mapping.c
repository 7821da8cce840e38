/* Mapped files that are cut, or grow, or vanish while they are mapped: said, and no signal ends the process. */
#include "base/mapping.h"

#include "base/file.h"
#include "check.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 40000 };
static char path[] = "/tmp/gable-mapping-XXXXXX";

static void open_new(struct mapping *m)
{
    static char bytes[BYTES];
    gable_error e = {0};
    memset(bytes, 7, sizeof bytes);
    assert_ok(file_write(path, bytes, sizeof bytes, &e), &e);
    assert_ok(mapping_open(m, path, &e), &e);
    assert_int_equal(m->len, BYTES);
}

static long sum(const struct mapping *m)
{
    long total = 0;
    for (size_t i = 0; i < m->len; i++) total += m->bytes[i];
    return total;
}

static void a_whole_file_is_read(void **state)
{
    struct mapping m;
    gable_error e = {0};
    (void)state;
    open_new(&m);
    assert_int_equal(sum(&m), 7L * BYTES);
    assert_int_equal(unlink(path), 0); /* its bytes stay */
    assert_int_equal(sum(&m), 7L * BYTES);
    assert_ok(mapping_check(&m, &e), &e);
    mapping_close(&m);
    mapping_close(&m);
}

/* Page by page, within a page, and to nothing. */
static void what_is_cut_reads_as_zeros(void **state)
{
    static const struct {
        off_t left;
        const char *why;
    } cases[] = {{39999, "was cut while it was read: 39999 of its 40000 bytes are left; try again"},
                 {4096, "was cut while it was read: 4096 of its 40000 bytes are left; try again"},
                 {0, "was cut while it was read: 0 of its 40000 bytes are left; try again"}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mapping m;
        gable_error e = {0};
        open_new(&m);
        assert_int_equal(m.bytes[BYTES - 1], 7);
        assert_int_equal(truncate(path, cases[i].left), 0);
        assert_int_equal(sum(&m), 7 * cases[i].left);
        assert_int_equal(mapping_check(&m, &e), GABLE_BAD_INPUT);
        assert_string_equal(e.why, cases[i].why);
        mapping_close(&m);
    }
    unlink(path);
}

/* Cut and written again: as long as it was, but not what was mapped. */
static void what_came_back_is_not_believed(void **state)
{
    struct mapping m;
    gable_error e = {0};
    (void)state;
    open_new(&m);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(m.bytes[8192], 0);
    assert_int_equal(truncate(path, BYTES), 0);
    assert_int_equal(mapping_check(&m, &e), GABLE_FAILED);
    assert_string_equal(e.why, "cannot be read from byte 8192 on: its disk fails, or it was cut meanwhile");
    mapping_close(&m);
    unlink(path);
}

static void several_are_told_apart(void **state)
{
    struct mapping m[MAPPINGS_MAX], more;
    gable_error e = {0};
    (void)state;
    for (int i = 0; i < MAPPINGS_MAX; i++) {
        open_new(&m[i]); /* each a file of its own: the name is given to the next one */
        if (i == 3) assert_int_equal(truncate(path, 100), 0);
    }
    assert_int_equal(mapping_open(&more, path, &e), GABLE_FAILED);
    assert_string_equal(e.why, "cannot be mapped: 16 other files are");
    for (int i = 0; i < MAPPINGS_MAX; i++) {
        assert_int_equal(sum(&m[i]), i == 3 ? 700 : 7L * BYTES);
        assert_int_equal(mapping_check(&m[i], &e) != GABLE_OK, i == 3);
        mapping_close(&m[i]);
    }
    unlink(path);
}

/* A fault elsewhere ends the process as it does without us, while a file is mapped and after. */
static void faults_of_others_stay_theirs(void **state)
{
    (void)state;
    for (int is_open = 0; is_open < 2; is_open++) {
        struct mapping m;
        int status = 0;
        open_new(&m);
        volatile char *other = mmap(NULL, 4096, PROT_READ, MAP_SHARED, m.fd, 0);
        assert_true(other != MAP_FAILED);
        assert_int_equal(truncate(path, 0), 0);
        if (!is_open) mapping_close(&m);
        pid_t child = fork();
        if (child == 0) {
            mapping_close(&m);
            signal(SIGBUS, SIG_DFL); /* not cmocka's, nor a sanitizer's */
            if (is_open) open_new(&m);
            (void)*other;
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
        if (is_open) mapping_close(&m);
        munmap((void *)other, 4096);
        unlink(path);
    }
}

static void what_is_no_file_is_refused(void **state)
{
    struct mapping m;
    gable_error e = {0};
    (void)state;
    assert_ok(file_write(path, "", 0, &e), &e);
    assert_int_equal(mapping_open(&m, path, &e), GABLE_BAD_INPUT);
    assert_string_equal(e.why, "is empty");
    unlink(path);
    assert_int_equal(mapping_open(&m, path, &e), GABLE_USAGE);
    assert_int_equal(mapping_open(&m, "/dev/zero", &e), GABLE_BAD_INPUT);
    assert_string_equal(e.why, "is not a regular file");
    assert_null(m.bytes);
}

static int start(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_read),           cmocka_unit_test(what_is_cut_reads_as_zeros),
        cmocka_unit_test(what_came_back_is_not_believed), cmocka_unit_test(several_are_told_apart),
        cmocka_unit_test(faults_of_others_stay_theirs),   cmocka_unit_test(what_is_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
