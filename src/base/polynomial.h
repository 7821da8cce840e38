/* Exact polynomials of several variables: found by interpolation on a grid, with whole numbers over one denominator. */
#ifndef BASE_POLYNOMIAL_H
#define BASE_POLYNOMIAL_H
#include "base/count.h"
#include "base/text.h"

enum { POLYNOMIAL_VARIABLES = 4, POLYNOMIAL_DEGREE = 3, POLYNOMIAL_TERMS = 256 }; /* (degree + 1) ^ variables */
__extension__ typedef __int128 wide;

/* Variable i takes degree[i] + 1 values: base[i], base[i] + step[i], ... */
struct grid {
    int n;
    int degree[POLYNOMIAL_VARIABLES];
    int64_t base[POLYNOMIAL_VARIABLES], step[POLYNOMIAL_VARIABLES];
};
int grid_points(const struct grid *g);
void grid_at(const struct grid *g, int point, int64_t x[POLYNOMIAL_VARIABLES]);

struct polynomial {
    int n, degree[POLYNOMIAL_VARIABLES];
    wide numerator[POLYNOMIAL_TERMS]; /* term k has the exponents that grid_at gives for base 0, step 1 */
    wide denominator;
};
/* The one that has these values on the grid; false where its numbers do not fit into 127 bits. */
bool polynomial_fit(const struct grid *g, const count *values, struct polynomial *out);
/* False where the value is no whole number or does not fit. */
bool polynomial_value(const struct polynomial *p, const int64_t *x, count *out);
double polynomial_real(const struct polynomial *p, const double *x);
/* "N*(36144*H*W + 512000)": what all terms share in front, the highest terms first; "0". */
void polynomial_text(const struct polynomial *p, const char *const *names, struct text *out);
#endif
