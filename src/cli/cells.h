/* Cells of tables about runs. */
#ifndef CLI_CELLS_H
#define CLI_CELLS_H
#include "base/units.h"
#include "bench/record.h"

struct cell {
    char text[128];
};
struct cell cell_format(const char *how, ...) PRINTF_LIKE(1, 2);
struct quantity cell_time(double ns); /* 1.23 ms: three digits and no more */
struct cell
cell_width(const struct run *r);        /* the larger side of the interval, of the median; "-" where there is none */
struct cell cell_percent(double share); /* "-" where it is no number */
#endif
