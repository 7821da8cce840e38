#include "bench/rank.h"

#include <math.h>
#include <stdlib.h>

enum { EXACT_MAX = 9 };

/* 1 to n less their mean, ties shared. */
static void centred_ranks(const double *x, int n, double *out)
{
    for (int i = 0; i < n; i++) {
        out[i] = 0.5 - (n + 1) / 2.0;
        for (int j = 0; j < n; j++) out[i] += x[j] < x[i] ? 1 : x[j] > x[i] ? 0 : 0.5;
    }
}

static double product(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Share of all orders of b whose |a . b| reaches |observed| (Heap's algorithm; b is permuted in place). */
static double exact_p(const double *a, double *b, int n, double observed)
{
    int at[EXACT_MAX] = {0};
    long all = 1, reached = 1; /* the order as given */
    double least = fabs(observed) - 1e-9;
    for (int i = 1; i < n;) {
        if (at[i] >= i) {
            at[i++] = 0;
            continue;
        }
        int k = i % 2 ? at[i] : 0;
        double swap = b[k];
        b[k] = b[i];
        b[i] = swap;
        all++;
        reached += fabs(product(a, b, n)) >= least;
        at[i]++;
        i = 1;
    }
    return (double)reached / (double)all;
}

/* The continued fraction of the incomplete beta function by Lentz's method [DLMF 8.17.22]. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 / fmax(tiny, 1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m < 300; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), step;
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        value *= c * d;
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        step = c * d;
        value *= step;
        if (fabs(step - 1) < 1e-14) break;
    }
    return value;
}

/* I_x(a, b), the regularised incomplete beta function. */
static double incomplete_beta(double a, double b, double x)
{
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* Two-sided: P(|T| >= |t|) = I_{v/(v+t^2)}(v/2, 1/2), and v/(v+t^2) = 1 - rho^2 for t = rho sqrt(v / (1 - rho^2)). */
static double student_p(double rho, int n) { return incomplete_beta((n - 2) / 2.0, 0.5, 1 - rho * rho); }

struct rank_correlation rank_correlate(const double *x, const double *y, int n)
{
    struct rank_correlation c = {.n = n, .rho = NAN, .p = NAN};
    if (n < 3) return c;
    double *a = malloc(2 * (size_t)n * sizeof *a), *b = a ? a + n : NULL;
    if (!a) return c;
    centred_ranks(x, n, a);
    centred_ranks(y, n, b);
    double xx = product(a, a, n), yy = product(b, b, n), xy = product(a, b, n);
    if (xx > 0 && yy > 0) {
        c.rho = fmax(-1, fmin(1, xy / sqrt(xx * yy)));
        c.p = n <= EXACT_MAX ? exact_p(a, b, n, xy) : student_p(c.rho, n);
    }
    free(a);
    return c;
}
