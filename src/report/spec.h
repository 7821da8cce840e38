/* Reading figure specs (report/figure.h). */
#ifndef REPORT_SPEC_H
#define REPORT_SPEC_H
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

/* A text of an object; "" where there is none. */
const char *spec_text(const json_t *object, const char *name);
/* False for a spec that is prose and table alone. */
bool spec_is_drawn(const json_t *spec);
/* A cell's text, and its unrounded value (NULL: text only) and derivation (NULL: none). */
const char *cell_text(const json_t *cell);
const json_t *cell_value(const json_t *cell);
const char *cell_hint(const json_t *cell);
/* A deep copy fit for every output: characters that XML forbids, lone controls and bidirectional overrides become
   U+FFFD. Refuses ids that are no file name ([a-z0-9_-], 1 to 64) and ids used twice. */
gable_status specs_clean(const json_t *specs, json_t **out, gable_error *e);
json_t *json_clean(const json_t *value); /* a new reference; NULL when memory is out */
#endif
