#include "cli/choices.h"

#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *when;
    enum winograd winograd;
    bool tune;
} rows[] = {{"auto", WINOGRAD_BY_TIME, true},
            {"rule", WINOGRAD_BY_TIME, false},
            {"never", WINOGRAD_FORBID, true},
            {"always", WINOGRAD_FORCE, true}};

bool choices_parse(const char *text, struct engine_options *o, gable_error *e)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (!strcmp(text, rows[i].when)) {
            o->winograd = rows[i].winograd;
            o->tune = rows[i].tune;
            return true;
        }
    error_set(e, GABLE_USAGE, "--winograd takes auto, rule, never or always, not '%.40s'", text);
    return false;
}
const char *choices_word(const struct engine_options *o)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].winograd == o->winograd && rows[i].tune == o->tune) return rows[i].when;
    return rows[0].when;
}

static void say(struct choices_memory *m, const struct store *store, const struct campaign_point *p)
{
    if (m->has_said) return;
    m->has_said = true;
    term_progress_end();
    fprintf(stderr, "gable: algorithms are chosen by time, at first %s at batch %d; %s%s\n", p->model, p->batch,
            store ? "the choices are kept in " : "they are not kept", store ? store_path(store) : "");
}

bool choices_recall(struct choices_memory *m, struct store *store, const struct campaign_point *p, const char *key,
                    char *out, size_t room)
{
    char *value = NULL;
    bool is_known = store && !m->wants_new && !store_get(store, key, &value, NULL) && value;
    if (is_known) is_known = (size_t)snprintf(out, room, "%s", value) < room;
    if (!is_known) {
        out[0] = '\0';
        say(m, store, p);
    }
    free(value);
    return is_known;
}

/* A store that fails says so when the run itself is stored. */
void choices_remember(struct store *store, const char *key, const char *choices)
{
    if (store) store_put(store, key, choices, NULL);
}
