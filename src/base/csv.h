/* Comma-separated values by RFC 4180, record by record. */
#ifndef BASE_CSV_H
#define BASE_CSV_H
#include "base/arena.h"

enum { CSV_CELLS_MAX = 64 };
struct csv {
    const char *name; /* for messages */
    const char *at;   /* what is left; ends in NUL */
    int line;         /* of the record read last, from 1 */
    int next_line;
};
void csv_init(struct csv *c, const char *name, const char *text);
/* The next record that is not blank; *n is 0 at the end. Cells are copies in the arena, without quotes. */
gable_status csv_record(struct csv *c, struct arena *a, const char *cell[CSV_CELLS_MAX], int *n, gable_error *e);
#endif
