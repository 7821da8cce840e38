#include "sim.h"

#include "bench/defaults.h"
#include "bench/verdict.h"
#include "check.h"

#include <math.h>
#include <string.h>

static struct sim *sim_of(struct world *w) { return CONTAINER_OF(w, struct sim, world); }

static double speed(const struct sim *s)
{
    double t = 1e-9 * s->now_ns, done = s->drift_s > 0 ? fmin(1, t / s->drift_s) : 0;
    return (1 - s->drift * done) * (1 + s->swing * sin(2.0943951 * t));
}

static int64_t now_ns(struct world *w)
{
    struct sim *s = sim_of(w);
    s->now_ns += s->read_ns;
    return (int64_t)(floor(s->now_ns / s->tick_ns) * s->tick_ns);
}

static double one_pass(struct sim *s)
{
    int i = s->passes++;
    double ns = s->pass_ns * exp(s->noise * random_normal(&s->random)) / speed(s);
    if (i == 0 && s->first > 0) ns *= s->first;
    if (s->warm_passes > 0) ns *= 1 + s->warm * exp(-i / s->warm_passes);
    ns *= 1 + s->slope * i / 1000;
    if (s->step > 0 && i >= s->step_at) ns *= s->step;
    if (s->mode > 0 && random_uniform(&s->random) < s->mode_share) ns *= s->mode;
    if (s->outlier_every && i % s->outlier_every == s->outlier_every - 1) ns *= 50;
    if (s->stop_at && i + 1 == s->stop_at) s->interrupted = true;
    return ns;
}

static void pass(struct world *w, int passes)
{
    struct sim *s = sim_of(w);
    for (int i = 0; i < passes; i++) s->now_ns += one_pass(s) * (s->is_taken ? 1 + s->taken : 1);
}

static void before(struct world *w)
{
    struct sim *s = sim_of(w);
    s->is_taken = random_uniform(&s->random) < s->duty;
    s->start_ns = s->now_ns;
}

static uint32_t after(struct world *w, int64_t ns, uint32_t *minor_faults)
{
    struct sim *s = sim_of(w);
    (void)ns;
    *minor_faults = s->minor_at && s->passes > s->minor_at;
    return (s->is_taken ? MARK_WAITED : 0u) |
           (s->major_every && s->passes % s->major_every == 0 ? MARK_MAJOR_FAULT : 0u);
}

static enum bench_code check(struct world *w)
{
    const struct sim *s = sim_of(w);
    if (s->infinite_at && s->passes >= s->infinite_at) return CODE_NOT_FINITE;
    return s->wrong_at && s->passes >= s->wrong_at ? CODE_WRONG_RESULT : CODE_NONE;
}

static bool probe(struct world *w, double *flops, double *bytes)
{
    struct sim *s = sim_of(w);
    if (s->has_no_probe) return false;
    *flops = s->peak * speed(s);
    *bytes = s->bandwidth * speed(s);
    s->now_ns += 6e7;
    return true;
}

void sim_init(struct sim *s, uint64_t seed, double pass_ns, double noise)
{
    memset(s, 0, sizeof *s);
    s->world = (struct world){now_ns, pass, before, after, check, probe};
    s->random.state = seed;
    s->pass_ns = pass_ns;
    s->noise = noise;
    s->tick_ns = 1;
    s->read_ns = 30;
    s->peak = 1e12;
    s->bandwidth = 1e11;
}

void sim_run(struct sim *s, double budget_s, struct run *r)
{
    gable_error e = {0};
    struct sampling out;
    struct sampling_options o = {.budget_s = budget_s,
                                 .least_s = BENCH_LEAST_S,
                                 .precision = BENCH_PRECISION,
                                 .warmup_s = BENCH_WARMUP_S,
                                 .warmup_passes = BENCH_WARMUP_PASSES,
                                 .interrupted = &s->interrupted};
    assert_ok(sampling_run(&s->world, &o, &out, &e), &e);
    *r = (struct run){.valid = true,
                      .batch = 1,
                      .block = out.block,
                      .first_ns = out.first_ns,
                      .flops_counted = 1000000000,
                      .flops_executed = 1000000000,
                      .bytes = {.fused = 10000000},
                      .roof = {.peak = s->peak, .bandwidth = s->bandwidth},
                      .samples = out.samples,
                      .n_samples = out.n};
    out.samples = NULL;
    if (out.broke) verdict_invalid(r, out.broke);
    assert_ok(verdict_of_times(r, BENCH_PRECISION, &e), &e);
    assert_ok(verdict_of_roof(r, out.probes, out.n_probes, false, &e), &e);
    sampling_release(&out);
}

bool sim_has(const struct run *r, enum bench_code c) { return verdict_has(r, c); }
