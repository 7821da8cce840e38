/* gable bench --trace. */
#include "base/file.h"
#include "bench/trace.h"
#include "cli/bench.h"
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gable_status bench_trace(const struct bench_options *o, const struct run *r, const char *path, gable_error *e)
{
    json_t *trace = NULL;
    gable_status s = trace_point(cli_cpus(), o, r, &trace, e);
    char *text = s ? NULL : json_dumps(trace, JSON_COMPACT | JSON_REAL_PRECISION(12));
    if (!s && !text) s = error_set(e, GABLE_NO_MEMORY, "no memory for the trace");
    if (!s) s = file_write(path, text, strlen(text), e);
    free(text);
    json_decref(trace);
    return s;
}
