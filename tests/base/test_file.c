#include "base/file.h"
#include "check.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_folder(void **state)
{
    static char folder[] = "/tmp/gable-file-XXXXXX";
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int drop_folder(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    return system(command);
}

static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    int n = -2; /* . and .. */
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static void what_is_written_is_read(void **state)
{
    char path[256], *bytes = NULL;
    size_t len = 0;
    gable_error e = {0};
    snprintf(path, sizeof path, "%s/a", (char *)*state);
    assert_ok(file_write(path, "x\0y", 3, &e), &e);
    assert_ok(file_read(path, 100, &bytes, &len, &e), &e);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "x\0y", 4); /* and a NUL behind */
    free(bytes);
    assert_int_equal(file_read(path, 2, &bytes, &len, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "at most 2");
    assert_contains(e.where, path);
}

static void folders_and_missing_files_are_refused(void **state)
{
    char path[256], *bytes = NULL;
    size_t len = 0;
    gable_error e = {0};
    assert_int_equal(file_read(*state, 100, &bytes, &len, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "regular file");
    snprintf(path, sizeof path, "%s/none", (char *)*state);
    assert_int_equal(file_read(path, 100, &bytes, &len, &e), GABLE_FAILED);
    assert_contains(e.why, "No such file");
}

/* A file size limit stands for a full disk: the write fails half way. */
static void a_failed_write_leaves_the_old_file(void **state)
{
    char path[256], *bytes = NULL, large[4096] = {0};
    size_t len = 0;
    gable_error e = {0};
    struct rlimit old, tight;
    snprintf(path, sizeof path, "%s/kept", (char *)*state);
    assert_ok(file_write(path, "old", 3, &e), &e);
    getrlimit(RLIMIT_FSIZE, &old);
    tight = old;
    tight.rlim_cur = 1024;
    setrlimit(RLIMIT_FSIZE, &tight);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(file_write(path, large, sizeof large, &e), GABLE_FAILED);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_contains(e.where, path);
    assert_ok(file_read(path, 100, &bytes, &len, &e), &e);
    assert_memory_equal(bytes, "old", 4);
    free(bytes);
    assert_int_equal(entries(*state), 1); /* no temporary stays */
}

static void folders_are_made_with_their_parents(void **state)
{
    char path[256];
    gable_error e = {0};
    struct stat st;
    snprintf(path, sizeof path, "%s/a/b/c", (char *)*state);
    assert_ok(folder_make(path, &e), &e);
    assert_ok(folder_make(path, &e), &e);
    assert_int_equal(stat(path, &st), 0);
    snprintf(path, sizeof path, "%s/f", (char *)*state);
    assert_ok(file_write(path, "", 0, &e), &e);
    assert_int_equal(folder_make(path, &e), GABLE_FAILED);
}

static void data_goes_where_xdg_says(void **state)
{
    (void)state;
    char path[256];
    gable_error e = {0};
    setenv("HOME", "/home/x", 1);
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_ok(file_data_path("gable.db", path, sizeof path, &e), &e);
    assert_string_equal(path, "/data/gable/gable.db");
    setenv("XDG_DATA_HOME", "relative", 1); /* ignored, says the standard */
    assert_ok(file_data_path("gable.db", path, sizeof path, &e), &e);
    assert_string_equal(path, "/home/x/.local/share/gable/gable.db");
    unsetenv("HOME");
    assert_int_equal(file_data_path("gable.db", path, sizeof path, &e), GABLE_FAILED);
    assert_contains(e.why, "XDG_DATA_HOME");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(folders_and_missing_files_are_refused, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_the_old_file, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(folders_are_made_with_their_parents, make_folder, drop_folder),
        cmocka_unit_test(data_goes_where_xdg_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
