/* Spearman's rank correlation: Pearson's correlation of the ranks, ties by mid-rank. */
#ifndef BENCH_RANK_H
#define BENCH_RANK_H

struct rank_correlation {
    int n;
    double rho; /* NaN for n < 3 or where one side is constant */
    double p;   /* two-sided: exact by permutation for n <= 9, else Student's t with n - 2 degrees of freedom; NaN with
                   rho */
};
struct rank_correlation rank_correlate(const double *x, const double *y, int n);
#endif
