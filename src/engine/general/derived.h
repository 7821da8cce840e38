/* The values of an initializer: small ones from the graph, derived ones from others', the rest from who has them. */
#ifndef ENGINE_GENERAL_DERIVED_H
#define ENGINE_GENERAL_DERIVED_H
#include "engine/general/general.h"

/* given may be NULL where the graph holds all that is asked for. The caller adds which initializer. */
gable_status initializer_load(const struct general_values *given, struct pool *p, const struct graph *g,
                              const struct tensor *t, struct value *out, gable_error *e);
#endif
