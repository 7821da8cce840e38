#include "command.h"

#include "base/file.h"
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void command_run(const char *folder, const char *command, struct answer *a)
{
    char line[4096];
    gable_error e = {0};
    int n = snprintf(line, sizeof line, "cd '%s' && { %s\n} >.out 2>.err </dev/null", folder, command);
    assert_true(n > 0 && (size_t)n < sizeof line);
    setenv("gable", GABLE_PROGRAM, 1);
    int raw = system(line);
    *a = (struct answer){.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw)};
    assert_ok(file_read(folder_path(folder, ".out"), 256 << 20, &a->out, &a->out_len, &e), &e);
    assert_ok(file_read(folder_path(folder, ".err"), 256 << 20, &a->err, &a->err_len, &e), &e);
}

void command_release(struct answer *a)
{
    free(a->out);
    free(a->err);
    *a = (struct answer){0};
}

char *folder_new(void)
{
    char *folder = strdup("/tmp/gable-hostile-XXXXXX");
    assert_non_null(folder);
    assert_non_null(mkdtemp(folder));
    return folder;
}

void folder_free(char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    free(folder);
}

int folder_start(void **state)
{
    *state = folder_new();
    return 0;
}

int folder_finish(void **state)
{
    folder_free(*state);
    return 0;
}

const char *folder_path(const char *folder, const char *name)
{
    static char path[8][512];
    static int next;
    char *out = path[next++ % 8];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}
