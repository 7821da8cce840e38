/* A log-log roofline in the terminal: braille dots, or * in ASCII; labels and legend below. */
#ifndef CLI_PLOT_H
#define CLI_PLOT_H
#include "base/text.h"
#include "roof/roof.h"

enum { PLOT_ROOFS_MAX = 9, PLOT_POINTS_MAX = 52, PLOT_GUTTER = 7 /* columns left of the dots */ };

struct plot_roof {
    const char *label;
    struct roof roof;
    const char *unit; /* of the peak; NULL is FLOP/s */
};
struct plot_point {
    const char *label;
    double intensity;   /* FLOP/byte */
    double flops_per_s; /* attained */
};
/* More roofs or points than the limits are left out; the legend says how many. */
struct plot {
    const struct plot_roof *roofs;
    int n_roofs;
    const struct plot_point *points;
    int n_points;
    int width, height; /* of all but the legend, in characters; at least 40 x 10 is drawn */
    bool is_utf8;
};
/* Roofs are numbered where their flat ends, points lettered a-z, A-Z. Every roof is one connected line: slope, ridge,
   flat. Roofs and points that are not above zero and finite are not drawn. */
void plot_draw(const struct plot *p, struct text *out);
#endif
