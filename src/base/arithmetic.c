#include "base/arithmetic.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *start, *p;
    const struct arithmetic_scope *scope;
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

/* Sets the failure that a scope has put into words. */
static double fail_at(struct reader *r, const char *where)
{
    r->failed = true;
    r->at = (size_t)(where - r->start);
    return 0;
}

static bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/* A name at the current place, which it passes. */
static bool read_name(struct reader *r, char name[ARITHMETIC_NAME_MAX + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t length = strspn(r->p, letters);
    if (length > ARITHMETIC_NAME_MAX) {
        fail(r, "the name is too long");
        return false;
    }
    memcpy(name, r->p, length);
    name[length] = '\0';
    r->p += length;
    return true;
}

struct call {
    char function[ARITHMETIC_NAME_MAX + 1], word[ARITHMETIC_NAME_MAX + 1];
    int n;
    double args[ARITHMETIC_ARGUMENTS_MAX];
};

static const struct builtin {
    const char *name;
    int n;
} builtins[] = {{"min", 2}, {"max", 2}, {"floor", 1}, {"ceil", 1}};

static const struct builtin *find_builtin(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(builtins); i++)
        if (!strcmp(builtins[i].name, name)) return &builtins[i];
    return NULL;
}

static double apply_builtin(const char *name, const double *a)
{
    switch (name[1]) {
    case 'i': return fmin(a[0], a[1]);
    case 'a': return fmax(a[0], a[1]);
    case 'l': return floor(a[0]);
    default: return ceil(a[0]);
    }
}

/* "(...)" after a function's name. */
static void read_arguments(struct reader *r, struct call *c, bool takes_word)
{
    r->p++;
    if (takes_word) {
        next(r);
        if (!is_name_start(*r->p)) {
            fail(r, "expected a name as the first argument");
            return;
        }
        if (!read_name(r, c->word)) return;
        if (next(r) == ')') return;
        if (*r->p++ != ',') {
            r->p--;
            fail(r, "expected ',' or ')'");
            return;
        }
    }
    while (!r->failed) {
        if (c->n == ARITHMETIC_ARGUMENTS_MAX) {
            fail(r, "too many arguments");
            return;
        }
        c->args[c->n++] = sum(r);
        if (r->failed || next(r) == ')') return;
        if (*r->p != ',') fail(r, "expected ',', ')' or an operator");
        if (!r->failed) r->p++;
    }
}

static double call(struct reader *r, struct call *c, const char *where)
{
    const struct builtin *b = find_builtin(c->function);
    double value = 0;
    if (++r->depth > ARITHMETIC_DEPTH_MAX) return fail(r, "parentheses are nested too deeply");
    read_arguments(r, c, !b);
    if (r->failed) return 0;
    r->p++;
    r->depth--;
    if (!b)
        return r->scope->call(r->scope, c->function, c->word, c->n, c->args, &value, r->e) ? value : fail_at(r, where);
    if (c->n == b->n) return apply_builtin(b->name, c->args);
    r->p = where;
    return fail(r, b->n == 1 ? "this function takes one argument" : "this function takes two arguments");
}

static double named(struct reader *r)
{
    struct call c = {.n = 0};
    const char *where = r->p;
    double value = 0;
    if (!read_name(r, c.function)) return 0;
    if (next(r) == '(') return call(r, &c, where);
    return r->scope->name(r->scope, c.function, &value, r->e) ? value : fail_at(r, where);
}

static double factor(struct reader *r)
{
    if (r->failed) return 0;
    if (r->scope && is_name_start(next(r))) return named(r);
    if (r->scope && *r->p == '-' && r->p[1] >= '0' && r->p[1] <= '9') {
        r->p++;
        return -number(r);
    }
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
        if (operator== '/' && right == 0 && !r->failed && !(r->scope && r->scope->checks_only)) {
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

gable_status arithmetic(const char *text, const struct arithmetic_scope *scope, double *value, size_t *at,
                        gable_error *e)
{
    struct reader r = {.start = text, .p = text, .scope = scope, .e = e};
    if (strnlen(text, ARITHMETIC_LENGTH_MAX + 1) > ARITHMETIC_LENGTH_MAX) {
        *at = ARITHMETIC_LENGTH_MAX;
        return error_set(e, GABLE_BAD_INPUT, "the expression is longer than %d characters", ARITHMETIC_LENGTH_MAX);
    }
    double result = sum(&r);
    if (!r.failed && next(&r)) fail(&r, "expected an operator (+ - * /) or the end");
    if (!r.failed && !isfinite(result) && !(scope && scope->checks_only)) fail(&r, "the result is too large");
    if (r.failed) {
        *at = r.at;
        return GABLE_BAD_INPUT;
    }
    *value = result;
    return GABLE_OK;
}
