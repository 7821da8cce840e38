#include "tensors/external.h"

#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

gable_status file_read_at(int fd, uint64_t offset, void *out, size_t n, gable_error *e)
{
    for (char *at = out; n > 0;) {
        ssize_t got = pread(fd, at, n, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return error_set(e, GABLE_FAILED, "cannot be read: %s", strerror(errno));
        if (got == 0) return error_set(e, GABLE_BAD_INPUT, "has become shorter while it was read");
        at += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return GABLE_OK;
}

static bool leaves_folder(const char *location)
{
    if (location[0] == '/' || location[0] == '\0') return true;
    for (const char *at = location; at; at = strchr(at, '/'), at = at ? at + 1 : NULL)
        if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || at[2] == '\0')) return true;
    return false;
}

static void folder_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    snprintf(out, PATH_MAX, "%.*s", (int)(slash ? (n ? n : 1) : 1), slash ? path : ".");
}

/* Where the kernel cannot hold a path beneath a folder, no link is followed at all. */
static int open_without_links(int root, const char *location)
{
    char part[NAME_MAX + 1];
    int folder = dup(root);
    while (folder >= 0) {
        size_t n = strcspn(location, "/");
        bool is_last = location[n] == '\0';
        if (n > NAME_MAX) break;
        snprintf(part, sizeof part, "%.*s", (int)n, location);
        int next = openat(folder, n ? part : ".",
                          O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (is_last ? 0 : O_DIRECTORY));
        close(folder);
        if (is_last) return next;
        folder = next;
        location += n + 1;
    }
    if (folder >= 0) close(folder);
    return -1;
}

static int open_beneath(const char *root, const char *location)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return -1;
    int fd = (int)syscall(SYS_openat2, folder, location, &how, sizeof how);
    int why = errno;
    if (fd < 0 && (why == ENOSYS || why == EPERM)) {
        close(folder);
        folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fd = folder < 0 ? -1 : open_without_links(folder, location);
        why = errno;
    }
    if (folder >= 0) close(folder);
    errno = why;
    return fd;
}

/* A link of a cache: it is followed where it ends beneath the folder that the model itself is a link into. */
static int open_blob(const char *model_path, const char *folder, const char *location)
{
    char link[2 * PATH_MAX], blob[PATH_MAX], model[PATH_MAX], root[PATH_MAX];
    struct stat st;
    if (input_is_stdin(model_path) || lstat(model_path, &st) || !S_ISLNK(st.st_mode) || !realpath(model_path, model))
        return -1;
    folder_of(model, root);
    snprintf(link, sizeof link, "%s/%s", folder, location);
    size_t n = strlen(root);
    if (!realpath(link, blob) || strncmp(blob, root, n) != 0 || blob[n] != '/') return -1;
    return open_beneath(root, blob + n + 1);
}

static gable_status open_external(const char *model_path, const char *location, int *fd, gable_error *e)
{
    char folder[PATH_MAX];
    struct stat st;
    if (leaves_folder(location))
        return error_set(e, GABLE_BAD_INPUT, "keeps values in '%.80s', outside the model's folder: not opened",
                         location);
    folder_of(model_path, folder);
    *fd = open_beneath(folder, location);
    if (*fd < 0 && (errno == EXDEV || errno == ELOOP)) {
        *fd = open_blob(model_path, folder, location);
        if (*fd < 0)
            return error_set(e, GABLE_BAD_INPUT, "'%.80s' is a link out of the model's folder: not opened", location);
    }
    if (*fd < 0)
        return error_set(e, GABLE_BAD_INPUT, "its values are in '%.80s', which cannot be opened: %s", location,
                         strerror(errno));
    if (!fstat(*fd, &st) && S_ISREG(st.st_mode)) return GABLE_OK;
    close(*fd);
    return error_set(e, GABLE_BAD_INPUT, "its values are in '%.80s', which is no regular file", location);
}

static gable_status check_range(const struct external *x, int fd, size_t n, gable_error *e)
{
    struct stat st;
    if (x->length >= 0 && (uint64_t)x->length != n)
        return error_set(e, GABLE_BAD_INPUT, "has %lld bytes in '%.60s', its shape and type need %zu",
                         (long long)x->length, x->location, n);
    if (fstat(fd, &st)) return error_set(e, GABLE_FAILED, "'%.80s' cannot be examined", x->location);
    uint64_t size = (uint64_t)st.st_size, offset = (uint64_t)x->offset;
    if (offset <= size && n <= size - offset) return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "lies at %lld to %llu of '%.60s', which has %llu bytes", (long long)x->offset,
                     (unsigned long long)(offset + n), x->location, (unsigned long long)size);
}

gable_status external_read(const char *model_path, const struct external *x, void *out, size_t n, gable_error *e)
{
    int fd = -1;
    if (x->offset < 0)
        return error_set(e, GABLE_BAD_INPUT, "lies at %lld of '%.80s'", (long long)x->offset, x->location);
    gable_status s = open_external(model_path, x->location, &fd, e);
    if (s) return s;
    s = check_range(x, fd, n, e);
    if (!s) s = file_read_at(fd, (uint64_t)x->offset, out, n, e);
    close(fd);
    return s;
}
