/* Statistics against GSL, by hand, and on seeded worlds whose truth is known. */
#include "check.h"

#include "bench/stats.h"
#include "random.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 200 };

static void order_statistics_equal_gsl(void **state)
{
    struct random r = {1};
    double x[N] = {0};
    (void)state;
    for (int n = 1; n <= N; n += 7) {
        for (int i = 0; i < n; i++) x[i] = exp(random_normal(&r));
        double *sorted = stats_sorted(x, n), unsorted[N];
        memcpy(unsorted, x, sizeof x);
        for (double q = 0; q <= 1; q += 0.05)
            assert_true(fabs(stats_quantile(sorted, n, q) -
                             gsl_stats_quantile_from_sorted_data(sorted, 1, (size_t)n, q)) < 1e-12);
        assert_true(fabs(stats_median(x, n) - gsl_stats_median_from_sorted_data(sorted, 1, (size_t)n)) < 1e-12);
        double work[N];
        if (n > 1) assert_true(fabs(stats_mad(x, n) / gsl_stats_mad(x, 1, (size_t)n, work) - 1) < 1e-4);
        assert_memory_equal(x, unsorted, sizeof x);
        free(sorted);
    }
    assert_true(isnan(stats_median(x, 0)));
}

/* k = the largest with P(Bin(n, 1/2) <= k - 1) <= 0.025, by GSL's distribution; and the three of the rule. */
static void ranks_equal_gsls_binomial(void **state)
{
    static const int known[][3] = {{6, 1, 6}, {30, 10, 21}, {100, 40, 61}};
    int low, high;
    (void)state;
    assert_false(stats_ranks(5, &low, &high));
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        assert_true(stats_ranks(known[i][0], &low, &high));
        assert_int_equal(low, known[i][1]);
        assert_int_equal(high, known[i][2]);
    }
    for (unsigned n = 6; n <= 2000; n++) {
        assert_true(stats_ranks((int)n, &low, &high));
        assert_true(gsl_cdf_binomial_P((unsigned)low - 1, 0.5, n) <= 0.025);
        assert_true(gsl_cdf_binomial_P((unsigned)low, 0.5, n) > 0.025);
        assert_int_equal(low + high, n + 1);
    }
}

/* Share of `worlds` whose interval holds the true median 1: skewed noise (rho 0), or AR(1) in logs. */
static double coverage(double rho, int n, int worlds, bool corrected)
{
    struct random r = {7};
    double x[N];
    int held = 0;
    for (int w = 0; w < worlds; w++) {
        double level = random_normal(&r);
        for (int i = 0; i < n; i++) {
            level = rho * level + sqrt(1 - rho * rho) * random_normal(&r);
            x[i] = rho > 0 ? exp(0.05 * level) : random_exponential(&r) / log(2);
        }
        double *sorted = stats_sorted(x, n);
        struct interval c = stats_interval(sorted, n, corrected ? stats_n_eff(x, n) : n);
        held += c.low <= 1 && 1 <= c.high;
        free(sorted);
    }
    return (double)held / worlds;
}

static void intervals_hold_the_median_as_often_as_they_say(void **state)
{
    (void)state;
    double skewed = coverage(0, 60, 10000, false);
    assert_true(skewed >= 0.95 && skewed <= 0.98);
}

/* rho 0.6: 79 % becomes 94 %; rho 0.8: 60 % becomes 94 %. */
static void correlated_samples_count_less(void **state)
{
    (void)state;
    assert_true(coverage(0.6, 100, 2000, false) < 0.84);
    assert_true(coverage(0.8, 100, 2000, false) < 0.68);
    assert_true(coverage(0.6, 100, 2000, true) > 0.91);
    assert_true(coverage(0.8, 100, 2000, true) > 0.90);
    double alternating[N];
    for (int i = 0; i < N; i++) alternating[i] = i % 2;
    assert_true(stats_n_eff(alternating, N) == N); /* never more than there are */
}

/* 30 % slower at first, fading over n / 10. */
static void a_fading_start_is_cut(void **state)
{
    struct random r = {3};
    int near = 0, whole = 0;
    double x[N];
    (void)state;
    for (int w = 0; w < 400; w++) {
        for (int i = 0; i < N; i++) x[i] = (1 + 0.3 * exp(-i / (N / 10.0 / 3))) * exp(0.01 * random_normal(&r));
        int cut = stats_steady_from(x, N);
        near += fabs(stats_median(x + cut, N - cut) - 1) < 0.007;
        for (int i = 0; i < N; i++) x[i] = exp(0.02 * random_normal(&r));
        whole += stats_steady_from(x, N) <= N / 2;
    }
    assert_true(near >= 380);
    assert_int_equal(whole, 400);
    assert_int_equal(stats_steady_from(x, 10), 0);
}

static void two_modes_are_seen_and_one_is_not(void **state)
{
    struct random r = {5};
    int found = 0, false_alarms = 0;
    double x[N];
    (void)state;
    for (int w = 0; w < 300; w++) {
        for (int i = 0; i < N; i++) x[i] = (random_uniform(&r) < 0.6 ? 1 : 1.1) * exp(0.01 * random_normal(&r));
        found += stats_modes(x, N).found;
        for (int i = 0; i < N; i++)
            x[i] = w % 3 == 0   ? exp(0.05 * random_normal(&r))
                   : w % 3 == 1 ? 1 + 0.1 * random_uniform(&r)
                                : 1 + 0.01 * random_normal(&r);
        false_alarms += stats_modes(x, N).found;
    }
    assert_true(found >= 261);
    assert_true(false_alarms <= 1);
    for (int i = 0; i < N; i++) x[i] = (i < 120 ? 1 : 1.1) * (1 + 0.001 * (i % 7));
    struct modes step = stats_modes(x, N);
    assert_true(step.found && !step.alternate && fabs(step.share - 0.6) < 1e-9 &&
                fabs(step.high / step.low - 1.1) < 0.01);
    for (int i = 0; i < N; i++) x[i] = (i % 2 ? 1 : 1.1) * (1 + 0.001 * (i % 7));
    assert_true(stats_modes(x, N).alternate);
}

/* a = {1, 2}, b = {3, 4, 5}: U = 6, mean 3, variance 2 * 3 * 6 / 12 = 3. */
static void mann_whitney_by_hand(void **state)
{
    const double a[] = {1, 2}, b[] = {3, 4, 5};
    (void)state;
    assert_true(fabs(stats_mann_whitney(a, 2, b, 3) - 3 / sqrt(3)) < 1e-12);
    assert_true(fabs(stats_mann_whitney(b, 3, a, 2) + 3 / sqrt(3)) < 1e-12);
    assert_true(stats_mann_whitney(a, 2, a, 2) == 0);
}

/* One may lie above the estimate from n = 64 (p90) and n = 662 (p99): P(Bin(n, q) <= 1) <= 0.01. */
static void tails_need_enough_samples(void **state)
{
    double x[1000];
    (void)state;
    for (int i = 0; i < 1000; i++) x[i] = i;
    assert_true(isnan(stats_tail(x, 63, 0.9)));
    assert_true(stats_tail(x, 64, 0.9) == 62);
    assert_true(isnan(stats_tail(x, 661, 0.99)));
    assert_true(stats_tail(x, 662, 0.99) == 660);
    for (unsigned n = 64; n <= 1000; n += 39) { /* the estimate leaves as many above as GSL allows */
        unsigned above = n - 1 - (unsigned)stats_tail(x, (int)n, 0.9);
        assert_true(gsl_cdf_binomial_P(above, 0.1, n) <= 0.01);
        assert_true(gsl_cdf_binomial_P(above + 1, 0.1, n) > 0.01);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_statistics_equal_gsl),
        cmocka_unit_test(ranks_equal_gsls_binomial),
        cmocka_unit_test(intervals_hold_the_median_as_often_as_they_say),
        cmocka_unit_test(correlated_samples_count_less),
        cmocka_unit_test(a_fading_start_is_cut),
        cmocka_unit_test(two_modes_are_seen_and_one_is_not),
        cmocka_unit_test(mann_whitney_by_hand),
        cmocka_unit_test(tails_need_enough_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
