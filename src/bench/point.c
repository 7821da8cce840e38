/* A point of inference in a child process of its own. */
#include "bench/child.h"
#include "bench/measure.h"
#include "bench/verdict.h"

struct inference {
    struct child child;
    const struct bench_options *options;
};

static gable_status measure_and_send(const struct child *c, struct child_line *line, gable_error *e)
{
    const struct inference *i = CONTAINER_OF(c, struct inference, child);
    struct bench_options o = *i->options;
    struct run r = {0};
    o.progress_sample = child_tell;
    o.progress_arg = line;
    gable_status s = measure_point(c->cpus, &o, c->interrupted, &r, e);
    if (!s && !transport_send_run(line->fd, &r)) s = error_set(e, GABLE_FAILED, "the measuring process was not heard");
    return s;
}

/* No answer came: what is known of the point, and why it has no times. */
static gable_status without_answer(const struct cpus *cpus, const struct bench_options *o, enum bench_code why,
                                   struct run *out, gable_error *e)
{
    gable_status s = measure_identity(cpus, o, out, e);
    if (!s) verdict_invalid(out, why);
    return s;
}

static gable_status in_child(const struct cpus *cpus, const struct bench_options *o, const volatile bool *interrupted,
                             struct run *out, gable_error *e)
{
    struct inference i = {.child = {.cpus = cpus,
                                    .what = o->model,
                                    .silence_s = o->silence_s,
                                    .progress = o->progress,
                                    .progress_arg = o->progress_arg,
                                    .interrupted = interrupted,
                                    .work = measure_and_send},
                          .options = o};
    struct transport t;
    enum bench_code silent;
    gable_status s = child_run(&i.child, &t, &silent, e);
    if (s) return s;
    if (t.n_runs) {
        *out = t.runs[0];
        t.n_runs = 0; /* handed over */
    } else {
        s = without_answer(cpus, o, silent ? silent : CODE_CRASHED, out, e);
    }
    transport_release(&t);
    return s;
}

gable_status bench_point(const struct cpus *cpus, const struct bench_options *o, const volatile bool *interrupted,
                         struct run *out, gable_error *e)
{
    if (!(o->roof.peak > 0) || !(o->roof.bandwidth > 0)) {
        struct bench_options with = *o;
        gable_status s = bench_roof(cpus, &with, interrupted, e);
        return s ? s : bench_point(cpus, &with, interrupted, out, e);
    }
    return o->in_process ? measure_point(cpus, o, interrupted, out, e) : in_child(cpus, o, interrupted, out, e);
}
