/* gable report: one short training run of its own, seconds long, as proof that the engine learns; and those that
   gable train --data left in the store. */
#include "cli/report.h"

#include "cli/command.h"
#include "cli/table.h"
#include "learn/learned.h"
#include "zoo/zoo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* gable train LEARNER --size SIDE --batch BATCH --data synthetic: the same bits, since rules choose the algorithms. */
#define LEARNER "shufflenet_v2_x0_5"
enum { SIDE = 64, BATCH = 16, BATCHES = 16, CLASSES = 10, EPOCHS = 5, SEED = 1 };

static void progress(void *arg, int epoch, int done, int steps, double loss)
{
    char what[96];
    (void)arg;
    snprintf(what, sizeof what, "learning, loss %.4f", loss);
    term_progress(what, epoch * steps + done, EPOCHS * steps);
}

static gable_status learn(int threads, struct learned *out, gable_error *e)
{
    struct graph *g = NULL;
    struct weights *w = NULL;
    struct trainer *t = NULL;
    struct dataset d = {0};
    struct learning run = {0};
    const struct trainer_options trainer = {.optimizer = STUDY_OPTIMIZER, .threads = threads, .seed = SEED};
    struct learn_options o = {.epochs = EPOCHS, .seed = SEED, .interrupted = &cli_interrupted, .progress = progress};
    gable_status s = zoo_build(LEARNER, &(struct zoo_options){.batch = BATCH, .height = SIDE, .width = SIDE}, &g, e);
    if (!s) s = dataset_synthetic(BATCHES * BATCH, 3, SIDE, SIDE, CLASSES, SEED, &d, e);
    if (!s) s = weights_new(g, SEED, &w, e);
    if (!s) s = trainer_open(g, w, cli_cpus(), &trainer, &t, e);
    if (!s) s = learn_run(t, &d, &o, &run, e);
    if (!s) learned_describe(out, t, &d, "synthetic", &o);
    term_progress_end();
    out->run = run;
    trainer_close(t);
    weights_free(w);
    dataset_release(&d);
    graph_free(g);
    return s;
}

static bool is_own(const struct learned *l)
{
    return !strcmp(l->model, LEARNER) && !strcmp(l->data, "synthetic") && l->height == SIDE && l->width == SIDE &&
           l->batch == BATCH && l->seed == SEED && l->run.n_epochs == EPOCHS &&
           !strcmp(l->optimizer, optimizer_name(STUDY_OPTIMIZER));
}
/* The store's newest, the own one first; *has_own: it is among them. */
static gable_status gather(struct report_request *r, bool *has_own, gable_error *e)
{
    struct study *s = &r->study;
    *has_own = false;
    gable_status status = r->store ? store_learned(r->store, STUDY_LEARNED, s->learned, &s->n_learned, e) : GABLE_OK;
    for (int i = 0; i < s->n_learned && !*has_own; i++) {
        struct learned own = s->learned[i];
        if (!is_own(&own)) continue;
        memmove(&s->learned[1], &s->learned[0], (size_t)i * sizeof own);
        s->learned[0] = own;
        *has_own = true;
    }
    return status;
}
static void forget(struct study *s)
{
    while (s->n_learned > 0) learned_release(&s->learned[--s->n_learned]);
}

gable_status report_learn(struct report_request *r, gable_error *e)
{
    struct study *s = &r->study;
    struct learned own = {0};
    bool has_own = false;
    s->learned = calloc(STUDY_LEARNED, sizeof *s->learned);
    if (!s->learned) return error_set(e, GABLE_NO_MEMORY, "no memory for training runs");
    gable_status status = gather(r, &has_own, e);
    if (status || (has_own && !r->is_fresh)) return status;
    status = learn(r->campaign.training.trainer.threads, &own, e);
    if (status || own.run.n_epochs < EPOCHS) {
        learned_release(&own);
        return status;
    }
    forget(s);
    if (r->store) status = store_put_learned(r->store, &own, e);
    if (r->store && !status) status = gather(r, &has_own, e);
    if (r->store && has_own) {
        learned_release(&own);
    } else {
        forget(s);
        s->learned[s->n_learned++] = own;
    }
    return status;
}
