#include "engine/cpu/choices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void choices_write(const struct choices *c, int n_groups, char *out, size_t room)
{
    size_t n = (size_t)snprintf(out, room, "tail %d winograd", c->tail_group);
    for (int i = 0; i < n_groups && n < room; i++)
        if (c->winograd[i]) n += (size_t)snprintf(out + n, room - n, " %d", i);
    if (n >= room) out[0] = '\0';
}

/* A number of 0 to most after blanks; *text moves behind it. */
static bool read_number(const char **text, int most, int *out)
{
    char *end = NULL;
    long value = strtol(*text, &end, 10);
    if (end == *text || value < 0 || value > most) return false;
    *text = end;
    *out = (int)value;
    return true;
}
static bool read_word(const char **text, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*text, word, n) != 0) return false;
    *text += n;
    return true;
}
bool choices_read(const char *text, int n_groups, struct choices *c)
{
    int group = 0;
    memset(c->winograd, 0, (size_t)n_groups * sizeof *c->winograd);
    if (!read_word(&text, "tail") || !read_number(&text, SLOTS_MAX, &c->tail_group)) return false;
    if (!read_word(&text, " winograd")) return false;
    while (*text) {
        if (!read_number(&text, n_groups - 1, &group)) return false;
        c->winograd[group] = true;
    }
    return true;
}
