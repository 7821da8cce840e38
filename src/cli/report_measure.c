/* gable report: the machine and the runs, from the store where they are fresh, measured where they are not. */
#include "cli/command.h"
#include "cli/report.h"
#include "cli/table.h"
#include "machine/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MACHINE_FRESH_S = 24 * 3600 };

static void show_progress(void *arg, const char *what, int done, int total)
{
    (void)arg;
    term_progress(what, done, total);
}

static void warn(const gable_error *e, const char *consequence)
{
    term_progress_end();
    cli_fail(e);
    fprintf(stderr, "gable: %s\n", consequence);
}

static void print_fitness(void)
{
    struct fitness_line lines[FITNESS_LINES];
    int n = fitness_check("", cli_cpus(), lines);
    for (int i = 0; i < n; i++)
        if (lines[i].state == 1 || lines[i].state == 2)
            fprintf(stderr, "gable: %s: %s\n", lines[i].check, lines[i].text);
}

static void open_store(struct report_request *r)
{
    gable_error e = {0};
    if (store_open(r->store_path, &r->store, &e)) warn(&e, "the report is written, but its runs are not kept");
}

/* The highest ceilings although none is valid: the report is still worth its counts, and says so. */
static gable_status doubtful_roof(struct report_request *r, int threads, gable_error *e)
{
    const struct machine *m = &r->study.machine;
    struct ceiling *all = malloc(((size_t)m->n_ceilings + 1) * sizeof *all);
    bool found = false;
    for (int i = 0; all && i < m->n_ceilings; i++) {
        all[i] = m->ceilings[i];
        all[i].valid = all[i].value > 0;
    }
    if (all) found = roof_of_ceilings(all, m->n_ceilings, DTYPE_F32, threads, &r->study.roof);
    free(all);
    if (!found)
        return error_set(e, GABLE_INVALID_RUN,
                         "this machine gave no fp32 and DRAM ceiling of %d threads; 'gable machine' shows why",
                         threads);
    fprintf(stderr, "gable: the machine is too busy to measure its roof soundly; the report says so\n");
    r->study.is_roof_doubtful = true;
    return GABLE_OK;
}

/* The stored machine of the last day with the roof that is asked for, else all ceilings measured now. */
static gable_status find_machine(struct report_request *r, gable_error *e)
{
    struct machine *m = &r->study.machine;
    const struct bench_options *o = &r->campaign.bench;
    int threads = o->engine.threads ? o->engine.threads : cli_cpus()->n_cores;
    struct topology here;
    bool found = false;
    gable_error why = {0};
    topology_read(&here);
    if (r->store && !r->is_fresh) store_last_machine(r->store, &here, m, &found, &why);
    int64_t age = time(NULL) - m->measured_utc;
    if (found && age >= 0 && age < MACHINE_FRESH_S &&
        roof_of_ceilings(m->ceilings, m->n_ceilings, DTYPE_F32, threads, &r->study.roof))
        return GABLE_OK;
    struct machine_options how = {.threads = threads, .quick = o->quick, .progress = show_progress};
    gable_status s = machine_measure(cli_cpus(), &how, &cli_interrupted, m, e);
    term_progress_end();
    if (s) return s;
    if (r->store && store_put_machine(r->store, m, &why)) warn(&why, "the machine's ceilings are not kept");
    if (roof_of_ceilings(m->ceilings, m->n_ceilings, DTYPE_F32, threads, &r->study.roof)) return GABLE_OK;
    return doubtful_roof(r, threads, e);
}

static bool is_of(const struct run *run, const struct campaign_point *p)
{
    return run->batch == p->batch && !strcmp(run->model, p->model) &&
           p->trains == !strcmp(run->engine, training_engine);
}
static bool is_pass(const struct run *run, const struct campaign_point *p, int pass)
{
    return is_of(run, p) && !strcmp(run->pass, trained_name(pass));
}

static bool has_round(void *arg, const struct campaign_point *p, int round)
{
    const struct report_request *r = arg;
    for (int i = 0; i < r->n_runs; i++)
        if (is_pass(&r->runs[i], p, p->trains ? TRAINED_STEP : PASS_FORWARD) && r->runs[i].round == round &&
            r->runs[i].reason != CODE_INTERRUPTED)
            return true;
    return false;
}

static gable_status keep_run(struct report_request *r, const struct run *run, gable_error *e)
{
    struct run *grown = realloc(r->runs, ((size_t)r->n_runs + 1) * sizeof *grown);
    if (!grown) return error_set(e, GABLE_NO_MEMORY, "no memory for %d runs", r->n_runs + 1);
    r->runs = grown;
    gable_status s = run_copy(&r->runs[r->n_runs], run, e);
    if (!s) r->n_runs++;
    return s;
}

/* A store that fails later is said once; measuring goes on. */
static gable_status round_finished(void *arg, const struct run *runs, int n, gable_error *e)
{
    struct report_request *r = arg;
    gable_error why = {0};
    if (r->store && store_put_runs(r->store, runs, n, r->id, &why)) {
        warn(&why, "later runs are not kept");
        store_close(r->store);
        r->store = NULL;
    }
    gable_status s = GABLE_OK;
    for (int i = 0; !s && i < n; i++) s = keep_run(r, &runs[i], e);
    return s;
}

static bool recall(void *arg, const struct campaign_point *p, const char *key, char *out, size_t room)
{
    struct report_request *r = arg;
    return choices_recall(&r->choices, r->store, p, key, out, room);
}
static void remember(void *arg, const char *key, const char *choices)
{
    choices_remember(((struct report_request *)arg)->store, key, choices);
}

/* What an earlier start of the same campaign has finished. What was invalid then is measured again: the machine may be
   quiet now. */
static void resume(struct report_request *r)
{
    gable_error why = {0};
    int n = 0, kept = 0;
    if (!r->store || r->is_fresh) return;
    if (store_runs(r->store, r->id, &r->runs, &n, &why)) {
        warn(&why, "everything is measured again");
        n = 0;
    }
    for (int i = 0; i < n; i++) {
        if (r->runs[i].valid)
            r->runs[kept++] = r->runs[i];
        else
            run_release(&r->runs[i]);
    }
    r->n_runs = kept;
    if (n) fprintf(stderr, "gable: %d of %d stored runs are valid and taken from %s\n", kept, n, store_path(r->store));
}

static void list_training(struct report_request *r, int model)
{
    struct campaign *c = &r->campaign;
    struct training_options o = c->training;
    gable_error why = {0};
    o.model = r->study.models[model].id;
    o.batch = r->study.training_batch;
    if (training_check(cli_cpus(), &o, &why))
        warn(&why, "that point is left out");
    else
        r->points[c->n_points++] = (struct campaign_point){.model = o.model, .batch = o.batch, .trains = true};
}
/* Every point that fits; one that does not is said and left out. */
static void list_points(struct report_request *r)
{
    struct campaign *c = &r->campaign;
    for (int m = 0; m < r->study.n_models; m++)
        for (int b = 0; b < r->study.n_batches; b++) {
            struct bench_options o = c->bench;
            gable_error why = {0};
            o.model = r->study.models[m].id;
            o.batch = r->study.batches[b];
            if (bench_check(cli_cpus(), &o, &why))
                warn(&why, "that point is left out");
            else
                r->points[c->n_points++] = (struct campaign_point){.model = o.model, .batch = o.batch};
        }
    for (int m = 0; m < r->study.n_models; m++) list_training(r, m);
    c->points = r->points;
    c->spare = c->n_points / 4;
}

static gable_status merge_pass(struct report_request *r, const struct campaign_point *p, int pass, struct run *rounds,
                               gable_error *e)
{
    struct run merged = {0};
    int n = 0;
    for (int i = 0; i < r->n_runs; i++)
        if (is_pass(&r->runs[i], p, pass) && r->runs[i].reason != CODE_INTERRUPTED) rounds[n++] = r->runs[i];
    if (!n) return GABLE_OK;
    gable_status s = campaign_merge(rounds, n, &merged, e);
    if (!s) s = study_add_run(&r->study, &merged, e);
    run_release(&merged);
    return s;
}
/* One run per point, of training one per pass, into the study: its rounds together. */
static gable_status merge(struct report_request *r, gable_error *e)
{
    struct run *rounds = calloc((size_t)r->n_runs + 1, sizeof *rounds); /* borrows what it holds */
    gable_status s = rounds ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory for %d runs", r->n_runs);
    for (int i = 0; i < r->campaign.n_points; i++) {
        const struct campaign_point *p = &r->points[i];
        for (int pass = 0; !s && pass < (p->trains ? TRAINED_RUNS : 1); pass++) s = merge_pass(r, p, pass, rounds, e);
    }
    free(rounds);
    return s;
}

gable_status report_measure(struct report_request *r, gable_error *e)
{
    struct campaign *c = &r->campaign;
    struct study *s = &r->study;
    gable_error why = {0};
    gable_status status = study_costs(s, r->models, r->n_models, r->batches, r->n_batches, e);
    if (status) return status; /* unknown models are said before any work */
    open_store(r);
    print_fitness();
    s->started_utc = time(NULL);
    status = find_machine(r, e);
    if (status) return status;
    c->bench.roof = c->training.roof = s->roof;
    cache_roofs_of(&s->machine, c->bench.engine.threads ? c->bench.engine.threads : cli_cpus()->n_cores,
                   &c->bench.caches);
    campaign_id(c, &s->machine.topology, cli_cpus(), r->id);
    list_points(r);
    resume(r);
    c->has = has_round;
    c->finished = round_finished;
    c->progress = show_progress;
    c->recall = recall;
    c->remember = remember;
    c->arg = r;
    status = campaign_run(cli_cpus(), c, &cli_interrupted, e);
    term_progress_end();
    if (!status) status = merge(r, e);
    if (!status && report_learn(r, &why)) warn(&why, "not every training run is shown");
    s->environment = environment_json("");
    s->finished_utc = time(NULL);
    return status;
}

void report_request_release(struct report_request *r)
{
    for (int i = 0; i < r->n_runs; i++) run_release(&r->runs[i]);
    free(r->runs);
    store_close(r->store);
    study_release(&r->study);
}
