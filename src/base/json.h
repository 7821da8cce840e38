/* JSON by jansson: the envelope that every --json answer shares. */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include "base/count.h"

#include <jansson.h>

enum { JSON_SCHEMA_VERSION = 1 };

/* {schema_version, gable_version, command}; a new reference, NULL when memory is out. */
json_t *json_answer(const char *command);
/* Integers stay integers; COUNT_MAX becomes null ("too large"). */
json_t *json_count(count value);
/* NaN and infinities become null. */
json_t *json_number(double value);
/* A string; bytes of a string that is not UTF-8 become "?". */
json_t *json_text(const char *s);
#endif
