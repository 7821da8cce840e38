#include "cli/analyze/budget.h"

#include "base/file.h"
#include "base/text.h"
#include "base/units.h"
#include "base/yaml_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGET_FILE_MAX = 1 << 16 };
static const char *const names[BUDGET_LIMITS] = {"macs", "flops", "params", "bytes", "peak_live"};

static count value_of(const struct analysis *a, int i)
{
    const count values[BUDGET_LIMITS] = {a->total.macs, a->total.flops, a->params, a->bytes.fused, a->memory.peak_live};
    return values[i];
}

static bool parse_limit(const char *text, double *out)
{
    static const char prefixes[] = "kMGT";
    char *end;
    if (!text || text[0] < '0' || text[0] > '9' || strspn(text, "0123456789.") < strcspn(text, prefixes)) return false;
    *out = strtod(text, &end);
    const char *prefix = *end ? strchr(prefixes, *end) : NULL;
    for (long i = 0; prefix && i <= prefix - prefixes; i++) *out *= 1000;
    return !*end || (prefix && !end[1]);
}

static void read_limit(struct yaml_reader *y, struct budget *b)
{
    char found[200];
    const char *key = yaml_reader_text(y);
    int i = 0;
    while (key && i < BUDGET_LIMITS && strcmp(names[i], key) != 0) i++;
    if (!key || i == BUDGET_LIMITS) {
        yaml_reader_fail(y, yaml_reader_place(y), "expected macs, flops, params, bytes or peak_live, found %s",
                         yaml_reader_found(y, found, sizeof found));
        return;
    }
    if (b->limit[i] >= 0) yaml_reader_fail(y, yaml_reader_place(y), "'%s' is given twice", names[i]);
    yaml_reader_next(y);
    if (!y->status && !parse_limit(yaml_reader_text(y), &b->limit[i]))
        yaml_reader_fail(y, yaml_reader_place(y), "'%s': expected a number such as 4.2G, found %s", names[i],
                         yaml_reader_found(y, found, sizeof found));
}

static void read_document(struct yaml_reader *y, struct budget *b)
{
    int n = 0;
    yaml_reader_next(y); /* the stream */
    yaml_event_type_t type = yaml_reader_next(y);
    struct place start = yaml_reader_place(y);
    if (type != YAML_STREAM_END_EVENT) type = yaml_reader_next(y);
    if (type != YAML_MAPPING_START_EVENT) yaml_reader_fail(y, start, "expected limits such as 'macs: 4.2G'");
    while (!y->status && yaml_reader_next(y) != YAML_MAPPING_END_EVENT && !y->status) {
        read_limit(y, b);
        n++;
    }
    if (!n) yaml_reader_fail(y, start, "expected limits such as 'macs: 4.2G'");
}

gable_status budget_load(const char *path, struct budget *out, gable_error *e)
{
    char *yaml = NULL;
    size_t len = 0;
    struct yaml_reader y;
    for (int i = 0; i < BUDGET_LIMITS; i++) out->limit[i] = -1;
    gable_status s = file_read(path, BUDGET_FILE_MAX, &yaml, &len, e);
    if (s) return s;
    yaml_reader_init(&y, path, yaml, len, e);
    if (!y.status) read_document(&y, out);
    s = y.status;
    yaml_reader_release(&y);
    free(yaml);
    return s;
}

/* A limit and how the model stands to it. */
struct verdict {
    count value;
    bool is_passed, is_open; /* open: the value is known only from below */
};

static struct verdict judge(const struct budget *b, const struct subject *s, int i)
{
    struct verdict v = {.value = value_of(s->analysis, i)};
    v.is_open = i < 2 && !analyze_is_complete(s);
    v.is_passed = v.value == COUNT_MAX || (double)v.value > b->limit[i];
    return v;
}

static void print_line(const struct budget *b, const struct subject *s, int i, const struct verdict *v)
{
    fprintf(stderr, "budget: %s %s of %s: %s%s, limit %s\n",
            v->is_passed ? "PASSED,"
            : v->is_open ? "not known,"
                         : "kept,",
            names[i], s->graph->name, v->is_open ? ">= " : "", quantity_exact(v->value).text,
            quantity_exact((count)b->limit[i]).text);
}

static void print_markdown_head(const struct subject *s)
{
    struct text name = {0};
    text_add_safe(&name, s->graph->name, 120);
    printf("**%s**, batch %d\n\n| budget | value | limit | of it | |\n|---|---:|---:|---:|---|\n",
           name.data ? name.data : "", s->analysis->batch);
    text_release(&name);
}

static void print_markdown_row(const struct budget *b, int i, const struct verdict *v)
{
    printf("| %s | %s%s | %s | %.1f %% | %s |\n", names[i], v->is_open ? ">= " : "", quantity_exact(v->value).text,
           quantity_exact((count)b->limit[i]).text, b->limit[i] > 0 ? 100 * (double)v->value / b->limit[i] : 0,
           v->is_passed ? "**passed**"
           : v->is_open ? "not known"
                        : "kept");
}

int budget_check(const struct budget *b, const struct subject *s, enum budget_form form)
{
    int exit_status = 0;
    if (form == BUDGET_MARKDOWN) print_markdown_head(s);
    for (int i = 0; i < BUDGET_LIMITS; i++) {
        if (b->limit[i] < 0) continue;
        struct verdict v = judge(b, s, i);
        if (form == BUDGET_MARKDOWN)
            print_markdown_row(b, i, &v);
        else
            print_line(b, s, i, &v);
        if (v.is_passed || v.is_open) exit_status = gable_exit_status(GABLE_REGRESSION);
    }
    return exit_status;
}
