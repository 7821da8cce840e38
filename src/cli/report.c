/* gable report: the whole study of this machine as one page with figures and tables. */
#include "cli/report.h"

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/table.h"
#include "report/figures.h"
#include "report/report.h"
#include "zoo/zoo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BUDGET = 1000, KEY_FRESH, KEY_STORE, KEY_WINOGRAD, KEY_RETUNE };

static const struct argp_option options[] = {
    {"out", 'o', "DIR", 0, "where the report goes (gable-report)", 0},
    {"models", 'm', "LIST", 0, "models, separated by commas (the ten of the study)", 0},
    {"batches", 'b', "LIST", 0, "images at once (1,64,256; with --quick 1,64)", 0},
    {"threads", 't', "N", 0, "threads (one per allowed core)", 0},
    {"budget", KEY_BUDGET, "SECONDS", 0, "of samples per model and batch (4; with --quick 2)", 0},
    {"winograd", KEY_WINOGRAD, "WHEN", 0, "auto (each layer timed), rule (nothing is timed), never, always (auto)", 0},
    {"retune", KEY_RETUNE, NULL, 0, "time the choices again that the store holds", 0},
    {"quick", 'q', NULL, 0, "a tenth of the time, wider intervals, marked so", 0},
    {"fresh", KEY_FRESH, NULL, 0, "measure everything again; else what the store holds is taken", 0},
    {"store", KEY_STORE, "FILE", 0, "where runs are kept (gable.db in the XDG data directory)", 0},
    {"json", 'j', NULL, 0, "print the study as one JSON object", 0},
    {0},
};

static bool parse_models(struct report_request *r, const char *list, gable_error *e)
{
    char *rest = NULL;
    r->n_models = 0;
    snprintf(r->names, sizeof r->names, "%s", list);
    for (char *name = strtok_r(r->names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        bool is_new = true;
        for (int i = 0; i < r->n_models; i++) is_new &= strcmp(r->models[i], name) != 0;
        if (!is_new) continue;
        if (r->n_models == REPORT_MODELS) {
            error_set(e, GABLE_USAGE, "--models takes at most %d models", REPORT_MODELS);
            return false;
        }
        r->models[r->n_models++] = name;
    }
    if (!r->n_models) error_set(e, GABLE_USAGE, "--models takes names like resnet18,mobilenet_v2");
    return r->n_models > 0;
}

static int ascending(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static bool parse_batches(struct report_request *r, const char *list, gable_error *e)
{
    int n = 0;
    if (!cli_int_list("--batches", list, 1, 65536, r->batches, REPORT_BATCHES, &r->n_batches, e)) return false;
    qsort(r->batches, (size_t)r->n_batches, sizeof *r->batches, ascending);
    for (int i = 0; i < r->n_batches; i++)
        if (!n || r->batches[i] != r->batches[n - 1]) r->batches[n++] = r->batches[i];
    r->n_batches = n;
    return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct report_request *r = state->input;
    struct bench_options *o = &r->campaign.bench;
    gable_error e = {0};
    bool ok = true;
    switch (key) {
    case 'o': r->out = arg; break;
    case 'm': ok = parse_models(r, arg, &e); break;
    case 'b': ok = parse_batches(r, arg, &e); break;
    case 't': ok = cli_int("--threads", arg, 1, cli_cpus()->n_allowed, &o->engine.threads, &e); break;
    case KEY_BUDGET: ok = cli_real("--budget", arg, 0.1, 3600, &o->budget_s, &e); break;
    case KEY_WINOGRAD: ok = choices_parse(arg, &o->engine, &e); break;
    case KEY_RETUNE: r->choices.wants_new = true; break;
    case 'q': o->quick = true; break;
    case KEY_FRESH: r->is_fresh = true; break;
    case KEY_STORE: r->store_path = arg; break;
    case 'j': r->wants_json = true; break;
    case ARGP_KEY_ARG:
        error_set(&e, GABLE_USAGE, "report takes no names; --models %.60s chooses models", arg);
        ok = false;
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    if (!ok) cli_usage(r->self, "%s", e.why);
    return ok ? 0 : EINVAL;
}

static void set_defaults(struct report_request *r)
{
    r->out = "gable-report";
    r->campaign.bench.engine.tune = true;
    for (int i = 0; i < zoo_size() && r->n_models < REPORT_MODELS; i++)
        if (zoo_at(i)->is_in_report) r->models[r->n_models++] = zoo_at(i)->id;
}

/* Training points: threads and budget of the others, the optimizer that the counts are about. */
static void train_as_benched(struct report_request *r)
{
    const struct bench_options *b = &r->campaign.bench;
    r->campaign.training = (struct training_options){.trainer = {.optimizer = STUDY_OPTIMIZER,
                                                                 .rate = 1e-4,
                                                                 .threads = b->engine.threads,
                                                                 .seed = 1,
                                                                 .tune = b->engine.tune && !b->quick},
                                                     .budget_s = b->budget_s / 2, /* as much again by stages */
                                                     .quick = b->quick};
}

/* What nobody chose: a quick study leaves out the batch of 256, visits every point once, and for half as long. */
static void fill_defaults(struct report_request *r)
{
    static const int batches[] = {1, 64, 256};
    bool is_quick = r->campaign.bench.quick;
    r->campaign.rounds = is_quick ? 1 : 2;
    r->study.training_batch = is_quick ? STUDY_TRAINING_QUICK : STUDY_TRAINING_BATCH;
    if (r->campaign.bench.budget_s == 0) r->campaign.bench.budget_s = is_quick ? 2 : 4;
    train_as_benched(r);
    if (r->n_batches) return;
    r->n_batches = is_quick ? 2 : (int)COUNT_OF(batches);
    memcpy(r->batches, batches, (size_t)r->n_batches * sizeof *batches);
}

/* The command that measures the same: no paths, which would tell a reader of the page about this machine's user. */
static void describe(struct report_request *r)
{
    const struct bench_options *o = &r->campaign.bench;
    struct text t = {0};
    text_add(&t, "gable report");
    for (int i = 0; i < r->n_models && r->names[0]; i++) text_addf(&t, "%s%s", i ? "," : " --models ", r->models[i]);
    for (int i = 0; i < r->n_batches; i++) text_addf(&t, "%s%d", i ? "," : " --batches ", r->batches[i]);
    if (o->engine.threads) text_addf(&t, " --threads %d", o->engine.threads);
    if (strcmp(choices_word(&o->engine), "auto") != 0) text_addf(&t, " --winograd %s", choices_word(&o->engine));
    text_addf(&t, " --budget %g%s", o->budget_s, o->quick ? " --quick" : "");
    snprintf(r->study.command, sizeof r->study.command, "%s", t.data ? t.data : "gable report");
    snprintf(r->study.version, sizeof r->study.version, "%s", gable_version());
    r->study.is_quick = o->quick;
    text_release(&t);
}

static void show_progress(void *arg, const char *what, int done, int total)
{
    char line[128];
    (void)arg;
    snprintf(line, sizeof line, "drawing %.100s", what);
    term_progress(line, done, total);
}

static int show(const struct report_request *r)
{
    size_t i;
    json_t *answer, *sentence;
    if (r->wants_json) return cli_print_json(study_json(&r->study));
    answer = report_answer(&r->study);
    json_array_foreach (json_object_get(answer, "sentences"), i, sentence) {
        term_line(json_string_value(sentence) ? json_string_value(sentence) : "");
    }
    json_decref(answer);
    printf("\n%s/index.html\n", r->out);
    return fflush(stdout) ? 1 : 0;
}

/* How to go on after an interrupt or an error in the middle. */
static int fail(const struct report_request *r, const gable_error *e)
{
    int status = cli_fail(e);
    if (e->status == GABLE_INTERRUPTED && r->store)
        fprintf(stderr, "gable: finished runs are kept in %s; the same command goes on from there\n",
                store_path(r->store));
    return status;
}

static int make(struct report_request *r)
{
    gable_error e = {0};
    struct chips *chips = NULL;
    struct report_options o = {.out = r->out, .progress = show_progress};
    gable_status s = folder_make(r->out, &e); /* before minutes of measuring */
    if (!s) s = chips_load(NULL, &chips, &e);
    r->study.chips = chips;
    if (!s) s = report_measure(r, &e);
    if (!s) s = report_write(&r->study, &o, &e);
    term_progress_end();
    int status = s ? fail(r, &e) : show(r);
    chips_free(chips);
    return status;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct report_request *r = calloc(1, sizeof *r);
    if (!r) return 1;
    r->self = self;
    set_defaults(r);
    int status = cli_parse(self, argc, argv, parse, r);
    if (!status) {
        fill_defaults(r);
        describe(r);
        status = make(r);
    }
    report_request_release(r);
    free(r);
    return status;
}

const struct command command_report = {
    .name = "report",
    .args = "",
    .purpose = "measure, and write the whole study as a page with figures and tables",
    .examples = "  gable report --quick\n"
                "  gable report --out report\n"
                "  gable report --models resnet18,mobilenet_v2 --batches 1,64\n",
    .options = options,
    .run = run,
};
