/* Runs the command lines of the files of tests/cli/cases and compares exit status, stdout and stderr.
   A case:   $ gable models --frob      the command, given to /bin/sh with the program's folder first in PATH
             = 2                        exit status (0 where the line is missing)
             > text                     a whole line of stdout, in order; with none stdout is not looked at
             ! text                     the same for stderr
             >~ text, !~ text           stdout / stderr holds this text somewhere
             >-                         stdout is empty  (!- the same for stderr)
   $TESTS is the folder of the tests. A file's stem names it; lines that start with # are comments. */
#include "base/file.h"
#include "base/text.h"
#include "check.h"

#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct expectation {
    struct text lines;     /* whole lines, in order */
    const char *parts[16]; /* texts that must be somewhere */
    int n_parts;
    bool is_empty;
};
struct cli_case {
    const char *file, *command;
    int status;
    struct expectation out, err;
};

static void run(const char *command, const char *folder, int *status, char **out, char **err)
{
    char line[4096], out_path[256], err_path[256];
    size_t n;
    gable_error e = {0};
    snprintf(out_path, sizeof out_path, "%s/out", folder);
    snprintf(err_path, sizeof err_path, "%s/err", folder);
    snprintf(line, sizeof line, "cd '%s' && { %s\n} >out 2>err </dev/null", folder, command);
    int raw = system(line);
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    assert_ok(file_read(out_path, 64 << 20, out, &n, &e), &e);
    assert_ok(file_read(err_path, 64 << 20, err, &n, &e), &e);
}

static int differs(const struct cli_case *c, const char *stream, const struct expectation *want, const char *got)
{
    int bad = 0;
    if (want->is_empty && *got) bad = 1;
    if (want->lines.data && strcmp(want->lines.data, got) != 0) bad = 1;
    for (int i = 0; i < want->n_parts; i++)
        if (!strstr(got, want->parts[i])) {
            print_error("%s: $ %s\n%s does not hold: %s\n", c->file, c->command, stream, want->parts[i]);
            bad = 1;
        }
    if (bad)
        print_error("%s: $ %s\nwanted on %s:\n%s\ngot:\n%s\n", c->file, c->command, stream,
                    want->lines.data ? want->lines.data : "(see above)", got);
    return bad;
}

static int run_case(const struct cli_case *c, const char *folder)
{
    char *out = NULL, *err = NULL;
    int status, bad;
    run(c->command, folder, &status, &out, &err);
    bad = status != c->status;
    if (bad)
        print_error("%s: $ %s\nexit status %d, wanted %d; stderr: %s\n", c->file, c->command, status, c->status, err);
    bad += differs(c, "stdout", &c->out, out) + differs(c, "stderr", &c->err, err);
    free(out);
    free(err);
    return bad;
}

static void expect(struct expectation *x, char kind, char *rest)
{
    if (kind == '-')
        x->is_empty = true;
    else if (kind == '~' && x->n_parts < (int)COUNT_OF(x->parts))
        x->parts[x->n_parts++] = rest;
    else
        text_addf(&x->lines, "%s\n", rest);
}

static int run_file(const char *path, const char *folder, int *n_cases)
{
    char *bytes = NULL, *save = NULL;
    size_t n;
    gable_error e = {0};
    struct cli_case c = {0};
    int bad = 0;
    assert_ok(file_read(path, 1 << 20, &bytes, &n, &e), &e);
    for (char *line = strtok_r(bytes, "\n", &save);; line = strtok_r(NULL, "\n", &save)) {
        if ((!line || line[0] == '$') && c.command) {
            bad += run_case(&c, folder);
            ++*n_cases;
            text_release(&c.out.lines);
            text_release(&c.err.lines);
            c = (struct cli_case){0};
        }
        if (!line) break;
        bool is_bare = line[1] == ' ' || line[1] == '\0';
        char *rest = line[1] == '\0' ? line + 1 : is_bare ? line + 2 : line[2] ? line + 3 : line + 2;
        if (line[0] == '$')
            c.command = rest, c.file = strrchr(path, '/') + 1;
        else if (line[0] == '=')
            c.status = atoi(rest);
        else if (line[0] == '>')
            expect(&c.out, is_bare ? ' ' : line[1], rest);
        else if (line[0] == '!')
            expect(&c.err, is_bare ? ' ' : line[1], rest);
    }
    free(bytes);
    return bad;
}

static void every_case_prints_what_it_should(void **state)
{
    (void)state;
    glob_t files;
    char folder[] = "/tmp/gable-cli-XXXXXX", pattern[512], clean[64], *program = strdup(GABLE_PROGRAM);
    struct text path = {0};
    int bad = 0, n_cases = 0;
    assert_non_null(mkdtemp(folder));
    text_addf(&path, "%s:%s", dirname(program), getenv("PATH"));
    setenv("PATH", path.data, 1);
    setenv("XDG_DATA_HOME", folder, 1);
    setenv("TESTS", TESTS_DIR, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("COLUMNS", "100", 1);
    snprintf(pattern, sizeof pattern, "%s/cli/cases/*.txt", TESTS_DIR);
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) bad += run_file(files.gl_pathv[i], folder, &n_cases);
    globfree(&files);
    text_release(&path);
    free(program);
    snprintf(clean, sizeof clean, "rm -rf '%s'", folder);
    assert_int_equal(system(clean), 0);
    print_message("%d command lines\n", n_cases);
    assert_true(n_cases > 0);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_prints_what_it_should)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
