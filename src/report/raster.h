/* A coloured SVG to PNG and PDF bytes (librsvg, cairo). */
#ifndef REPORT_RASTER_H
#define REPORT_RASTER_H
#include "base/text.h"

/* width, height: the SVG's own, px of 1/96 inch. out must be empty. */
gable_status raster_png(const char *svg, double width, double height, double dpi, struct text *out, gable_error *e);
gable_status raster_pdf(const char *svg, double width, double height, const char *title, struct text *out,
                        gable_error *e);
#endif
