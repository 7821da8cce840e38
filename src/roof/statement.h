/* What a field of a chip is, in which unit, and what the database knows of it. Private to the checks. */
#ifndef ROOF_STATEMENT_H
#define ROOF_STATEMENT_H
#include "roof/factors.h"

enum statement_kind {
    STATEMENT_RATE,   /* 10^9 operations per second */
    STATEMENT_MEMORY, /* bandwidth, 10^9 byte/s */
    STATEMENT_CLOCK,  /* GHz */
    STATEMENT_FACTOR, /* of a derivation */
    STATEMENT_PLAIN,  /* a number of the entry */
    STATEMENT_TEXT
};
struct statement {
    const char *field, *unit; /* "fp32_gflops", "GFLOPS" */
    enum statement_kind kind;
    enum dtype dtype;      /* of a rate; of the rate whose factor it is, undefined for the bandwidth's */
    enum factor_role role; /* of a factor */
    const char *clock;     /* "base" */
    size_t offset;         /* of a plain double in struct chip */
    double scale;          /* what 1 of `unit` is in the unit of the factor or of the entry */
};
const struct statement *statement_find(const char *field);
const char *statement_nearest(const char *field); /* a field's name, or NULL */

struct fact {
    double value; /* in the statement's unit; 0: not known */
    const char *text;
    const struct chip_rate *rate; /* whose value or factor it is; NULL for none */
    struct factors factors;       /* of `rate` */
};
void statement_fact(const struct statement *s, const struct chip *c, struct fact *out);
/* What 1 of a unit that people write ("TFLOPS", "GiB/s") is in the statement's; 0 where it is none of its kind. */
double statement_unit(const struct statement *s, const char *unit);
#endif
