/* Arithmetic that people write in data files: derivations of peaks, costs of operators. One bounded evaluator. */
#ifndef BASE_ARITHMETIC_H
#define BASE_ARITHMETIC_H
#include "base/error.h"

#include <stdbool.h>

enum { ARITHMETIC_DEPTH_MAX = 32, ARITHMETIC_LENGTH_MAX = 256, ARITHMETIC_NAME_MAX = 63, ARITHMETIC_ARGUMENTS_MAX = 4 };

/* What names and functions mean; part of a larger struct that the two find by CONTAINER_OF. They return false with a
   sentence in e. `word` is a function's first argument, a name: dim(x1, 0) is "dim", "x1" and {0}. */
struct arithmetic_scope {
    bool (*name)(const struct arithmetic_scope *s, const char *name, double *value, gable_error *e);
    bool (*call)(const struct arithmetic_scope *s, const char *function, const char *word, int n, const double *args,
                 double *value, gable_error *e);
    bool checks_only; /* values are made up: divisions by zero and results that are too large pass */
};

/* Evaluates decimal numbers, + - * /, parentheses and, with a scope, negative numbers, names, its functions, and min(a,
   b), max(a, b), floor(a), ceil(a). *at is where it went wrong (0-based), untouched on success. The error's sentence
   says what was expected; results that are not finite are errors. scope may be NULL. */
gable_status arithmetic(const char *text, const struct arithmetic_scope *scope, double *value, size_t *at,
                        gable_error *e);
#endif
