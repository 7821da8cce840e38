/* The loop and the verdicts on a simulated machine whose truth is known. No real time passes. */
#include "check.h"

#include "bench/defaults.h"
#include "bench/verdict.h"
#include "sim.h"

#include <math.h>
#include <string.h>

static const double MS = 1e6, S = 1e9;

static int kept(const struct run *r)
{
    int n = 0;
    for (int i = 0; i < r->n_samples; i++) n += !(r->samples[i].marks & MARK_WARMUP);
    return n;
}

static void quiet_passes_stop_at_the_first_look(void **state)
{
    struct sim s;
    struct run r;
    (void)state;
    sim_init(&s, 1, 100 * MS, 0);
    sim_run(&s, 10, &r);
    assert_int_equal(kept(&r), 20);
    assert_true(r.valid && r.block == 1 && fabs(r.median_ns / (100 * MS) - 1) < 1e-6);
    assert_true(fabs(r.first_ns / (100 * MS) - 1) < 1e-6);
    run_release(&r);
}

static void noisy_passes_take_as_many_as_they_need(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim s;
        struct run r;
        sim_init(&s, seed, 10 * MS, 0.05);
        sim_run(&s, 60, &r);
        assert_in_range(kept(&r), 102, 520);
        assert_true(r.valid && r.low_ns <= r.median_ns && r.median_ns <= r.high_ns);
        assert_true((r.high_ns - r.low_ns) / 2 / r.median_ns <= 0.011);
        run_release(&r);
    }
}

static void slow_passes_get_six_samples_or_are_invalid(void **state)
{
    struct sim s;
    struct run r;
    (void)state;
    sim_init(&s, 1, 8 * S, 0.001);
    sim_run(&s, 10, &r);
    assert_int_equal(kept(&r), 6);
    assert_true(r.valid);
    run_release(&r);
    sim_init(&s, 1, 40 * S, 0.001);
    sim_run(&s, 10, &r);
    assert_true(!r.valid && r.reason == CODE_TOO_FEW_SAMPLES);
    run_release(&r);
}

/* 1 ms step and 30 us pass: a block lasts a second; single passes have no percentiles. */
static void a_coarse_clock_is_hidden_by_blocks(void **state)
{
    struct sim s;
    struct run r;
    (void)state;
    sim_init(&s, 1, 0.03 * MS, 0.01);
    s.tick_ns = 1 * MS;
    sim_run(&s, 60, &r);
    assert_true(r.block * s.pass_ns >= 0.99 * S && (r.block & (r.block - 1)) == 0);
    assert_true(sim_has(&r, CODE_BLOCKED) && isnan(r.p95_ns) && isnan(r.p99_tail_ns));
    assert_true(fabs(r.median_ns / s.pass_ns - 1) < 0.01);
    run_release(&r);
    sim_init(&s, 1, 1 * MS, 0.01);
    sim_run(&s, 10, &r);
    assert_true(r.block == 1 && !sim_has(&r, CODE_BLOCKED));
    run_release(&r);
}

static void set_up_and_warm_up_stay_out_of_the_median(void **state)
{
    struct sim s;
    struct run r;
    (void)state;
    sim_init(&s, 1, 10 * MS, 0.01);
    s.first = 100;
    sim_run(&s, 10, &r);
    assert_true(fabs(r.first_ns / (1000 * MS) - 1) < 0.1);
    assert_true(r.valid && fabs(r.median_ns / (10 * MS) - 1) < 0.005);
    run_release(&r);
}

/* Median over seeds, so that a single unlucky world decides nothing. */
static void late_warm_up_is_cut_and_said(void **state)
{
    int cut = 0, near = 0, noted_flat = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct sim s;
        struct run r;
        sim_init(&s, seed, 30 * MS, 0.02);
        s.warm = 0.4;
        s.warm_passes = 12;
        sim_run(&s, 10, &r);
        cut += sim_has(&r, CODE_LATE_WARMUP) || !(r.samples[r.n_samples / 3].marks & MARK_WARMUP);
        near += fabs(r.median_ns / (30 * MS) - 1) < 0.015;
        run_release(&r);
        sim_init(&s, seed, 30 * MS, 0.02);
        sim_run(&s, 10, &r);
        noted_flat += sim_has(&r, CODE_LATE_WARMUP) || sim_has(&r, CODE_SLOWDOWN) || !r.valid;
        run_release(&r);
    }
    assert_true(near >= 36);
    assert_true(noted_flat <= 2);
    assert_int_equal(cut, 40);
}

static void nothing_is_thrown_away(void **state)
{
    struct sim s;
    struct run r, quiet;
    (void)state;
    sim_init(&s, 3, 20 * MS, 0.01);
    sim_run(&s, 10, &quiet);
    sim_init(&s, 3, 20 * MS, 0.01);
    s.outlier_every = 25;
    sim_run(&s, 10, &r);
    assert_true(sim_has(&r, CODE_OUTLIERS) && !sim_has(&quiet, CODE_OUTLIERS));
    assert_true(fabs(r.median_ns / quiet.median_ns - 1) < 0.005);
    assert_true(r.max_ns > 40 * r.median_ns);
    run_release(&r);
    run_release(&quiet);
}

/* A competitor that is there 80 % of the time and makes those samples half as long again. */
static void contended_samples_are_marked_by_their_wait_alone(void **state)
{
    struct sim s;
    struct run r;
    (void)state;
    sim_init(&s, 5, 20 * MS, 0.01);
    s.duty = 0.8;
    s.taken = 0.5;
    sim_run(&s, 20, &r);
    assert_true(r.valid && fabs(r.median_ns / (20 * MS) - 1) < 0.01);
    assert_true(sim_has(&r, CODE_CONTENDED) && fabs(r.marked_share - 0.8) < 0.15);
    run_release(&r);
    sim_init(&s, 5, 20 * MS, 0.01); /* marked or not, it takes no longer: the mark does not look */
    s.duty = 0.5;
    sim_run(&s, 20, &r);
    assert_true(fabs(r.marked_share - 0.5) < 0.2 && fabs(r.median_ns / (20 * MS) - 1) < 0.01);
    run_release(&r);
    sim_init(&s, 5, 20 * MS, 0.01);
    s.duty = 1;
    sim_run(&s, 1, &r);
    assert_true(!r.valid && r.reason == CODE_CONTENDED && r.n_clean == 0);
    assert_true(r.median_ns > 0 && isnan(r.low_ns)); /* shown, for what it is worth */
    run_release(&r);
}

/* The machine slows by a fifth, its probes with it: the time moves, the efficiency does not. */
static void efficiency_does_not_drift_with_the_machine(void **state)
{
    struct sim s;
    struct run r;
    double steady;
    (void)state;
    sim_init(&s, 2, 20 * MS, 0.03);
    sim_run(&s, 8, &r);
    steady = r.efficiency;
    assert_true(fabs(steady - 1e9 / 0.02 / 1e12) < 0.01 * steady);
    run_release(&r);
    sim_init(&s, 2, 20 * MS, 0.06);
    s.drift = 0.2;
    s.drift_s = 8;
    sim_run(&s, 8, &r);
    assert_true(fabs(r.efficiency / steady - 1) < 0.01);
    assert_true(r.median_ns > 1.05 * 20 * MS);
    assert_true(sim_has(&r, CODE_SPEED_DRIFT));
    run_release(&r);
}

/* One world per code that the loop and the verdicts can give, and whether it invalidates there. */
static const struct world_case {
    enum bench_code code;
    bool invalid;
    struct sim s; /* what differs from a quiet machine */
    double pass_ns, noise, budget_s;
} worlds[] = {
    {CODE_WRONG_RESULT, true, {.wrong_at = 40}, 20e6, 0.01, 10},
    {CODE_NOT_FINITE, true, {.infinite_at = 2}, 20e6, 0.01, 10},
    {CODE_INTERRUPTED, true, {.stop_at = 15}, 20e6, 0.01, 10},
    {CODE_TOO_FEW_SAMPLES, true, {.step = 0}, 40e9, 0.01, 10},
    {CODE_CI_WIDE, false, {.step = 0}, 20e6, 0.10, 1},
    {CODE_CI_WIDE, true, {.step = 0}, 300e6, 0.9, 3},
    {CODE_SPEED_DRIFT, false, {.swing = 0.08}, 20e6, 0.05, 10},
    {CODE_SPEED_DRIFT, true, {.swing = 0.3}, 20e6, 0.05, 10},
    {CODE_CONTENDED, false, {.duty = 0.3, .taken = 0.2}, 20e6, 0.01, 10},
    {CODE_CONTENDED, true, {.duty = 1, .taken = 0.2}, 20e6, 0.01, 1},
    {CODE_SWAPPED, false, {.major_every = 40}, 20e6, 0.03, 10},
    {CODE_SWAPPED, true, {.major_every = 3}, 20e6, 0.03, 10},
    {CODE_ABOVE_ROOF, true, {.step = 0}, 0.5e6, 0.01, 10},
    {CODE_BLOCKED, false, {.peak = 1e15}, 0.005e6, 0.01, 5},
    {CODE_LATE_WARMUP, false, {.step = 0.7, .step_at = 22}, 30e6, 0.02, 10},
    {CODE_SLOWDOWN, false, {.step = 1.4, .step_at = 22}, 30e6, 0.02, 10},
    {CODE_NO_STEADY_STATE, true, {.step = 1.4, .step_at = 42}, 100e6, 0.08, 10},
    {CODE_OUTLIERS, false, {.outlier_every = 30}, 20e6, 0.02, 10},
    {CODE_BIMODAL, false, {.mode = 1.1, .mode_share = 0.4}, 20e6, 0.01, 10},
    {CODE_DRIFT, false, {.slope = 0.6}, 20e6, 0.08, 20},
    {CODE_PAGE_FAULTS, false, {.minor_at = 30}, 20e6, 0.01, 10},
    {CODE_NO_PROBE, false, {.has_no_probe = true}, 20e6, 0.01, 10},
};

static struct sim world_of(const struct world_case *w, uint64_t seed)
{
    struct sim s, made = w->s;
    sim_init(&s, seed, w->pass_ns, w->noise);
    made.world = s.world;
    made.random = s.random;
    made.pass_ns = s.pass_ns;
    made.noise = s.noise;
    made.tick_ns = s.tick_ns;
    made.read_ns = s.read_ns;
    if (made.peak <= 0) made.peak = s.peak;
    made.bandwidth = made.peak / 10;
    return made;
}

static void every_code_has_its_world(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(worlds); i++) {
        const struct world_case *w = &worlds[i];
        struct sim s = world_of(w, 11);
        struct run r;
        sim_run(&s, w->budget_s, &r);
        if (!sim_has(&r, w->code) || (w->invalid && r.valid))
            fail_msg("world %zu: %s not found (reason %s, notes %llx, n %d)", i, bench_code_name(w->code),
                     bench_code_name(r.reason), (unsigned long long)r.notes, r.n_clean);
        if (!w->invalid && (!r.valid || r.reason == w->code))
            fail_msg("world %zu: %s invalidates (n %d)", i, bench_code_name(r.reason), r.n_clean);
        assert_true(r.valid == (r.reason == CODE_NONE));
        run_release(&r);
    }
}

static void a_quiet_world_has_no_notes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim s;
        struct run r;
        sim_init(&s, seed, 20 * MS, 0.005);
        sim_run(&s, 10, &r);
        if (!r.valid || r.notes)
            fail_msg("seed %d: %s, notes %llx", (int)seed, bench_code_name(r.reason), (unsigned long long)r.notes);
        run_release(&r);
    }
}

/* Any machine: numbers are numbers, intervals are ordered, and validity and reason agree. */
static void no_machine_breaks_the_numbers(void **state)
{
    struct random random = {99};
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct sim s;
        struct run r;
        sim_init(&s, (uint64_t)i, pow(10, 4 + 5 * random_uniform(&random)), random_uniform(&random));
        s.tick_ns = random_uniform(&random) < 0.3 ? pow(10, 6 * random_uniform(&random)) : 1;
        s.warm = random_uniform(&random);
        s.warm_passes = 100 * random_uniform(&random);
        s.duty = random_uniform(&random);
        s.taken = random_uniform(&random);
        s.swing = 0.5 * random_uniform(&random);
        s.outlier_every = (int)(20 * random_uniform(&random));
        sim_run(&s, 0.5, &r);
        assert_true(r.valid == (r.reason == CODE_NONE));
        assert_true(r.n_samples > 0 && r.first_ns > 0);
        if (r.valid) {
            assert_true(r.min_ns <= r.low_ns && r.low_ns <= r.median_ns && r.median_ns <= r.high_ns &&
                        r.high_ns <= r.max_ns);
            assert_true(r.efficiency_low <= r.efficiency && r.efficiency <= r.efficiency_high);
        }
        run_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_passes_stop_at_the_first_look),
        cmocka_unit_test(noisy_passes_take_as_many_as_they_need),
        cmocka_unit_test(slow_passes_get_six_samples_or_are_invalid),
        cmocka_unit_test(a_coarse_clock_is_hidden_by_blocks),
        cmocka_unit_test(set_up_and_warm_up_stay_out_of_the_median),
        cmocka_unit_test(late_warm_up_is_cut_and_said),
        cmocka_unit_test(nothing_is_thrown_away),
        cmocka_unit_test(contended_samples_are_marked_by_their_wait_alone),
        cmocka_unit_test(efficiency_does_not_drift_with_the_machine),
        cmocka_unit_test(every_code_has_its_world),
        cmocka_unit_test(a_quiet_world_has_no_notes),
        cmocka_unit_test(no_machine_breaks_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
