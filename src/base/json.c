#include "base/json.h"

#include "base/text.h"

#include <gable/gable.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *json_answer(const char *command)
{
    return json_pack("{s:i, s:s, s:s}", "schema_version", JSON_SCHEMA_VERSION, "gable_version", gable_version(),
                     "command", command);
}

json_t *json_count(count value) { return value == COUNT_MAX ? json_null() : json_integer(value); }

json_t *json_number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

json_t *json_text(const char *s)
{
    json_t *j = json_string(s);
    struct text clean = {0};
    if (j) return j;
    text_add_utf8(&clean, s);
    j = clean.failed ? NULL : json_string(clean.data);
    text_release(&clean);
    return j;
}
