/* gable analyze MODEL --claim NUMBER. Private to cli/analyze/. */
#ifndef CLI_ANALYZE_CLAIM_H
#define CLI_ANALYZE_CLAIM_H
#include "counts/claim.h"

/* Prints what explains the number; the exit status. */
int analyze_claim(const char *word, const struct model_options *options, const char *text, bool wants_json);
#endif
