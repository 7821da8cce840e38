/* Measuring in rounds: every ceiling gets one burst per round, so that a slow second touches all of them a little and
   none altogether; those whose interval is narrow drop out, the others go on while the budget lasts. */
#include "machine/choice.h"
#include "machine/jobs.h"
#include "machine/median.h"
#include "machine/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7 }; /* at least, where the budget allows */
static const double WAITED_MOST = 0.01;

struct pace {
    double slice_s, burst_s, budget_s;
};
static const struct pace thorough = {0.0025, 0.030, 25}, hurried = {0.001, 0.005, 4}, roof_only = {0.0025, 0.030, 2.5},
                         roof_hurried = {0.001, 0.005, 1};

struct session {
    const struct machine_options *options;
    const volatile bool *interrupted;
    struct pace pace;
    double start_s;
    struct team *team, *single;          /* the same one where there is one thread */
    struct arrays arrays, single_arrays; /* the second only where memory has several nodes */
    struct gemm *gemm;
    int n_jobs, n_done; /* bursts done */
    struct job *jobs;
};

static bool is_over(const struct session *s) { return s->interrupted && *s->interrupted; }
static bool is_late(const struct session *s) { return monotonic_s() - s->start_s > s->pace.budget_s; }
static struct team *team_of(const struct session *s, const struct job *j)
{
    return j->ceiling.threads == 1 ? s->single : s->team;
}

/* Physical cores first, then the siblings. Returns how many CPUs there are for `wanted` threads. */
static int choose_cpus(const struct cpus *cpus, int wanted, int *out)
{
    int n = 0;
    for (int i = 0; i < cpus->n_cores && n < wanted; i++) out[n++] = cpus->cores[i];
    for (int i = 0; i < cpus->n_allowed && n < wanted; i++) {
        bool is_taken = false;
        for (int j = 0; j < n; j++) is_taken |= out[j] == cpus->allowed[i];
        if (!is_taken) out[n++] = cpus->allowed[i];
    }
    return n;
}

static void attach(struct session *s)
{
    for (int i = 0; i < s->n_jobs; i++) {
        struct job *j = &s->jobs[i];
        bool is_single = j->ceiling.threads == 1 && s->single_arrays.base;
        if (j->is_gemm) j->task.gemm = s->gemm;
        if (j->task.stream) j->task.arrays = is_single ? &s->single_arrays : &s->arrays;
    }
}

static gable_status open_session(struct session *s, const struct topology *t, const struct cpus *cpus, int threads,
                                 gable_error *e)
{
    int cpu[CPUS_MAX];
    struct job_limits limits = {.isas = isa_read(), .only_roof = s->options->only_roof};
    limits.threads = choose_cpus(cpus, threads, cpu);
    limits.array_bytes = arrays_dram_bytes(t, arrays_available(""), &limits.is_short);
    s->jobs = calloc(MACHINE_CEILINGS, sizeof *s->jobs);
    if (!s->jobs) return error_set(e, GABLE_NO_MEMORY, "no memory for the measurements");
    s->n_jobs = jobs_plan(t, &limits, s->jobs);
    gable_status status = team_new(limits.threads, cpu, &s->team, e);
    if (!status && limits.threads > 1) status = team_new(1, cpu, &s->single, e);
    if (!status && limits.threads == 1) s->single = s->team;
    if (!status) status = arrays_new(s->team, limits.array_bytes, &s->arrays, e);
    if (!status && t->numa_nodes > 1 && !limits.only_roof && s->single != s->team)
        status = arrays_new(s->single, limits.array_bytes, &s->single_arrays, e);
    if (!status && !limits.only_roof) status = gemm_new(s->team, &s->gemm, e);
    if (!status) attach(s);
    return status;
}

static void close_session(struct session *s)
{
    gemm_free(s->gemm);
    arrays_release(&s->single_arrays);
    arrays_release(&s->arrays);
    if (s->single != s->team) team_free(s->single); /* last made, first ended: each gives back the mask that it found */
    team_free(s->team);
    free(s->jobs);
}

static void tell(const struct session *s, const struct job *j, int total)
{
    char what[96];
    const struct ceiling *c = &j->ceiling;
    if (!s->options->progress) return;
    snprintf(what, sizeof what, "%s %s, %d thread%s", c->kind == CEILING_COMPUTE ? dtype_name(c->dtype) : c->level,
             c->kind == CEILING_COMPUTE ? c->isa : c->what, c->threads, c->threads == 1 ? "" : "s");
    s->options->progress(s->options->progress_arg, what, s->n_done < total ? s->n_done : total, total);
}

static gable_status measure_once(struct session *s, struct job *j, gable_error *e)
{
    struct team *team = team_of(s, j);
    struct burst b;
    if (!j->task.repeats) task_calibrate(&j->task, team, s->pace.slice_s);
    gable_status status = burst_run(&j->task, team, task_slices(&j->task, s->pace.burst_s), &b, e);
    if (status) return status;
    bool is_clean = b.waited <= WAITED_MOST;
    j->samples[j->n++] = (struct sample){b.rate, b.clock_hz, is_clean};
    j->n_clean += is_clean;
    return GABLE_OK;
}

/* How many bursts there will be at least. */
static int expected(const struct session *s)
{
    int n = 0;
    for (int i = 0; i < s->n_jobs; i++) n += job_is_measurable(&s->jobs[i]) ? ROUNDS : 0;
    return n;
}

static gable_status run_rounds(struct session *s, gable_error *e)
{
    bool is_open = true;
    gable_status status = GABLE_OK;
    int total = expected(s);
    for (int round = 0; is_open && !status; round++) {
        is_open = false;
        for (int i = 0; i < s->n_jobs && !status; i++) {
            struct job *j = &s->jobs[i];
            if (!job_is_measurable(j) || job_is_narrow(j)) continue;
            if (is_over(s)) return GABLE_INTERRUPTED;
            if (is_late(s) && round >= ROUNDS) return GABLE_OK;
            if (round > 0 && monotonic_s() - s->start_s > 1.15 * s->pace.budget_s) return GABLE_OK;
            if (s->n_done >= total) total = s->n_done + s->n_jobs;
            tell(s, j, total);
            status = measure_once(s, j, e);
            s->n_done++;
            is_open = true;
        }
    }
    return status;
}

static double clock_of(const struct session *s)
{
    double *hz = calloc((size_t)s->n_jobs * JOB_SAMPLES, sizeof *hz), clock = 0;
    int n = 0;
    for (int i = 0; hz && i < s->n_jobs; i++)
        for (int k = 0; k < s->jobs[i].n; k++)
            if (s->jobs[i].samples[k].clock_hz > 0) hz[n++] = s->jobs[i].samples[k].clock_hz;
    if (n) clock = median_of(hz, n);
    free(hz);
    return clock;
}

static void collect(struct session *s, int asked, bool interrupted, struct machine *out)
{
    for (int i = 0; i < s->n_jobs; i++) {
        struct job *j = &s->jobs[i];
        job_finish(j, interrupted);
        if (interrupted && j->n == 0) continue;
        if (j->ceiling.valid && j->ceiling.threads > 1 && j->ceiling.threads < asked) {
            j->ceiling.valid = false;
            snprintf(j->ceiling.reason, sizeof j->ceiling.reason, "%d threads asked, %d CPUs allowed", asked,
                     j->ceiling.threads);
        }
        out->ceilings[out->n_ceilings++] = j->ceiling;
    }
    out->clock_hz = clock_of(s);
    out->seconds = monotonic_s() - s->start_s;
}

gable_status machine_measure(const struct cpus *cpus, const struct machine_options *options,
                             const volatile bool *interrupted, struct machine *out, gable_error *e)
{
    struct session s = {.options = options, .interrupted = interrupted, .pace = thorough, .start_s = monotonic_s()};
    if (options->quick) s.pace = hurried;
    if (options->only_roof) s.pace = options->quick ? roof_hurried : roof_only;
    int threads = options->threads > 0 ? options->threads : cpus->n_cores;
    *out = (struct machine){.cpus = *cpus, .measured_utc = (int64_t)time(NULL)};
    topology_read(&out->topology);
    gable_status status = open_session(&s, &out->topology, cpus, threads, e);
    if (!status) status = run_rounds(&s, e);
    if (!status || status == GABLE_INTERRUPTED) collect(&s, threads, status == GABLE_INTERRUPTED, out);
    if (status == GABLE_INTERRUPTED) error_set(e, status, "interrupted: %d bursts done", s.n_done);
    close_session(&s);
    return status;
}
