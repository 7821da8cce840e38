/* YAML as events with a place: bounded in size and depth; aliases, anchors, tags and further documents are refused. */
#ifndef BASE_YAML_READER_H
#define BASE_YAML_READER_H
#include "base/error.h"

#include <stdbool.h>
#include <yaml.h>

enum { YAML_DEPTH_MAX = 8 };

struct place {
    size_t line, column; /* from 1; line 0 is no place */
};
/* The first fault ends it: later calls do nothing, `status` keeps it and the error's `where` is NAME:LINE:COLUMN. */
struct yaml_reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    bool has_event;
    const char *name;
    int depth;
    gable_status status;
    gable_error *e;
};
/* `yaml` must outlive the reader. */
void yaml_reader_init(struct yaml_reader *y, const char *name, const char *yaml, size_t len, gable_error *e);
void yaml_reader_release(struct yaml_reader *y);
/* The next event's type; YAML_NO_EVENT after a fault. */
yaml_event_type_t yaml_reader_next(struct yaml_reader *y);
yaml_event_type_t yaml_reader_type(const struct yaml_reader *y);
struct place yaml_reader_place(const struct yaml_reader *y);
/* The scalar's text; NULL where the current event is none or it holds a NUL. */
const char *yaml_reader_text(const struct yaml_reader *y);
/* "a list", "a mapping", "'text'": what stands there, for messages. */
const char *yaml_reader_found(const struct yaml_reader *y, char *out, size_t room);
void yaml_reader_fail(struct yaml_reader *y, struct place at, const char *format, ...) PRINTF_LIKE(3, 4);
#endif
