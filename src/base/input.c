#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool input_is_stdin(const char *path) { return !strcmp(path, "-"); }
const char *input_name(const char *path) { return input_is_stdin(path) ? "stdin" : path; }

static gable_status write_all(int fd, const char *bytes, size_t n, gable_error *e)
{
    while (n > 0) {
        ssize_t put = write(fd, bytes, n);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return error_set(e, GABLE_NO_MEMORY, "does not fit in memory: %s", strerror(errno));
        bytes += put;
        n -= (size_t)put;
    }
    return GABLE_OK;
}

static gable_status copy_all(int from, uint64_t most, int to, gable_error *e)
{
    enum { CHUNK = 1 << 20 };
    char *chunk = malloc(CHUNK);
    gable_status s = chunk ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory to read into");
    for (uint64_t n = 0; !s;) {
        ssize_t got = read(from, chunk, CHUNK);
        if (got == 0) break;
        if (got < 0)
            s = errno == EINTR ? error_set(e, GABLE_INTERRUPTED, "was not read to its end: interrupted")
                               : error_set(e, GABLE_FAILED, "cannot be read: %s", strerror(errno));
        else if ((n += (uint64_t)got) > most)
            s = error_set(e, GABLE_BAD_INPUT, "has more than %llu bytes: save it as a file first",
                          (unsigned long long)most);
        else
            s = write_all(to, chunk, (size_t)got, e);
    }
    free(chunk);
    return s;
}

gable_status input_keep(int from, uint64_t most, int *fd, gable_error *e)
{
    int kept = memfd_create("gable-input", MFD_CLOEXEC);
    if (kept < 0) return error_set(e, GABLE_FAILED, "cannot be kept: %s", strerror(errno));
    gable_status s = copy_all(from, most, kept, e);
    if (s)
        close(kept);
    else
        *fd = kept;
    return s;
}

/* A file that was given by `<` from its start is one already. */
static bool can_be_opened_again(int fd)
{
    struct stat st;
    return !fstat(fd, &st) && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
}

static gable_status open_stdin(int *fd, gable_error *e)
{
    int kept = -1;
    if (isatty(STDIN_FILENO)) return error_set(e, GABLE_USAGE, "is a terminal: pipe a file into it, or name one");
    if (!can_be_opened_again(STDIN_FILENO)) {
        gable_status s = input_keep(STDIN_FILENO, INPUT_PIPED_MOST, &kept, e);
        if (s) return s;
        lseek(kept, 0, SEEK_SET);
        dup2(kept, STDIN_FILENO);
        close(kept);
    }
    *fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    return GABLE_OK;
}

gable_status input_open(const char *path, int *fd, uint64_t *size, gable_error *e)
{
    struct stat st;
    gable_status s = GABLE_OK;
    *fd = -1;
    if (input_is_stdin(path))
        s = open_stdin(fd, e);
    else
        *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (!s && *fd < 0)
        s = error_set(e, errno == ENOENT ? GABLE_USAGE : GABLE_FAILED, "cannot be opened: %s", strerror(errno));
    if (!s && (fstat(*fd, &st) || !S_ISREG(st.st_mode))) s = error_set(e, GABLE_BAD_INPUT, "is not a regular file");
    if (!s)
        *size = (uint64_t)st.st_size;
    else if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return s;
}
