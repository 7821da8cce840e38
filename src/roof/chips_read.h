/* One YAML text of chips into an arena. */
#ifndef ROOF_CHIPS_READ_H
#define ROOF_CHIPS_READ_H
#include "base/arena.h"
#include "roof/chips.h"

/* A derivation that does not give its value within 1 % is an error, or left for the caller to see. */
enum derivations { DERIVATIONS_MUST_AGREE, DERIVATIONS_MAY_DIFFER };
/* *chip is an array in the arena. On failure nothing is handed out; the arena keeps what was half read. */
gable_status chips_read(const char *name, const char *yaml, size_t len, enum derivations d, struct arena *a,
                        struct chip **chip, int *n, gable_error *e);
#endif
