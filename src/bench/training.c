#include "bench/training.h"

#include "bench/defaults.h"
#include "bench/probes.h"
#include "bench/self.h"
#include "bench/stats.h"
#include "bench/surroundings.h"
#include "bench/verdict.h"
#include "bench/watch.h"
#include "machine/environment.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bench_trainer { /* the machine as the sampling loop sees it */
    struct world world;
    struct trainer *trainer;
    struct watch watch;
    struct probes probes;
    double loss, first_loss;
    int n_steps;
    gable_status status;
    gable_error *error;
    struct resident resident;
};
static struct bench_trainer *of_world(struct world *w) { return CONTAINER_OF(w, struct bench_trainer, world); }

static void pass(struct world *w, int passes)
{
    struct bench_trainer *b = of_world(w);
    for (int i = 0; i < passes && !b->status; i++) {
        b->status = trainer_step(b->trainer, &b->loss, b->error);
        if (b->n_steps++ == 0) b->first_loss = b->loss;
    }
}
static void before(struct world *w) { watch_before(&of_world(w)->watch); }
static uint32_t after(struct world *w, int64_t ns, uint32_t *minor_faults)
{
    return watch_after(&of_world(w)->watch, ns, minor_faults);
}
/* A step's loss is finite or the trainer has refused to go on. */
static enum bench_code check(struct world *w) { return of_world(w)->status ? CODE_NOT_FINITE : CODE_NONE; }

static bool probe(struct world *w, double *flops, double *bytes)
{
    struct bench_trainer *b = of_world(w);
    resident_end(&b->resident); /* now, for the probes' arrays are not the trainer's memory */
    return probes_read(&b->probes, &b->watch, flops, bytes);
}

/* N(0,1) images and labels of all classes, by the seed alone. */
static void fill(struct trainer *t, uint64_t seed)
{
    const struct graph *g = t->graph;
    const struct tensor *y = g->outputs[0];
    int classes = y->shape.rank > 1 ? (int)y->shape.dim[1] : 1;
    for (int k = 0; k < g->n_inputs; k++)
        weights_normal(seed + (uint64_t)k * 1000003, (size_t)tensor_elements(g->inputs[k]), trainer_input(t, k));
    weights_normal(seed + 7, (size_t)tensor_elements(y), trainer_targets(t));
    for (int i = 0; i < t->batch; i++)
        trainer_labels(t)[i] = (int32_t)((seed + 1 + (uint64_t)i) * 2654435761u % (uint64_t)classes);
}

static gable_status open_trainer(struct bench_trainer *b, const struct graph *g, const struct cpus *cpus,
                                 const struct training_options *o, gable_error *e)
{
    struct weights *w = NULL;
    uint64_t seed = o->seed ? o->seed : BENCH_SEED;
    b->world = (struct world){self_now_ns, pass, before, after, check, probe};
    b->error = e;
    b->resident = resident_begin();
    gable_status s = weights_new(g, seed, &w, e);
    if (!s) s = trainer_open(g, w, cpus, &o->trainer, &b->trainer, e);
    weights_free(w);
    if (s) return s;
    resident_forget();
    fill(b->trainer, seed);
    b->probes = (struct probes){.n = b->trainer->threads, .cpus = b->trainer->cpus};
    return watch_threads(b->trainer->threads, b->trainer->tids, b->trainer->cpus, &b->watch, e);
}
static void close_trainer(struct bench_trainer *b)
{
    probes_release(&b->probes);
    watch_release(&b->watch);
    trainer_close(b->trainer);
}

static const char *run_name(int i)
{
    return i == TRAINED_STEP ? "step" : i == TRAINED_AGAIN ? "recompute" : train_pass_name((enum train_pass)i);
}
static void set_identity(struct run *r, const struct bench_trainer *b, const struct training_options *o, int i)
{
    const struct trainer *t = b->trainer;
    const struct shape *x = &t->graph->inputs[0]->shape;
    *r = (struct run){.batch = t->batch, .dtype = DTYPE_F32, .valid = true, .roof = o->roof, .block = 1};
    r->started_utc = (int64_t)time(NULL);
    r->height = x->rank == 4 ? (int)x->dim[2] : 0;
    r->width = x->rank == 4 ? (int)x->dim[3] : 0;
    r->threads = t->threads;
    r->setup_ns = t->setup_ns;
    r->planned_bytes = t->memory.total;
    snprintf(r->model, sizeof r->model, "%s", t->graph->name);
    model_label(o->model, r->label, sizeof r->label);
    snprintf(r->engine, sizeof r->engine, "cpu");
    snprintf(r->isa, sizeof r->isa, "%s", isa_name(t->isa));
    snprintf(r->pass, sizeof r->pass, "%s", run_name(i));
    snprintf(r->algorithms, sizeof r->algorithms, "%s", optimizer_name(t->options.optimizer));
    r->probe_flops = r->probe_bytes = r->p90_tail_ns = r->p99_tail_ns = NAN;
    r->median_ns = r->low_ns = r->high_ns = r->p5_ns = r->p95_ns = r->min_ns = r->max_ns = r->mad_ns = NAN;
    r->flops_per_s = r->intensity = r->attainable = r->efficiency = r->efficiency_low = r->efficiency_high = NAN;
}
static void add_work(struct run *r, const struct work *w)
{
    r->macs = count_add(r->macs, w->cost.macs);
    r->flops_counted = r->flops_executed = count_add(r->flops_counted, w->cost.flops);
    r->bytes.fused = r->bytes.unfused = count_add(r->bytes.fused, w->bytes);
}
static gable_status set_work(struct trained *out, const struct graph *g, enum optimizer o, gable_error *e)
{
    struct analysis *a = NULL;
    struct training *t = NULL;
    gable_status s = analysis_new(g, NULL, &a, e);
    if (!s) s = training_new(a, o, &t, e);
    for (int p = 0; !s && p < PASS_N; p++) {
        add_work(&out->runs[p], &t->passes[p]);
        add_work(&out->runs[TRAINED_STEP], &t->passes[p]);
    }
    for (int i = 0; !s && i < TRAINED_RUNS; i++) out->runs[i].params = a->params;
    if (!s) out->counted = t->memory;
    training_free(t);
    analysis_free(a);
    return s;
}

/* Steps with a clock between stages: a row of stage times each, and the marks of what disturbed it. */
struct timed_steps {
    int n, n_stages;
    double *ns; /* [n][n_stages] */
    struct sample *steps;
};
static void timed_release(struct timed_steps *t)
{
    free(t->ns);
    free(t->steps);
}
static gable_status time_stages(struct bench_trainer *b, double step_ns, double budget_s,
                                const volatile bool *interrupted, struct timed_steps *out, gable_error *e)
{
    int stages = b->trainer->n_stages;
    int most = (int)fmax(10, fmin(BENCH_GROUP_PASSES, budget_s / (1e-9 * step_ns)));
    *out = (struct timed_steps){.n_stages = stages,
                                .ns = calloc((size_t)most * (size_t)stages, sizeof *out->ns),
                                .steps = calloc((size_t)most, sizeof *out->steps)};
    if (!out->ns || !out->steps) return error_set(e, GABLE_NO_MEMORY, "no memory for %d steps", most);
    for (int i = 0; i < most && !(i >= BENCH_LEAST_SAMPLES && interrupted && *interrupted); i++, out->n++) {
        struct sample *x = &out->steps[i];
        watch_before(&b->watch);
        int64_t start = self_now_ns(&b->world);
        gable_status s = trainer_step_timed(b->trainer, &b->loss, out->ns + (size_t)i * (size_t)stages, e);
        if (s) return s;
        x->ns = self_now_ns(&b->world) - start;
        x->start_ns = start;
        x->marks = watch_after(&b->watch, x->ns, &x->minor_faults);
        b->n_steps++;
    }
    return GABLE_OK;
}
static int run_of(const struct trainer_stage *s) { return s->is_recomputed ? TRAINED_AGAIN : (int)s->pass; }

/* The samples of one part of a step: its stages' times, added. */
static gable_status judge_part(struct trained *out, const struct timed_steps *t, const struct trainer *trainer, int i,
                               const struct training_options *o, gable_error *e)
{
    struct run *r = &out->runs[i];
    r->samples = calloc((size_t)t->n + 1, sizeof *r->samples);
    if (!r->samples) return error_set(e, GABLE_NO_MEMORY, "no memory for %d samples", t->n);
    r->n_samples = t->n;
    for (int k = 0; k < t->n; k++) {
        double sum = 0;
        for (int s = 0; s < t->n_stages; s++)
            if (run_of(&trainer->stages[s]) == i) sum += t->ns[(size_t)k * (size_t)t->n_stages + (size_t)s];
        r->samples[k] = t->steps[k];
        r->samples[k].ns = sum >= 1 ? (int64_t)sum : 1;
    }
    if (o->quick) verdict_note(r, CODE_QUICK);
    gable_status s = verdict_of_times(r, o->precision > 0 ? o->precision : BENCH_PRECISION, e);
    bool has_roof = o->roof.peak > 0 && r->bytes.fused > 0 && r->flops_counted > 0;
    return s || !has_roof ? s : verdict_of_roof(r, NULL, 0, 0, e);
}
static double stage_median(const struct timed_steps *t, int stage, double *room)
{
    int n = 0;
    for (int clean = 1; clean >= 0 && n == 0; clean--)
        for (int k = 0; k < t->n; k++)
            if (!clean || !t->steps[k].marks) room[n++] = t->ns[(size_t)k * (size_t)t->n_stages + (size_t)stage];
    return stats_median(room, n);
}
static gable_status set_stages(struct trained *out, const struct timed_steps *t, const struct trainer *trainer,
                               gable_error *e)
{
    struct run *step = &out->runs[TRAINED_STEP];
    double *room = calloc((size_t)t->n + 1, sizeof *room);
    out->stages = calloc((size_t)t->n_stages + 1, sizeof *out->stages);
    if (!out->stages || !room) {
        free(room);
        return error_set(e, GABLE_NO_MEMORY, "no memory for %d stages", t->n_stages);
    }
    out->n_stages = t->n_stages;
    for (int i = 0; i < t->n_stages; i++) {
        const struct trainer_stage *from = &trainer->stages[i];
        struct stage_time *s = &out->stages[i];
        *s = (struct stage_time){.pass = from->pass, .is_recomputed = from->is_recomputed, .kind = from->kind};
        s->median_ns = stage_median(t, i, room);
        snprintf(s->name, sizeof s->name, "%s", from->name);
        snprintf(s->kernel, sizeof s->kernel, "%s", from->kernel);
        out->kinds_ns[s->kind][s->is_recomputed ? PASS_DATA : s->pass] += s->median_ns;
        step->sum_ns += s->median_ns;
    }
    for (int k = 0; k < t->n; k++) room[k] = (double)t->steps[k].ns;
    step->instrumented_ns = stats_median(room, t->n);
    free(room);
    if (!(fabs(step->sum_ns / step->instrumented_ns - 1) <= BENCH_SUM_APART)) verdict_note(step, CODE_SUM_MISMATCH);
    return GABLE_OK;
}

static gable_status sample_steps(struct bench_trainer *b, const struct training_options *o,
                                 const volatile bool *interrupted, struct run *r, gable_error *e)
{
    struct sampling s = {0};
    struct sampling_options options = {.budget_s = o->budget_s > 0 ? o->budget_s
                                                   : o->quick      ? BENCH_BUDGET_QUICK_S
                                                                   : BENCH_BUDGET_S,
                                       .least_s = o->quick ? 0.3 : BENCH_LEAST_S,
                                       .precision = o->precision > 0 ? o->precision
                                                    : o->quick       ? BENCH_PRECISION_QUICK
                                                                     : BENCH_PRECISION,
                                       .warmup_s = BENCH_WARMUP_S,
                                       .warmup_passes = o->quick ? 1 : BENCH_WARMUP_PASSES,
                                       .interrupted = interrupted,
                                       .progress = o->progress,
                                       .progress_arg = o->progress_arg};
    gable_status status = sampling_run(&b->world, &options, &s, e);
    if (status) return status;
    r->samples = s.samples; /* handed over */
    r->n_samples = s.n;
    r->block = s.block;
    r->first_ns = s.first_ns;
    r->peak_rss_bytes = b->resident.peak;
    s.samples = NULL;
    if (s.broke) verdict_invalid(r, s.broke);
    if (o->roof_is_rough) verdict_invalid(r, CODE_SPEED_DRIFT);
    if (o->quick) verdict_note(r, CODE_QUICK);
    if (watch_shares_cpu(&b->watch)) verdict_invalid(r, CODE_THREADS_SHARE_CPU);
    status = verdict_of_times(r, options.precision, e);
    if (!status && o->roof.peak > 0) status = verdict_of_roof(r, s.probes, s.n_probes, 0, e);
    sampling_release(&s);
    return status;
}
static gable_status measure(struct bench_trainer *b, const struct cpus *cpus, const struct training_options *o,
                            const volatile bool *interrupted, struct trained *out, gable_error *e)
{
    struct surroundings start, end;
    struct timed_steps timed = {0};
    struct run *step = &out->runs[TRAINED_STEP];
    double budget_s = o->budget_s > 0 ? o->budget_s : o->quick ? BENCH_BUDGET_QUICK_S : BENCH_BUDGET_S;
    surroundings_read("", &start);
    gable_status s = sample_steps(b, o, interrupted, step, e);
    step->environment = environment_json("");
    if (!s && b->status) s = b->status; /* the trainer's own sentence */
    if (!s && step->reason != CODE_INTERRUPTED && step->median_ns > 0)
        s = time_stages(b, step->median_ns, budget_s, interrupted, &timed, e);
    for (int i = 0; !s && timed.n > 0 && i < TRAINED_RUNS; i++)
        if (i != TRAINED_STEP) s = judge_part(out, &timed, b->trainer, i, o, e);
    if (!s && timed.n > 0) s = set_stages(out, &timed, b->trainer, e);
    surroundings_read("", &end);
    if (!s) surroundings_judge(step, &start, &end, cpus, o->trainer.threads, 0);
    timed_release(&timed);
    return s;
}

gable_status training_point(const struct cpus *cpus, const struct training_options *o, const volatile bool *interrupted,
                            struct trained *out, gable_error *e)
{
    struct model_options m = {.zoo = {.batch = o->batch, .height = o->height, .width = o->width}};
    struct bench_trainer b = {0};
    struct graph *g = NULL;
    *out = (struct trained){0};
    gable_status s = model_open(o->model, &m, &g, e);
    if (!s) s = open_trainer(&b, g, cpus, o, e);
    for (int i = 0; !s && i < TRAINED_RUNS; i++) set_identity(&out->runs[i], &b, o, i);
    if (!s) s = set_work(out, g, b.trainer->options.optimizer, e);
    if (!s) out->memory = b.trainer->memory;
    if (!s) s = measure(&b, cpus, o, interrupted, out, e);
    out->first_loss = b.first_loss;
    out->last_loss = b.loss;
    out->n_steps = b.n_steps;
    close_trainer(&b);
    graph_free(g);
    if (s) trained_release(out);
    return s;
}
void trained_release(struct trained *t)
{
    for (int i = 0; i < TRAINED_RUNS; i++) run_release(&t->runs[i]);
    free(t->stages);
    *t = (struct trained){0};
}
