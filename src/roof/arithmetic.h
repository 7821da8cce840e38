/* Derivations: the arithmetic by which a peak or a bandwidth is stated. */
#ifndef ROOF_ARITHMETIC_H
#define ROOF_ARITHMETIC_H
#include "base/error.h"

enum { ARITHMETIC_DEPTH_MAX = 32, ARITHMETIC_LENGTH_MAX = 256 };

/* Evaluates decimal numbers, + - * / and parentheses. *at is where it went wrong (0-based), untouched on success. The
   error's sentence says what was expected; results that are not finite are errors. */
gable_status arithmetic(const char *text, double *value, size_t *at, gable_error *e);
#endif
