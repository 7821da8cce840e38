/* Reads the reference tables beside it: rows of comma-separated fields, lines of # are comments, the first is a head.
 */
#ifndef TESTS_ZOO_REFERENCE_H
#define TESTS_ZOO_REFERENCE_H
#include <stdint.h>
#include <stdio.h>

enum { REFERENCE_FIELDS = 24 };
struct reference {
    FILE *file;
    char head[1024], line[1024];
    char *names[REFERENCE_FIELDS], *fields[REFERENCE_FIELDS];
    int n;
};
/* `name` in tests/zoo; fails the test where it cannot be read. */
void reference_open(struct reference *r, const char *name);
/* The next row; 0 at the end, when the file is closed. */
int reference_next(struct reference *r);
const char *reference_text(const struct reference *r, const char *column);
int64_t reference_int(const struct reference *r, const char *column);
#endif
