/* Whole files: read with a limit, written whole or not at all. */
#ifndef BASE_FILE_H
#define BASE_FILE_H
#include "base/error.h"

/* Reads a regular file of at most `most` bytes; *bytes is malloced and NUL-terminated; the caller frees it. */
gable_status file_read(const char *path, size_t most, char **bytes, size_t *len, gable_error *e);
/* Writes to a temporary beside `path`, fsync, rename: readers see the old file or the whole new one. */
gable_status file_write(const char *path, const void *bytes, size_t len, gable_error *e);
struct file_piece {
    const void *bytes;
    size_t len;
};
/* The same with the pieces one behind the other. Where some lie in a mapped file (else NULL), nothing is replaced if
   that was cut meanwhile. */
struct mapping;
gable_status file_write_pieces(const char *path, const struct file_piece *piece, int n, const struct mapping *from,
                               gable_error *e);
/* mkdir -p. */
gable_status folder_make(const char *path, gable_error *e);
/* "$XDG_DATA_HOME/gable/NAME" (default ~/.local/share); relative XDG values are ignored, as the standard says. */
gable_status file_data_path(const char *name, char *out, size_t room, gable_error *e);
#endif
