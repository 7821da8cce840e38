/* Costs, roof and times for the notes: measured now, or what the store holds. */
#include "base/file.h"
#include "bench/measure.h"
#include "cli/command.h"
#include "cli/export/export.h"
#include "cli/table.h"
#include "engine/plan/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void progress(void *arg, const char *what, int done, int total)
{
    (void)arg;
    term_progress(what, done, total);
}
static void progress_point(void *arg, const char *what, double share)
{
    (void)arg;
    term_progress(what, (int)(100 * share), 100);
}

/* The store where there is one: annotating makes none. */
static struct store *open_store(const char *path)
{
    char place[4096];
    struct store *s = NULL;
    gable_error e = {0};
    if (!path && !file_data_path("gable.db", place, sizeof place, &e)) path = place;
    if (path && !access(path, F_OK) && store_open(path, &s, &e)) {
        cli_fail(&e);
        fprintf(stderr, "gable: the file is annotated without what the store holds\n");
    }
    return s;
}

static bool stored_roof(struct store *s, int threads, struct roof *out)
{
    struct machine *m = s ? malloc(sizeof *m) : NULL;
    struct topology here;
    bool found = false;
    topology_read(&here);
    if (m && !store_last_machine(s, &here, m, &found, NULL) && found)
        found = roof_of_ceilings(m->ceilings, m->n_ceilings, DTYPE_F32, threads, out);
    free(m);
    return found;
}

static gable_status measure_now(struct annotated *a, const struct annotate_options *o, gable_error *e)
{
    struct bench_options b = o->bench;
    b.engine.tune = true;
    b.progress_machine = progress;
    b.progress = progress_point;
    gable_status s = bench_roof(cli_cpus(), &b, &cli_interrupted, e);
    if (!s) s = bench_point(cli_cpus(), &b, &cli_interrupted, &a->run, e);
    term_progress_end();
    if (s) return s;
    a->has_run = a->run.n_groups > 0 && a->run.instrumented_ns > 0;
    if (!a->run.valid)
        fprintf(stderr, "gable: the times are not to be trusted, which the notes say too: %s\n",
                bench_code_sentence(a->run.reason));
    return a->has_run ? GABLE_OK : error_set(e, GABLE_INVALID_RUN, "nothing was measured");
}

static void recall(struct annotated *a, const struct annotate_options *o)
{
    struct run like = {0};
    gable_error e = {0};
    struct store *s = open_store(o->store_path);
    bool is_known = s && !measure_identity(cli_cpus(), &o->bench, &like, &e);
    if (is_known && !store_last_run(s, &like, &a->run, &a->has_run, NULL)) a->is_stored = a->has_run;
    int threads = o->bench.engine.threads ? o->bench.engine.threads : cli_cpus()->n_cores;
    if (!a->has_run) a->has_roof = stored_roof(s, threads, &a->roof);
    run_release(&like);
    store_close(s);
}

static void set_roof(struct annotated *a)
{
    if (a->chip) {
        a->has_roof = true;
        snprintf(a->roof_of, sizeof a->roof_of, "%.120s, declared", a->chip->name);
        return;
    }
    if (a->has_run) a->roof = a->run.roof;
    a->has_roof = a->has_roof || (a->has_run && a->roof.peak > 0);
    snprintf(a->roof_of, sizeof a->roof_of, "this machine, measured");
}

/* Do the run's groups have these first nodes? Then its times are these groups'. */
static bool fits(const struct run *r, const struct graph *g, const struct grouping *grouping)
{
    int seen = 0;
    char name[RECORD_NAME];
    if (r->n_groups != grouping->n_groups) return false;
    for (int i = 0; i < g->n_nodes; i++) {
        if (grouping->group_of[i] != seen) continue; /* groups are numbered by their first nodes */
        snprintf(name, sizeof name, "%s", g->nodes[i]->name);
        if (strcmp(name, r->groups[seen++].name) != 0) return false;
    }
    return seen == r->n_groups;
}

/* The planner's groups or, where the run went node by node, every node. */
static gable_status analyse(struct annotated *a, gable_error *e)
{
    struct grouping fused;
    gable_status s = groups_find(a->ran, &fused, e);
    bool is_fused = !s && (!a->has_run || fits(&a->run, a->ran, &fused));
    int n = a->ran->n_nodes, *alone = calloc((size_t)n + 1, sizeof *alone);
    if (!s && !alone) s = error_set(e, GABLE_NO_MEMORY, "no memory for %d groups", n);
    for (int i = 0; alone && i < n; i++) alone[i] = i;
    const struct grouping each = {n, alone};
    if (!s && !is_fused && !fits(&a->run, a->ran, &each)) {
        fprintf(stderr, "gable: the stored run is of another version's groups; its times are left out\n");
        a->has_run = a->is_stored = false;
        is_fused = true;
    }
    if (!s) s = analysis_new(a->ran, is_fused ? &fused : &each, &a->groups, e);
    if (!s) s = groups_find(a->graph, &fused, e);
    if (!s) s = analysis_new(a->graph, &fused, &a->analysis, e);
    free(alone);
    return s;
}

gable_status annotated_open(struct annotated *a, const struct annotate_options *o, gable_error *e)
{
    gable_status s = GABLE_OK;
    if (o->measures)
        s = measure_now(a, o, e);
    else if (!a->chip)
        recall(a, o);
    if (!s) set_roof(a);
    return s ? s : analyse(a, e);
}

void annotated_close(struct annotated *a)
{
    run_release(&a->run);
    analysis_free(a->analysis);
    analysis_free(a->groups);
}
