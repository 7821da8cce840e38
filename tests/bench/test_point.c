/* A point in its child, on engines that misbehave, and campaigns over it. */
#include "check.h"

#include "bench/campaign.h"
#include "bench/choices.h"
#include "bench/defaults.h"
#include "bench/verdict.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A fake engine: two groups, one pinned thread, outputs that a rule fills. */
struct fake {
    struct session base;
    float *input, *output;
    int passes;
    struct group_info groups[2];
};
static struct fake *fake_of(struct session *s) { return CONTAINER_OF(s, struct fake, base); }

static gable_status fake_describe(const struct cpus *cpus, char *out, size_t room, gable_error *e)
{
    (void)cpus;
    (void)e;
    snprintf(out, room, "a fake");
    return GABLE_OK;
}

static gable_status fake_plan_bytes(const struct graph *g, const struct cpus *cpus, const struct engine_options *o,
                                    size_t *out, gable_error *e)
{
    (void)g;
    (void)cpus;
    (void)o;
    (void)e;
    *out = 4096;
    return GABLE_OK;
}

static gable_status too_many_bytes(const struct graph *g, const struct cpus *cpus, const struct engine_options *o,
                                   size_t *out, gable_error *e)
{
    gable_status s = fake_plan_bytes(g, cpus, o, out, e);
    *out = (size_t)1 << 60;
    return s;
}

static void fake_close(struct session *s)
{
    if (!s) return;
    struct fake *f = fake_of(s);
    team_free(s->team);
    free(f->input);
    free(f->output);
    free(f);
}

static gable_status open_fake(const struct engine *engine, const struct graph *g, const struct cpus *cpus,
                              struct session **out, gable_error *e)
{
    struct fake *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->input = calloc((size_t)tensor_elements(g->inputs[0]), sizeof *f->input);
    f->output = calloc((size_t)tensor_elements(g->outputs[0]), sizeof *f->output);
    f->groups[0] = (struct group_info){"features.0", "fake a", KIND_CONV, 0, NULL, 1000, 400, 64};
    f->groups[1] = (struct group_info){"classifier.1", "fake b", KIND_LINEAR, 0, NULL, 500, 500, 32};
    f->base = (struct session){.engine = engine,
                               .graph = g,
                               .batch = 2,
                               .threads = 1,
                               .n_groups = 2,
                               .groups = f->groups,
                               .planned_bytes = 12345,
                               .setup_ns = 77,
                               .algorithms = "fakes"};
    *out = &f->base;
    gable_status s = team_new(1, cpus->cores, &f->base.team, e);
    assert_ok(s, e);
    f->base.tids = team_tids(f->base.team);
    f->base.cpus = team_cpus(f->base.team);
    return s;
}

static float *fake_input(struct session *s, int i) { return (void)i, fake_of(s)->input; }
static const float *fake_output(struct session *s, int i) { return (void)i, fake_of(s)->output; }

static void spin(double seconds)
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    do clock_gettime(CLOCK_MONOTONIC, &b);
    while ((double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec) < seconds);
}

static void run_well(struct session *s)
{
    spin(0.0005);
    fake_of(s)->output[0] = fake_of(s)->input[0];
    fake_of(s)->passes++;
}
static void run_changing(struct session *s)
{
    run_well(s);
    if (fake_of(s)->passes >= 17) fake_of(s)->output[0] += 1;
}
static void run_to_nan(struct session *s)
{
    run_well(s);
    fake_of(s)->output[1] = NAN;
}
static void run_to_fail(struct session *s)
{
    run_well(s);
    if (fake_of(s)->passes == 5) error_set(&s->failure, GABLE_BAD_INPUT, "index 7 is outside of 3");
}
static void run_to_abort(struct session *s)
{
    run_well(s);
    if (fake_of(s)->passes == 5) abort();
}
static void run_to_oom(struct session *s)
{
    run_well(s);
    if (fake_of(s)->passes == 5) raise(SIGKILL); /* as the kernel does when memory is out */
}
static void run_for_ever(struct session *s)
{
    run_well(s);
    while (fake_of(s)->passes == 5) sleep(1);
}
static void run_timed(struct session *s, double *group_ns)
{
    spin(0.0005);
    (void)s;
    group_ns[0] = 400000;
    group_ns[1] = 100000;
}

#define FAKE(id, how)                                                                                            \
    static gable_status open_##id(const struct graph *g, const struct weights *w, const struct cpus *cpus,       \
                                  const struct engine_options *o, struct session **out, gable_error *e);         \
    static const struct engine id = {"fake", fake_describe, fake_plan_bytes, open_##id, fake_input, fake_output, \
                                     how,    run_timed,     fake_close,      false,     NULL};                   \
    static gable_status open_##id(const struct graph *g, const struct weights *w, const struct cpus *cpus,       \
                                  const struct engine_options *o, struct session **out, gable_error *e)          \
    {                                                                                                            \
        (void)w;                                                                                                 \
        (void)o;                                                                                                 \
        return open_fake(&id, g, cpus, out, e);                                                                  \
    }
FAKE(well, run_well)
/* An engine with choices to make: fresh ones where none are given. */
static gable_status open_choosing(const struct graph *g, const struct weights *w, const struct cpus *cpus,
                                  const struct engine_options *o, struct session **out, gable_error *e)
{
    gable_status s = open_well(g, w, cpus, o, out, e);
    bool is_given = o->choices && o->choices[0];
    if (!s) snprintf((*out)->choices, sizeof(*out)->choices, "%s", is_given ? o->choices : "fresh");
    return s;
}
static const struct engine choosing = {"fake",   fake_describe, fake_plan_bytes, open_choosing, fake_input, fake_output,
                                       run_well, run_timed,     fake_close,      false,         NULL};
FAKE(changing, run_changing)
FAKE(to_nan, run_to_nan)
FAKE(failing, run_to_fail)
FAKE(aborting, run_to_abort)
FAKE(out_of_memory, run_to_oom)
FAKE(hanging, run_for_ever)

static gable_status open_refused(const struct graph *g, const struct weights *w, const struct cpus *cpus,
                                 const struct engine_options *o, struct session **out, gable_error *e)
{
    (void)g;
    (void)w;
    (void)cpus;
    (void)o;
    (void)out;
    return error_set(e, GABLE_NO_MEMORY, "needs 9 MiB and 4 MiB are there");
}
static const struct engine refusing = {"fake",   fake_describe, too_many_bytes, open_refused, fake_input, fake_output,
                                       run_well, run_timed,     fake_close,     false,        NULL};

static struct bench_options options_with(const struct engine *engine)
{
    return (struct bench_options){.model = "squeezenet1_1",
                                  .batch = 2,
                                  .height = 64,
                                  .width = 64,
                                  .budget_s = 0.05,
                                  .least_s = 0.01,
                                  .roof = {1e15, 1e15},
                                  .runs_on = engine,
                                  .skip_probes = true,
                                  .silence_s = 60};
}

static struct run point_on(const struct engine *engine, double silence_s)
{
    struct bench_options o = options_with(engine);
    struct cpus cpus;
    struct run r = {0};
    gable_error e = {0};
    cpus_read("", &cpus);
    o.silence_s = silence_s;
    assert_ok(bench_point(&cpus, &o, NULL, &r, &e), &e);
    return r;
}

/* What came through the pipe is what the engine said. */
static void a_child_brings_its_run_home(void **state)
{
    struct run r = point_on(&well, 60);
    (void)state;
    assert_string_equal(r.model, "squeezenet1_1");
    assert_string_equal(r.engine, "fake");
    assert_string_equal(r.device, "a fake");
    assert_string_equal(r.algorithms, "fakes");
    assert_int_equal(r.batch, 2);
    assert_int_equal(r.height, 64);
    assert_true(r.n_samples > 5 && r.median_ns > 0 && r.first_ns > 0);
    assert_int_equal(r.n_groups, 2);
    assert_string_equal(r.groups[1].kernel, "fake b");
    assert_true(r.groups[0].median_ns == 400000 && r.sum_ns == 500000);
    assert_int_equal(r.flops_counted - r.flops_executed, 600);
    assert_true(r.setup_ns == 77 && r.planned_bytes == 12345 && r.environment);
    run_release(&r);
}

static void misbehaviour_becomes_a_code(void **state)
{
    static const struct {
        const struct engine *engine;
        enum bench_code code;
    } rows[] = {{&changing, CODE_WRONG_RESULT},
                {&to_nan, CODE_NOT_FINITE},
                {&aborting, CODE_CRASHED},
                {&out_of_memory, CODE_OUT_OF_MEMORY}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct run r = point_on(rows[i].engine, 60);
        if (r.valid || r.reason != rows[i].code)
            fail_msg("row %zu: %s instead of %s", i, bench_code_name(r.reason), bench_code_name(rows[i].code));
        assert_string_equal(r.model, "squeezenet1_1");
        assert_true(r.flops_counted > 0 && r.batch == 2);
        run_release(&r);
    }
    struct run r = point_on(&hanging, 0.5);
    assert_true(!r.valid && r.reason == CODE_TIMED_OUT);
    run_release(&r);
}

static void what_never_began_is_an_error(void **state)
{
    struct bench_options o = options_with(&refusing);
    struct cpus cpus;
    struct run r = {0};
    gable_error e = {0};
    (void)state;
    cpus_read("", &cpus);
    assert_int_equal(bench_point(&cpus, &o, NULL, &r, &e), GABLE_NO_MEMORY);
    assert_contains(e.why, "9 MiB");
    assert_int_equal(bench_check(&cpus, &o, &e), GABLE_NO_MEMORY);
    assert_contains(e.why, "smaller batch");
    o.model = "resnet81";
    assert_int_equal(bench_check(&cpus, &o, &e), GABLE_USAGE);
    assert_contains(e.why, "resnet18");
}

static void a_pass_that_fails_is_an_error_that_names_the_model(void **state)
{
    (void)state;
    struct bench_options o = options_with(&failing);
    struct cpus cpus;
    struct run r = {0};
    gable_error e = {0};
    cpus_read("", &cpus);
    assert_int_equal(bench_point(&cpus, &o, NULL, &r, &e), GABLE_BAD_INPUT);
    assert_contains(e.where, "squeezenet1_1");
    assert_contains(e.why, "index 7 is outside of 3");
}

struct log { /* what a campaign did */
    int n, rounds[32], batches[32], passes;
    bool has[8];
    volatile bool *interrupt;
    int interrupt_at;
};

static bool log_has(void *arg, const struct campaign_point *p, int round)
{
    const struct log *l = arg;
    return round == 0 && l->has[p->batch];
}

static gable_status log_run(void *arg, const struct run *r, int n, gable_error *e)
{
    struct log *l = arg;
    (void)e;
    l->passes = n;
    l->rounds[l->n] = r->round;
    l->batches[l->n++] = r->batch;
    if (l->interrupt && l->n == l->interrupt_at) *l->interrupt = true;
    return GABLE_OK;
}

static const struct campaign_point points[] = {
    {"squeezenet1_1", 1, false}, {"squeezenet1_1", 2, false}, {"squeezenet1_1", 3, false}, {"squeezenet1_1", 4, false}};

static struct campaign campaign_into(struct log *l)
{
    struct campaign c = {.bench = options_with(&well),
                         .points = points,
                         .n_points = (int)COUNT_OF(points),
                         .has = log_has,
                         .finished = log_run,
                         .arg = l};
    c.bench.in_process = true;
    c.bench.quick = true;
    return c;
}

static void every_round_visits_every_point_in_a_seeded_order(void **state)
{
    struct log a = {0}, b = {0}, other = {0};
    struct campaign c = campaign_into(&a);
    struct cpus cpus;
    gable_error e = {0};
    (void)state;
    cpus_read("", &cpus);
    assert_ok(campaign_run(&cpus, &c, NULL, &e), &e);
    assert_int_equal(a.n, 12);
    for (int round = 0; round < 3; round++) {
        int seen = 0;
        for (int i = 0; i < 4; i++) {
            assert_int_equal(a.rounds[4 * round + i], round);
            seen |= 1 << a.batches[4 * round + i];
        }
        assert_int_equal(seen, 0x1e);
    }
    c.arg = &b;
    assert_ok(campaign_run(&cpus, &c, NULL, &e), &e);
    assert_memory_equal(a.batches, b.batches, sizeof a.batches);
    c.arg = &other;
    c.bench.seed = 12345;
    assert_ok(campaign_run(&cpus, &c, NULL, &e), &e);
    assert_memory_not_equal(a.batches, other.batches, sizeof a.batches);
}

static void points_without_a_valid_round_get_one_more(void **state)
{
    struct cpus cpus;
    gable_error e = {0};
    (void)state;
    cpus_read("", &cpus);
    for (int spare = 3; spare <= 4; spare++) { /* all four points are invalid in their one round */
        struct log l = {0};
        struct campaign c = campaign_into(&l);
        c.bench.runs_on = &to_nan;
        c.rounds = 1;
        c.spare = spare;
        assert_ok(campaign_run(&cpus, &c, NULL, &e), &e);
        assert_int_equal(l.n, spare == 4 ? 8 : 4);
        for (int i = 4; i < l.n; i++) assert_true(l.rounds[i] == 1 && l.batches[i] == i - 3);
    }
}

static void a_step_is_one_point_of_several_runs(void **state)
{
    static const struct campaign_point step = {"squeezenet1_1", 2, true};
    struct log l = {0};
    struct campaign c = campaign_into(&l);
    struct cpus cpus;
    gable_error e = {0};
    (void)state;
    cpus_read("", &cpus);
    c.points = &step;
    c.n_points = 1;
    c.training =
        (struct training_options){.height = 32, .width = 32, .trainer = {.rate = 1e-4}, .budget_s = 0.2, .quick = true};
    assert_ok(campaign_run(&cpus, &c, NULL, &e), &e);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.passes, TRAINED_STEP + 1); /* nothing is made again */
    assert_int_equal(l.batches[0], 2);
}

struct notes { /* of the planner's choices */
    struct log log;
    int asked, kept;
    char key[2][CHOICES_KEY], choices[RECORD_CHOICES];
};
static bool recall(void *arg, const struct campaign_point *p, const char *key, char *out, size_t room)
{
    struct notes *m = arg;
    (void)p;
    snprintf(m->key[m->asked++ % 2], CHOICES_KEY, "%s", key);
    snprintf(out, room, "%s", m->choices);
    return m->choices[0];
}
static void remember(void *arg, const char *key, const char *choices)
{
    struct notes *m = arg;
    assert_string_equal(key, m->key[(m->asked - 1) % 2]);
    snprintf(m->choices, sizeof m->choices, "%s", choices);
    m->kept++;
}
static void what_the_planner_chose_is_asked_for_once_a_point_and_kept(void **state)
{
    struct notes m = {.asked = 0};
    struct campaign c = campaign_into(&m.log);
    struct cpus cpus;
    gable_error e = {0};
    (void)state;
    cpus_read("", &cpus);
    c.bench.runs_on = &choosing;
    c.bench.engine.tune = true;
    c.points = points + 1;
    c.n_points = 1;
    c.rounds = 3;
    c.recall = recall;
    c.remember = remember;
    c.has = NULL;
    c.arg = &m;
    assert_ok(campaign_run(&cpus, &c, NULL, &e), &e);
    assert_int_equal(m.asked, 1);
    assert_int_equal(m.kept, 1);
    assert_string_equal(m.choices, "fresh"); /* rounds 2 and 3 were given round 1's and had nothing new */
    assert_ok(campaign_run(&cpus, &c, NULL, &e), &e);
    assert_int_equal(m.kept, 1);
    assert_string_equal(m.key[0], m.key[1]);
    c.points = points;
    assert_ok(campaign_run(&cpus, &c, NULL, &e), &e);
    assert_string_not_equal(m.key[0], m.key[1]); /* another batch */
}

static void a_campaign_resumes_and_can_be_interrupted(void **state)
{
    struct log l = {.has = {[2] = true, [3] = true}};
    struct campaign c = campaign_into(&l);
    struct cpus cpus;
    volatile bool interrupted = false;
    gable_error e = {0};
    (void)state;
    cpus_read("", &cpus);
    c.rounds = 1;
    assert_ok(campaign_run(&cpus, &c, NULL, &e), &e);
    assert_int_equal(l.n, 2); /* batches 1 and 4 were left */
    struct log stopped = {.interrupt = &interrupted, .interrupt_at = 2};
    c.arg = &stopped;
    assert_int_equal(campaign_run(&cpus, &c, &interrupted, &e), GABLE_INTERRUPTED);
    assert_int_equal(stopped.n, 2);
    assert_contains(e.why, "2 of 4");
}

static void the_id_knows_what_makes_runs_comparable(void **state)
{
    struct log l = {0};
    struct campaign c = campaign_into(&l);
    struct topology t = {.cpu = "A", .cores = 2};
    struct cpus cpus = {.n_allowed = 2};
    char a[CAMPAIGN_ID], b[CAMPAIGN_ID];
    (void)state;
    campaign_id(&c, &t, &cpus, a);
    campaign_id(&c, &t, &cpus, b);
    assert_string_equal(a, b);
    c.n_points = 1;
    campaign_id(&c, &t, &cpus, b);
    assert_string_equal(a, b);
    c.bench.engine.threads = 1;
    campaign_id(&c, &t, &cpus, b);
    assert_string_not_equal(a, b);
    c.bench.engine.threads = 0;
    t.cores = 4;
    campaign_id(&c, &t, &cpus, b);
    assert_string_not_equal(a, b);
}

static struct run made_run(double ns, bool valid)
{
    enum { SAMPLES = 20 };
    gable_error e = {0};
    struct run r = {.valid = true, .batch = 1, .block = 1, .flops_counted = 1000, .roof = {1e12, 1e12}};
    r.bytes.fused = 100;
    r.samples = calloc(SAMPLES, sizeof *r.samples);
    assert_non_null(r.samples);
    for (r.n_samples = 0; r.n_samples < SAMPLES; r.n_samples++)
        r.samples[r.n_samples] = (struct sample){.start_ns = r.n_samples * 2000, .ns = (int64_t)ns + r.n_samples % 3};
    assert_ok(verdict_of_times(&r, 0.01, &e), &e);
    assert_ok(verdict_of_roof(&r, NULL, 0, false, &e), &e);
    if (!valid) verdict_invalid(&r, CODE_CONTENDED);
    return r;
}

/* 1000, 1010 and 1050 ns: the median over all is the middle round's, and the rounds' range is the interval. */
static void rounds_merge_into_one_run(void **state)
{
    struct run rounds[] = {made_run(1050, true), made_run(1000, true), made_run(9000, false), made_run(1010, true)}, r;
    gable_error e = {0};
    (void)state;
    assert_ok(campaign_merge(rounds, 4, &r, &e), &e);
    assert_true(r.valid && r.n_samples == 60 && fabs(r.median_ns - 1011) < 1.5);
    assert_true(r.low_ns <= 1001 && r.high_ns >= 1050);
    for (int i = 1; i < r.n_samples; i++) assert_true(r.samples[i].start_ns > r.samples[i - 1].start_ns);
    run_release(&r);
    rounds[0].valid = rounds[1].valid = rounds[3].valid = false;
    rounds[0].reason = CODE_SPEED_DRIFT;
    assert_ok(campaign_merge(rounds, 4, &r, &e), &e);
    assert_true(!r.valid && r.reason == CODE_SPEED_DRIFT && r.n_samples == 20);
    run_release(&r);
    for (size_t i = 0; i < COUNT_OF(rounds); i++) run_release(&rounds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_brings_its_run_home),
        cmocka_unit_test(misbehaviour_becomes_a_code),
        cmocka_unit_test(what_never_began_is_an_error),
        cmocka_unit_test(a_pass_that_fails_is_an_error_that_names_the_model),
        cmocka_unit_test(every_round_visits_every_point_in_a_seeded_order),
        cmocka_unit_test(points_without_a_valid_round_get_one_more),
        cmocka_unit_test(a_step_is_one_point_of_several_runs),
        cmocka_unit_test(what_the_planner_chose_is_asked_for_once_a_point_and_kept),
        cmocka_unit_test(a_campaign_resumes_and_can_be_interrupted),
        cmocka_unit_test(the_id_knows_what_makes_runs_comparable),
        cmocka_unit_test(rounds_merge_into_one_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
