/* A file mapped read-only. Where it is cut while it is mapped, or its disk fails, what is gone reads as zeros instead
   of ending the process by SIGBUS, and mapping_check says so: every reader of a mapping asks it before it believes what
   it has read. */
#ifndef BASE_MAPPING_H
#define BASE_MAPPING_H
#include "base/error.h"

#include <stdint.h>

enum { MAPPINGS_MAX = 16 }; /* open at once, in a process */
struct mapping {
    const uint8_t *bytes;
    size_t len;
    int fd, guard; /* of the file; of the process's guards, the one for these bytes */
};
/* A regular file, or standard input (base/input.h), that is not empty. */
gable_status mapping_open(struct mapping *m, const char *path, gable_error *e);
/* Refuses a file that has become shorter since it was opened, or that could not be read to its end. */
gable_status mapping_check(const struct mapping *m, gable_error *e);
void mapping_close(struct mapping *m); /* one that was never opened is fine */
#endif
