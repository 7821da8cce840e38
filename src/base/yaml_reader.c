#include "base/yaml_reader.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

void yaml_reader_init(struct yaml_reader *y, const char *name, const char *yaml, size_t len, gable_error *e)
{
    *y = (struct yaml_reader){.name = name, .e = e};
    if (!yaml_parser_initialize(&y->parser)) {
        y->status = error_set(e, GABLE_NO_MEMORY, "no memory to read it");
        error_within(e, "%s", name);
        return;
    }
    yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&y->parser, (const unsigned char *)yaml, len);
}

void yaml_reader_release(struct yaml_reader *y)
{
    if (y->has_event) yaml_event_delete(&y->event);
    yaml_parser_delete(&y->parser);
}

void yaml_reader_fail(struct yaml_reader *y, struct place at, const char *format, ...)
{
    if (y->status) return;
    char why[sizeof(gable_error)];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    y->status = error_set(y->e, GABLE_BAD_INPUT, "%.230s", why);
    error_within(y->e, "%s:%zu:%zu", y->name, at.line, at.column);
}

static struct place place_of(yaml_mark_t mark) { return (struct place){mark.line + 1, mark.column + 1}; }

struct place yaml_reader_place(const struct yaml_reader *y) { return place_of(y->event.start_mark); }

static void refuse_syntax(struct yaml_reader *y)
{
    const yaml_parser_t *p = &y->parser;
    if (p->error == YAML_MEMORY_ERROR) {
        y->status = error_set(y->e, GABLE_NO_MEMORY, "no memory to read it");
        error_within(y->e, "%s", y->name);
        return;
    }
    struct place at = place_of(p->problem_mark);
    if (p->error == YAML_READER_ERROR) at = place_of(p->mark);
    yaml_reader_fail(y, at, "not YAML: %s", p->problem ? p->problem : "it cannot be read");
}

static bool has_anchor_or_tag(const yaml_event_t *v)
{
    switch (v->type) {
    case YAML_SCALAR_EVENT: return v->data.scalar.anchor || v->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT: return v->data.sequence_start.anchor || v->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT: return v->data.mapping_start.anchor || v->data.mapping_start.tag;
    default: return v->type == YAML_ALIAS_EVENT;
    }
}

yaml_event_type_t yaml_reader_next(struct yaml_reader *y)
{
    if (y->status) return YAML_NO_EVENT;
    if (y->has_event) yaml_event_delete(&y->event);
    y->has_event = yaml_parser_parse(&y->parser, &y->event);
    if (!y->has_event) {
        refuse_syntax(y);
        return YAML_NO_EVENT;
    }
    yaml_event_type_t type = y->event.type;
    if (has_anchor_or_tag(&y->event))
        yaml_reader_fail(y, yaml_reader_place(y),
                         "anchors (&), aliases (*) and tags (!) are not allowed; write it out");
    if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT) y->depth++;
    if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT) y->depth--;
    if (y->depth > YAML_DEPTH_MAX)
        yaml_reader_fail(y, yaml_reader_place(y), "nested deeper than %d levels", YAML_DEPTH_MAX);
    return y->status ? YAML_NO_EVENT : type;
}

yaml_event_type_t yaml_reader_type(const struct yaml_reader *y) { return y->status ? YAML_NO_EVENT : y->event.type; }

const char *yaml_reader_text(const struct yaml_reader *y)
{
    if (yaml_reader_type(y) != YAML_SCALAR_EVENT) return NULL;
    const char *text = (const char *)y->event.data.scalar.value;
    return strlen(text) == y->event.data.scalar.length ? text : NULL;
}

const char *yaml_reader_found(const struct yaml_reader *y, char *out, size_t room)
{
    switch (yaml_reader_type(y)) {
    case YAML_SEQUENCE_START_EVENT: return "a list";
    case YAML_MAPPING_START_EVENT: return "a mapping";
    case YAML_SCALAR_EVENT: break;
    default: return "nothing";
    }
    if (!y->event.data.scalar.length) return "nothing";
    struct text safe = {0};
    text_add_safe(&safe, (const char *)y->event.data.scalar.value, 40);
    snprintf(out, room, "'%s'", safe.data ? safe.data : "");
    text_release(&safe);
    return out;
}
