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

static bool is_noted(const struct run *r, enum bench_code c) { return (r->notes & CODE_BIT(c)) != 0; }

struct run_place run_place(const struct run *r)
{
    double planned = 0;
    for (int i = 0; i < r->n_groups; i++) planned += r->groups[i].bytes;
    struct run_place p = {.flops = (double)(is_noted(r, CODE_EXECUTED_FEWER) ? r->flops_executed : r->flops_counted),
                          .bytes = is_noted(r, CODE_FUSED_MORE) && planned > 0 ? planned : (double)r->bytes.fused,
                          .in_cache = is_noted(r, CODE_IN_CACHE)};
    p.flops_per_s = p.flops / (1e-9 * r->median_ns);
    p.intensity = p.flops / p.bytes;
    return p;
}

double run_place_attainable(const struct run_place *p, const struct roof *roof)
{
    return p->in_cache ? roof->peak : roof_attainable(roof, p->intensity);
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
