/* The page: one self-contained HTML file with every figure as SVG and live, every table, and the appendix. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H
#include "report/render.h"
#include "report/study.h"

/* specs are clean (report/spec.h); drawings[i] belongs to spec i. Appends the page to out. */
gable_status page_make(const struct study *study, const json_t *specs, const json_t *answer,
                       const struct drawing *drawings, const struct theme *theme, struct text *out, gable_error *e);
#endif
