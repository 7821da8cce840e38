#include "machine/system.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, LINE_ROOM = 16384 };

static bool join(const char *root, const char *path, char *out)
{
    int n = snprintf(out, PATH_ROOM, "%s%s", root, path);
    return n > 0 && n < PATH_ROOM;
}

static FILE *open_below(const char *root, const char *path)
{
    char whole[PATH_ROOM];
    return join(root, path, whole) ? fopen(whole, "re") : NULL;
}

/* Copies without blanks and quotes around it; false when nothing is left. */
static bool take(const char *s, char *out, size_t room)
{
    size_t n;
    while (isspace((unsigned char)*s) || *s == '"') s++;
    n = strlen(s);
    while (n > 0 && (isspace((unsigned char)s[n - 1]) || s[n - 1] == '"')) n--;
    if (n >= room) n = room - 1;
    memcpy(out, s, n);
    out[n] = '\0';
    return n > 0;
}

bool system_line(const char *root, const char *path, char *out, size_t room)
{
    char line[LINE_ROOM];
    FILE *f = open_below(root, path);
    bool ok = f && fgets(line, sizeof line, f) && take(line, out, room);
    if (f) fclose(f);
    return ok;
}

static bool number_of(const char *s, double *out)
{
    char *end;
    double value = strtod(s, &end);
    if (end == s) return false;
    *out = value;
    return true;
}

bool system_number(const char *root, const char *path, double *out)
{
    char line[256];
    return system_line(root, path, line, sizeof line) && number_of(line, out);
}

bool system_field(const char *root, const char *path, const char *key, char *out, size_t room)
{
    char line[LINE_ROOM];
    size_t n = strlen(key);
    bool found = false;
    FILE *f = open_below(root, path);
    while (f && !found && fgets(line, sizeof line, f)) {
        if (strncmp(line, key, n)) continue;
        const char *rest = line + n + strspn(line + n, " \t");
        if (*rest == ':' || *rest == '=')
            found = take(rest + 1, out, room);
        else if (rest > line + n)
            found = take(rest, out, room); /* "nr_throttled 3" */
    }
    if (f) fclose(f);
    return found;
}

bool system_field_number(const char *root, const char *path, const char *key, double *out)
{
    char value[256];
    return system_field(root, path, key, value, sizeof value) && number_of(value, out);
}

bool system_exists(const char *root, const char *path)
{
    char whole[PATH_ROOM];
    return join(root, path, whole) && access(whole, F_OK) == 0;
}
