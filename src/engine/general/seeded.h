/* Seeded weights (engine/weights.h) as the values of a run. */
#ifndef ENGINE_GENERAL_SEEDED_H
#define ENGINE_GENERAL_SEEDED_H
#include "engine/general/general.h"

struct seeded_values {
    struct general_values base;
    const struct weights *weights; /* borrowed until the session is open */
};
struct seeded_values seeded_values(const struct weights *w);
/* The other way round: weights as a file has them, and as floats too where an engine wants those. `given` must outlive
   them. */
gable_status weights_given(const struct graph *g, const struct general_values *given, bool wants_floats,
                           struct weights **out, gable_error *e);
#endif
