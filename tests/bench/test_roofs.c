/* Why a run may stand above its roof, one made-up run per reason, and what the machine did to it. */
#include "check.h"

#include "bench/surroundings.h"
#include "bench/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SAMPLES = 20 };

/* Peak 1e12 FLOP/s, 1e11 byte/s: ridge at 10 FLOP per byte. Work: 1e9 FLOPs, so 1 ms is the floor when compute-bound.
 */
static const struct above_case {
    const char *what;
    double ns;             /* of each pass */
    count executed, fused; /* FLOPs, bytes */
    double planned;        /* bytes of the groups; 0: as fused */
    size_t memory, cache;  /* bytes of the plan, of the last cache */
    double probed;         /* probes over the roof */
    enum bench_code note;  /* CODE_NONE where it stands under the roof */
    bool valid;
    double efficiency; /* at the place where the reason puts it */
} cases[] = {
    {"under the roof", 1.25e6, 1000000000, 10000000, 0, 0, 0, 1, CODE_NONE, true, 0.8},
    {"a faster clock: probes 20 % up", 0.9e6, 1000000000, 10000000, 0, 0, 0, 1.2, CODE_CLOCK_ABOVE_PROBE, true,
     1 / 0.9 / 1.2},
    /* half the FLOPs executed: 0.5e9 in 0.8 ms are 6.25e11, and 50 FLOP/byte is still beyond the ridge */
    {"Winograd", 0.8e6, 500000000, 10000000, 0, 0, 0, 1, CODE_EXECUTED_FEWER, true, 0.625},
    /* 1e9 / 2e8 = 5 FLOP/byte allow 5e11; 1e9 in 1.25 ms are 8e11: under the peak, and 1 MB fits 8 MB of cache */
    {"in the cache", 1.25e6, 1000000000, 200000000, 0, 1000000, 8000000, 1, CODE_IN_CACHE, true, 0.8},
    /* the groups move a quarter: 20 FLOP/byte */
    {"more fused", 1.25e6, 1000000000, 200000000, 5e7, 0, 0, 1, CODE_FUSED_MORE, true, 0.8},
    {"no reason", 0.5e6, 1000000000, 10000000, 0, 0, 0, 1, CODE_ABOVE_ROOF, false, 2},
    {"two causes: the first is said", 0.9e6, 500000000, 10000000, 0, 0, 0, 1.2, CODE_CLOCK_ABOVE_PROBE, true,
     1 / 0.9 / 1.2},
    {"a faster clock is not enough", 0.5e6, 1000000000, 10000000, 0, 0, 0, 1.2, CODE_ABOVE_ROOF, false, 2 / 1.2},
};

static struct run run_of(const struct above_case *c)
{
    gable_error e = {0};
    struct run r = {.valid = true, .batch = 1, .block = 1, .roof = {1e12, 1e11}};
    r.flops_counted = 1000000000;
    r.flops_executed = c->executed;
    r.bytes.fused = c->fused;
    r.planned_bytes = c->memory;
    r.samples = calloc(SAMPLES, sizeof *r.samples);
    r.groups = calloc(1, sizeof *r.groups);
    assert_true(r.samples && r.groups);
    r.n_groups = 1;
    r.groups[0].bytes = c->planned > 0 ? c->planned : (double)c->fused;
    for (r.n_samples = 0; r.n_samples < SAMPLES; r.n_samples++)
        r.samples[r.n_samples].ns = (int64_t)(c->ns * (1 + 0.0001 * (r.n_samples % 7)));
    assert_ok(verdict_of_times(&r, 0.01, &e), &e);
    return r;
}

static void a_run_above_its_roof_has_a_reason_or_is_invalid(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct above_case *c = &cases[i];
        gable_error e = {0};
        struct run r = run_of(c);
        struct probe_reading p[] = {{0, 1e12 * c->probed, 1e11 * c->probed},
                                    {SAMPLES, 1e12 * c->probed, 1e11 * c->probed}};
        assert_ok(verdict_of_roof(&r, p, 2, r.planned_bytes && r.planned_bytes < c->cache, &e), &e);
        if (r.valid != c->valid || (c->note ? !verdict_has(&r, c->note) : r.notes != 0))
            fail_msg("%s: valid %d, reason %s, notes %llx", c->what, r.valid, bench_code_name(r.reason),
                     (unsigned long long)r.notes);
        if (fabs(r.efficiency / c->efficiency - 1) > 0.001) fail_msg("%s: efficiency %g", c->what, r.efficiency);
        if (!strncmp(c->what, "two causes", 10)) assert_false(verdict_has(&r, CODE_EXECUTED_FEWER));
        run_release(&r);
    }
}

/* 1e9 FLOPs in 1.25 ms under 1e12: 80 %; bytes 2e8: 5 FLOP/byte, attainable 5e11, memory-bound. */
static void efficiency_by_hand(void **state)
{
    gable_error e = {0};
    struct above_case c = cases[0];
    (void)state;
    struct run r = run_of(&c);
    assert_ok(verdict_of_roof(&r, NULL, 0, 0, &e), &e);
    assert_true(fabs(r.efficiency - 0.8) < 0.001 && r.bound == BOUND_COMPUTE && verdict_has(&r, CODE_NO_PROBE));
    assert_true(isnan(r.probe_flops));
    run_release(&r);
    c.fused = 200000000;
    c.ns = 4e6; /* 2.5e11 of 5e11 */
    r = run_of(&c);
    assert_ok(verdict_of_roof(&r, NULL, 0, 0, &e), &e);
    assert_true(fabs(r.efficiency - 0.5) < 0.001 && r.bound == BOUND_MEMORY && fabs(r.intensity - 5) < 1e-9);
    run_release(&r);
}

/* Each ceiling is scaled by its own probe: memory at half speed halves a memory-bound roof and no other. */
static void each_ceiling_has_its_own_probe(void **state)
{
    gable_error e = {0};
    const struct probe_reading p[] = {{0, 1e12, 5e10}, {SAMPLES, 1e12, 5e10}};
    struct above_case c = cases[0];
    (void)state;
    struct run r = run_of(&c);
    assert_ok(verdict_of_roof(&r, p, 2, 0, &e), &e);
    assert_true(fabs(r.efficiency - 0.8) < 0.001);
    run_release(&r);
    c.fused = 200000000;
    c.ns = 4e6;
    r = run_of(&c);
    assert_ok(verdict_of_roof(&r, p, 2, 0, &e), &e);
    assert_true(fabs(r.efficiency - 1) < 0.001);
    run_release(&r);
}

/* The neighbours take half the memory's speed since the roof was measured: what lies in the cache does not feel it. 10
   FLOP per byte under 5e10 byte/s allow 5e11; 1e9 in 1.25 ms are 8e11, under the peak. */
static void a_cache_outruns_slowed_memory(void **state)
{
    gable_error e = {0};
    const struct probe_reading p[] = {{0, 1e12, 5e10}, {SAMPLES, 1e12, 5e10}};
    struct above_case c = cases[0];
    (void)state;
    c.fused = 100000000;
    for (int may = 0; may < 2; may++) {
        struct run r = run_of(&c);
        assert_ok(verdict_of_roof(&r, p, 2, may, &e), &e);
        assert_int_equal(r.valid, may);
        assert_true(verdict_has(&r, may ? CODE_IN_CACHE : CODE_ABOVE_ROOF));
        assert_true(fabs(r.efficiency - (may ? 0.8 : 1.6)) < 0.001);
        run_release(&r);
    }
}

static void groups_must_add_up(void **state)
{
    struct run_group groups[2] = {{.median_ns = 40}, {.median_ns = 58}};
    struct run r = {.valid = true, .n_groups = 2, .groups = groups, .instrumented_ns = 100};
    (void)state;
    verdict_of_groups(&r);
    assert_true(r.sum_ns == 98 && !verdict_has(&r, CODE_SUM_MISMATCH));
    groups[0].median_ns = 30; /* 12 % are missing */
    verdict_of_groups(&r);
    assert_true(verdict_has(&r, CODE_SUM_MISMATCH) && r.valid);
}

static const struct surroundings_case {
    enum bench_code code;
    bool invalid;
    struct surroundings before, after;
    double quota, fell;
    int asked, threads, cores;
} surroundings[] = {
    {CODE_CPU_QUOTA, true, {.n_throttled = 3}, {.n_throttled = 4}, 2, 0, 0, 2, 2},
    {CODE_CPU_QUOTA, false, {.n_throttled = 3}, {.n_throttled = 3}, 1.5, 0, 0, 2, 2},
    {CODE_THROTTLED, true, {.core_throttles = 1}, {.core_throttles = 2}, 0, 0.2, 0, 2, 2},
    {CODE_THROTTLED, false, {.core_throttles = 1}, {.core_throttles = 2}, 0, 0.05, 0, 2, 2},
    {CODE_CLOCK_JUMP, true, {.suspended_ns = 0}, {.suspended_ns = 3000000000}, 0, 0, 0, 2, 2},
    {CODE_FEWER_THREADS, true, {0}, {0}, 0, 0, 4, 2, 4},
    {CODE_FEWER_THREADS, false, {0}, {0}, 0, 0, 2, 2, 4},
    {CODE_STOLEN, true, {.ticks = 1000, .stolen = 0}, {.ticks = 2000, .stolen = 60}, 0, 0, 0, 2, 2},
    {CODE_STOLEN, false, {.ticks = 1000, .stolen = 0}, {.ticks = 2000, .stolen = 10}, 0, 0, 0, 2, 2},
    {CODE_VIRTUAL, false, {0}, {.is_virtual = true}, 0, 0, 0, 2, 2},
    {CODE_NONE, false, {.n_throttled = -1, .stolen = -1}, {.n_throttled = -1, .stolen = -1}, 0, 0, 0, 2, 2},
};

static void what_the_machine_did_is_judged_by_both_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(surroundings); i++) {
        const struct surroundings_case *c = &surroundings[i];
        struct run r = {.valid = true, .threads = c->threads};
        struct cpus *cpus = calloc(1, sizeof *cpus);
        assert_non_null(cpus);
        cpus->quota = c->quota;
        cpus->n_cores = c->cores;
        surroundings_judge(&r, &c->before, &c->after, cpus, c->asked, c->fell);
        free(cpus);
        bool found = c->code ? verdict_has(&r, c->code) : r.notes == 0;
        if (!found || r.valid == c->invalid)
            fail_msg("row %zu: %s, notes %llx", i, bench_code_name(r.reason), (unsigned long long)r.notes);
    }
}

static void write_under(const char *root, const char *path, const char *text)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *p = whole + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = '\0';
        mkdir(whole, 0755);
    }
    FILE *f = fopen(whole, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

static void surroundings_are_read_from_the_systems_files(void **state)
{
    char root[] = "/tmp/gable-root-XXXXXX", command[64];
    struct surroundings s;
    (void)state;
    assert_non_null(mkdtemp(root));
    surroundings_read(root, &s); /* an empty machine: unknown is not 0 */
    assert_true(s.n_throttled == -1 && s.stolen == -1 && s.core_throttles == -1 && !s.is_virtual);
    write_under(root, "/proc/self/cgroup", "0::/user/box\n");
    write_under(root, "/sys/fs/cgroup/user/box/cpu.stat", "usage_usec 9\nnr_periods 10\nnr_throttled 4\n");
    write_under(root, "/sys/fs/cgroup/user/cpu.stat", "nr_throttled 1\n");
    write_under(root, "/proc/stat", "cpu  10 20 30 40 50 60 70 80 0 0\ncpu0 1 2 3\n");
    write_under(root, "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "7\n");
    write_under(root, "/sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "5\n");
    write_under(root, "/proc/cpuinfo", "processor : 0\nflags : fpu hypervisor avx2\n");
    surroundings_read(root, &s);
    assert_int_equal(s.n_throttled, 5);
    assert_int_equal(s.stolen, 80);
    assert_int_equal(s.ticks, 360);
    assert_int_equal(s.core_throttles, 12);
    assert_true(s.is_virtual);
    write_under(root, "/proc/self/cgroup", "7:cpuset:/other\n4:cpu,cpuacct:/a\n");
    write_under(root, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.stat", "nr_throttled 2\n");
    surroundings_read(root, &s);
    assert_int_equal(s.n_throttled, 2);
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_above_its_roof_has_a_reason_or_is_invalid),
        cmocka_unit_test(efficiency_by_hand),
        cmocka_unit_test(each_ceiling_has_its_own_probe),
        cmocka_unit_test(a_cache_outruns_slowed_memory),
        cmocka_unit_test(groups_must_add_up),
        cmocka_unit_test(what_the_machine_did_is_judged_by_both_ends),
        cmocka_unit_test(surroundings_are_read_from_the_systems_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
