/* The report's appendix: environment, validity, all numbers, as specs that are tables alone (section "appendix"). */
#ifndef REPORT_APPENDIX_H
#define REPORT_APPENDIX_H
#include "report/study.h"

/* Appends them to an array of specs. */
gable_status appendix_add(const struct study *s, json_t *specs, gable_error *e);
#endif
