/* --trace FILE, wherever it stands. */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H
#include "base/error.h"

#include <jansson.h>

/* A trace into its file; taken over. */
gable_status trace_write(json_t *trace, const char *path, gable_error *e);
/* On stdout: that it is there, of `what` ("3 passes"), and who opens it. */
void trace_say(const char *path, const char *what, int threads);
#endif
