#include "bench/record.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *sentence;
} codes[CODE_N] = {
#define BENCH_CODE_ROW(code, json, text) [CODE_##code] = {json, text},
    BENCH_CODES(BENCH_CODE_ROW)};

const char *bench_code_name(enum bench_code c) { return c >= 0 && c < CODE_N ? codes[c].name : "unknown"; }

const char *bench_code_sentence(enum bench_code c) { return c >= 0 && c < CODE_N ? codes[c].sentence : ""; }

enum bench_code bench_code_find(const char *name)
{
    for (int c = 0; c < CODE_N; c++)
        if (!strcmp(codes[c].name, name)) return (enum bench_code)c;
    return CODE_N;
}

void run_release(struct run *r)
{
    free(r->samples);
    free(r->groups);
    json_decref(r->environment);
    *r = (struct run){0};
}

gable_status run_copy(struct run *to, const struct run *from, gable_error *e)
{
    size_t samples = (size_t)from->n_samples * sizeof *from->samples;
    size_t groups = (size_t)from->n_groups * sizeof *from->groups;
    *to = *from;
    to->samples = samples ? malloc(samples) : NULL;
    to->groups = groups ? malloc(groups) : NULL;
    to->environment = json_incref(from->environment);
    if ((samples && !to->samples) || (groups && !to->groups)) {
        run_release(to);
        return error_set(e, GABLE_NO_MEMORY, "memory ran out while copying a run of %d samples", from->n_samples);
    }
    if (samples) memcpy(to->samples, from->samples, samples);
    if (groups) memcpy(to->groups, from->groups, groups);
    return GABLE_OK;
}
