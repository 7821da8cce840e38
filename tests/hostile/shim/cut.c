/* LD_PRELOAD: the file CUT_FILE loses all but its first CUT_TO bytes once it has been mapped or read CUT_AFTER times:
   what another program may do at any moment, at a moment that a test can choose. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_the_file(int fd)
{
    char link[64], path[4096];
    const char *wanted = getenv("CUT_FILE");
    if (fd < 0 || !wanted) return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return false;
    path[n] = '\0';
    return !strcmp(path, wanted);
}

static void cut_in_turn(int fd)
{
    static int seen;
    if (!is_the_file(fd) || ++seen != atoi(getenv("CUT_AFTER"))) return;
    if (truncate(getenv("CUT_FILE"), atol(getenv("CUT_TO")))) _exit(99);
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    void *p = (void *)syscall(SYS_mmap, at, n, protection, flags, fd, offset); // NOLINT(performance-no-int-to-ptr)
    cut_in_turn(fd);
    return p;
}

ssize_t pread(int fd, void *out, size_t n, off_t offset)
{
    cut_in_turn(fd);
    return syscall(SYS_pread64, fd, out, n, offset);
}
