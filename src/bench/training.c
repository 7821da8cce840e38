/* A training point in this process. */
#include "bench/defaults.h"
#include "bench/subject.h"
#include "bench/surroundings.h"
#include "bench/training_parts.h"
#include "bench/verdict.h"
#include "machine/environment.h"
#include "model/shapes.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

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
    struct initializers *file;
    gable_status s = subject_weights(o->model, o->seed, g, true, &file, &w, e);
    if (!s) s = trainer_open(g, w, cpus, &o->trainer, &b->trainer, e);
    weights_free(w);
    initializers_close(file);
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
    training_free(b->work);
}

static void set_numbers(struct run *r)
{
    r->probe_flops = r->probe_bytes = r->p90_tail_ns = r->p99_tail_ns = NAN;
    r->median_ns = r->low_ns = r->high_ns = r->p5_ns = r->p95_ns = r->min_ns = r->max_ns = r->mad_ns = NAN;
    r->setup_ns = r->first_ns = r->sum_ns = r->instrumented_ns = NAN;
    r->flops_per_s = r->intensity = r->attainable = r->efficiency = r->efficiency_low = r->efficiency_high = NAN;
}
static gable_status set_identity(struct trained *out, const struct graph *g, const struct cpus *cpus,
                                 const struct training_options *o, gable_error *e)
{
    const struct shape *x = &g->inputs[0]->shape;
    char device[sizeof out->runs->device];
    gable_status s = engine_cpu.describe(cpus, device, sizeof device, e);
    for (int i = 0; !s && i < TRAINED_RUNS; i++) {
        struct run *r = &out->runs[i];
        *r = (struct run){.batch = o->batch, .dtype = DTYPE_F32, .valid = true, .roof = o->roof, .block = 1};
        r->started_utc = (int64_t)time(NULL);
        r->round = o->round;
        r->height = x->rank == 4 ? (int)x->dim[2] : 0;
        r->width = x->rank == 4 ? (int)x->dim[3] : 0;
        r->threads = o->trainer.threads ? o->trainer.threads : cpus->n_cores;
        set_numbers(r);
        model_id(o->model, r->model, sizeof r->model);
        model_label(o->model, r->label, sizeof r->label);
        snprintf(r->engine, sizeof r->engine, "%s", training_engine);
        snprintf(r->device, sizeof r->device, "%s", device);
        snprintf(r->pass, sizeof r->pass, "%s", trained_name(i));
        snprintf(r->algorithms, sizeof r->algorithms, "%s", optimizer_name(o->trainer.optimizer));
    }
    return s;
}
static void set_trainer(struct trained *out, const struct trainer *t)
{
    struct run *step = &out->runs[TRAINED_STEP]; /* memory and set-up are of the whole */
    out->memory = t->memory;
    snprintf(out->trainer, sizeof out->trainer, "%s", t->engine->name);
    snprintf(out->why, sizeof out->why, "%s", t->why);
    step->planned_bytes = t->memory.total;
    out->runs[PASS_UPDATE].planned_bytes = t->memory.weights + t->memory.gradients + t->memory.optimizer;
    step->setup_ns = t->setup_ns;
    for (int i = 0; i < TRAINED_RUNS; i++) snprintf(out->runs[i].isa, sizeof out->runs[i].isa, "%s", isa_name(t->isa));
}

double training_precision(const struct training_options *o)
{
    return o->precision > 0 ? o->precision : o->quick ? BENCH_PRECISION_QUICK : BENCH_PRECISION;
}
static double budget_s(const struct training_options *o)
{
    return o->budget_s > 0 ? o->budget_s : o->quick ? BENCH_BUDGET_QUICK_S : BENCH_BUDGET_S;
}
static gable_status sample_steps(struct bench_trainer *b, const struct training_options *o,
                                 const volatile bool *interrupted, struct run *r, gable_error *e)
{
    struct sampling s = {0};
    struct sampling_options options = {.budget_s = budget_s(o),
                                       .least_s = o->quick ? 0.3 : BENCH_LEAST_S,
                                       .precision = training_precision(o),
                                       .most = o->steps,
                                       .warmup_s = BENCH_WARMUP_S,
                                       .warmup_passes = o->quick ? 1 : BENCH_WARMUP_PASSES,
                                       .interrupted = interrupted,
                                       .progress = o->progress_sample,
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
    if (!status && o->roof.peak > 0) status = verdict_of_roof(r, s.probes, s.n_probes, false, e);
    sampling_release(&s);
    return status;
}
static int steps_by_stages(const struct training_options *o, double step_ns)
{
    int least = o->quick ? BENCH_LEAST_SAMPLES : BENCH_TIMED_STEPS;
    return o->steps ? o->steps : (int)fmax(least, fmin(BENCH_GROUP_PASSES, budget_s(o) / (1e-9 * step_ns)));
}
/* The machine did to the parts what it did to the whole: they ran in the same minutes. */
static void judge_all(struct trained *out, const struct surroundings *start, const struct cpus *cpus,
                      const struct training_options *o)
{
    struct surroundings end;
    const struct run *step = &out->runs[TRAINED_STEP];
    surroundings_read("", &end);
    for (int i = 0; i < TRAINED_RUNS; i++)
        if (out->runs[i].n_samples) surroundings_judge(&out->runs[i], start, &end, cpus, o->trainer.threads, 0);
    for (int i = 0; i < TRAINED_RUNS; i++)
        if (!step->valid && i != TRAINED_STEP) verdict_invalid(&out->runs[i], step->reason);
}
static gable_status measure(struct bench_trainer *b, const struct cpus *cpus, const struct training_options *o,
                            const volatile bool *interrupted, struct trained *out, gable_error *e)
{
    struct surroundings start;
    struct run *step = &out->runs[TRAINED_STEP];
    surroundings_read("", &start);
    gable_status s = sample_steps(b, o, interrupted, step, e);
    step->environment = environment_json("");
    if (!s && b->status) s = b->status; /* the trainer's own sentence */
    if (!s && step->reason != CODE_INTERRUPTED && step->median_ns > 0)
        s = training_parts(b, steps_by_stages(o, step->median_ns), o, interrupted, out, e);
    for (int i = 0; i < TRAINED_RUNS; i++) { /* of the process */
        out->runs[i].first_ns = step->first_ns;
        out->runs[i].setup_ns = step->setup_ns;
    }
    if (!s) judge_all(out, &start, cpus, o);
    out->first_loss = b->first_loss;
    out->last_loss = b->loss;
    out->n_steps = b->n_steps;
    return s;
}

static gable_status open_graph(const struct training_options *o, struct graph **out, gable_error *e)
{
    struct model_options m = {.zoo = {.batch = o->batch, .height = o->height, .width = o->width},
                              .n_shapes = o->n_shapes,
                              .shapes = o->shapes};
    gable_status s = model_open(o->model, &m, out, e);
    return s ? s : model_batch_check(*out, &m, e);
}
gable_status training_check(const struct cpus *cpus, const struct training_options *o, gable_error *e)
{
    struct graph *g = NULL;
    gable_status s = open_graph(o, &g, e);
    if (!s) s = trainer_check(g, cpus, &o->trainer, e);
    graph_free(g);
    return s;
}
/* The analysis is the caller's too: the training borrows it. */
static gable_status count_work(const struct graph *g, enum optimizer o, struct analysis **a, struct training **t,
                               gable_error *e)
{
    gable_status s = analysis_new(g, NULL, a, e);
    return s ? s : training_new(*a, o, t, e);
}
gable_status training_open(struct training_subject *x, const struct cpus *cpus, const struct training_options *o,
                           gable_error *e)
{
    *x = (struct training_subject){0};
    gable_status s = open_graph(o, &x->graph, e);
    if (!s) s = count_work(x->graph, o->trainer.optimizer, &x->analysis, &x->bench.work, e);
    return s ? s : open_trainer(&x->bench, x->graph, cpus, o, e);
}
void training_close(struct training_subject *x)
{
    close_trainer(&x->bench);
    analysis_free(x->analysis);
    graph_free(x->graph);
}
gable_status training_measure(const struct cpus *cpus, const struct training_options *o,
                              const volatile bool *interrupted, struct trained *out, gable_error *e)
{
    struct training_subject x;
    struct bench_trainer *b = &x.bench;
    *out = (struct trained){0};
    gable_status s = training_open(&x, cpus, o, e);
    if (!s) s = set_identity(out, x.graph, cpus, o, e);
    if (!s) training_count(out, b->work);
    if (!s) set_trainer(out, b->trainer);
    if (!s) training_plan_work(out, b->trainer, b->work);
    if (!s) s = measure(b, cpus, o, interrupted, out, e);
    training_close(&x);
    if (s) trained_release(out);
    return s;
}
gable_status training_identity(const struct cpus *cpus, const struct training_options *o, struct trained *out,
                               gable_error *e)
{
    struct analysis *a = NULL;
    struct training *t = NULL;
    struct graph *g = NULL;
    *out = (struct trained){0};
    gable_status s = open_graph(o, &g, e);
    if (!s) s = count_work(g, o->trainer.optimizer, &a, &t, e);
    if (!s) s = set_identity(out, g, cpus, o, e);
    if (!s) training_count(out, t);
    training_free(t);
    analysis_free(a);
    graph_free(g);
    return s;
}
