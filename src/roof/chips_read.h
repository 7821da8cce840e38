/* One YAML text of chips into an arena. */
#ifndef ROOF_CHIPS_READ_H
#define ROOF_CHIPS_READ_H
#include "base/arena.h"
#include "roof/chips.h"

/* *chip is an array in the arena. On failure nothing is handed out; the arena keeps what was half read. */
gable_status chips_read(const char *name, const char *yaml, size_t len, struct arena *a, struct chip **chip, int *n,
                        gable_error *e);
#endif
