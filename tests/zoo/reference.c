#include "reference.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static int cut(char *line, char **fields)
{
    int n = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *rest = line; rest && n < REFERENCE_FIELDS;) fields[n++] = strsep(&rest, ",");
    return n;
}

void reference_open(struct reference *r, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/zoo/%s", TESTS_DIR, name);
    *r = (struct reference){.file = fopen(path, "r")};
    if (!r->file) fail_msg("%s cannot be read", path);
    do assert_non_null(fgets(r->head, sizeof r->head, r->file));
    while (r->head[0] == '#');
    r->n = cut(r->head, r->names);
}

int reference_next(struct reference *r)
{
    if (!fgets(r->line, sizeof r->line, r->file)) {
        fclose(r->file);
        return 0;
    }
    int n = cut(r->line, r->fields);
    assert_int_equal(n, r->n);
    return 1;
}

const char *reference_text(const struct reference *r, const char *column)
{
    for (int i = 0; i < r->n; i++)
        if (!strcmp(r->names[i], column)) return r->fields[i];
    fail_msg("no column %s", column);
    return NULL;
}

int64_t reference_int(const struct reference *r, const char *column)
{
    return strtoll(reference_text(r, column), NULL, 10);
}
