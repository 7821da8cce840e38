#include "base/json.h"

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
    if (j) return j;
    json_t *bytes = json_stringn_nocheck("", 0); /* not UTF-8: keep what is ASCII */
    size_t n = strlen(s);
    char *clean = n < 65536 ? strdup(s) : NULL;
    if (clean && bytes) {
        for (size_t i = 0; i < n; i++)
            if ((unsigned char)clean[i] >= 0x80) clean[i] = '?';
        json_string_set(bytes, clean);
    }
    free(clean);
    return bytes;
}
