/* A pass of which every thread's work is noted. The leading thread goes from node to node, and waits for the others
   within: its slices are as long as the nodes. The others' are what they do in parallel regions, which end before the
   node does: only then is it known whose they were. */
#include "engine/crew.h"
#include "engine/general/general.h"
#include "engine/regions.h"
#include "engine/slices.h"

#include <limits.h>
#include <time.h>

enum { OF_THIS_NODE = -1, WHOLE_BATCH = INT_MAX };
struct tracing {
    struct general_watch nodes;
    struct regions_watch regions;
    struct slice_log *logs;
    int threads;
    double last_ns;
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void worked(struct regions_watch *w, int thread, double begin_ns, double end_ns)
{
    struct tracing *t = CONTAINER_OF(w, struct tracing, regions);
    if (thread > 0 && thread < t->threads) slices_note(&t->logs[thread], OF_THIS_NODE, WHOLE_BATCH, begin_ns, end_ns);
}

static bool made(struct general_watch *w, const struct node *n, const struct tensor *tensor, const struct value *v)
{
    struct tracing *t = CONTAINER_OF(w, struct tracing, nodes);
    double now = now_ns();
    (void)tensor;
    (void)v;
    slices_note(t->logs, n->index, WHOLE_BATCH, t->last_ns, now);
    t->last_ns = now;
    for (int i = 1; i < t->threads; i++)
        for (int k = t->logs[i].n - 1; k >= 0 && t->logs[i].slice[k].group == OF_THIS_NODE; k--)
            t->logs[i].slice[k].group = n->index;
    return true;
}

gable_status general_run_traced(struct general *s, struct slice_log *logs, gable_error *e)
{
    struct tracing t = {.nodes = {made}, .regions = {worked}, .logs = logs};
    t.threads = crew_size(general_crew(s));
    for (int i = 0; i < t.threads; i++) logs[i].n = logs[i].lost = 0;
    t.last_ns = now_ns();
    for (int i = 0; i < t.threads; i++) logs[i].begin_ns = t.last_ns;
    regions_watch(&t.regions);
    gable_status status = general_run_watched(s, &t.nodes, e);
    regions_watch(NULL);
    double end = now_ns();
    for (int i = 0; i < t.threads; i++) {
        logs[i].end_ns = end;
        while (logs[i].n && logs[i].slice[logs[i].n - 1].group == OF_THIS_NODE) logs[i].n--; /* threads at their end */
    }
    return status;
}
