/* Plans for machines that are not here, and what becomes of their samples. No duration is asserted. */
#include "base/team.h"
#include "check.h"
#include "machine/arrays.h"
#include "machine/choice.h"
#include "machine/jobs.h"
#include "machine/median.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct topology server = {
    .vendor = "AuthenticAMD",
    .family = 25,
    .model = 17,
    .n_caches = 3,
    .cache = {{1, 32 << 10, 8, 2}, {2, 1 << 20, 8, 2}, {3, 32 << 20, 1, 16}},
};

/* P(Bin(n, 1/2) <= k - 1) by adding up whole binomials, for n small enough to be exact in double. */
static double tail(int n, int k)
{
    double sum = 0;
    for (int i = 0; i < k; i++) sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) - n * log(2));
    return sum;
}

static void ranks_cover_95_percent(void **state)
{
    (void)state;
    /* MEASURING rule 9 names these. */
    assert_int_equal(interval_rank(6), 1);
    assert_int_equal(interval_rank(30), 10);
    assert_int_equal(interval_rank(100), 40);
    for (int n = 6; n <= 200; n++) {
        int k = interval_rank(n);
        assert_true(tail(n, k) <= 0.025 * (1 + 1e-9));
        assert_true(tail(n, k + 1) > 0.025);
    }
    for (int n = 1; n < 6; n++) assert_int_equal(interval_rank(n), 1);
    double x[] = {5, 1, 4, 2, 3, 6};
    struct interval v = interval_of(x, 6);
    assert_true(v.median == 3.5 && v.low == 1 && v.high == 6);
}

static const struct job *find(const struct job *jobs, int n, const char *level, const char *what, int threads)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(jobs[i].ceiling.level, level) && !strcmp(jobs[i].ceiling.what, what) &&
            jobs[i].ceiling.threads == threads)
            return &jobs[i];
    fail_msg("no %s %s on %d threads", level, what, threads);
    return NULL;
}

static void sizes_are_half_of_a_threads_share(void **state)
{
    (void)state;
    struct job *jobs = calloc(MACHINE_CEILINGS, sizeof *jobs);
    struct job_limits limits = {.threads = 8, .isas = isa_read(), .array_bytes = 128 << 20};
    int n = jobs_plan(&server, &limits, jobs);
    assert_in_range(n, 2 * (2 + 1 + 3 * 4 + 7), MACHINE_CEILINGS);
    assert_int_equal(find(jobs, n, "L1", "read", 1)->task.bytes, 16 << 10);
    assert_int_equal(find(jobs, n, "L1", "copy", 1)->task.bytes, 8 << 10);
    assert_int_equal(find(jobs, n, "L1", "triad", 8)->task.bytes, 5120); /* 16 KiB / 3 = 5461, whole blocks of 512 */
    assert_int_equal(find(jobs, n, "L2", "read", 8)->task.bytes, 512 << 10);
    assert_int_equal(find(jobs, n, "L3", "write", 1)->task.bytes, 16 << 20);
    assert_int_equal(find(jobs, n, "L3", "read", 8)->task.bytes, 2 << 20); /* 32 MiB / 2 / 8 threads */
    assert_int_equal(find(jobs, n, "DRAM", "triad nt", 8)->task.bytes, 16 << 20);
    for (int i = 0; i < n; i++) assert_true(job_is_measurable(&jobs[i]));
    free(jobs);
}

static void a_share_that_fits_the_level_below_is_refused(void **state)
{
    (void)state;
    struct job *jobs = calloc(MACHINE_CEILINGS, sizeof *jobs);
    struct topology crowded = server; /* 16 threads: 32 MiB / 2 / 16 = 1 MiB, which L2 holds */
    crowded.cache[0].instances = crowded.cache[1].instances = 16;
    struct job_limits limits = {.threads = 16, .isas = isa_read(), .array_bytes = 128 << 20, .is_short = true};
    int n = jobs_plan(&crowded, &limits, jobs);
    const struct job *l3 = find(jobs, n, "L3", "read", 16), *dram = find(jobs, n, "DRAM", "read", 16);
    assert_false(job_is_measurable(l3));
    assert_string_equal(l3->ceiling.reason, "half a thread's share fits into L2");
    assert_true(job_is_measurable(find(jobs, n, "L3", "read", 1)));
    assert_false(dram->ceiling.valid);
    assert_contains(dram->ceiling.reason, "too little free memory");
    free(jobs);
}

static void the_roof_alone_is_fp32_dram_and_what_caches_give(void **state)
{
    (void)state;
    struct job *jobs = calloc(MACHINE_CEILINGS, sizeof *jobs);
    struct job_limits limits = {.threads = 4, .isas = isa_read(), .only_roof = true, .array_bytes = 128 << 20};
    int n = jobs_plan(&server, &limits, jobs);
    assert_int_equal(n, 1 + STREAM_KERNELS_N + 2); /* L2 and L3 */
    assert_ptr_equal(jobs[0].task.flops, choice_fp32(limits.isas));
    for (int i = 0; i < n; i++) assert_int_equal(jobs[i].ceiling.threads, 4);
    free(jobs);
}

static void dram_arrays_follow_stream(void **state)
{
    (void)state;
    bool is_short = true;
    struct topology two = server, none = {0};
    two.cache[2].instances = 2;
    assert_int_equal(arrays_dram_bytes(&server, 0, &is_short), 4 * 32 << 20);
    assert_false(is_short);
    assert_int_equal(arrays_dram_bytes(&two, 0, &is_short), 8 * 32 << 20);
    assert_int_equal(arrays_dram_bytes(&none, 0, &is_short), 64 << 20);
    two.n_caches = 1; /* 4 x 8 x 32 KiB = 1 MiB: a million doubles instead */
    assert_int_equal(arrays_dram_bytes(&two, 0, &is_short), 8 << 20);
    assert_int_equal(arrays_dram_bytes(&server, 600 << 20, &is_short), 100 << 20); /* a sixth */
    assert_true(is_short);
}

static void arrays_of_threads_do_not_overlap(void **state)
{
    (void)state;
    enum { PARTS = 3 };
    struct cpus cpus;
    struct team *team = NULL;
    struct arrays a = {0};
    gable_error e = {0};
    int cpu[PARTS];
    cpus_read("", &cpus);
    for (int i = 0; i < PARTS; i++) cpu[i] = cpus.cores[i % cpus.n_cores];
    assert_ok(team_new(PARTS, cpu, &team, &e), &e);
    assert_ok(arrays_new(team, 1000000, &a, &e), &e);
    size_t share = arrays_share(&a, PARTS);
    assert_int_equal(share, 1000000 / 3 / STREAM_GRAIN * STREAM_GRAIN);
    const char *end = a.base;
    for (int part = 0; part < PARTS; part++)
        for (int which = 0; which < 3; which++) {
            const char *at = arrays_at(&a, part, PARTS, which, share);
            assert_true(at >= end);
            assert_int_equal((uintptr_t)at % 64, 0);
            end = at + share;
        }
    assert_true(end <= a.base + a.bytes);
    arrays_release(&a);
    team_free(team);
}

/* Ten per cent below theory at 2 GHz: 32 FLOP a cycle x 2e9 x 0.9. */
static struct job sampled(int n, int n_clean, double spread)
{
    struct job j = {.ceiling = {.kind = CEILING_COMPUTE, .threads = 1, .valid = true}, .flops_per_cycle = 32};
    j.n = n;
    j.n_clean = n_clean;
    for (int i = 0; i < n; i++)
        j.samples[i] = (struct sample){32 * 2e9 * 0.9 * (1 + spread * (i % 3 - 1)), 2e9, i < n_clean};
    return j;
}

static void samples_become_a_ceiling(void **state)
{
    (void)state;
    struct job j = sampled(9, 9, 0);
    job_finish(&j, false);
    assert_true(j.ceiling.valid);
    assert_string_equal(j.ceiling.reason, "");
    assert_true(fabs(j.ceiling.value - 57.6e9) < 1);
    assert_true(fabs(j.ceiling.value / j.ceiling.theory - 0.9) < 1e-12);
}

/* The clock halves for half of the samples: value and theory halve with it, the share stays. */
static void the_share_follows_the_clock(void **state)
{
    (void)state;
    struct job j = sampled(12, 12, 0);
    for (int i = 0; i < 6; i++) {
        j.samples[i].rate /= 2;
        j.samples[i].clock_hz /= 2;
    }
    job_finish(&j, false);
    assert_true(fabs(j.ceiling.value / j.ceiling.theory - 0.9) < 1e-12);
    assert_false(j.ceiling.valid);
    assert_contains(j.ceiling.reason, "wider than 10 %");
}

static void faults_are_named(void **state)
{
    (void)state;
    static const struct {
        int n, n_clean;
        double spread;
        bool interrupted;
        const char *reason;
    } cases[] = {
        {12, 4, 0, false, "contended: 4 of 12 bursts undisturbed"},
        {3, 3, 0, false, "too few bursts: 3 of 6"},
        {3, 3, 0, true, "interrupted after 3 bursts"},
        {9, 9, 0.2, false, "interval of +-20 %, wider than 10 %"},
        {9, 9, 0.05, false, ""},
        {0, 0, 0, false, "not measured"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct job j = sampled(cases[i].n, cases[i].n_clean, cases[i].spread);
        job_finish(&j, cases[i].interrupted);
        assert_string_equal(j.ceiling.reason, cases[i].reason);
        assert_int_equal(j.ceiling.valid, cases[i].reason[0] == '\0');
    }
}

static void looks_are_rare(void **state)
{
    (void)state;
    struct job still = sampled(7, 7, 0), early = sampled(8, 8, 0), noisy = sampled(7, 7, 0.05);
    assert_true(job_is_narrow(&still));
    assert_false(job_is_narrow(&early)); /* 8 is no look */
    assert_false(job_is_narrow(&noisy));
    struct job full = sampled(JOB_SAMPLES, 0, 0);
    assert_true(job_is_narrow(&full)); /* no room for more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_cover_95_percent),
        cmocka_unit_test(sizes_are_half_of_a_threads_share),
        cmocka_unit_test(a_share_that_fits_the_level_below_is_refused),
        cmocka_unit_test(the_roof_alone_is_fp32_dram_and_what_caches_give),
        cmocka_unit_test(dram_arrays_follow_stream),
        cmocka_unit_test(arrays_of_threads_do_not_overlap),
        cmocka_unit_test(samples_become_a_ceiling),
        cmocka_unit_test(the_share_follows_the_clock),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(looks_are_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
