/* gable bench: really run models. */
#include "cli/bench.h"

#include "base/json.h"
#include "bench/campaign.h"
#include "bench/trace.h"
#include "cli/choices.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/trace.h"
#include "cli/words.h"
#include "machine/environment.h"
#include "model/shapes.h"
#include "store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCHES_MAX = 16, FRESH_S = 3600 };
enum { KEY_ISA = 1000, KEY_WINOGRAD, KEY_BUDGET, KEY_ROUNDS, KEY_SEED, KEY_STORE, KEY_NO_STORE, KEY_RETUNE, KEY_TRACE };

struct request {
    const struct command *self;
    const char *models[CLI_MODELS], *store_path, *trace;
    int n_models, batches[BATCHES_MAX], n_batches;
    struct model_shapes shapes;
    bool wants_json, wants_groups, no_store;
    struct campaign campaign;
    struct campaign_point points[CLI_MODELS * BATCHES_MAX];
    struct choices_memory choices;
    /* while it runs */
    struct store *store;
    char id[CAMPAIGN_ID];
    struct run *runs;
    int n_runs;
};

static const struct argp_option options[] = {
    {"batch", 'b', "N", 0, "images at once, 1 to 65536, or a list: 1,64,256 (1)", 0},
    {"threads", 't', "N", 0, "threads (one per allowed core)", 0},
    CLI_SHAPES,
    {"isa", KEY_ISA, "NAME", 0, "instruction set: best, plain, neon, avx2 or avx512 (best)", 0},
    {"winograd", KEY_WINOGRAD, "WHEN", 0, "auto (each layer timed), rule (nothing is timed), never, always (auto)", 0},
    {"retune", KEY_RETUNE, NULL, 0, "time the choices again that the store holds", 0},
    {"budget", KEY_BUDGET, "SECONDS", 0, "of samples per point, shared by its rounds (10)", 0},
    {"rounds", KEY_ROUNDS, "N", 0, "how often every point is visited, in shuffled order (3; 1 for one point)", 0},
    {"seed", KEY_SEED, "N", 0, "of weights, inputs and order (1)", 0},
    {"quick", 'q', NULL, 0, "a tenth of the time, wider intervals, marked so", 0},
    {"groups", 'g', NULL, 0, "a table per fused group", 0},
    {"trace", KEY_TRACE, "FILE", 0,
     "then trace 3 passes: every thread's work on every group, FLOP/s and bytes/s, for ui.perfetto.dev", 0},
    {"store", KEY_STORE, "FILE", 0, "where results go (gable.db in the XDG data directory)", 0},
    {"no-store", KEY_NO_STORE, NULL, 0, "keep nothing", 0},
    {"json", 'j', NULL, 0, "one JSON object", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    struct bench_options *o = &r->campaign.bench;
    gable_error e = {0};
    bool ok = true;
    int seed = 0;
    switch (key) {
    case 'b': ok = cli_int_list("--batch", arg, 1, 65536, r->batches, BATCHES_MAX, &r->n_batches, &e); break;
    case 't': ok = cli_int("--threads", arg, 1, cli_cpus()->n_allowed, &o->engine.threads, &e); break;
    case 's':
    case CLI_KEY_SHAPE:
    case CLI_KEY_BIND: ok = cli_shape(key, arg, &r->shapes, &o->height, &o->width, &e); break;
    case KEY_ISA: ok = cli_isa(arg, &o->engine.isa, &e); break;
    case KEY_WINOGRAD: ok = choices_parse(arg, &o->engine, &e); break;
    case KEY_BUDGET: ok = cli_real("--budget", arg, 0.1, 3600, &o->budget_s, &e); break;
    case KEY_ROUNDS: ok = cli_int("--rounds", arg, 1, 100, &r->campaign.rounds, &e); break;
    case KEY_SEED:
        ok = cli_int("--seed", arg, 1, 2147483647, &seed, &e);
        o->seed = (uint64_t)seed;
        break;
    case 'q': o->quick = true; break;
    case KEY_RETUNE: r->choices.wants_new = true; break;
    case 'g': r->wants_groups = true; break;
    case KEY_TRACE: r->trace = arg; break;
    case KEY_STORE: r->store_path = arg; break;
    case KEY_NO_STORE: r->no_store = true; break;
    case 'j': r->wants_json = true; break;
    case ARGP_KEY_ARG: ok = cli_model(arg, r->models, &r->n_models, &e); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    if (!ok) cli_usage(r->self, "%s", e.why);
    return ok ? 0 : EINVAL;
}

/* Results are told apart by label and batch. */
static gable_status check_labels(const struct request *r, gable_error *e)
{
    char a[RECORD_NAME], b[RECORD_NAME];
    for (int i = 0; i < r->n_models; i++)
        for (int j = 0; j < i; j++) {
            model_label(r->models[i], a, sizeof a);
            model_label(r->models[j], b, sizeof b);
            if (!strcmp(a, b))
                return error_set(e, GABLE_USAGE, "two of the models are called '%.60s'; run them apart", a);
        }
    return GABLE_OK;
}

/* What is unknown, broken or too large is said before any work. */
static gable_status check_points(struct request *r, gable_error *e)
{
    struct campaign *c = &r->campaign;
    struct bench_options o = c->bench;
    gable_status s = check_labels(r, e);
    for (int m = 0; m < r->n_models && !s; m++)
        for (int b = 0; b < r->n_batches && !s; b++) {
            o.model = r->models[m];
            o.batch = r->batches[b];
            s = bench_check(cli_cpus(), &o, e);
            r->points[c->n_points++] = (struct campaign_point){.model = o.model, .batch = o.batch};
        }
    c->points = r->points;
    return s;
}

static void warn(const gable_error *e)
{
    cli_fail(e);
    fprintf(stderr, "gable: results are printed and not stored\n");
}

static void open_store(struct request *r)
{
    gable_error e = {0};
    if (r->no_store) return;
    if (store_open(r->store_path, &r->store, &e))
        warn(&e);
    else if (store_is_on_network(r->store))
        fprintf(stderr, "gable: %s: is on a network file system; a rollback journal is used\n", store_path(r->store));
}

static void progress(void *arg, const char *what, int done, int total)
{
    (void)arg;
    term_progress(what, done, total);
}

static bool is_fresh(const struct machine *m, int threads, struct roof *roof)
{
    return time(NULL) - m->measured_utc < FRESH_S && time(NULL) >= m->measured_utc &&
           roof_of_ceilings(m->ceilings, m->n_ceilings, DTYPE_F32, threads, roof);
}

/* The stored roof of the last hour, else measured now. */
static gable_status find_roof(struct request *r, gable_error *e)
{
    struct bench_options *o = &r->campaign.bench;
    int threads = o->engine.threads ? o->engine.threads : cli_cpus()->n_cores;
    struct machine *m = malloc(sizeof *m);
    bool found = false;
    if (!m) return error_set(e, GABLE_NO_MEMORY, "no memory for the machine");
    topology_read(&m->topology);
    struct topology here = m->topology;
    if (r->store) store_last_machine(r->store, &here, m, &found, NULL);
    gable_status s = GABLE_OK;
    if (!found || !is_fresh(m, threads, &o->roof)) {
        o->progress_machine = progress;
        s = bench_roof(cli_cpus(), o, &cli_interrupted, e);
        term_progress_end();
    } else {
        cache_roofs_of(m, threads, &o->caches);
    }
    if (!s && o->roof_is_rough)
        fprintf(stderr, "gable: the machine was too busy for a steady roof: the results are marked invalid\n");
    if (!s) campaign_id(&r->campaign, &here, cli_cpus(), r->id);
    free(m);
    return s;
}

/* What makes this machine unfit, before the work. */
static void print_fitness(void)
{
    struct fitness_line lines[FITNESS_LINES];
    int n = fitness_check("", cli_cpus(), lines);
    for (int i = 0; i < n; i++)
        if (lines[i].state == 1 || lines[i].state == 2)
            fprintf(stderr, "gable: %s: %s\n", lines[i].check, lines[i].text);
}

/* A store that fails later is said once; measuring goes on. */
static gable_status finished(void *arg, const struct run *run, int n, gable_error *e)
{
    struct request *r = arg;
    gable_error why = {0};
    assert(n == 1); /* no training */
    struct run *grown = realloc(r->runs, ((size_t)r->n_runs + 1) * sizeof *grown);
    if (!grown) return error_set(e, GABLE_NO_MEMORY, "no memory for %d runs", r->n_runs + 1);
    r->runs = grown;
    gable_status s = run_copy(&r->runs[r->n_runs], run, e);
    if (s) return s;
    r->n_runs++;
    if (r->store && store_put_runs(r->store, run, n, r->id, &why)) {
        term_progress_end();
        warn(&why);
        store_close(r->store);
        r->store = NULL;
    }
    return GABLE_OK;
}

static bool recall(void *arg, const struct campaign_point *p, const char *key, char *out, size_t room)
{
    struct request *r = arg;
    return choices_recall(&r->choices, r->store, p, key, out, room);
}
static void remember(void *arg, const char *key, const char *choices)
{
    choices_remember(((struct request *)arg)->store, key, choices);
}

/* One row per point that has a round, in the order of the command line. */
static struct run *merge_all(const struct request *r, int *n, gable_error *e)
{
    const struct campaign *c = &r->campaign;
    struct run *merged = calloc((size_t)c->n_points + 1, sizeof *merged);
    struct run *rounds = calloc((size_t)r->n_runs + 1, sizeof *rounds);
    *n = 0;
    for (int p = 0; merged && rounds && p < c->n_points; p++) {
        int found = 0;
        char label[RECORD_NAME];
        model_label(c->points[p].model, label, sizeof label);
        for (int i = 0; i < r->n_runs; i++)
            if (r->runs[i].batch == c->points[p].batch && !strcmp(r->runs[i].label, label))
                rounds[found++] = r->runs[i];
        if (found && !campaign_merge(rounds, found, &merged[*n], e)) ++*n;
    }
    free(rounds); /* borrowed what they hold */
    return merged;
}

static int show(const struct request *r, const struct run *runs, int n)
{
    bool all_valid = true;
    for (int i = 0; i < n; i++) all_valid &= runs[i].valid;
    if (r->wants_json) {
        int bad = cli_print_json(bench_json(runs, n));
        if (bad) return bad;
    } else if (n) {
        bench_print_table(runs, n);
        printf("\n");
        for (int i = 0; i < n; i++) bench_print_sentence(&runs[i]);
        for (int i = 0; i < n && r->wants_groups; i++)
            if (runs[i].n_groups) bench_print_groups(&runs[i]);
        if (fflush(stdout)) return 1;
    }
    return all_valid ? 0 : gable_exit_status(GABLE_INVALID_RUN);
}

/* Nothing is traced of a point that did not run. */
static int trace(const struct request *r, const struct run *run)
{
    struct bench_options o = r->campaign.bench;
    gable_error e = {0};
    o.model = r->points[0].model;
    o.batch = r->points[0].batch;
    if (run->n_groups < 1) return 0;
    json_t *found = NULL;
    gable_status s = trace_point(cli_cpus(), &o, run, &found, &e);
    if (!s) s = trace_write(found, r->trace, &e);
    if (s) return cli_fail(&e);
    if (!r->wants_json) trace_say(r->trace, "3 passes", run->threads);
    return fflush(stdout) ? 1 : 0;
}

static int measure(struct request *r)
{
    gable_error e = {0};
    struct campaign *c = &r->campaign;
    gable_status s = check_points(r, &e);
    if (s) return cli_fail(&e);
    open_store(r);
    print_fitness();
    s = find_roof(r, &e);
    c->finished = finished;
    c->progress = progress;
    c->recall = recall;
    c->remember = remember;
    c->arg = r;
    if (!s) s = campaign_run(cli_cpus(), c, &cli_interrupted, &e);
    term_progress_end();
    int n = 0, status = 0;
    struct run *merged = merge_all(r, &n, &e);
    if (merged && (n || r->wants_json)) status = show(r, merged, n);
    if (merged && n && !s && r->trace) {
        int bad = trace(r, merged);
        if (bad) status = bad;
    }
    for (int i = 0; i < n; i++) run_release(&merged[i]);
    free(merged);
    return s ? cli_fail(&e) : status;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct request *r = calloc(1, sizeof *r);
    if (!r) return 1;
    r->self = self;
    r->campaign.bench.engine.tune = true;
    gable_error e = {0};
    int status = cli_parse(self, argc, argv, parse, r);
    if (!status && !r->n_models) status = cli_usage(self, "which model? 'gable models' lists them");
    if (!status && model_shapes_batches(&r->shapes, r->batches, &r->n_batches, &e))
        status = cli_usage(self, "%s", e.why);
    r->campaign.bench.n_shapes = r->shapes.n;
    r->campaign.bench.shapes = r->shapes.at;
    if (!status && r->trace && r->n_models * r->n_batches != 1)
        status = cli_usage(self, "--trace FILE is of one model at one batch");
    if (!status) status = measure(r);
    for (int i = 0; i < r->n_runs; i++) run_release(&r->runs[i]);
    store_close(r->store);
    free(r->runs);
    free(r);
    return status;
}

const struct command command_bench = {
    .name = "bench",
    .args = "MODEL...",
    .purpose = "run models: time, interval, rate, how close to the roof, and what is lost where",
    .examples = "  gable bench resnet18\n"
                "  gable bench resnet18 mobilenet_v2 --batch 1,64\n"
                "  gable bench efficientnet_b0 --batch 64 --groups\n"
                "  gable bench model.onnx --shape tokens=1x128\n"
                "  gable bench resnet18 --trace resnet18.json\n"
                "  gable bench squeezenet1_1 --quick --json\n",
    .options = options,
    .run = run,
};
