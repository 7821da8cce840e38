/* gable report: measuring what is missing, apart from options and printing. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H
#include "bench/campaign.h"
#include "cli/choices.h"
#include "report/study.h"
#include "store/store.h"

enum { REPORT_MODELS = 64, REPORT_BATCHES = 16 };
struct report_request {
    const struct command *self;
    const char *out, *store_path;
    char names[4096]; /* --models, cut at its commas */
    const char *models[REPORT_MODELS];
    int n_models, batches[REPORT_BATCHES], n_batches;
    bool wants_json, is_fresh;
    struct campaign campaign;
    struct choices_memory choices;
    struct campaign_point points[REPORT_MODELS * (REPORT_BATCHES + 1)];
    struct store *store; /* NULL: nothing is kept */
    char id[CAMPAIGN_ID];
    struct run *runs; /* every round known: from the store and measured now */
    int n_runs;
    struct study study;
};
/* Fills r->study: counts, machine, environment, runs. Interrupted: what is finished is in the store. */
gable_status report_measure(struct report_request *r, gable_error *e);
/* Training runs into r->study: the store's, and one of the report's own where the store has none. What was found before
   an error stays. */
gable_status report_learn(struct report_request *r, gable_error *e);
void report_request_release(struct report_request *r);
#endif
