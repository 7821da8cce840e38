/* Seeded weights (engine/weights.h) as the values of a run. */
#ifndef ENGINE_GENERAL_SEEDED_H
#define ENGINE_GENERAL_SEEDED_H
#include "engine/general/general.h"

struct seeded_values {
    struct general_values base;
    const struct weights *weights; /* borrowed; must outlive the session */
};
struct seeded_values seeded_values(const struct weights *w);
#endif
