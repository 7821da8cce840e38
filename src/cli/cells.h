/* Cells of tables: counts, shapes, and what was measured. */
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

struct cell cell_count(count value);                  /* "1.81 G", "too large" */
struct cell cell_bytes(count value);                  /* "20.2 MiB" */
struct cell cell_share(count part, count whole);      /* "45.1 %", "" for nothing */
struct cell cell_intensity(count flops, count bytes); /* FLOP/byte, "-" where nothing moves */
struct cell cell_shape(const struct shape *s);        /* "1x64x112x112" */
#endif
