#include "base/polynomial.h"

#include <math.h>
#include <string.h>

int grid_points(const struct grid *g)
{
    int n = 1;
    for (int i = 0; i < g->n; i++) n *= g->degree[i] + 1;
    return n;
}

void grid_at(const struct grid *g, int point, int64_t x[POLYNOMIAL_VARIABLES])
{
    for (int i = 0; i < g->n; i++) {
        x[i] = g->base[i] + g->step[i] * (point % (g->degree[i] + 1));
        point /= g->degree[i] + 1;
    }
}

static bool times(wide *a, wide b) { return !__builtin_mul_overflow(*a, b, a); }

static wide divisor(wide a, wide b)
{
    if (a < 0) a = -a;
    if (b < 0) b = -b;
    while (b) {
        wide rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Newton's form to powers of x for d + 1 values that stand `stride` apart; all times step^d d!.
   f = sum over k of difference k / (step^k k!) x (x - base) (x - base - step) ... of k factors. */
static bool fit_line(wide *f, int stride, int d, int64_t base, int64_t step)
{
    wide value[POLYNOMIAL_DEGREE + 1], out[POLYNOMIAL_DEGREE + 1] = {0}, product[POLYNOMIAL_DEGREE + 2] = {1};
    for (int i = 0; i <= d; i++) value[i] = f[i * stride];
    for (int k = 1; k <= d; k++)
        for (int i = d; i >= k; i--)
            if (__builtin_sub_overflow(value[i], value[i - 1], &value[i])) return false;
    for (int k = 0; k <= d; k++) {
        wide scale = value[k];
        for (int i = k; i < d; i++) /* step^(d - k) d! / k! */
            if (!times(&scale, step) || !times(&scale, i + 1)) return false;
        for (int j = 0; j <= k; j++) {
            wide term = product[j];
            if (!times(&term, scale) || __builtin_add_overflow(out[j], term, &out[j])) return false;
        }
        for (int j = k + 1; j >= 0; j--) { /* the product's next factor: x - (base + k step) */
            wide lower = product[j];
            if (!times(&lower, -(wide)(base + k * step))) return false;
            if (__builtin_add_overflow(lower, j ? product[j - 1] : 0, &product[j])) return false;
        }
    }
    for (int i = 0; i <= d; i++) f[i * stride] = out[i];
    return true;
}

static void reduce(struct polynomial *p, int n)
{
    wide common = p->denominator;
    for (int i = 0; i < n; i++) common = divisor(common, p->numerator[i]);
    for (int i = 0; i < n; i++) p->numerator[i] /= common;
    p->denominator /= common;
}

bool polynomial_fit(const struct grid *g, const count *values, struct polynomial *out)
{
    int n = grid_points(g), stride = 1;
    *out = (struct polynomial){.n = g->n, .denominator = 1};
    for (int i = 0; i < n; i++) {
        if (values[i] == COUNT_MAX) return false;
        out->numerator[i] = values[i];
    }
    for (int v = 0; v < g->n; v++) {
        int d = g->degree[v], line = stride * (d + 1);
        out->degree[v] = d;
        for (int i = 0; i < n; i++)
            if (i % line < stride && !fit_line(&out->numerator[i], stride, d, g->base[v], g->step[v])) return false;
        for (int i = 1; i <= d; i++)
            if (!times(&out->denominator, g->step[v]) || !times(&out->denominator, i)) return false;
        stride = line;
    }
    reduce(out, n);
    return true;
}

static struct grid exponents(const struct polynomial *p)
{
    struct grid g = {.n = p->n};
    for (int i = 0; i < p->n; i++) {
        g.degree[i] = p->degree[i];
        g.step[i] = 1;
    }
    return g;
}

bool polynomial_value(const struct polynomial *p, const int64_t *x, count *out)
{
    const struct grid g = exponents(p);
    wide sum = 0;
    for (int k = 0; k < grid_points(&g); k++) {
        int64_t e[POLYNOMIAL_VARIABLES];
        wide term = p->numerator[k];
        grid_at(&g, k, e);
        for (int i = 0; i < p->n && term; i++)
            for (int64_t j = 0; j < e[i]; j++)
                if (!times(&term, x[i])) return false;
        if (__builtin_add_overflow(sum, term, &sum)) return false;
    }
    *out = (count)(sum / p->denominator);
    return sum % p->denominator == 0 && sum / p->denominator == *out;
}

double polynomial_real(const struct polynomial *p, const double *x)
{
    const struct grid g = exponents(p);
    double sum = 0;
    for (int k = 0; k < grid_points(&g); k++) {
        int64_t e[POLYNOMIAL_VARIABLES];
        double term = (double)p->numerator[k];
        grid_at(&g, k, e);
        for (int i = 0; i < p->n; i++) term *= pow(x[i], (double)e[i]);
        sum += term;
    }
    return sum / (double)p->denominator;
}

/* A term as it is printed: exponents less the shared ones. */
struct term {
    wide numerator, denominator;
    int64_t e[POLYNOMIAL_VARIABLES];
    int64_t total; /* of its exponents */
};

static int terms_of(const struct polynomial *p, struct term *terms, int64_t shared[POLYNOMIAL_VARIABLES])
{
    const struct grid g = exponents(p);
    int n = 0;
    for (int i = 0; i < p->n; i++) shared[i] = POLYNOMIAL_DEGREE;
    for (int k = grid_points(&g) - 1; k >= 0; k--) {
        if (!p->numerator[k]) continue;
        struct term t = {.numerator = p->numerator[k]};
        wide common = divisor(t.numerator, p->denominator);
        t.numerator /= common;
        t.denominator = p->denominator / common;
        grid_at(&g, k, t.e);
        for (int i = 0; i < p->n; i++) {
            t.total += t.e[i];
            if (t.e[i] < shared[i]) shared[i] = t.e[i];
        }
        int at = n++;
        for (; at > 0 && terms[at - 1].total < t.total; at--) terms[at] = terms[at - 1];
        terms[at] = t;
    }
    return n;
}

static void add_wide(struct text *out, wide value)
{
    char digits[48];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value);
    text_add(out, digits + at);
}

/* "H*W^2"; true where there was something */
static bool add_powers(struct text *out, int n, const char *const *names, const int64_t *e, bool is_first)
{
    for (int i = 0; i < n; i++) {
        if (!e[i]) continue;
        text_addf(out, "%s%s", is_first ? "" : "*", names[i]);
        if (e[i] > 1) text_addf(out, "^%lld", (long long)e[i]);
        is_first = false;
    }
    return !is_first;
}

static void add_term(struct text *out, const struct term *t, int n, const char *const *names, bool is_first)
{
    wide size = t->numerator < 0 ? -t->numerator : t->numerator;
    bool is_one = size == 1 && t->denominator == 1 && t->total > 0;
    if (t->numerator < 0) text_add(out, is_first ? "-" : " - ");
    if (t->numerator > 0 && !is_first) text_add(out, " + ");
    if (!is_one) add_wide(out, size);
    if (t->denominator != 1) {
        text_add(out, "/");
        add_wide(out, t->denominator);
    }
    add_powers(out, n, names, t->e, is_one);
}

void polynomial_text(const struct polynomial *p, const char *const *names, struct text *out)
{
    struct term terms[POLYNOMIAL_TERMS];
    int64_t shared[POLYNOMIAL_VARIABLES];
    int n = terms_of(p, terms, shared);
    if (!n) text_add(out, "0");
    bool is_shared = n > 1 && add_powers(out, p->n, names, shared, true);
    if (is_shared) text_add(out, "*(");
    for (int k = 0; k < n; k++) {
        for (int i = 0; i < p->n && is_shared; i++) {
            terms[k].e[i] -= shared[i];
            terms[k].total -= shared[i];
        }
        add_term(out, &terms[k], p->n, names, k == 0);
    }
    if (is_shared) text_add(out, ")");
}
