/* All figures of a report, and its answer. Everything is computed from the study; nothing is measured here. */
#ifndef REPORT_FIGURES_H
#define REPORT_FIGURES_H
#include "report/study.h"

/* An array of specs (report/figure.h) in page order; a figure for which the study has no data is left out. A new
   reference, NULL with an error. */
json_t *report_figures(const struct study *s, gable_error *e);
/* {headline, sentences: [3 to 5]}; a new reference, NULL when memory is out. */
json_t *report_answer(const struct study *s);
#endif
