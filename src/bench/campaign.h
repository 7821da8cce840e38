/* Several points (models at batches) measured in rounds: the order is shuffled in every round by a stored seed, each
   point of each round in a fresh child process, so that a drifting machine slows all alike [docs/METRICS.md]. */
#ifndef BENCH_CAMPAIGN_H
#define BENCH_CAMPAIGN_H
#include "bench/training.h"

struct campaign_point {
    const char *model; /* as `gable bench` takes it; borrowed */
    int batch;
    bool trains; /* a training step instead of an inference */
};
struct campaign {
    /* Of both: model, batch and progress are the campaign's own; roof must be given. */
    struct bench_options bench;
    struct training_options training;
    const struct campaign_point *points;
    int n_points;
    int rounds; /* 0: 3 for several points, 1 for one */
    /* Points without a valid round get one round more where at most so many need it: a moment's noise is mended, a busy
       machine is not waited for. */
    int spare;
    /* Is this point of this round finished (resume)? NULL: none is. */
    bool (*has)(void *arg, const struct campaign_point *p, int round);
    /* A point ended: one run, or those of a step's passes; the campaign releases them after. An error ends the
       campaign. Store them here. */
    gable_status (*finished)(void *arg, const struct run *r, int n, gable_error *e);
    void (*progress)(void *arg, const char *what, int done, int total); /* may be NULL */
    /* What the planner chose by time under this key (choices.h) before: false where nothing is known; and what it has
       chosen now. NULL: every campaign times anew. Within a campaign the first round's choices serve the others. */
    bool (*recall)(void *arg, const struct campaign_point *p, const char *key, char *out, size_t room);
    void (*remember)(void *arg, const char *key, const char *choices);
    void *arg;
};
enum { CAMPAIGN_ID = 17 };
/* 16 hex digits of what makes runs comparable: this version, these options, this machine. The points are not in it. */
void campaign_id(const struct campaign *c, const struct topology *t, const struct cpus *cpus, char out[CAMPAIGN_ID]);
/* Runs what is not finished. GABLE_INTERRUPTED when *interrupted became true: the finished ones have been handed over.
   A point that never began (it cannot fit, its file is broken) ends the campaign with its error. */
gable_status campaign_run(const struct cpus *cpus, const struct campaign *c, const volatile bool *interrupted,
                          gable_error *e);
/* One run of the rounds of one point: the samples of all valid rounds together, their median, and as interval the
   rounds' range where that is wider. All rounds invalid: a copy of the first. Groups are those of the round nearest to
   the median. Caller releases. */
gable_status campaign_merge(const struct run *rounds, int n, struct run *out, gable_error *e);
#endif
