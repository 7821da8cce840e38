/* The planner's choices as text, so that what was timed once need not be timed again: "tail 4 winograd 3 7 12". */
#ifndef ENGINE_CPU_CHOICES_H
#define ENGINE_CPU_CHOICES_H
#include "engine/cpu/plan.h"

/* "" where they do not fit. */
void choices_write(const struct choices *c, int n_groups, char *out, size_t room);
/* Into c, whose `winograd` has n_groups entries; false, c then undefined, where the text is not of such a plan. */
bool choices_read(const char *text, int n_groups, struct choices *c);
#endif
