#include "base/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct quantity quantity(double value, const char *unit)
{
    static const char *const prefixes[] = {"p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E"};
    struct quantity q;
    if (!isfinite(value)) {
        snprintf(q.text, sizeof q.text, "-");
    } else if (value == 0) {
        snprintf(q.text, sizeof q.text, "0%s%s", *unit ? " " : "", unit);
    } else {
        int e = (int)floor(log10(fabs(value)) / 3 + 1e-9);
        double scaled = 0;
        for (e = e < -4 ? -4 : e > 6 ? 6 : e;; e++) { /* 999.7 rounds up to the next prefix */
            scaled = value / pow(10, 3 * e);
            if (fabs(scaled) < 999.5 || e == 6) break;
        }
        int digits = fabs(scaled) >= 99.95 ? 0 : fabs(scaled) >= 9.995 ? 1 : 2;
        snprintf(q.text, sizeof q.text, "%.*f%s%s%s", digits, scaled, *unit || e ? " " : "", prefixes[e + 4], unit);
    }
    return q;
}

struct quantity quantity_exact(count value)
{
    struct quantity q;
    char plain[24];
    if (value == COUNT_MAX) {
        snprintf(q.text, sizeof q.text, "too large");
        return q;
    }
    snprintf(plain, sizeof plain, "%" PRId64, value);
    size_t n = strlen(plain), at = 0;
    for (size_t i = 0; i < n; i++) {
        q.text[at++] = plain[i];
        size_t left = n - 1 - i;
        if (left && left % 3 == 0 && plain[i] != '-') q.text[at++] = ',';
    }
    q.text[at] = '\0';
    return q;
}

struct quantity quantity_bytes(double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    struct quantity q;
    int i = 0;
    for (; fabs(bytes) >= 1023.5 && i < 5; i++) bytes /= 1024;
    snprintf(q.text, sizeof q.text, "%.*f %s",
             i == 0 || fabs(bytes) >= 99.95 ? 0
             : fabs(bytes) >= 9.995         ? 1
                                            : 2,
             bytes, units[i]);
    return q;
}
