/* Rank correlations against ranks and permutations counted by hand, and against tables. */
#include "bench/rank.h"
#include "check.h"

#include <math.h>

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.10g is not %.10g", a, b);
}

static void test_by_hand(void **state)
{
    (void)state;
    /* d = 1, 1, 0, 0: rho = 1 - 6 * 2 / (4 * 15) = 0.8. Of 24 orders, |rho| >= 0.8 for: the identity, 3 swaps of
       neighbours, and their 4 mirrors: p = 8/24. */
    struct rank_correlation c = rank_correlate((double[]){1, 2, 3, 4}, (double[]){20, 10, 30, 40}, 4);
    near(c.rho, 0.8, 1e-12);
    near(c.p, 8.0 / 24, 1e-12);
    c = rank_correlate((double[]){1, 2, 3}, (double[]){3, 2, 1}, 3);
    near(c.rho, -1, 1e-12);
    near(c.p, 2.0 / 6, 1e-12);
}

static void test_ties(void **state)
{
    (void)state;
    /* ranks 1.5 1.5 3 and 1 2 3: covariances -0.5*-1 + -0.5*0 + 1*1 = 1.5, / sqrt(1.5 * 2) */
    struct rank_correlation c = rank_correlate((double[]){5, 5, 9}, (double[]){1, 2, 3}, 3);
    near(c.rho, 1.5 / sqrt(3), 1e-12);
    assert_true(isnan(rank_correlate((double[]){1, 1, 1}, (double[]){1, 2, 3}, 3).rho));
    assert_true(isnan(rank_correlate((double[]){1, 2}, (double[]){1, 2}, 2).rho));
}

/* Student's t for n = 10: rho = 0.6319 gives t = 2.306 = the 97.5 % quantile with 8 degrees of freedom. */
static void test_student(void **state)
{
    (void)state;
    double x[10], y[10] = {2, 1, 4, 3, 7, 6, 5, 10, 9, 8}; /* sum d^2 = 1+1+1+1+4+0+4+4+0+4 = 20 */
    for (int i = 0; i < 10; i++) x[i] = i;
    struct rank_correlation c = rank_correlate(x, y, 10);
    double rho = 1 - 6 * 20 / 990.0, t = rho * sqrt(8 / (1 - rho * rho));
    near(c.rho, rho, 1e-12);
    /* P(|T_8| > t) in closed form: 1 - sin(a)(1 + cos^2/2 + 3 cos^4/8 + 15 cos^6/48), a = atan(t / sqrt 8) */
    double a = atan(t / sqrt(8)), k = cos(a) * cos(a);
    near(c.p, 1 - sin(a) * (1 + k / 2 + 3 * k * k / 8 + 15 * k * k * k / 48), 1e-10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_student),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
