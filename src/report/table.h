/* A spec's table as CSV, JSON and HTML: the same numbers everywhere, unrounded where they are kept so. */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H
#include "base/text.h"

#include <jansson.h>

/* RFC 4180 with a header line; numbers unrounded and unquoted, texts disarmed for spreadsheets. */
void table_csv(const json_t *spec, struct text *out);
/* {schema_version, gable_version, command, id, title, columns, models, rows: [[number or text]]}; a new reference, NULL
   when memory is out. */
json_t *table_json(const json_t *spec);
/* <details> with caption, table and buttons to copy and download; number: "3" in "Table 3". */
void table_html(const json_t *spec, int number, struct text *out);
#endif
