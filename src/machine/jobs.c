#include "machine/jobs.h"

#include "machine/choice.h"
#include "machine/median.h"
#include "machine/pipes.h"
#include "machine/topology.h"

#include <stdio.h>
#include <string.h>

enum { ENOUGH = 6 }; /* samples that an interval needs */
static const double NARROW = 0.02, WIDE = 0.10;

struct list {
    const struct topology *topology;
    const struct job_limits *limits;
    struct job *jobs;
    int n;
};

static struct job *add(struct list *l, enum ceiling_kind kind, const char *level, enum dtype dtype, const char *isa,
                       int threads)
{
    if (l->n == MACHINE_CEILINGS) return NULL;
    struct job *j = &l->jobs[l->n++];
    *j = (struct job){.ceiling = {.kind = kind, .dtype = dtype, .threads = threads, .valid = true}};
    snprintf(j->ceiling.level, sizeof j->ceiling.level, "%s", level);
    snprintf(j->ceiling.isa, sizeof j->ceiling.isa, "%s", isa);
    return j;
}

static void add_flops(struct list *l, const struct flop_kernel *k, int threads)
{
    struct job *j = add(l, CEILING_COMPUTE, k->level, k->dtype, k->isa, threads);
    if (!j) return;
    j->task.flops = k;
    j->flops_per_cycle = pipes_flops_per_cycle(l->topology, k);
}

static void add_gemm(struct list *l, int threads)
{
    struct job *j = add(l, CEILING_COMPUTE, "gemm", DTYPE_F32, "onednn", threads);
    if (!j) return;
    j->is_gemm = true;
    j->flops_per_cycle = pipes_flops_per_cycle(l->topology, choice_fp32(l->limits->isas));
}

static struct job *add_stream(struct list *l, const struct stream_set *set, const struct stream_kernel *k,
                              const char *level, size_t bytes, int threads)
{
    struct job *j = add(l, CEILING_BANDWIDTH, level, DTYPE_F32, set->isa, threads);
    if (!j) return NULL;
    snprintf(j->ceiling.what, sizeof j->ceiling.what, "%s", k->what);
    j->task.stream = k;
    j->task.bytes = bytes;
    return j;
}

static void refuse(struct job *j, const char *reason)
{
    j->ceiling.valid = false;
    snprintf(j->ceiling.reason, sizeof j->ceiling.reason, "%s", reason);
}

/* Bytes that one of `threads` threads may use of a cache level: half of its share. */
static size_t cache_bytes(const struct cache *c, int threads)
{
    int instances = c->instances > 0 ? c->instances : 1;
    size_t users = (size_t)((threads + instances - 1) / instances);
    return c->bytes / 2 / (users ? users : 1);
}

static void add_cache_level(struct list *l, const struct stream_set *set, const struct cache *c, int threads)
{
    const struct cache *below = topology_cache(l->topology, c->level - 1);
    size_t share = cache_bytes(c, threads);
    char level[8], reason[64] = "";
    snprintf(level, sizeof level, "L%d", c->level);
    if (below && share <= below->bytes)
        snprintf(reason, sizeof reason, "half a thread's share fits into L%d", below->level);
    for (int i = 0; i < STREAM_KERNELS_N; i++) {
        const struct stream_kernel *k = &set->kernels[i];
        if (k->nt) continue;
        struct job *j = add_stream(l, set, k, level, share / (size_t)k->arrays / STREAM_GRAIN * STREAM_GRAIN, threads);
        if (j && reason[0]) refuse(j, reason);
        if (j && !j->task.bytes) refuse(j, "the cache is too small");
    }
}

/* Of one level what is read from it, nothing else. */
static void add_cache_reads(struct list *l, const struct stream_set *set, const struct cache *c)
{
    int first = l->n, kept = first;
    add_cache_level(l, set, c, l->limits->threads);
    for (int i = first; i < l->n; i++)
        if (!strcmp(l->jobs[i].ceiling.what, "read")) l->jobs[kept++] = l->jobs[i];
    l->n = kept;
}

static void add_dram(struct list *l, const struct stream_set *set, int threads)
{
    size_t bytes = l->limits->array_bytes / (size_t)threads / STREAM_GRAIN * STREAM_GRAIN;
    for (int i = 0; i < STREAM_KERNELS_N; i++) {
        struct job *j = add_stream(l, set, &set->kernels[i], "DRAM", bytes, threads);
        if (j && l->limits->is_short) refuse(j, "too little free memory for arrays of 4 x the last cache");
    }
}

static void add_all(struct list *l, int threads)
{
    uint32_t isas = l->limits->isas;
    const struct stream_set *set = choice_streams(isas);
    for (int i = 0; i < n_flop_kernels; i++)
        if ((flop_kernels[i].needs & isas) == flop_kernels[i].needs) add_flops(l, &flop_kernels[i], threads);
    add_gemm(l, threads);
    for (int i = 0; i < l->topology->n_caches; i++) add_cache_level(l, set, &l->topology->cache[i], threads);
    add_dram(l, set, threads);
}

int jobs_plan(const struct topology *t, const struct job_limits *limits, struct job *out)
{
    struct list l = {.topology = t, .limits = limits, .jobs = out};
    if (limits->only_roof) {
        add_flops(&l, choice_fp32(limits->isas), limits->threads);
        add_dram(&l, choice_streams(limits->isas), limits->threads);
        for (int i = 0; i < t->n_caches; i++)
            if (t->cache[i].level > 1) add_cache_reads(&l, choice_streams(limits->isas), &t->cache[i]);
        return l.n;
    }
    add_all(&l, 1);
    if (limits->threads > 1) add_all(&l, limits->threads);
    return l.n;
}

bool job_is_measurable(const struct job *j)
{
    return j->is_gemm || j->task.flops || (j->task.bytes && j->ceiling.valid);
}

/* The clean samples, or all where those are too few. Returns how many. */
static int take(const struct job *j, double *rates, double *shares)
{
    bool all = j->n_clean < ENOUGH;
    int n = 0;
    for (int i = 0; i < j->n; i++) {
        const struct sample *s = &j->samples[i];
        if (!all && !s->is_clean) continue;
        double theory = j->flops_per_cycle * s->clock_hz * j->ceiling.threads;
        rates[n] = s->rate;
        shares[n++] = theory > 0 ? s->rate / theory : 0;
    }
    return n;
}

static double half_width(const struct interval *v) { return (v->high - v->low) / 2 / v->median; }

bool job_is_narrow(const struct job *j)
{
    static const int looks[] = {7, 11, 17, 26, 39, 59};
    double rates[JOB_SAMPLES], shares[JOB_SAMPLES];
    if (j->n >= JOB_SAMPLES) return true;
    for (size_t i = 0; i < COUNT_OF(looks); i++) {
        if (j->n_clean != looks[i] || !j->samples[j->n - 1].is_clean) continue;
        struct interval v = interval_of(rates, take(j, rates, shares));
        return half_width(&v) <= NARROW;
    }
    return false;
}

static void judge(struct job *j, const struct interval *v, bool interrupted)
{
    char reason[64];
    if (!j->ceiling.valid) return; /* the plan knew why */
    if (j->n_clean < ENOUGH && interrupted)
        snprintf(reason, sizeof reason, "interrupted after %d bursts", j->n);
    else if (j->n_clean < ENOUGH && j->n >= ENOUGH)
        snprintf(reason, sizeof reason, "contended: %d of %d bursts undisturbed", j->n_clean, j->n);
    else if (j->n_clean < ENOUGH)
        snprintf(reason, sizeof reason, "too few bursts: %d of %d", j->n_clean, ENOUGH);
    else if (half_width(v) > WIDE)
        snprintf(reason, sizeof reason, "interval of +-%.0f %%, wider than 10 %%", 100 * half_width(v));
    else
        return;
    refuse(j, reason);
}

void job_finish(struct job *j, bool interrupted)
{
    double rates[JOB_SAMPLES], shares[JOB_SAMPLES];
    if (j->n == 0) {
        if (j->ceiling.valid) refuse(j, "not measured");
        return;
    }
    int n = take(j, rates, shares);
    struct interval v = interval_of(rates, n);
    double share = median_of(shares, n);
    j->ceiling.value = v.median;
    j->ceiling.low = v.low;
    j->ceiling.high = v.high;
    j->ceiling.theory = share > 0 ? v.median / share : 0;
    judge(j, &v, interrupted);
}
