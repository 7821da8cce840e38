/* One figure into one file, outside a report. */
#ifndef REPORT_DRAW_H
#define REPORT_DRAW_H
#include "ops/timeline.h"

#include <jansson.h>

bool draw_knows(const char *path); /* it ends in .svg, .png or .pdf */
/* Light, at the width of a page. */
gable_status draw_file(const json_t *spec, const char *path, gable_error *e);
/* The spec of the bytes alive at every step; `what` is "resnet18, batch 1". A new reference. */
json_t *figure_memory(const struct graph *g, const struct timeline *t, const char *what, gable_error *e);
#endif
