/* gable analyze A --against B. Private to cli/analyze/. */
#ifndef CLI_ANALYZE_DIFF_H
#define CLI_ANALYZE_DIFF_H
#include "cli/analyze/analyze.h"

enum diff_form { DIFF_TEXT, DIFF_MARKDOWN, DIFF_JSON };
/* Prints what `b` adds to `a`, removes and reshapes; the exit status. */
int analyze_diff(const struct subject *a, const struct subject *b, enum diff_form form);
#endif
