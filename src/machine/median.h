/* The median and its 95 % interval from order statistics: no normality, ranks from Binomial(n, 1/2). */
#ifndef MACHINE_MEDIAN_H
#define MACHINE_MEDIAN_H

struct interval {
    double median, low, high;
};
/* Sorts x; n >= 1. Below n = 6 no pair of ranks covers 95 %: low and high are the extremes then. */
struct interval interval_of(double *x, int n);
double median_of(double *x, int n); /* sorts x */
/* The largest k with P(Bin(n, 1/2) <= k - 1) <= 0.025, at least 1: the interval is [x(k), x(n + 1 - k)], counted from 1
   [Le Boudec, Performance Evaluation of Computer and Communication Systems, 2010, theorem 2.1]. */
int interval_rank(int n);
#endif
