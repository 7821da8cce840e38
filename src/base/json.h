/* JSON by jansson: the envelope that every --json answer shares. */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include "base/count.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum { JSON_SCHEMA_VERSION = 1 };

/* {schema_version, gable_version, command}; a new reference, NULL when memory is out. */
json_t *json_answer(const char *command);
/* Integers stay integers; COUNT_MAX becomes null ("too large"). */
json_t *json_count(count value);
/* NaN and infinities become null. */
json_t *json_number(double value);
/* What json_dumpf writes with JSON_INDENT(2) | JSON_REAL_PRECISION(12) | JSON_ENSURE_ASCII (a terminal may be what
   reads it), a line's end behind it, in one piece and without its search for cycles: a third of the time. Trees only.
   false: no memory, or errno says what the stream refused. */
bool json_write(const json_t *j, FILE *out);
/* An array too long to be held: it stands empty in the tree, its items are made, written and released one by one. */
struct json_stream {
    const json_t *place;
    int n;
    json_t *(*item)(const void *from, int i); /* a new reference; NULL where memory is out */
    const void *from;
};
/* The same, but piece by piece where there are streams: what fails then has begun to write, and does not end as JSON.
 */
bool json_write_streams(const json_t *j, const struct json_stream *streams, int n, FILE *out);
/* The same on one line, for files; malloc'd, NULL when memory is out. */
char *json_compact(const json_t *j);
/* A string; what is not UTF-8 in it becomes U+FFFD, byte by byte. */
json_t *json_text(const char *s);
#endif
