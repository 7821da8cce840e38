/* Files that are given by name, or as "-": standard input. That is read once and kept, so that it can be opened as
   often as a file: what is no regular file (a pipe) goes to memory, and that takes standard input's place. */
#ifndef BASE_INPUT_H
#define BASE_INPUT_H
#include "base/error.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

#define INPUT_PIPED_MOST LIMIT_PIPED_BYTES /* bytes; protobuf's own limit */
bool input_is_stdin(const char *path);
/* How sentences call it: the path, or "stdin". */
const char *input_name(const char *path);
/* Opens a regular file for pread and mmap; the caller closes *fd. */
gable_status input_open(const char *path, int *fd, uint64_t *size, gable_error *e);
/* Copies what a descriptor has left to memory that is a file; more than `most` bytes are refused. */
gable_status input_keep(int from, uint64_t most, int *fd, gable_error *e);
#endif
