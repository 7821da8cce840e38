#include "machine/median.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median_of(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return (x[(n - 1) / 2] + x[n / 2]) / 2;
}

int interval_rank(int n)
{
    double term = pow(0.5, n), below = term; /* P(Bin = 0) */
    int k = 1;
    while (k < n / 2) {
        term *= (double)(n - k + 1) / k; /* P(Bin = k) */
        below += term;
        if (below > 0.025) break;
        k++;
    }
    return k;
}

struct interval interval_of(double *x, int n)
{
    double median = median_of(x, n);
    int k = interval_rank(n);
    return (struct interval){median, x[k - 1], x[n - k]};
}
