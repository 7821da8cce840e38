/* Pictures, and regions of them that are divided into cells: what RoiAlign and MaxRoiPool share. What a cell reads is
   some rows times some columns, each with its share; they are listed once for a region. Channels stand innermost
   meanwhile, and are folded side by side. */
#ifndef ENGINE_GENERAL_KERNELS_REGIONS_H
#define ENGINE_GENERAL_KERNELS_REGIONS_H
#include "engine/general/kernel.h"

struct regions {
    const struct value *x, *rois; /* batch x channels x height x width; regions x numbers */
    struct value *y;              /* regions x channels x out_height x out_width */
    int64_t channels, height, width, out_height, out_width;
    double scale; /* from the regions' numbers to elements */
};
/* Everything but y and the cells; `per_roi` numbers for each region. Refuses what is no picture. */
gable_status regions_read(struct call *c, int per_roi, struct regions *r);
gable_status regions_make(struct call *c, struct regions *r); /* y, where out_height and out_width are known */

struct share { /* of a row or column */
    int64_t at;
    double weight;
};
struct cell { /* along one axis */
    const struct share *share;
    int64_t n;
    bool is_beyond; /* 0 is among its values: a point of it is outside, or it has none */
};
/* Cells of all regions: those of a region's rows, then those of its columns. */
struct cells {
    const int64_t *picture; /* of each region */
    const struct cell *cell;
    bool is_max; /* the greatest of share times element, else their sum */
};
gable_status regions_fold(struct call *c, const struct regions *r, const struct cells *cells);
#endif
