#include "base/file.h"

#include "base/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static gable_status fail(gable_error *e, const char *path, const char *what)
{
    error_set(e, GABLE_FAILED, "%s: %s", what, strerror(errno));
    return error_within(e, "%s", path);
}

static gable_status read_all(int fd, size_t len, char *bytes, size_t *got)
{
    for (*got = 0; *got < len;) {
        ssize_t n = read(fd, bytes + *got, len - *got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return GABLE_FAILED;
        if (n == 0) break;
        *got += (size_t)n;
    }
    return GABLE_OK;
}

gable_status file_read(const char *path, size_t most, char **bytes, size_t *len, gable_error *e)
{
    struct stat st;
    char *buffer = NULL;
    gable_status s = GABLE_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail(e, path, "cannot be opened");
    if (fstat(fd, &st)) {
        s = fail(e, path, "cannot be examined");
    } else if (!S_ISREG(st.st_mode)) {
        error_set(e, GABLE_BAD_INPUT, "is not a regular file");
        s = error_within(e, "%s", path);
    } else if ((size_t)st.st_size > most) {
        error_set(e, GABLE_BAD_INPUT, "has %lld bytes, at most %zu are read", (long long)st.st_size, most);
        s = error_within(e, "%s", path);
    } else if (!(buffer = malloc((size_t)st.st_size + 1))) {
        s = error_set(e, GABLE_NO_MEMORY, "no memory for %lld bytes", (long long)st.st_size);
    } else if (read_all(fd, (size_t)st.st_size, buffer, len)) {
        s = fail(e, path, "cannot be read");
    } else {
        buffer[*len] = '\0';
        *bytes = buffer;
        buffer = NULL;
    }
    free(buffer);
    close(fd);
    return s;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Small pieces go out together. */
static int write_pieces(int fd, const struct file_piece *piece, int n)
{
    enum { ROOM = 1 << 16 };
    char *gathered = malloc(ROOM);
    size_t used = 0;
    int bad = !gathered;
    for (int i = 0; i < n && !bad; i++) {
        if (piece[i].len > ROOM - used) {
            bad = write_all(fd, gathered, used);
            used = 0;
        }
        if (!bad && piece[i].len > ROOM) {
            bad = write_all(fd, piece[i].bytes, piece[i].len);
        } else if (!bad && piece[i].len) {
            memcpy(gathered + used, piece[i].bytes, piece[i].len);
            used += piece[i].len;
        }
    }
    bad = bad || write_all(fd, gathered, used) || fsync(fd);
    int why = errno;
    free(gathered);
    errno = why;
    return bad;
}

gable_status file_write(const char *path, const void *bytes, size_t len, gable_error *e)
{
    return file_write_pieces(path, &(const struct file_piece){bytes, len}, 1, NULL, e);
}

gable_status file_write_pieces(const char *path, const struct file_piece *piece, int n_pieces,
                               const struct mapping *from, gable_error *e)
{
    char temporary[4096];
    int n = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return fail(e, path, "cannot be written");
    }
    int fd = mkstemp(temporary);
    if (fd < 0) return fail(e, path, "cannot be written");
    int bad = write_pieces(fd, piece, n_pieces) || fchmod(fd, 0644);
    int why = errno;
    if (close(fd) && !bad) {
        bad = 1;
        why = errno;
    }
    gable_status cut = !bad && from ? mapping_check(from, e) : GABLE_OK;
    if (cut) {
        unlink(temporary);
        return cut;
    }
    if (!bad && rename(temporary, path)) {
        bad = 1;
        why = errno;
    }
    if (!bad) return GABLE_OK;
    unlink(temporary);
    errno = why;
    return fail(e, path, "cannot be written");
}

gable_status folder_make(const char *path, gable_error *e)
{
    char part[4096];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part) {
        errno = n ? ENAMETOOLONG : ENOENT;
        return fail(e, path, "cannot be made");
    }
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != '\0') continue;
        char kept = part[i];
        part[i] = '\0';
        if (mkdir(part, 0777) && errno != EEXIST) return fail(e, path, "cannot be made");
        part[i] = kept;
    }
    struct stat st;
    if (!stat(path, &st) && S_ISDIR(st.st_mode)) return GABLE_OK;
    errno = ENOTDIR;
    return fail(e, path, "cannot be made");
}

gable_status file_data_path(const char *name, char *out, size_t room, gable_error *e)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int n = -1;
    if (data && data[0] == '/')
        n = snprintf(out, room, "%s/gable/%s", data, name);
    else if (home && home[0] == '/')
        n = snprintf(out, room, "%s/.local/share/gable/%s", home, name);
    if (n > 0 && (size_t)n < room) return GABLE_OK;
    return error_set(e, GABLE_FAILED, "no folder for data: HOME is not set; set XDG_DATA_HOME or name the file");
}
