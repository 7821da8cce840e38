#include "base/error.h"

#include <stdio.h>
#include <string.h>

#undef error_set
#undef error_within

gable_status error_set(gable_error *e, gable_status s, const char *why, ...)
{
    if (!e) return s;
    va_list args;
    va_start(args, why);
    e->status = s;
    e->where[0] = '\0';
    vsnprintf(e->why, sizeof e->why, why, args);
    va_end(args);
    return s;
}

gable_status error_within(gable_error *e, const char *place, ...)
{
    char outer[sizeof e->where], inner[sizeof e->where];
    va_list args;
    if (!e) return GABLE_FAILED; /* which one, nobody asked */
    va_start(args, place);
    vsnprintf(outer, sizeof outer, place, args);
    va_end(args);
    memcpy(inner, e->where, sizeof inner);
    size_t room = sizeof e->where, n = strlen(outer);
    if (n >= room) n = room - 1;
    memcpy(e->where, outer, n);
    e->where[n] = '\0';
    if (inner[0] && n + 2 < room) snprintf(e->where + n, room - n, ": %.*s", (int)(room - n - 3), inner);
    return e->status;
}

static const struct {
    int exit_status;
    const char *meaning;
} statuses[] = {
#define ROW(name, exit_status, meaning) [GABLE_##name] = {exit_status, meaning},
    GABLE_STATUSES(ROW)
#undef ROW
};

int gable_exit_status(gable_status status) { return statuses[status].exit_status; }

const char *gable_status_meaning(gable_status status) { return statuses[status].meaning; }

const char *gable_version(void) { return GABLE_VERSION; }
