/* gable analyze --budget FILE: limits that a model must not pass. Private to cli/analyze/.

   macs: 4.2G          # also flops, params, peak_live, bytes (between fused groups); k, M, G, T: powers of 1000
   params: 26M */
#ifndef CLI_ANALYZE_BUDGET_H
#define CLI_ANALYZE_BUDGET_H
#include "cli/analyze/analyze.h"

enum { BUDGET_LIMITS = 5 };
struct budget {
    double limit[BUDGET_LIMITS]; /* negative where there is none */
};
gable_status budget_load(const char *path, struct budget *out, gable_error *e);
/* One line per limit on stderr, or a Markdown table on stdout, the value beside it; the exit status: 3 where one is
   passed, or where a total with a limit is only known from below and so may pass it. */
enum budget_form { BUDGET_LINES, BUDGET_MARKDOWN };
int budget_check(const struct budget *b, const struct subject *s, enum budget_form form);
#endif
