#include "bench/measure.h"

#include "base/input.h"
#include "bench/defaults.h"
#include "bench/probes.h"
#include "bench/self.h"
#include "bench/stats.h"
#include "bench/subject.h"
#include "bench/surroundings.h"
#include "bench/verdict.h"
#include "bench/watch.h"
#include "engine/plan/groups.h"
#include "machine/environment.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The machine as the sampling loop sees it. */
struct device {
    struct world world;
    struct session *session;
    struct watch watch;
    struct probes probes;
    struct cache_roofs caches;
    struct resident resident; /* without the probes' arrays */
    uint64_t checksum;
    bool has_checksum;
};
static struct device *device_of(struct world *w) { return CONTAINER_OF(w, struct device, world); }

static void pass(struct world *w, int passes)
{
    struct session *s = device_of(w)->session;
    for (int i = 0; i < passes; i++) s->engine->run(s);
}

static void before(struct world *w) { watch_before(&device_of(w)->watch); }

static uint32_t after(struct world *w, int64_t ns, uint32_t *minor_faults)
{
    return watch_after(&device_of(w)->watch, ns, minor_faults);
}

/* FNV-1a over the outputs' words; false where one of them is no finite number. */
static bool checksum_of(struct session *s, uint64_t *out)
{
    uint64_t hash = UINT64_C(14695981039346656037), infinite = 0;
    for (int i = 0; i < s->graph->n_outputs; i++) {
        const float *value = s->engine->output(s, i);
        size_t n = (size_t)tensor_elements(s->graph->outputs[i]);
        for (size_t j = 0; j < n; j++) {
            uint32_t bits;
            memcpy(&bits, &value[j], sizeof bits);
            hash = (hash ^ bits) * UINT64_C(1099511628211);
            infinite |= (bits & 0x7f800000) == 0x7f800000;
        }
    }
    *out = hash;
    return !infinite;
}

static enum bench_code check(struct world *w)
{
    struct device *d = device_of(w);
    uint64_t sum;
    if (d->session->failure.status) return CODE_CRASHED; /* ends the sampling; `measure` says what happened */
    if (!checksum_of(d->session, &sum)) return CODE_NOT_FINITE;
    if (d->has_checksum && sum != d->checksum) return CODE_WRONG_RESULT;
    d->checksum = sum;
    d->has_checksum = true;
    return CODE_NONE;
}

/* A probe that another program disturbed is taken again, twice at most; its own share is measured like a sample's. */
static bool probe(struct world *w, double *flops, double *bytes)
{
    struct device *d = device_of(w);
    resident_end(&d->resident); /* now, for the probes' arrays are not the model's memory */
    return probes_read(&d->probes, &d->watch, flops, bytes);
}

static gable_status device_open(struct device *d, const struct graph *g, const struct cpus *cpus,
                                const struct bench_options *o, gable_error *e)
{
    *d = (struct device){.world = {self_now_ns, pass, before, after, check, probe}};
    d->resident = resident_begin();
    gable_status s = subject_session(o, g, cpus, &d->session, e);
    resident_forget();
    if (s) return s;
    const struct session *x = d->session;
    d->probes = (struct probes){.borrowed = x->team, .n = x->threads, .cpus = x->cpus};
    return watch_threads(x->threads, x->tids, x->cpus, &d->watch, e);
}

static void device_close(struct device *d)
{
    probes_release(&d->probes);
    watch_release(&d->watch);
    if (d->session) d->session->engine->close(d->session);
}

double measure_budget_s(const struct bench_options *o)
{
    return o->budget_s > 0 ? o->budget_s : o->quick ? BENCH_BUDGET_QUICK_S : BENCH_BUDGET_S;
}

static double precision_of(const struct bench_options *o)
{
    return o->precision > 0 ? o->precision : o->quick ? BENCH_PRECISION_QUICK : BENCH_PRECISION;
}

/* Counts, from the analysis with the engine's own groups. */
static gable_status set_work(struct run *r, const struct graph *g, gable_error *e)
{
    struct grouping grouping;
    struct analysis *a = NULL;
    gable_status s = groups_find(g, &grouping, e);
    if (!s) s = analysis_new(g, &grouping, &a, e);
    if (s) return s;
    r->macs = a->total.macs;
    r->flops_counted = r->flops_executed = a->total.flops;
    r->params = a->params;
    r->bytes = a->bytes;
    analysis_free(a);
    return GABLE_OK;
}

static gable_status set_identity(struct run *r, const struct graph *g, const struct cpus *cpus,
                                 const struct bench_options *o, gable_error *e)
{
    const struct engine *engine = subject_engine(o, g, cpus);
    const struct shape *x = &g->inputs[0]->shape;
    *r = (struct run){.batch = o->batch, .dtype = g->inputs[0]->dtype, .valid = true, .roof = o->roof, .block = 1};
    r->started_utc = (int64_t)time(NULL);
    r->round = o->round;
    if (x->rank == 4) {
        r->height = (int)x->dim[2];
        r->width = (int)x->dim[3];
    }
    model_id(o->model, r->model, sizeof r->model);
    model_label(o->model, r->label, sizeof r->label);
    snprintf(r->engine, sizeof r->engine, "%s", engine->name);
    snprintf(r->pass, sizeof r->pass, "forward");
    gable_status s = engine->describe(cpus, r->device, sizeof r->device, e);
    if (!s) s = set_work(r, g, e);
    r->probe_flops = r->probe_bytes = r->p90_tail_ns = r->p99_tail_ns = NAN;
    r->median_ns = r->low_ns = r->high_ns = r->p5_ns = r->p95_ns = r->min_ns = r->max_ns = r->mad_ns = NAN;
    r->flops_per_s = r->intensity = r->attainable = r->efficiency = r->efficiency_low = r->efficiency_high = NAN;
    r->threads = o->engine.threads ? o->engine.threads : cpus->n_cores;
    return s;
}

gable_status measure_identity(const struct cpus *cpus, const struct bench_options *o, struct run *out, gable_error *e)
{
    struct graph *g = NULL;
    gable_status s = subject_graph(o, &g, e);
    if (!s) s = set_identity(out, g, cpus, o, e);
    if (s) run_release(out);
    graph_free(g);
    return s;
}

static void set_session(struct run *r, const struct device *d)
{
    const struct session *s = d->session;
    r->threads = s->threads;
    r->setup_ns = s->setup_ns;
    r->planned_bytes = s->planned_bytes;
    r->peak_rss_bytes = d->resident.peak;
    snprintf(r->isa, sizeof r->isa, "%s", isa_name(s->isa));
    snprintf(r->algorithms, sizeof r->algorithms, "%s", s->algorithms);
    snprintf(r->choices, sizeof r->choices, "%s", s->choices);
}

/* What a group reads of the model's own: each initializer once. */
static double weight_bytes(const struct graph *g, const struct group_info *group)
{
    double bytes = 0;
    for (int i = 0; i < group->n_nodes; i++) {
        const struct node *n = g->nodes[group->nodes[i]];
        for (int k = 0; k < n->n_in; k++)
            if (tensor_is_initializer(n->in[k])) bytes += (double)tensor_bytes(n->in[k]);
    }
    return fmin(bytes, (double)group->bytes);
}

static double group_floor_ns(const struct run *r, const struct session *s, const struct cache_roofs *caches,
                             const struct group_info *group)
{
    double weights = weight_bytes(s->graph, group);
    const struct floor_plan plan = {.arena_bytes = (double)s->arena_bytes,
                                    .weight_bytes = (double)s->weight_bytes,
                                    .shares = s->batch > s->threads ? s->batch : s->threads};
    const struct floor_work work = {.flops = (double)group->flops_executed,
                                    .weight_bytes = weights,
                                    .activation_bytes = (double)group->bytes - weights};
    return floor_ns(&r->roof, caches, &plan, &work);
}

static gable_status new_groups(struct run *r, const struct session *s, const struct cache_roofs *caches, gable_error *e)
{
    count saved = 0;
    r->groups = calloc((size_t)s->n_groups + 1, sizeof *r->groups);
    if (!r->groups) return error_set(e, GABLE_NO_MEMORY, "no memory for %d groups", s->n_groups);
    r->n_groups = s->n_groups;
    for (int i = 0; i < s->n_groups; i++) {
        const struct group_info *from = &s->groups[i];
        struct run_group *g = &r->groups[i];
        *g = (struct run_group){.kind = from->kind,
                                .flops_counted = (double)from->flops_counted,
                                .flops_executed = (double)from->flops_executed,
                                .bytes = (double)from->bytes};
        g->floor_ns = group_floor_ns(r, s, caches, from);
        snprintf(g->name, sizeof g->name, "%s", from->name);
        snprintf(g->kernel, sizeof g->kernel, "%s", from->kernel);
        saved += from->flops_counted - from->flops_executed;
    }
    r->flops_executed = r->flops_counted - saved;
    return GABLE_OK;
}

/* Medians of the columns of `n` rows: groups, then the whole pass. */
static void set_group_times(struct run *r, const double *rows, int n)
{
    int columns = r->n_groups + 1;
    double *column = calloc((size_t)n + 1, sizeof *column);
    for (int c = 0; column && c < columns; c++) {
        for (int i = 0; i < n; i++) column[i] = rows[(size_t)i * (size_t)columns + (size_t)c];
        double median = stats_median(column, n);
        if (c < r->n_groups)
            r->groups[c].median_ns = median;
        else
            r->instrumented_ns = median;
    }
    free(column);
}

/* A run of its own, with a clock between the groups. Disturbed passes count only where there are no others. */
static gable_status time_groups(struct device *d, struct run *r, double budget_s, const volatile bool *interrupted,
                                gable_error *e)
{
    struct session *s = d->session;
    size_t columns = (size_t)s->n_groups + 1;
    int passes = (int)fmax(5, fmin(BENCH_GROUP_PASSES, 0.2 * budget_s / (1e-9 * r->median_ns))), n_clean = 0, n = 0;
    double *rows = calloc(columns * (size_t)passes, sizeof *rows), *spare = calloc(columns, sizeof *spare);
    gable_status status =
        rows && spare ? new_groups(r, s, &d->caches, e) : error_set(e, GABLE_NO_MEMORY, "no memory for groups");
    if (!status) s->engine->run_timed(s, spare); /* the first is warm-up */
    for (int i = 0; !status && i < 2 * passes && n_clean < passes; i++) {
        uint32_t faults;
        if (i && interrupted && *interrupted) break;
        if (n - n_clean > 0 && i >= passes && n_clean >= 3) break;
        double *row = n_clean < passes ? rows + (size_t)n_clean * columns : spare;
        watch_before(&d->watch);
        int64_t start = self_now_ns(&d->world);
        s->engine->run_timed(s, row);
        row[s->n_groups] = (double)(self_now_ns(&d->world) - start);
        n++;
        if (!watch_after(&d->watch, (int64_t)row[s->n_groups], &faults) || i >= passes) n_clean++;
    }
    if (!status) set_group_times(r, rows, n_clean > 0 ? n_clean : 1);
    free(rows);
    free(spare);
    return status;
}

/* Bytes of all instances of the last level; 0 where unknown. */
static size_t last_cache(void)
{
    struct topology t;
    topology_read(&t);
    return t.n_caches ? t.cache[t.n_caches - 1].bytes * (size_t)t.cache[t.n_caches - 1].instances : 0;
}

/* The largest fall of the compute probes below the first. */
static double fall_of(const struct sampling *s)
{
    double fall = 0;
    for (int i = 1; i < s->n_probes; i++) fall = fmax(fall, 1 - s->probes[i].flops / s->probes[0].flops);
    return fall;
}

static gable_status judge(struct run *r, struct sampling *s, struct device *d, const struct bench_options *o,
                          gable_error *e)
{
    r->samples = s->samples; /* handed over */
    r->n_samples = s->n;
    s->samples = NULL;
    s->n = 0;
    r->block = s->block;
    r->first_ns = s->first_ns;
    if (s->broke) verdict_invalid(r, s->broke);
    if (o->roof_is_rough) verdict_invalid(r, CODE_SPEED_DRIFT);
    if (o->quick) verdict_note(r, CODE_QUICK);
    if (watch_shares_cpu(&d->watch)) verdict_invalid(r, CODE_THREADS_SHARE_CPU);
    return verdict_of_times(r, precision_of(o), e);
}

static gable_status measure(struct device *d, const struct cpus *cpus, const struct bench_options *o,
                            const volatile bool *interrupted, struct run *r, gable_error *e)
{
    struct surroundings start, end;
    struct sampling s = {0};
    struct sampling_options options = {.budget_s = measure_budget_s(o),
                                       .least_s = o->least_s > 0 ? o->least_s
                                                  : o->quick     ? 0.3
                                                                 : BENCH_LEAST_S,
                                       .precision = precision_of(o),
                                       .warmup_s = BENCH_WARMUP_S,
                                       .warmup_passes = o->quick ? 1 : BENCH_WARMUP_PASSES,
                                       .interrupted = interrupted,
                                       .progress = o->progress_sample,
                                       .progress_arg = o->progress_arg};
    r->environment = environment_json("");
    d->probes.has_none = o->skip_probes;
    d->caches = o->caches;
    subject_fill(d->session, o);
    surroundings_read("", &start);
    gable_status status = sampling_run(&d->world, &options, &s, e);
    if (!status && d->session->failure.status) {
        sampling_release(&s);
        *e = d->session->failure;
        status = error_within(e, "%s", input_name(o->model));
    }
    if (status) return status;
    set_session(r, d);
    bool is_whole = !s.broke;
    status = judge(r, &s, d, o, e);
    if (!status && is_whole && r->median_ns > 0) status = time_groups(d, r, options.budget_s, interrupted, e);
    if (!status) {
        verdict_of_groups(r);
        status = verdict_of_roof(r, s.probes, s.n_probes, r->planned_bytes && r->planned_bytes < last_cache(), e);
    }
    surroundings_read("", &end);
    surroundings_judge(r, &start, &end, cpus, o->engine.threads, fall_of(&s));
    sampling_release(&s);
    return status;
}

gable_status measure_point(const struct cpus *cpus, const struct bench_options *o, const volatile bool *interrupted,
                           struct run *out, gable_error *e)
{
    struct graph *g = NULL;
    struct device d = {0};
    *out = (struct run){0};
    gable_status s = subject_graph(o, &g, e);
    if (!s) s = set_identity(out, g, cpus, o, e);
    if (!s) s = device_open(&d, g, cpus, o, e);
    if (!s) s = measure(&d, cpus, o, interrupted, out, e);
    device_close(&d);
    graph_free(g);
    if (s) run_release(out);
    return s;
}
