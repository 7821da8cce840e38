#include "roof/arithmetic.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *start, *p;
    int depth;
    gable_error *e;
    bool failed;
    size_t at;
};

static double fail(struct reader *r, const char *why)
{
    if (!r->failed) {
        r->failed = true;
        r->at = (size_t)(r->p - r->start);
        error_set(r->e, GABLE_BAD_INPUT, "%s", why);
    }
    return 0;
}

static char next(struct reader *r)
{
    while (*r->p == ' ') r->p++;
    return *r->p;
}

static double sum(struct reader *r);

static double number(struct reader *r)
{
    /* strtod alone would also take hexadecimals, "inf" and "nan" */
    size_t length = strspn(r->p, "0123456789.");
    if (!length || strspn(r->p, ".") == length) return fail(r, "expected a number or '('");
    char digits[64];
    if (length >= sizeof digits) return fail(r, "the number has too many digits");
    memcpy(digits, r->p, length);
    digits[length] = '\0';
    char *end = NULL;
    double value = strtod(digits, &end);
    r->p += end - digits;
    return value;
}

static double factor(struct reader *r)
{
    if (r->failed) return 0;
    if (next(r) != '(') return number(r);
    if (++r->depth > ARITHMETIC_DEPTH_MAX) return fail(r, "parentheses are nested too deeply");
    r->p++;
    double value = sum(r);
    if (!r->failed && next(r) != ')') return fail(r, "expected ')' or an operator");
    if (!r->failed) r->p++;
    r->depth--;
    return value;
}

static double product(struct reader *r)
{
    double value = factor(r);
    while (!r->failed && (next(r) == '*' || *r->p == '/')) {
        char operator= * r->p++;
        const char *right_side = r->p;
        double right = factor(r);
        if (operator== '/' && right == 0 && !r->failed) {
            r->p = right_side;
            return fail(r, "division by zero");
        }
        value = operator== '*' ? value * right : value / right;
    }
    return value;
}

static double sum(struct reader *r)
{
    double value = product(r);
    while (!r->failed && (next(r) == '+' || *r->p == '-')) {
        char operator= * r->p++;
        double right = product(r);
        value = operator== '+' ? value + right : value - right;
    }
    return value;
}

gable_status arithmetic(const char *text, double *value, size_t *at, gable_error *e)
{
    struct reader r = {.start = text, .p = text, .e = e};
    if (strnlen(text, ARITHMETIC_LENGTH_MAX + 1) > ARITHMETIC_LENGTH_MAX) {
        *at = ARITHMETIC_LENGTH_MAX;
        return error_set(e, GABLE_BAD_INPUT, "the derivation is longer than %d characters", ARITHMETIC_LENGTH_MAX);
    }
    double result = sum(&r);
    if (!r.failed && next(&r)) fail(&r, "expected an operator (+ - * /) or the end");
    if (!r.failed && !isfinite(result)) fail(&r, "the result is too large");
    if (r.failed) {
        *at = r.at;
        return GABLE_BAD_INPUT;
    }
    *value = result;
    return GABLE_OK;
}
