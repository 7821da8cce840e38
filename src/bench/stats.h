/* The statistics of one run. Formulas: docs/METRICS.md, Measuring. Nothing here sorts or changes what it is given. */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H
#include <stdbool.h>

/* x ascending; q in 0..1; linear between order statistics (R's type 7). NaN for n < 1. */
double stats_quantile(const double *sorted, int n, double q);
/* A malloced ascending copy; NULL when memory is out. */
double *stats_sorted(const double *x, int n);
double stats_median(const double *x, int n); /* NaN for n < 1 */
double stats_mad(const double *x, int n);    /* 1.4826 x median |x - median| */

/* Ranks (from 1) whose order statistics hold the median with >= 95 %: k = the largest with P(Bin(n, 1/2) <= k - 1)
   <= 0.025, and n + 1 - k. False for n < 6, where there is none. */
bool stats_ranks(int n, int *low, int *high);
struct interval {
    double low, high; /* NaN where n_eff < 6 */
};
/* Of the median of n ascending values that carry the information of n_eff independent ones. */
struct interval stats_interval(const double *sorted, int n, double n_eff);
/* n / (1 + 2 sum of autocorrelations of the signs about the median), Geyer's initial positive sequence; x in order.
   n itself below 20, where correlation cannot be told from chance. */
double stats_n_eff(const double *x, int n);
/* MSER-5 (White 1997) on logs winsorised at 5 MAD of the second half: how many first values to cut, 0 to n / 2. */
int stats_steady_from(const double *x, int n);
/* z of Mann-Whitney's U: > 0 when b is larger. Ties by mid-rank. */
double stats_mann_whitney(const double *a, int n_a, const double *b, int n_b);
struct modes {
    bool found;
    double low, high; /* the two medians */
    double share;     /* of the low one */
    bool alternate;   /* they change places often, rather than following one another */
};
struct modes stats_modes(const double *x, int n);
/* LoadGen's early-stopping estimate of a percentile with 99 % confidence; NaN where n is too small (p90: n < 64,
   p99: n < 662). */
double stats_tail(const double *sorted, int n, double percentile);
#endif
