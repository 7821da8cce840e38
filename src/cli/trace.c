#include "cli/trace.h"

#include "base/file.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gable_status trace_write(json_t *trace, const char *path, gable_error *e)
{
    char *text = json_compact(trace);
    gable_status s =
        text ? file_write(path, text, strlen(text), e) : error_set(e, GABLE_NO_MEMORY, "no memory for the trace");
    free(text);
    json_decref(trace);
    return s;
}

void trace_say(const char *path, const char *what, int threads)
{
    printf("%s: %s on %d thread%s; ui.perfetto.dev opens it\n", path, what, threads, threads > 1 ? "s" : "");
}
