/* The mistakes that studies of this kind have made and this report must be unable to make (docs/METRICS.md, report):
   each is a rule here. A run that breaks one is drawn hollow and counts nowhere; what breaks one elsewhere is listed.
 */
#ifndef REPORT_CHECKS_H
#define REPORT_CHECKS_H
#include "report/study.h"

/* What is wrong with a run that claims to be valid, one static sentence; NULL where nothing is. */
const char *check_run(const struct run *r);

/* Every broken rule of a study and of the figures made from it: [{rule, where, text}], empty where all hold. A new
   reference, NULL when memory is out. figures may be NULL. */
json_t *report_check(const struct study *s, const json_t *figures);
#endif
