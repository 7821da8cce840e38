#include "machine/burst.h"

#include "machine/median.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    CHAIN_LINKS = 200000, /* some 70 us */
    WARM_SHARE = 8, /* of a slice runs untimed first: caches filled, wide units awake, the clock of their licence */
};

double monotonic_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What one repeat does on one thread: FLOPs or bytes. */
static double task_work(const struct task *t)
{
    if (t->flops) return 2.0 * flop_kernel_macs(t->flops);
    if (t->gemm) return gemm_flops(t->gemm);
    return (double)t->bytes * t->stream->arrays;
}

/* Ordinary numbers of both signs; what a kernel computes does not change its speed, denormals would. */
struct operands {
    _Alignas(64) unsigned char a[64], b[64];
};

static void fill_operands(enum dtype d, struct operands *o)
{
    for (int i = 0; i < 64; i++) {
        o->a[i] = (unsigned char)(i * 37 % 251);
        o->b[i] = (unsigned char)(i * 53 % 241);
    }
    for (int i = 0; d == DTYPE_F64 && i < 8; i++) {
        ((double *)(void *)o->a)[i] = 0.5 + 0.0625 * i;
        ((double *)(void *)o->b)[i] = i % 2 ? -0.75 : 0.875;
    }
    for (int i = 0; d == DTYPE_F32 && i < 16; i++) {
        ((float *)(void *)o->a)[i] = 0.5f + 0.03125f * (float)i;
        ((float *)(void *)o->b)[i] = i % 2 ? -0.75f : 0.875f;
    }
    for (int i = 0; d == DTYPE_BF16 && i < 32; i++) { /* the upper half of an fp32 */
        ((uint16_t *)(void *)o->a)[i] = (uint16_t)(0x3f00 + i);
        ((uint16_t *)(void *)o->b)[i] = (uint16_t)(i % 2 ? 0xbf40 : 0x3f60);
    }
}

static void run_repeats(const struct task *t, const struct operands *o, int part, int parts, int64_t repeats)
{
    if (t->flops) {
        volatile double sink = t->flops->run(repeats, o->a, o->b);
        (void)sink;
    } else if (t->gemm) {
        gemm_run(t->gemm, part, repeats);
    } else if (t->stream) {
        t->stream->run(repeats, arrays_at(t->arrays, part, parts, 0, t->bytes),
                       arrays_at(t->arrays, part, parts, 1, t->bytes), arrays_at(t->arrays, part, parts, 2, t->bytes),
                       (int64_t)t->bytes);
    }
}

/* What one thread saw. */
struct seen {
    double start[BURST_SLICES], end[BURST_SLICES], hz[BURST_SLICES + 1];
};
struct burst_work {
    const struct task *task;
    struct team *team;
    int slices;
    struct seen *seen; /* per thread */
};

static double chain_hz(void)
{
    double start = monotonic_s();
    int64_t links = clock_chain(CHAIN_LINKS);
    return (double)links / (monotonic_s() - start);
}

static void burst_part(void *arg, int part, int parts)
{
    const struct burst_work *w = arg;
    struct seen *seen = &w->seen[part];
    const struct task *t = w->task;
    bool has_clock = !t->stream;
    struct operands o;
    if (t->gemm) gemm_enter(t->gemm, part);
    fill_operands(t->flops ? t->flops->dtype : DTYPE_F32, &o);
    if (t->repeats >= WARM_SHARE) run_repeats(t, &o, part, parts, t->repeats / WARM_SHARE);
    for (int i = 0; i < w->slices; i++) {
        seen->hz[i] = has_clock ? chain_hz() : 0;
        team_barrier(w->team);
        seen->start[i] = monotonic_s();
        run_repeats(t, &o, part, parts, t->repeats);
        seen->end[i] = monotonic_s();
    }
    seen->hz[w->slices] = has_clock ? chain_hz() : 0;
    if (t->gemm) gemm_leave(t->gemm, part);
}

/* First start to last end: a thread that lags slows the team. */
static double slice_seconds(const struct burst_work *w, int parts, int slice)
{
    double start = w->seen[0].start[slice], end = w->seen[0].end[slice];
    for (int i = 1; i < parts; i++) {
        if (w->seen[i].start[slice] < start) start = w->seen[i].start[slice];
        if (w->seen[i].end[slice] > end) end = w->seen[i].end[slice];
    }
    return end - start;
}

/* Nanoseconds that a thread was ready and had no CPU; -1 where the kernel does not tell. */
static int64_t run_delay_ns(int tid)
{
    char path[64], line[128];
    long long ran, waited = -1;
    snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", tid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = file >= 0 ? read(file, line, sizeof line - 1) : -1;
    if (file >= 0) close(file);
    if (n <= 0) return -1;
    line[n] = '\0';
    return sscanf(line, "%lld %lld", &ran, &waited) == 2 ? waited : -1;
}

static void reduce(const struct burst_work *w, int parts, struct burst *out)
{
    double seconds[BURST_SLICES], hz = 0;
    for (int i = 0; i < w->slices; i++) seconds[i] = slice_seconds(w, parts, i);
    for (int i = 0; i < parts; i++) hz += median_of(w->seen[i].hz, w->slices + 1) / parts;
    out->rate = task_work(w->task) * (double)w->task->repeats * parts / median_of(seconds, w->slices);
    out->clock_hz = w->task->stream ? 0 : hz;
}

gable_status burst_run(const struct task *t, struct team *team, int slices, struct burst *out, gable_error *e)
{
    int parts = team_size(team);
    struct burst_work w = {.task = t, .team = team, .slices = slices < BURST_SLICES ? slices : BURST_SLICES};
    w.seen = calloc((size_t)parts, sizeof *w.seen);
    int64_t *delay = calloc((size_t)parts, sizeof *delay);
    if (!w.seen || !delay) {
        free(w.seen);
        free(delay);
        return error_set(e, GABLE_NO_MEMORY, "no memory for the times of %d threads", parts);
    }
    const int *tids = team_tids(team);
    *out = (struct burst){0};
    for (int i = 0; i < parts; i++) delay[i] = run_delay_ns(tids[i]);
    double start = monotonic_s();
    team_run(team, burst_part, &w);
    double length = monotonic_s() - start;
    for (int i = 0; i < parts; i++) {
        double waited = delay[i] < 0 ? 0 : (double)(run_delay_ns(tids[i]) - delay[i]) * 1e-9 / length;
        if (waited > out->waited) out->waited = waited;
    }
    reduce(&w, parts, out);
    free(w.seen);
    free(delay);
    return GABLE_OK;
}

struct trial {
    const struct task *task;
    int64_t repeats;
    double seconds; /* of CPU time on thread 0: waiting for a CPU says nothing about the kernel */
};

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void trial_part(void *arg, int part, int parts)
{
    struct trial *trial = arg;
    const struct task *t = trial->task;
    struct operands o;
    if (t->gemm) gemm_enter(t->gemm, part);
    fill_operands(t->flops ? t->flops->dtype : DTYPE_F32, &o);
    double start = cpu_s();
    run_repeats(t, &o, part, parts, trial->repeats);
    if (part == 0) trial->seconds = cpu_s() - start;
    if (t->gemm) gemm_leave(t->gemm, part);
}

void task_calibrate(struct task *t, struct team *team, double slice_s)
{
    struct trial trial = {.task = t, .repeats = 1};
    for (;; trial.repeats *= 4) {
        team_run(team, trial_part, &trial);
        if (trial.seconds > slice_s / 4 || trial.repeats > INT64_MAX / 8) break;
    }
    double one = trial.seconds / (double)trial.repeats;
    t->repeats = slice_s < one ? 1 : (int64_t)(slice_s / one);
    t->slice_s = one * (double)t->repeats;
}

int task_slices(const struct task *t, double seconds)
{
    double n = seconds / t->slice_s + 0.5;
    return n < 1 ? 1 : n > BURST_SLICES ? BURST_SLICES : (int)n;
}
