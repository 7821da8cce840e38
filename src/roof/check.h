/* Numbers that somebody states of chips, held against the database and its derivations: what cannot be, and which
   mistake gives it. Statements come as CSV (chip_id, field, stated, unit) or as a chips file (YAML). */
#ifndef ROOF_CHECK_H
#define ROOF_CHECK_H
#include "roof/chips.h"

enum check_verdict {
    CHECK_RIGHT,
    CHECK_ROUNDED,   /* right to the digits that are given */
    CHECK_AMBIGUOUS, /* right, but the chip has another rate of that type, and the number does not say which */
    CHECK_MISSING,   /* nothing is stated where the chip has a rate */
    CHECK_UNFOUNDED, /* nothing to check it against */
    CHECK_UNKNOWN,   /* no such chip or field */
    CHECK_WRONG,
    CHECK_VERDICTS
};
const char *check_verdict_name(enum check_verdict v);
bool check_is_objection(enum check_verdict v); /* wrong or unknown */

struct check_row {
    int line; /* of the file */
    const char *chip, *field, *unit;
    const char *stated_text;
    double stated, right; /* in `unit`; right 0 where it is not known or no number */
    enum check_verdict verdict;
    const char *derivation; /* of the right value, NULL without one */
    const char *why;        /* "" where there is nothing to say */
};
struct check {
    struct arena *arena;
    int n, n_of[CHECK_VERDICTS];
    struct check_row *rows;
};
enum { CHECK_ROWS_MAX = 20000 };
/* `known` must outlive the check. Broken files are errors with line (and column); wrong numbers are rows. */
gable_status check_file(const char *path, const struct chips *known, struct check **out, gable_error *e);
gable_status check_csv(const char *name, const char *text, const struct chips *known, struct check **out,
                       gable_error *e);
gable_status check_yaml(const char *name, const char *text, size_t len, const struct chips *known, struct check **out,
                        gable_error *e);
void check_free(struct check *c);
#endif
