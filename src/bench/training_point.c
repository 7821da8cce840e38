/* A training point in a child process of its own, and what is read from its runs. */
#include "bench/child.h"
#include "bench/training_parts.h"
#include "bench/verdict.h"

#include <string.h>

const char training_engine[] = "train";

const char *trained_name(int i)
{
    return i == TRAINED_STEP ? "step" : i == TRAINED_AGAIN ? "recompute" : train_pass_name((enum train_pass)i);
}
bool trained_has(const struct trained *t, int i) { return i != TRAINED_AGAIN || t->runs[i].n_groups > 0; }
static double kind_ns(const struct run *r, enum op_kind k)
{
    double sum = 0;
    for (int i = 0; i < r->n_groups; i++) sum += r->groups[i].kind == k ? r->groups[i].median_ns : 0;
    return sum;
}
double trained_kind_ns(const struct trained *t, enum op_kind k, enum train_pass p)
{
    return kind_ns(&t->runs[p], k) + (p == PASS_DATA ? kind_ns(&t->runs[TRAINED_AGAIN], k) : 0);
}
void trained_release(struct trained *t)
{
    for (int i = 0; i < TRAINED_RUNS; i++) run_release(&t->runs[i]);
    *t = (struct trained){0};
}

struct training_child {
    struct child child;
    const struct training_options *options;
};

/* The runs, then the rest of the struct: the parent puts the one into the other. */
static bool send(int fd, const struct trained *t)
{
    for (int i = 0; i < TRAINED_RUNS; i++)
        if (!transport_send_run(fd, &t->runs[i])) return false;
    return transport_send_facts(fd, t, sizeof *t);
}
static gable_status measure_and_send(const struct child *c, struct child_line *line, gable_error *e)
{
    struct training_options o = *CONTAINER_OF(c, struct training_child, child)->options;
    struct trained t;
    o.progress_sample = child_tell;
    o.progress_arg = line;
    gable_status s = training_measure(c->cpus, &o, c->interrupted, &t, e);
    if (!s && !send(line->fd, &t)) s = error_set(e, GABLE_FAILED, "the measuring process was not heard");
    return s;
}
static void receive(struct transport *from, struct trained *out)
{
    memcpy(out, from->facts, sizeof *out);
    memcpy(out->runs, from->runs, sizeof out->runs);
    from->n_runs = 0; /* handed over */
}
/* No answer came: what is known of the point, and why it has no times. */
static gable_status without_answer(const struct cpus *cpus, const struct training_options *o, enum bench_code why,
                                   struct trained *out, gable_error *e)
{
    gable_status s = training_identity(cpus, o, out, e);
    for (int i = 0; !s && i < TRAINED_RUNS; i++) verdict_invalid(&out->runs[i], why);
    return s;
}
gable_status training_point(const struct cpus *cpus, const struct training_options *o, const volatile bool *interrupted,
                            struct trained *out, gable_error *e)
{
    struct training_child c = {.child = {.cpus = cpus,
                                         .what = o->model,
                                         .silence_s = o->silence_s,
                                         .progress = o->progress,
                                         .progress_arg = o->progress_arg,
                                         .interrupted = interrupted,
                                         .work = measure_and_send},
                               .options = o};
    struct transport t;
    enum bench_code silent;
    if (o->in_process) return training_measure(cpus, o, interrupted, out, e);
    gable_status s = child_run(&c.child, &t, &silent, e);
    if (s) return s;
    if (silent == CODE_NONE && t.n_runs == TRAINED_RUNS && t.facts_bytes == sizeof *out) {
        receive(&t, out);
    } else {
        s = without_answer(cpus, o, silent ? silent : CODE_CRASHED, out, e);
    }
    transport_release(&t);
    return s;
}
