/* The CPU engine: what engine.h asks for. */
#include "engine/cpu/memory.h"
#include "engine/cpu/session.h"
#include "engine/cpu/tune.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The processor's name as the kernel has it; "CPU" where it gives none. */
static void processor_name(char *out, size_t room)
{
    char line[256];
    snprintf(out, room, "CPU");
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        snprintf(out, room, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    if (f) fclose(f);
}
static gable_status describe(const struct cpus *cpus, char *out, size_t room, gable_error *e)
{
    char name[128];
    const struct kernels *k = kernels_for(ISA_BEST);
    if (!k) return error_set(e, GABLE_NO_DEVICE, "no kernels for this processor");
    processor_name(name, sizeof name);
    snprintf(out, room, "%s, %d core%s, %s", name, cpus->n_cores, cpus->n_cores == 1 ? "" : "s", isa_name(k->isa));
    return GABLE_OK;
}

/* What was asked for, with the defaults filled in. */
struct request {
    const struct kernels *kernels;
    int threads;
    const int *cpus; /* one per thread */
};
static gable_status read_options(const struct graph *g, const struct cpus *cpus, const struct engine_options *o,
                                 struct request *r, gable_error *e)
{
    r->kernels = kernels_for(o->isa);
    r->threads = o->threads > 0 ? o->threads : cpus->n_cores;
    r->cpus = r->threads <= cpus->n_cores ? cpus->cores : cpus->allowed;
    if (!r->kernels)
        return error_set(e, GABLE_NO_DEVICE, "this machine has no %s; leave the instruction set to Gable",
                         isa_name(o->isa));
    if (o->threads < 0 || r->threads > cpus->n_allowed || r->threads < 1)
        return error_set(e, GABLE_BAD_INPUT, "%d threads on %d allowed CPUs; ask for 1 to %d", o->threads,
                         cpus->n_allowed, cpus->n_allowed);
    if (g->n_inputs < 1 || g->inputs[0]->shape.rank < 1 || g->inputs[0]->shape.dim[0] < 1 ||
        g->inputs[0]->shape.dim[0] > (1 << 24))
        return error_set(e, GABLE_BAD_INPUT, "the model's first input has no batch between 1 and 2^24");
    return GABLE_OK;
}

static gable_status plan_bytes(const struct graph *g, const struct cpus *cpus, const struct engine_options *o,
                               size_t *out, gable_error *e)
{
    struct request r;
    struct plan *p = NULL;
    gable_status s = read_options(g, cpus, o, &r, e);
    if (!s) s = tune_rule(g, r.kernels, r.threads, o->winograd, &p, e);
    if (s) return s;
    *out = plan_total_bytes(p);
    plan_free(p);
    return GABLE_OK;
}

static gable_status check_memory(const struct plan *p, gable_error *e)
{
    size_t needed = plan_total_bytes(p), there = memory_available("");
    if (needed <= there) return GABLE_OK;
    return error_set(e, GABLE_NO_MEMORY,
                     "%s at batch %d needs %.1f MiB and %.1f MiB are there; take a smaller batch or fewer threads",
                     p->graph->name, p->batch, (double)needed / (1 << 20), (double)there / (1 << 20));
}
static gable_status open_session(const struct graph *g, const struct weights *w, const struct cpus *cpus,
                                 const struct engine_options *o, struct session **out, gable_error *e)
{
    double start = now_ns();
    struct request r;
    struct plan *p = NULL;
    bool is_recalled = false;
    gable_status s = read_options(g, cpus, o, &r, e);
    if (!s) s = tune_rule(g, r.kernels, r.threads, o->winograd, &p, e);
    if (!s) s = check_memory(p, e);
    if (!s && o->tune && o->choices) s = tune_recalled(&p, o->choices, &is_recalled, e);
    if (!s && o->tune && !is_recalled) s = tune_by_time(&p, w, r.cpus, o->winograd, e);
    if (!s) {
        s = session_new(p, w, r.cpus, out, e);
        p = NULL;
    }
    plan_free(p);
    if (!s) (*out)->setup_ns = now_ns() - start;
    return s;
}

static float *input(struct session *s, int i) { return cpu_session(s)->inputs[i]; }
static const float *output(struct session *s, int i) { return cpu_session(s)->outputs[i]; }

const struct engine engine_cpu = {
    .name = "cpu",
    .describe = describe,
    .plan_bytes = plan_bytes,
    .open = open_session,
    .input = input,
    .output = output,
    .run = session_run,
    .run_timed = session_run_timed,
    .run_traced = session_run_traced,
    .close = session_free,
};
