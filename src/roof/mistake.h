/* Which known mistake gives a wrong number: the right one's factors, changed one by one and together, until the product
   is the number that was printed. */
#ifndef ROOF_MISTAKE_H
#define ROOF_MISTAKE_H
#include "roof/factors.h"

/* A wrong value that the same file gives for a factor, or for a value that this one follows from. */
struct hint {
    enum factor_role role;
    double value;
    char words[96]; /* "the 2 bytes per transfer of line 29" */
};
struct whole_hint {
    double value; /* what the number would be if that were right */
    char words[96];
};
enum { HINTS_MAX = 4, WHOLE_HINTS_MAX = 4, MISTAKE_WORDS = 400 };
struct mistake_question {
    const struct chips *chips; /* products of the same name are looked up there; may be NULL */
    const struct chip *chip;
    const struct chip_rate *rate; /* NULL: neither a rate nor a bandwidth */
    struct factors factors;       /* n 0: the right value is known alone */
    double right, stated;         /* in the same unit */
    int n_hints, n_wholes;
    struct hint hints[HINTS_MAX];
    struct whole_hint wholes[WHOLE_HINTS_MAX];
};
struct mistake {
    bool is_found;
    char words[MISTAKE_WORDS]; /* what explains it; where nothing does, how far the nearest is off */
};
void mistake_find(const struct mistake_question *q, struct mistake *out);
#endif
