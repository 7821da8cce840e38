#include "engine/cpu/tune.h"

#include "engine/cpu/choices.h"
#include "engine/cpu/lower.h"
#include "engine/cpu/memory.h"
#include "engine/cpu/session.h"

#include <math.h>
#include <stdlib.h>

/* Measured on Zen 4: 14 rows and 4 images gain 2 to 5 % on EfficientNets at batch 64. */
enum { TAIL_ROWS = 14, TAIL_GROUP = 4, SMALL_PLANE = 8, FEW_CHANNELS = 16 };
enum { ROUNDS_MIN = 2, ROUNDS_MAX = 15 };
#define ENOUGH_NS 5e7   /* after ROUNDS_MIN */
#define TOO_MUCH_NS 1e9 /* no further round */

/* Winograd weights are 4 times as large: with few tiles to multiply, reading them takes longer than the products. */
static bool gains_by_winograd(const struct plan *p, const struct node *n)
{
    const struct shape *x = &n->in[0]->shape;
    return x->rank == 4 && x->dim[1] >= FEW_CHANNELS && (x->dim[2] > SMALL_PLANE || p->batch >= 2 * p->threads);
}
/* Sets choices->winograd for the plan's groups; which convolutions can do it the lowering decides. */
static void choose_winograd(const struct plan *p, enum winograd winograd, bool *chosen)
{
    for (int i = 0; i < p->graph->n_nodes; i++) {
        const struct node *n = p->graph->nodes[i];
        int group = p->grouping.group_of[i];
        if (group < 0 || !node_is(n, "Conv")) continue;
        chosen[group] = winograd == WINOGRAD_FORCE || (winograd == WINOGRAD_BY_TIME && gains_by_winograd(p, n));
    }
}

gable_status tune_rule(const struct graph *g, const struct kernels *k, int threads, enum winograd winograd,
                       struct plan **out, gable_error *e)
{
    struct choices choices = {.tail_rows = TAIL_ROWS, .tail_group = TAIL_GROUP};
    struct plan *direct = NULL;
    gable_status s = plan_new(g, k, threads, &choices, &direct, e);
    if (s || winograd == WINOGRAD_FORBID) {
        *out = direct;
        return s;
    }
    choices.winograd = calloc((size_t)direct->grouping.n_groups + 1, sizeof *choices.winograd);
    if (choices.winograd) {
        choose_winograd(direct, winograd, choices.winograd);
        s = plan_new(g, k, threads, &choices, out, e);
    } else
        s = error_set(e, GABLE_NO_MEMORY, "no memory for a plan");
    free(choices.winograd);
    plan_free(direct);
    return s;
}

/* A candidate: its session, and the shortest times seen. */
struct trial {
    struct session *session;
    double *ns, *best; /* per group */
    double best_pass;
};
static void trial_close(struct trial *t)
{
    session_free(t->session);
    free(t->ns);
    free(t->best);
    *t = (struct trial){0};
}
/* A few images are enough to time: as many as the threads carry at once. false: not enough memory. */
static bool trial_open(const struct plan *like, const struct choices *c, const struct weights *w, const int *cpus,
                       int images, struct trial *t)
{
    struct plan *p = NULL;
    gable_error ignored = {0};
    *t = (struct trial){.best_pass = INFINITY};
    if (plan_new(like->graph, like->kernels, like->threads, c, &p, &ignored)) return false;
    if (plan_total_bytes(p) > memory_available("")) {
        plan_free(p);
        return false;
    }
    if (session_new(p, w, cpus, &t->session, &ignored)) return false;
    size_t n = (size_t)t->session->n_groups + 1;
    t->ns = calloc(n, sizeof *t->ns);
    t->best = calloc(n, sizeof *t->best);
    if (!t->ns || !t->best) {
        trial_close(t);
        return false;
    }
    for (size_t i = 0; i < n; i++) t->best[i] = INFINITY;
    if (images < like->batch) session_schedule(cpu_session(t->session), images);
    session_run(t->session);
    return true;
}
static double trial_run(struct trial *t)
{
    double pass = 0;
    session_run_timed(t->session, t->ns);
    for (int i = 0; i < t->session->n_groups; i++) {
        pass += t->ns[i];
        if (t->ns[i] < t->best[i]) t->best[i] = t->ns[i];
    }
    if (pass < t->best_pass) t->best_pass = pass;
    return pass;
}
/* The candidates in turn, so that a busy moment meets all of them. */
static void trial_rounds(struct trial *trials, int n)
{
    double spent = 0;
    for (int round = 0; round < ROUNDS_MAX && (round < ROUNDS_MIN || spent < ENOUGH_NS) && spent < TOO_MUCH_NS; round++)
        for (int i = 0; i < n; i++) spent += trial_run(&trials[i]);
}

static bool has_winograd(const struct plan *p)
{
    for (int i = 0; i < p->n_steps; i++)
        if (p->steps[i].type == &step_winograd) return true;
    return false;
}
/* Every group once direct, once by Winograd; the winner has to win by 3 %. */
static void time_winograd(const struct plan *p, const struct weights *w, const int *cpus, struct choices *c)
{
    int n = p->grouping.n_groups, images = p->threads * plan_slots(p);
    bool *all = malloc((size_t)n + 1);
    struct trial trials[2] = {0};
    struct choices candidate = *c;
    for (int i = 0; all && i < n; i++) all[i] = true;
    candidate.winograd = NULL;
    bool is_open = all && trial_open(p, &candidate, w, cpus, images, &trials[0]);
    candidate.winograd = all;
    if (is_open && trial_open(p, &candidate, w, cpus, images, &trials[1])) {
        trial_rounds(trials, 2);
        for (int i = 0; i < n; i++) c->winograd[i] = trials[1].best[i] < 0.97 * trials[0].best[i];
    }
    trial_close(&trials[0]);
    trial_close(&trials[1]);
    free(all);
}
static void time_tail(const struct plan *p, const struct weights *w, const int *cpus, struct choices *c)
{
    static const int groups[] = {1, 4, SLOTS_MAX};
    struct trial trials[COUNT_OF(groups)] = {0};
    struct choices candidate = *c;
    int n = 0, images = p->threads * SLOTS_MAX < p->batch ? p->threads * SLOTS_MAX : p->batch;
    for (; n < (int)COUNT_OF(groups); n++) {
        candidate.tail_group = groups[n];
        if (!trial_open(p, &candidate, w, cpus, images, &trials[n])) break;
    }
    if (n == (int)COUNT_OF(groups)) {
        trial_rounds(trials, n);
        int best = 0;
        for (int i = 1; i < n; i++)
            if (trials[i].best_pass < trials[best].best_pass) best = i;
        c->tail_group = groups[best];
    }
    for (int i = 0; i < (int)COUNT_OF(groups); i++) trial_close(&trials[i]);
}

gable_status tune_recalled(struct plan **plan, const char *text, bool *is_done, gable_error *e)
{
    struct plan *p = *plan, *recalled = NULL;
    struct choices c = p->choices;
    gable_status s = GABLE_OK;
    *is_done = false;
    c.is_timed = c.is_recalled = true;
    c.winograd = malloc((size_t)p->grouping.n_groups + 1);
    if (!c.winograd) return error_set(e, GABLE_NO_MEMORY, "no memory to plan %s", p->graph->name);
    if (choices_read(text, p->grouping.n_groups, &c)) {
        s = plan_new(p->graph, p->kernels, p->threads, &c, &recalled, e);
        *is_done = !s;
    }
    free(c.winograd);
    if (*is_done) {
        plan_free(p);
        *plan = recalled;
    }
    return s;
}

gable_status tune_by_time(struct plan **plan, const struct weights *w, const int *cpus, enum winograd winograd,
                          gable_error *e)
{
    struct plan *p = *plan, *tuned = NULL;
    struct choices c = p->choices;
    c.is_timed = true;
    c.winograd = malloc((size_t)p->grouping.n_groups + 1);
    if (!c.winograd) return error_set(e, GABLE_NO_MEMORY, "no memory to tune %s", p->graph->name);
    for (int i = 0; i < p->grouping.n_groups; i++) c.winograd[i] = p->choices.winograd[i];
    if (winograd == WINOGRAD_BY_TIME && has_winograd(p)) time_winograd(p, w, cpus, &c);
    if (p->batch >= 2 * p->threads) time_tail(p, w, cpus, &c);
    gable_status s = plan_new(p->graph, p->kernels, p->threads, &c, &tuned, e);
    free(c.winograd);
    if (s) return s;
    plan_free(p);
    *plan = tuned;
    return GABLE_OK;
}
