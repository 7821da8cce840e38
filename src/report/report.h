/* The written report: page, figures as SVG, PNG and PDF, tables as CSV and JSON. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H
#include "report/study.h"

struct report_options {
    const char *out; /* folder; made when missing */
    void (*progress)(void *arg, const char *what, int done, int total);
    void *progress_arg;
};
/* Every file is written whole or not at all; an error names the file. */
gable_status report_write(const struct study *s, const struct report_options *o, gable_error *e);
#endif
