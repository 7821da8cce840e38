#include "bench/training_parts.h"

#include "bench/defaults.h"
#include "bench/measure.h"
#include "bench/stats.h"
#include "bench/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Steps with a clock between stages: a row of stage times each, and the marks of what disturbed it. */
struct timed_steps {
    int n, n_stages;
    double *ns; /* [n][n_stages] */
    struct sample *steps;
};
static void timed_release(struct timed_steps *t)
{
    free(t->ns);
    free(t->steps);
}
static double stage_ns(const struct timed_steps *t, int step, int stage)
{
    return t->ns[(size_t)step * (size_t)t->n_stages + (size_t)stage];
}
static gable_status time_stages(struct bench_trainer *b, int steps, const volatile bool *interrupted,
                                struct timed_steps *out, gable_error *e)
{
    int stages = b->trainer->n_stages;
    int64_t began = 0;
    *out = (struct timed_steps){.n_stages = stages,
                                .ns = calloc((size_t)steps * (size_t)stages, sizeof *out->ns),
                                .steps = calloc((size_t)steps, sizeof *out->steps)};
    if (!out->ns || !out->steps) return error_set(e, GABLE_NO_MEMORY, "no memory for %d steps", steps);
    for (int i = 0; i < steps && !(i >= BENCH_LEAST_SAMPLES && interrupted && *interrupted); i++, out->n++) {
        struct sample *x = &out->steps[i];
        watch_before(&b->watch);
        int64_t start = self_now_ns(&b->world);
        gable_status s = trainer_step_timed(b->trainer, &b->loss, out->ns + (size_t)i * (size_t)stages, e);
        if (s) return s;
        x->ns = self_now_ns(&b->world) - start;
        if (i == 0) began = start;
        x->start_ns = start - began;
        x->marks = watch_after(&b->watch, x->ns, &x->minor_faults);
        b->n_steps++;
    }
    return GABLE_OK;
}
/* Of the steps that nothing disturbed; of all where there are none. */
static double stage_median(const struct timed_steps *t, int stage, double *room)
{
    int n = 0;
    for (int clean = 1; clean >= 0 && n == 0; clean--)
        for (int k = 0; k < t->n; k++)
            if (!clean || !t->steps[k].marks) room[n++] = stage_ns(t, k, stage);
    return stats_median(room, n);
}

static gable_status set_groups(struct run *r, int which, const struct timed_steps *t, const struct bench_trainer *b,
                               gable_error *e)
{
    double *room = calloc((size_t)t->n + 1, sizeof *room);
    r->groups = calloc((size_t)t->n_stages + 1, sizeof *r->groups);
    if (!room || !r->groups) {
        free(room);
        return error_set(e, GABLE_NO_MEMORY, "no memory for %d stages", t->n_stages);
    }
    for (int i = 0; i < t->n_stages; i++) {
        const struct trainer_stage *from = &b->trainer->stages[i];
        if (training_run_of(from) != which) continue;
        struct run_group *g = &r->groups[r->n_groups++];
        *g = (struct run_group){.kind = from->kind, .median_ns = stage_median(t, i, room)};
        snprintf(g->name, sizeof g->name, "%s", from->name);
        snprintf(g->kernel, sizeof g->kernel, "%s", from->kernel);
        struct stage_work work = training_stage_work(b->trainer, from, b->work);
        g->flops_counted = work.counted;
        g->flops_executed = work.executed;
        g->bytes = work.bytes;
        if (r->roof.peak > 0) g->floor_ns = 1e9 * g->flops_executed / r->roof.peak; /* its data may be in a cache */
    }
    free(room);
    return GABLE_OK;
}

/* The samples of one part of a step: its stages' times, added. */
static gable_status set_samples(struct run *r, int which, const struct timed_steps *t, const struct trainer *trainer,
                                gable_error *e)
{
    r->samples = calloc((size_t)t->n + 1, sizeof *r->samples);
    if (!r->samples) return error_set(e, GABLE_NO_MEMORY, "no memory for %d samples", t->n);
    r->n_samples = t->n;
    for (int k = 0; k < t->n; k++) {
        double sum = 0;
        for (int s = 0; s < t->n_stages; s++)
            if (training_run_of(&trainer->stages[s]) == which) sum += stage_ns(t, k, s);
        r->samples[k] = t->steps[k];
        r->samples[k].ns = sum >= 1 ? (int64_t)sum : 1;
    }
    return GABLE_OK;
}
/* Its times alone: peak memory, set-up and the first step are the whole step's. */
static gable_status judge_part(struct run *r, int which, const struct timed_steps *t, const struct bench_trainer *b,
                               const struct training_options *o, gable_error *e)
{
    gable_status s = set_groups(r, which, t, b, e);
    if (s || r->n_groups == 0) return s;
    s = set_samples(r, which, t, b->trainer, e);
    if (s) return s;
    if (o->quick) verdict_note(r, CODE_QUICK);
    s = verdict_of_times(r, training_precision(o), e);
    bool has_roof = o->roof.peak > 0 && r->bytes.fused > 0 && r->flops_counted > 0;
    /* What the part before it wrote may be there still. */
    return s || !has_roof ? s : verdict_of_roof(r, NULL, 0, true, e);
}

/* The stages' medians, added, against the median of the same steps. */
static gable_status set_sum(struct trained *out, const struct timed_steps *t, gable_error *e)
{
    struct run *step = &out->runs[TRAINED_STEP];
    double *room = calloc((size_t)t->n + 1, sizeof *room);
    if (!room) return error_set(e, GABLE_NO_MEMORY, "no memory for %d steps", t->n);
    int n = 0;
    for (int clean = 1; clean >= 0 && n == 0; clean--)
        for (int k = 0; k < t->n; k++)
            if (!clean || !t->steps[k].marks) room[n++] = (double)t->steps[k].ns;
    step->instrumented_ns = stats_median(room, n);
    step->sum_ns = 0;
    free(room);
    for (int i = 0; i < TRAINED_RUNS; i++)
        for (int k = 0; i != TRAINED_STEP && k < out->runs[i].n_groups; k++)
            step->sum_ns += out->runs[i].groups[k].median_ns;
    if (!(fabs(step->sum_ns / step->instrumented_ns - 1) <= BENCH_SUM_APART)) verdict_note(step, CODE_SUM_MISMATCH);
    return GABLE_OK;
}

gable_status training_parts(struct bench_trainer *b, int steps, const struct training_options *o,
                            const volatile bool *interrupted, struct trained *out, gable_error *e)
{
    struct timed_steps t;
    gable_status s = time_stages(b, steps, interrupted, &t, e);
    for (int i = 0; !s && i < TRAINED_RUNS; i++)
        if (i != TRAINED_STEP) s = judge_part(&out->runs[i], i, &t, b, o, e);
    if (!s) s = set_sum(out, &t, e);
    timed_release(&t);
    return s;
}
