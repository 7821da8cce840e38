/* Numbers for people: engineering prefixes, three digits. The same rules stand in report/web/figure.js. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H
#include "base/count.h"

#include <stddef.h>

struct quantity {
    char text[32];
};
/* 1.23e9, "FLOP/s" -> "1.23 GFLOP/s"; 0 -> "0 FLOP/s"; NaN and infinities -> "-". */
struct quantity quantity(double value, const char *unit);
/* 1814073344 -> "1,814,073,344"; COUNT_MAX -> "too large". */
struct quantity quantity_exact(count value);
/* Bytes in binary prefixes: 21154192 -> "20.2 MiB". */
struct quantity quantity_bytes(double bytes);
#endif
