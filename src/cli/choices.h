/* The planner's choices by time, kept in the store between runs. */
#ifndef CLI_CHOICES_H
#define CLI_CHOICES_H
#include "bench/campaign.h"
#include "store/store.h"

/* --winograd: auto (each layer timed), rule (nothing is timed), never, always. */
bool choices_parse(const char *text, struct engine_options *o, gable_error *e);
const char *choices_word(const struct engine_options *o);

struct choices_memory {
    bool wants_new; /* --retune: what is stored is timed again */
    bool has_said;  /* that candidates are timed */
};
/* NULL store: nothing is known. Says once, on stderr, that candidates are timed and where the choices go. */
bool choices_recall(struct choices_memory *m, struct store *store, const struct campaign_point *p, const char *key,
                    char *out, size_t room);
void choices_remember(struct store *store, const char *key, const char *choices);
#endif
