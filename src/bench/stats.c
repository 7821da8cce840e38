#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_N = 6 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double *stats_sorted(const double *x, int n)
{
    double *s = malloc(((size_t)n + 1) * sizeof *s);
    if (!s) return NULL;
    memcpy(s, x, (size_t)n * sizeof *s);
    qsort(s, (size_t)n, sizeof *s, ascending);
    return s;
}

double stats_quantile(const double *sorted, int n, double q)
{
    if (n < 1) return NAN;
    double at = q * (n - 1);
    int i = (int)at;
    if (i >= n - 1) return sorted[n - 1];
    return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

double stats_median(const double *x, int n)
{
    double *s = n > 0 ? stats_sorted(x, n) : NULL;
    double m = s ? stats_quantile(s, n, 0.5) : NAN;
    free(s);
    return m;
}

double stats_mad(const double *x, int n)
{
    double m = stats_median(x, n), *away = n > 0 ? malloc((size_t)n * sizeof *away) : NULL;
    if (!away) return NAN;
    for (int i = 0; i < n; i++) away[i] = fabs(x[i] - m);
    double mad = 1.4826 * stats_median(away, n);
    free(away);
    return mad;
}

bool stats_ranks(int n, int *low, int *high)
{
    if (n < LEAST_N) return false;
    double below = 0;
    int k = 0;
    while (k <= n / 2) { /* below = P(Bin(n, 1/2) <= k - 1) */
        below += exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) - n * log(2));
        if (below > 0.025) break;
        k++;
    }
    *low = k;
    *high = n + 1 - k;
    return k >= 1;
}

struct interval stats_interval(const double *sorted, int n, double n_eff)
{
    int whole = (int)fmin(n_eff, n), k, ignored;
    if (!stats_ranks(whole, &k, &ignored)) return (struct interval){NAN, NAN};
    int rank = (int)((double)k * (n + 1) / (whole + 1));
    if (rank < 1) rank = 1;
    return (struct interval){sorted[rank - 1], sorted[n - rank]};
}

static double sign_about(double x, double middle) { return (x > middle) - (x < middle); }

double stats_n_eff(const double *x, int n)
{
    enum { LEAST = 20 }; /* fewer tell nothing about their correlation */
    double *s = n >= LEAST ? malloc((size_t)n * sizeof *s) : NULL;
    if (!s) return n;
    double middle = stats_median(x, n), mean = 0, variance = 0, tau = 1;
    for (int i = 0; i < n; i++) {
        s[i] = sign_about(x[i], middle);
        mean += s[i] / n;
    }
    for (int i = 0; i < n; i++) {
        s[i] -= mean;
        variance += s[i] * s[i];
    }
    for (int j = 1; variance > 0 && j + 1 < n; j += 2) {
        double pair = 0;
        for (int i = 0; i + j < n; i++) pair += s[i] * s[i + j];
        for (int i = 0; i + j + 1 < n; i++) pair += s[i] * s[i + j + 1];
        if (pair <= 0) break;
        tau += 2 * pair / variance;
    }
    free(s);
    return n / fmax(1, tau);
}

/* log x, clipped to 5 MAD about the median of the second half. */
static bool clipped_logs(const double *x, int n, double *y)
{
    for (int i = 0; i < n; i++) y[i] = log(x[i]);
    double middle = stats_median(y + n / 2, n - n / 2), room = 5 * stats_mad(y + n / 2, n - n / 2);
    if (isnan(middle) || isnan(room)) return false;
    for (int i = 0; i < n; i++) y[i] = fmax(middle - room, fmin(middle + room, y[i]));
    return true;
}

int stats_steady_from(const double *x, int n)
{
    enum { FIVE = 5 };
    int k = n / FIVE, cut = 0;
    double *y = k >= 4 ? calloc((size_t)n, sizeof *y) : NULL;
    if (!y) return 0;
    if (clipped_logs(x, n, y)) {
        double sum = 0, squares = 0, best = INFINITY;
        for (int i = 0; i < k; i++) { /* y becomes means of five in a row */
            double mean = 0;
            for (int j = 0; j < FIVE; j++) mean += y[FIVE * i + j] / FIVE;
            y[i] = mean;
        }
        for (int i = k - 1; i >= 0; i--) { /* suffix sums about the last mean, for accuracy */
            double v = y[i] - y[k - 1], m = k - i;
            sum += v;
            squares += v * v;
            double score = fmax(0, squares - sum * sum / m) / (m * m);
            if (i <= k / 2 && score <= best) {
                best = score;
                cut = FIVE * i;
            }
        }
    }
    free(y);
    return cut;
}

double stats_mann_whitney(const double *a, int n_a, const double *b, int n_b)
{
    double u = 0, product = (double)n_a * n_b;
    for (int i = 0; i < n_a; i++)
        for (int j = 0; j < n_b; j++) u += b[j] > a[i] ? 1 : b[j] < a[i] ? 0 : 0.5;
    return product > 0 ? (u - product / 2) / sqrt(product * (n_a + n_b + 1) / 12) : 0;
}

/* The place that splits n ascending logs best: n1 n2 (mean2 - mean1)^2. */
static int best_split(const double *y, int n)
{
    double total = 0, left = 0, best = -1;
    int at = 0;
    for (int i = 0; i < n; i++) total += y[i];
    for (int i = 1; i < n; i++) {
        left += y[i - 1];
        double apart = (total - left) / (n - i) - left / i, score = (double)i * (n - i) * apart * apart;
        if (score > best) {
            best = score;
            at = i;
        }
    }
    return at;
}

static double robust_deviation(const double *sorted, int n)
{
    return (stats_quantile(sorted, n, 0.75) - stats_quantile(sorted, n, 0.25)) / 1.349;
}

/* Changes between the modes against what chance alone would give. */
static bool do_alternate(const double *x, int n, double border, double share)
{
    int changes = 0;
    for (int i = 1; i < n; i++) changes += (x[i] > border) != (x[i - 1] > border);
    return changes > 0.5 * 2 * share * (1 - share) * (n - 1);
}

struct modes stats_modes(const double *x, int n)
{
    enum { LEAST = 60 };
    struct modes m = {0};
    double *y = n >= LEAST ? stats_sorted(x, n) : NULL;
    if (!y) return m;
    for (int i = 0; i < n; i++) y[i] = log(y[i]);
    int k = best_split(y, n);
    double low = stats_quantile(y, k, 0.5), high = stats_quantile(y + k, n - k, 0.5);
    double s1 = robust_deviation(y, k), s2 = robust_deviation(y + k, n - k);
    m.share = (double)k / n;
    m.low = exp(low);
    m.high = exp(high);
    m.found =
        m.share >= 0.15 && m.share <= 0.85 && high - low > log(1.03) && high - low > 4 * sqrt((s1 * s1 + s2 * s2) / 2);
    m.alternate = m.found && do_alternate(x, n, exp((low + high) / 2), m.share);
    free(y);
    return m;
}

/* P(Bin(n, p) <= t), by the recurrence of its terms in logs. */
static double binomial_cdf(int t, int n, double p)
{
    double sum = 0;
    for (int i = 0; i <= t; i++)
        sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) + (n - i) * log1p(-p));
    return sum;
}

double stats_tail(const double *sorted, int n, double percentile)
{
    /* With t passes above the estimate among n, the true share above it is < 1 - percentile with 99 % confidence when
       P(Bin(n, 1 - percentile) <= t) <= 0.01 [MLPerf LoadGen, early stopping]. t = 0 would be the maximum: not a
       percentile, so at least one must be left out; that is n >= 64 for p90 and n >= 662 for p99. */
    int t = 0;
    while (t + 1 < n && binomial_cdf(t, n, 1 - percentile) <= 0.01) t++;
    return t >= 2 ? sorted[n - t] : NAN;
}
