/* What zrender's SVG needs before librsvg, browsers and a page with many figures can take it. */
#ifndef REPORT_SVG_H
#define REPORT_SVG_H
#include "report/render.h"

/* Sets d->svg from ECharts' text: paper and margin, title and description, ids that carry the figure's own, baselines
   that librsvg knows. d's sizes are set already; paper is its colour. */
gable_status svg_finish(struct drawing *d, const char *svg, const json_t *spec, const char *paper, gable_error *e);
#endif
