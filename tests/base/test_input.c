/* Standard input as a file: from a file, from a pipe, twice, too long. */
#include "base/input.h"
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Standard input becomes a pipe that holds `text`. */
static void pipe_in(const char *text)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
}

static void assert_holds(const char *text)
{
    char got[64] = "";
    uint64_t size = 0;
    int fd = -1;
    gable_error e = {0};
    assert_ok(input_open("-", &fd, &size, &e), &e);
    assert_int_equal(size, strlen(text));
    assert_int_equal(pread(fd, got, sizeof got - 1, 0), (ssize_t)strlen(text));
    assert_string_equal(got, text);
    close(fd);
}

static void a_pipe_is_read_as_often_as_a_file(void **state)
{
    (void)state;
    pipe_in("one model");
    assert_holds("one model");
    assert_holds("one model");
}

static void a_file_by_redirection_is_taken_as_it_is(void **state)
{
    char path[] = "/tmp/gable-input-XXXXXX";
    (void)state;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "in a file", 9), 9);
    lseek(fd, 0, SEEK_SET);
    dup2(fd, STDIN_FILENO);
    assert_holds("in a file");
    lseek(fd, 3, SEEK_SET); /* somebody has read the start: the rest is meant */
    assert_holds("a file");
    assert_holds("a file");
    close(fd);
    unlink(path);
}

static void what_is_too_long_is_refused(void **state)
{
    gable_error e = {0};
    int fd = -1;
    (void)state;
    pipe_in("12345678");
    assert_int_equal(input_keep(STDIN_FILENO, 7, &fd, &e), GABLE_BAD_INPUT);
    assert_string_equal(e.why, "has more than 7 bytes: save it as a file first");
    pipe_in("12345678");
    assert_ok(input_keep(STDIN_FILENO, 8, &fd, &e), &e);
    close(fd);
}

static void folders_and_missing_files_are_refused(void **state)
{
    gable_error e = {0};
    uint64_t size;
    int fd;
    (void)state;
    assert_int_equal(input_open("/tmp", &fd, &size, &e), GABLE_BAD_INPUT);
    assert_string_equal(e.why, "is not a regular file");
    assert_int_equal(input_open("/tmp/no/such/file", &fd, &size, &e), GABLE_USAGE);
    dup2(open("/tmp", O_RDONLY | O_DIRECTORY), STDIN_FILENO);
    assert_int_equal(input_open("-", &fd, &size, &e), GABLE_FAILED);
    assert_string_equal(e.why, "cannot be read: Is a directory");
    assert_int_equal(fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_is_read_as_often_as_a_file),
        cmocka_unit_test(a_file_by_redirection_is_taken_as_it_is),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(folders_and_missing_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
