/* Pictures, and regions of them that are divided into cells: what RoiAlign and MaxRoiPool share. */
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
#endif
